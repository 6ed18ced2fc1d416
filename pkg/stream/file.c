#include "stream/stream.h"

#include "core/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_reader {
    struct reader base;
    int fd;
    char *path;
    uint64_t left; /* SIZE_UNKNOWN: to the end */
};

static ssize_t file_reader_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct file_reader *file = CONTAINER_OF(reader, struct file_reader, base);
    ssize_t part;

    if (size > file->left)
        size = (size_t)file->left;
    if (size == 0)
        return 0;
    do
        part = read(file->fd, data, size);
    while (part < 0 && errno == EINTR);
    if (part < 0)
        return error_set_errno(err, errno, "reading '%s'", file->path);
    if (file->left != SIZE_UNKNOWN)
        file->left -= (uint64_t)part;
    return part;
}

static void file_reader_free(struct reader *reader)
{
    struct file_reader *file = CONTAINER_OF(reader, struct file_reader, base);

    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file);
}

int file_reader_open(const char *path, uint64_t offset, uint64_t length, struct reader **out,
                     struct error *err)
{
    static const struct reader_ops ops = {file_reader_read, file_reader_free};
    struct file_reader *file = xcalloc(1, sizeof(*file));
    CLEANUP(reader) struct reader *reader = &file->base;
    struct stat status;

    file->base.ops = &ops;
    file->path = xstrdup(path);
    file->left = length;
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (file->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", path);
    if (file->fd < 0 || fstat(file->fd, &status) < 0)
        return error_set_errno(err, errno, "opening '%s'", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_LOCAL, "'%s' is not a regular file", path);
    if (offset > INT64_MAX || lseek(file->fd, (off_t)offset, SEEK_SET) < 0)
        return error_set_errno(err, errno, "seeking in '%s'", path);
    *out = TAKE(reader);
    return 0;
}

struct file_writer {
    struct writer base;
    int fd;     /* the draft's, or standard output */
    char *path; /* links followed; NULL: standard output */
    struct draft draft;
    const struct cancel *cancel; /* borrowed; may be NULL */
    bool may_block;              /* it waits for whoever reads it */
};

static int wait_for_reader(const struct file_writer *file, struct error *err)
{
    struct pollfd poll_fd = {.fd = file->fd, .events = POLLOUT};

    do
        if (cancel_check(file->cancel, err) < 0)
            return -1;
    while (poll(&poll_fd, 1, CANCEL_POLL_MS) <= 0);
    return 0;
}

static int tell_unwritten(const struct file_writer *file, struct error *err)
{
    if (file->path != NULL)
        return error_set_errno(err, errno, "writing '%s'", file->path);
    if (errno == EPIPE)
        return error_set(err, ERROR_LOCAL,
                         "whoever reads standard output has stopped before the end");
    return error_set_errno(err, errno, "writing to standard output");
}

/* A pipe that is said to be ready takes PIPE_BUF bytes without waiting. */
static int file_writer_write(struct writer *writer, const void *data, size_t size,
                             struct error *err)
{
    struct file_writer *file = CONTAINER_OF(writer, struct file_writer, base);
    const char *at = data;

    while (size > 0) {
        if (file->may_block && wait_for_reader(file, err) < 0)
            return -1;
        ssize_t written = write(file->fd, at, file->may_block && size > PIPE_BUF ? PIPE_BUF : size);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return tell_unwritten(file, err);
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

int file_writer_sync(struct writer *writer, struct error *err)
{
    struct file_writer *file = CONTAINER_OF(writer, struct file_writer, base);

    return file->path != NULL && fsync(file->fd) < 0 ? tell_unwritten(file, err) : 0;
}

static int file_writer_finish(struct writer *writer, struct error *err)
{
    struct file_writer *file = CONTAINER_OF(writer, struct file_writer, base);

    return file->path != NULL ? draft_publish(&file->draft, file->path, err) : 0;
}

static void file_writer_free(struct writer *writer)
{
    struct file_writer *file = CONTAINER_OF(writer, struct file_writer, base);

    draft_release(&file->draft);
    free(file->path);
    free(file);
}

static int check_place(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    struct stat status;

    if (path[0] == '\0')
        return error_set(err, ERROR_USAGE, "'' is not the name of a file");
    if ((slash != NULL && slash[1] == '\0') ||
        (stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
        return error_set(err, ERROR_USAGE, "'%s' is a folder, expected the name of a file", path);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(err, ERROR_USAGE,
                         "'%s' is not a regular file, so it cannot be replaced; '-' is standard "
                         "output",
                         path);
    return 0;
}

/* Links are followed, so that the file that a link names is replaced and not the link. */
static int create_beside(struct file_writer *file, const char *path, struct error *err)
{
    char *real = realpath(path, NULL);

    file->path = real != NULL ? real : xstrdup(path);
    const char *slash = strrchr(file->path, '/');
    CLEANUP(text)
    char *folder = slash != NULL
                       ? xstrndup(file->path, (size_t)(slash - file->path) + (slash == file->path))
                       : xstrdup(".");
    draft_sweep(folder);
    if (draft_create(folder, &file->draft, err) < 0)
        return -1;
    file->fd = file->draft.fd;
    return 0;
}

int file_writer_open(const char *path, const struct cancel *cancel, struct writer **out,
                     struct error *err)
{
    static const struct writer_ops ops = {
        .write = file_writer_write, .finish = file_writer_finish, .free = file_writer_free};
    struct file_writer *file = xcalloc(1, sizeof(*file));
    CLEANUP(writer) struct writer *writer = &file->base;
    struct stat status;

    file->base.ops = &ops;
    file->fd = -1;
    file->draft = (struct draft)DRAFT_INIT;
    file->cancel = cancel;
    if (strcmp(path, "-") == 0) {
        file->fd = STDOUT_FILENO;
        file->may_block = fstat(file->fd, &status) < 0 || !S_ISREG(status.st_mode);
    } else if (check_place(path, err) < 0 || create_beside(file, path, err) < 0) {
        return -1;
    }
    *out = TAKE(writer);
    return 0;
}
