#include "source/source_internal.h"

#include <errno.h>
#include <fcntl.h>

struct temporary_writer {
    struct writer base;
    int fd; /* borrowed */
};

int temporary_open(int fd, const char *name, const struct source_range *range, struct reader **out,
                   struct error *err)
{
    CLEANUP(fd) int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (own < 0)
        return error_set_errno(err, errno, "opening the copy of '%s'", name);
    return part_reader_open(&own, name, range, out, err);
}

static int write_part(struct writer *writer, const void *data, size_t size, struct error *err)
{
    return temporary_write(CONTAINER_OF(writer, struct temporary_writer, base)->fd, data, size,
                           err);
}

static int write_finish(struct writer *writer, struct error *err)
{
    (void)writer;
    (void)err;
    return 0;
}

static void write_free(struct writer *writer)
{
    free(CONTAINER_OF(writer, struct temporary_writer, base));
}

struct writer *temporary_writer_new(int fd)
{
    static const struct writer_ops ops = {
        .write = write_part, .finish = write_finish, .free = write_free};
    struct temporary_writer *writer = xcalloc(1, sizeof(*writer));

    writer->base.ops = &ops;
    writer->fd = fd;
    return &writer->base;
}
