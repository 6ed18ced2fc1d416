#include "output.h"

#include "core/base.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#define replaced_stdout stdout
#define replaced_stderr stderr
#else
/*
 * musl declares both as constants, and what prints to standard output without naming it goes past
 * them. Linked statically, a program that defines all of these has its own in their place.
 */
FILE *replaced_stdout __asm__("stdout");
FILE *replaced_stderr __asm__("stderr");

int printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int result = vfprintf(replaced_stdout, format, arguments);
    va_end(arguments);
    return result;
}

int puts(const char *text)
{
    return fputs(text, replaced_stdout) < 0 ? EOF : fputc('\n', replaced_stdout);
}

int putchar(int character)
{
    return fputc(character, replaced_stdout);
}
#endif

/* A line is looked at as a whole up to this size. */
#define LINE_SIZE (64 * KIB)

/* What a stream writes to. */
struct guard {
    int fd;
    int failure; /* the errno of the first write that failed; 0: none has */
    bool holds;  /* the end of a text without a line feed waits for what follows */
    struct buf held;
    struct secrets *secrets; /* borrowed */
};

struct output {
    struct guard out;
    struct guard err;
};

/* Whoever gave us the descriptor may want no write to wait; here nothing else is to be done. */
static bool can_go_on(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN)
        return false;
    poll(&poll_fd, 1, -1);
    return true;
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t part = write(fd, data, size);
        if (part < 0 && !can_go_on(fd))
            return -1;
        data += part > 0 ? part : 0;
        size -= part > 0 ? (size_t)part : 0;
    }
    return 0;
}

static int guard_pass(struct guard *guard, const struct buf *text)
{
    if (write_all(guard->fd, buf_text(text), text->size) == 0)
        return 0;
    guard->failure = guard->failure == 0 ? errno : guard->failure;
    return -1;
}

/* As fopencookie() has it: 0 is a failure. */
static ssize_t guard_write(void *arg, const char *data, size_t size)
{
    struct guard *guard = arg;
    CLEANUP(buf) struct buf text = BUF_INIT;
    bool goes_on = guard->holds && size > 0 && data[size - 1] != '\n';

    buf_add(&guard->held, data, size);
    size_t done = guard->held.size;
    if (goes_on)
        done = secrets_mask_part(guard->secrets, guard->held.data, done, &text);
    else
        secrets_mask(guard->secrets, buf_text(&guard->held), done, &text);
    CLEANUP(buf) struct buf rest = BUF_INIT;
    buf_add(&rest, buf_text(&guard->held) + done, guard->held.size - done);
    buf_release(&guard->held);
    guard->held = rest;
    rest = (struct buf)BUF_INIT;
    return guard_pass(guard, &text) == 0 ? (ssize_t)size : 0;
}

/* Nothing follows what is held back. */
static int guard_end(struct guard *guard)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    secrets_mask(guard->secrets, buf_text(&guard->held), guard->held.size, &text);
    buf_clear(&guard->held);
    return guard_pass(guard, &text);
}

static FILE *guard_open(struct guard *guard, int fd, struct secrets *secrets)
{
    *guard = (struct guard){.fd = fd, .secrets = secrets};
    FILE *stream = fopencookie(guard, "w", (cookie_io_functions_t){.write = guard_write});
    if (stream == NULL)
        out_of_memory();
    return stream;
}

struct output *output_open(struct secrets *secrets)
{
    struct output *output = xcalloc(1, sizeof(*output));

    replaced_stdout = guard_open(&output->out, STDOUT_FILENO, secrets);
    output->out.holds = true;
    setvbuf(replaced_stdout, NULL, _IOLBF, LINE_SIZE);
    replaced_stderr = guard_open(&output->err, STDERR_FILENO, secrets);
#ifdef __GLIBC__
    setvbuf(replaced_stderr, NULL, _IONBF, 0);
#else
    /* Without a buffer musl writes a message in parts of 80 bytes, between which a secret may lie.
     */
    output->err.holds = true;
    setvbuf(replaced_stderr, NULL, _IOLBF, LINE_SIZE);
#endif
    return output;
}

int output_finish(struct output *output, struct error *err)
{
    bool is_flushed = fflush(stdout) == 0;

    if (guard_end(&output->out) == 0 && is_flushed && ferror(stdout) == 0 &&
        output->out.failure == 0)
        return 0;
    switch (output->out.failure) {
    case 0:
        return error_set(err, ERROR_LOCAL, "standard output did not take the whole result");
    case EBADF:
        return error_set(err, ERROR_LOCAL, "standard output is closed, expected one to write to");
    default:
        return error_set_errno(err, output->out.failure, "writing to standard output");
    }
}

int output_say(struct output *output, const char *text, struct error *err)
{
    fputs(text, stdout);
    int result = output_finish(output, err);
    if (result < 0 && output->out.failure == EPIPE) {
        error_release(err);
        return 0;
    }
    return result;
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    fclose(stdout);
    (void)!guard_end(&output->out);
    fclose(stderr);
    (void)!guard_end(&output->err);
    buf_release(&output->out.held);
    buf_release(&output->err.held);
    free(output);
}
