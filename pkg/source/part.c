#include "source/source_internal.h"

#include <errno.h>
#include <unistd.h>

/* Reads a part of an open file. */
struct part_reader {
    struct reader base;
    int fd;
    uint64_t offset;
    uint64_t left; /* SIZE_UNKNOWN: to the end */
    char *name;
};

static ssize_t part_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct part_reader *part = CONTAINER_OF(reader, struct part_reader, base);
    ssize_t got;

    if (size > part->left)
        size = (size_t)part->left;
    if (size == 0)
        return 0;
    do
        got = pread(part->fd, data, size, (off_t)part->offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set_errno(err, errno, "reading '%s'", part->name);
    part->offset += (uint64_t)got;
    if (part->left != SIZE_UNKNOWN)
        part->left -= (uint64_t)got;
    return got;
}

static void part_free(struct reader *reader)
{
    struct part_reader *part = CONTAINER_OF(reader, struct part_reader, base);

    close(part->fd);
    free(part->name);
    free(part);
}

int part_reader_open(int *fd, const char *name, const struct source_range *range,
                     struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {part_read, part_free};

    if (range->offset > INT64_MAX)
        return error_set(err, ERROR_LOCAL, "'%s' has no byte %" PRIu64, name, range->offset);
    struct part_reader *part = xcalloc(1, sizeof(*part));
    part->base.ops = &ops;
    part->fd = *fd;
    part->offset = range->offset;
    part->left = range->length;
    part->name = xstrdup(name);
    *fd = -1;
    *out = &part->base;
    return 0;
}
