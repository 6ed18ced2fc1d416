#include "stream/stream.h"

#include <string.h>

struct memory_reader {
    struct reader base;
    const char *data; /* borrowed */
    size_t size;
};

struct memory_writer {
    struct writer base;
    struct buf *out; /* borrowed */
    size_t limit;
};

static ssize_t memory_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct memory_reader *memory = CONTAINER_OF(reader, struct memory_reader, base);
    size_t part = memory->size < size ? memory->size : size;

    (void)err;
    memcpy(data, memory->data, part);
    memory->data += part;
    memory->size -= part;
    return (ssize_t)part;
}

static void memory_reader_free(struct reader *reader)
{
    free(CONTAINER_OF(reader, struct memory_reader, base));
}

struct reader *memory_reader_new(const void *data, size_t size)
{
    static const struct reader_ops ops = {memory_read, memory_reader_free};
    struct memory_reader *memory = xcalloc(1, sizeof(*memory));

    memory->base.ops = &ops;
    memory->data = data;
    memory->size = size;
    return &memory->base;
}

static int memory_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct memory_writer *memory = CONTAINER_OF(writer, struct memory_writer, base);

    return buf_add_limited(memory->out, data, size, memory->limit, err);
}

static int memory_finish(struct writer *writer, struct error *err)
{
    (void)writer;
    (void)err;
    return 0;
}

static void memory_writer_free(struct writer *writer)
{
    free(CONTAINER_OF(writer, struct memory_writer, base));
}

struct writer *memory_writer_new(struct buf *out, size_t limit)
{
    static const struct writer_ops ops = {
        .write = memory_write, .finish = memory_finish, .free = memory_writer_free};
    struct memory_writer *memory = xcalloc(1, sizeof(*memory));

    memory->base.ops = &ops;
    memory->out = out;
    memory->limit = limit;
    return &memory->base;
}
