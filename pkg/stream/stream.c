#include "stream/stream.h"

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
