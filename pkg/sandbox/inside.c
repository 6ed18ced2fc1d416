#include "sandbox/sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL_CLOSE_RANGE 436
#define DESCRIPTORS_MOST 65536
/* Of the paths that are asked for; a listing has no more. */
#define QUESTION_LIMIT ((size_t)1024 * 1024 * 1024)

static void close_others(void)
{
    struct rlimit limit = {0, 0};

    if (syscall(CALL_CLOSE_RANGE, STDERR_FILENO + 1, ~0U, 0) == 0)
        return; /* Linux 5.9 */
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = STDERR_FILENO + 1; fd < (int)DESCRIPTORS_MOST && (rlim_t)fd < limit.rlim_cur;
         fd++)
        (void)close(fd);
}

void sandbox_enter(bool outlives_thread)
{
    sigset_t none;

    if (!outlives_thread) /* else it is ended by the end of its pipes */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_others();
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int sandbox_answer(const void *data, size_t size, struct error *err)
{
    const char *at = data;

    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, at, size);
        if (written < 0 && errno != EINTR)
            return error_set_errno(err, errno, "answering");
        at += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

int sandbox_greet(const struct sandbox_barriers *barriers, struct error *err)
{
    const struct greeting greeting = {
        .magic = GREETING, .landlock = barriers->landlock, .seccomp = barriers->seccomp ? 1 : 0};

    return sandbox_answer(&greeting, sizeof(greeting), err);
}

struct fed_reader {
    struct reader base;
    bool *is_broken; /* borrowed */
    uint32_t left;   /* of the part */
    bool has_ended;
};

static ssize_t read_some(void *data, size_t size, struct error *err)
{
    for (;;) {
        ssize_t part = read(STDIN_FILENO, data, size);
        if (part > 0)
            return part;
        if (part == 0)
            return error_set(err, ERROR_CANCELED, "nobody waits for an answer");
        if (errno != EINTR)
            return error_set_errno(err, errno, "reading");
    }
}

static int read_exactly(void *data, size_t size, struct error *err)
{
    for (size_t have = 0; have < size;) {
        ssize_t part = read_some((char *)data + have, size - have, err);
        if (part < 0)
            return -1;
        have += (size_t)part;
    }
    return 0;
}

int sandbox_read_question(struct buf *out, struct error *err)
{
    return read_part(out, QUESTION_LIMIT, err);
}

int read_part(struct buf *out, size_t limit, struct error *err)
{
    CLEANUP(text) char *bytes = NULL;
    uint32_t size = 0;

    if (read_exactly(&size, sizeof(size), err) < 0)
        return -1;
    if (size > limit)
        return error_set(err, ERROR_INTERNAL, "it is given more than it can take");
    bytes = xmalloc(size > 0 ? size : 1);
    if (read_exactly(bytes, size, err) < 0)
        return -1;
    buf_add(out, bytes, size);
    return 0;
}

static int fed_next(struct fed_reader *fed, struct error *err)
{
    uint32_t size = 0;

    if (read_exactly(&size, sizeof(size), err) < 0)
        return -1;
    *fed->is_broken = size == PART_BROKEN;
    fed->has_ended = size == PART_END;
    if (*fed->is_broken)
        return error_set(err, ERROR_CANCELED, "what is to be read has failed");
    fed->left = size;
    return 0;
}

static ssize_t fed_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct fed_reader *fed = CONTAINER_OF(reader, struct fed_reader, base);

    if (size == 0)
        return 0;
    if (fed->left == 0 && !fed->has_ended && fed_next(fed, err) < 0)
        return -1;
    if (fed->has_ended)
        return 0;
    ssize_t part = read_some(data, size < fed->left ? size : fed->left, err);
    if (part > 0)
        fed->left -= (uint32_t)part;
    return part;
}

static void fed_free(struct reader *reader)
{
    free(CONTAINER_OF(reader, struct fed_reader, base));
}

struct reader *sandbox_input_reader_new(bool *is_broken)
{
    static const struct reader_ops ops = {fed_read, fed_free};
    struct fed_reader *fed = xcalloc(1, sizeof(*fed));

    fed->base.ops = &ops;
    fed->is_broken = is_broken;
    return &fed->base;
}
