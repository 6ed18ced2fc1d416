#include "stream/stream.h"

#include <errno.h>
#include <fcntl.h>
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
