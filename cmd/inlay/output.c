#include "output.h"

#include "core/base.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* A line is looked at as a whole up to this size. */
#define LINE_SIZE (64 * KIB)

/* What a stream writes to. */
struct guard {
    int fd;
    int failure;
    struct secrets *secrets; /* borrowed */
};

struct output {
    struct guard out;
    struct guard err;
};

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t part = write(fd, data, size);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return -1;
        data += part;
        size -= (size_t)part;
    }
    return 0;
}

/* As fopencookie() has it: 0 is a failure. */
static ssize_t guard_write(void *arg, const char *data, size_t size)
{
    struct guard *guard = arg;
    CLEANUP(buf) struct buf text = BUF_INIT;

    secrets_mask(guard->secrets, data, size, &text);
    if (write_all(guard->fd, buf_text(&text), text.size) == 0)
        return (ssize_t)size;
    guard->failure = guard->failure == 0 ? errno : guard->failure;
    return 0;
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

    stdout = guard_open(&output->out, STDOUT_FILENO, secrets);
    setvbuf(stdout, NULL, _IOLBF, LINE_SIZE);
    stderr = guard_open(&output->err, STDERR_FILENO, secrets);
    setvbuf(stderr, NULL, _IONBF, 0);
    return output;
}

int output_finish(const struct output *output, struct error *err)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
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

int output_say(const struct output *output, const char *text, struct error *err)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return 0;
    return output->out.failure == EPIPE ? 0 : output_finish(output, err);
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    fclose(stdout);
    fclose(stderr);
    free(output);
}
