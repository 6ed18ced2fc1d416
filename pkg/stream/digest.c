#include "stream/stream.h"

struct digest_writer {
    struct writer base;
    struct writer *next; /* borrowed */
    struct hasher *hasher;
    struct digest *digest;
    uint64_t *size; /* NULL: nobody asks */
    uint64_t passed;
};

static int digest_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct digest_writer *stage = CONTAINER_OF(writer, struct digest_writer, base);

    hasher_add(stage->hasher, data, size);
    stage->passed += size;
    return writer_write(stage->next, data, size, err);
}

static int digest_finish(struct writer *writer, struct error *err)
{
    struct digest_writer *stage = CONTAINER_OF(writer, struct digest_writer, base);

    *stage->digest = hasher_finish(stage->hasher);
    if (stage->size != NULL)
        *stage->size = stage->passed;
    return writer_finish(stage->next, err);
}

static void digest_free(struct writer *writer)
{
    struct digest_writer *stage = CONTAINER_OF(writer, struct digest_writer, base);

    hasher_free(stage->hasher);
    free(stage);
}

struct writer *digest_writer_new(struct writer *next, enum digest_algorithm algorithm,
                                 struct digest *digest, uint64_t *size)
{
    static const struct writer_ops ops = {
        .write = digest_write, .finish = digest_finish, .free = digest_free};
    struct digest_writer *stage = xcalloc(1, sizeof(*stage));

    stage->base.ops = &ops;
    stage->next = next;
    stage->hasher = hasher_new(algorithm, 0);
    stage->digest = digest;
    stage->size = size;
    return &stage->base;
}
