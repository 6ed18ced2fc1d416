#include "store/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe, a terminal's file, or whatever else takes bytes one after another. */
struct stream_writer {
    struct writer base;
    int fd;
    bool is_ours; /* to be closed */
    bool may_block;
    char *name;
    const struct cancel *cancel; /* borrowed; may be NULL */
};

static int stream_wait(const struct stream_writer *stream, struct error *err)
{
    struct pollfd poll_fd = {.fd = stream->fd, .events = POLLOUT};

    while (poll(&poll_fd, 1, CANCEL_POLL_MS) <= 0)
        if (cancel_check(stream->cancel, err) < 0)
            return -1;
    return 0;
}

/* A pipe that is said to be ready takes so much without waiting. */
static int stream_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct stream_writer *stream = CONTAINER_OF(writer, struct stream_writer, base);
    const char *at = data;

    while (size > 0) {
        size_t part = stream->may_block && size > PIPE_BUF ? PIPE_BUF : size;
        if (stream->may_block && stream_wait(stream, err) < 0)
            return -1;
        ssize_t written = write(stream->fd, at, part);
        if (written < 0 && (errno == EINTR || errno == EAGAIN)) {
            if (cancel_check(stream->cancel, err) < 0)
                return -1;
            continue;
        }
        if (written < 0 && errno == EPIPE)
            return error_set(err, ERROR_LOCAL, "whoever reads %s has stopped before the end",
                             stream->name);
        if (written < 0)
            return error_set_errno(err, errno, "writing to %s", stream->name);
        at += written;
        size -= (size_t)written;
    }
    return 0;
}

static int stream_finish(struct writer *writer, struct error *err)
{
    struct stream_writer *stream = CONTAINER_OF(writer, struct stream_writer, base);

    if (!stream->is_ours)
        return 0;
    int closed = close(stream->fd);
    stream->is_ours = false;
    stream->fd = -1;
    return closed == 0 ? 0 : error_set_errno(err, errno, "writing to %s", stream->name);
}

static void stream_free(struct writer *writer)
{
    struct stream_writer *stream = CONTAINER_OF(writer, struct stream_writer, base);

    if (stream->is_ours)
        fd_cleanup(&stream->fd);
    free(stream->name);
    free(stream);
}

/* A named pipe without a reader is waited for, but not without an eye on `cancel`. */
static int open_path(const char *path, const struct cancel *cancel, int *out, struct error *err)
{
    int fd;

    while ((fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0 && errno == ENXIO)
        if (cancel_wait(cancel, CANCEL_POLL_MS, err) < 0)
            return -1;
    if (fd < 0)
        return error_set_errno(err, errno, "opening '%s'", path);
    *out = fd;
    return 0;
}

int stream_writer_open(const char *path, const struct cancel *cancel, struct writer **out,
                       struct error *err)
{
    static const struct writer_ops ops = {
        .write = stream_write, .finish = stream_finish, .free = stream_free};
    bool is_stdout = strcmp(path, "-") == 0;
    int fd = STDOUT_FILENO;
    struct stat status;

    if (!is_stdout && open_path(path, cancel, &fd, err) < 0)
        return -1;
    struct stream_writer *stream = xcalloc(1, sizeof(*stream));
    stream->base.ops = &ops;
    stream->fd = fd;
    stream->is_ours = !is_stdout;
    stream->may_block = fstat(fd, &status) < 0 || !S_ISREG(status.st_mode);
    stream->name = is_stdout ? xstrdup("standard output") : xasprintf("'%s'", path);
    stream->cancel = cancel;
    *out = &stream->base;
    return 0;
}
