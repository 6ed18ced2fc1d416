#include "stream/stream.h"

#include "core/buf.h"

#define COPY_SIZE ((size_t)256 * 1024)

ssize_t reader_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    return reader->ops->read(reader, data, size, err);
}

int reader_read_all(struct reader *reader, size_t limit, struct buf *out, struct error *err)
{
    char part[16384];
    ssize_t size;

    while ((size = reader_read(reader, part, sizeof(part), err)) > 0)
        if (buf_add_limited(out, part, (size_t)size, limit, err) < 0)
            return -1;
    return size < 0 ? -1 : 0;
}

void reader_free(struct reader *reader)
{
    if (reader != NULL)
        reader->ops->free(reader);
}

int writer_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    return writer->ops->write(writer, data, size, err);
}

int writer_room(struct writer *writer, char **data, size_t *size, struct error *err)
{
    *data = NULL;
    *size = 0;
    return writer->ops->room != NULL ? writer->ops->room(writer, data, size, err) : 0;
}

int writer_finish(struct writer *writer, struct error *err)
{
    return writer->ops->finish(writer, err);
}

void writer_free(struct writer *writer)
{
    if (writer != NULL)
        writer->ops->free(writer);
}

int stream_copy(struct reader *from, struct writer *to, const struct cancel *cancel,
                struct error *err)
{
    CLEANUP(text) char *part = xcalloc(COPY_SIZE, 1);
    ssize_t size;

    while ((size = reader_read(from, part, COPY_SIZE, err)) > 0) {
        if (cancel_check(cancel, err) < 0)
            return -1;
        if (writer_write(to, part, (size_t)size, err) < 0)
            return -1;
    }
    return size < 0 ? -1 : 0;
}

int reader_read_exactly(struct reader *reader, uint64_t skip, size_t size, struct buf *out,
                        struct error *err)
{
    char part[4096];
    size_t end = out->size + size;

    while (skip > 0 || out->size < end) {
        uint64_t wanted = skip > 0 ? skip : end - out->size;
        ssize_t got =
            reader_read(reader, part, wanted < sizeof(part) ? (size_t)wanted : sizeof(part), err);
        if (got < 0)
            return -1;
        if (got == 0)
            return error_set(err, ERROR_CORRUPT, "it ends %zu bytes early", end - out->size);
        if (skip > 0)
            skip -= (uint64_t)got;
        else
            buf_add(out, part, (size_t)got);
    }
    return 0;
}
