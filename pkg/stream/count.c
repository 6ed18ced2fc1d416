#include "stream/stream.h"

struct count_reader {
    struct reader base;
    struct reader *next; /* borrowed */
    count_fn *count;
    void *arg;
};

static ssize_t count_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct count_reader *stage = CONTAINER_OF(reader, struct count_reader, base);
    ssize_t part = reader_read(stage->next, data, size, err);

    if (part > 0)
        stage->count(stage->arg, (uint64_t)part);
    return part;
}

static void count_free(struct reader *reader)
{
    free(CONTAINER_OF(reader, struct count_reader, base));
}

struct reader *count_reader_new(struct reader *next, count_fn *count, void *arg)
{
    static const struct reader_ops ops = {count_read, count_free};
    struct count_reader *stage = xcalloc(1, sizeof(*stage));

    stage->base.ops = &ops;
    stage->next = next;
    stage->count = count;
    stage->arg = arg;
    return &stage->base;
}
