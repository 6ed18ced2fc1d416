#include "stream/stream_internal.h"

#include <inttypes.h>
#include <string.h>

/* As stream.h says. */
#define UNPACK_MOST (64 * GIB)
#define UNPACK_FREE GIB
#define UNPACK_RATIO 1000

#define HEAD_SIZE 10

enum packing {
    PACKING_NONE,
    PACKING_GZIP,
    PACKING_ZSTD,
    PACKING_BZIP2,
    PACKING_XZ,
};

struct unpack_reader {
    struct reader base;
    struct reader replay; /* the bytes that were looked at, then `next` */
    struct reader *next;  /* borrowed */
    unsigned char head[HEAD_SIZE];
    size_t head_size;
    size_t head_given;
    struct reader *chosen;  /* NULL: nothing was read yet; otherwise `decoder` or `replay` */
    struct reader *decoder; /* NULL: none is needed */
};

int unpack_check(uint64_t taken, uint64_t made, struct error *err)
{
    if (made > UNPACK_MOST)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it unpacks to more than the %" PRIu64 " GiB that are read of it",
                         UNPACK_MOST / GIB);
    if (made > UNPACK_FREE && made / UNPACK_RATIO > taken)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it unpacks to more than %d times its size, and is not read on: %" PRIu64
                         " bytes became %" PRIu64,
                         UNPACK_RATIO, taken, made);
    return 0;
}

static enum packing packing_of(const unsigned char *head, size_t size)
{
    static const struct {
        enum packing packing;
        size_t size;
        const char *bytes;
    } magics[] = {
        {PACKING_GZIP, 3, "\x1f\x8b\x08"},
        {PACKING_ZSTD, 4, "\x28\xb5\x2f\xfd"},
        {PACKING_XZ, 6,
         "\xfd"
         "7zXZ\0"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
        if (size >= magics[i].size && memcmp(head, magics[i].bytes, magics[i].size) == 0)
            return magics[i].packing;
    /* A skippable frame in front; RFC 8878, section 3.1.2. */
    if (size >= 4 && head[0] >= 0x50 && head[0] <= 0x5f && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0)
        return PACKING_ZSTD;
    /* "BZh", the block size, and the first block or the end. */
    if (size >= 10 && memcmp(head, "BZh", 3) == 0 &&
        (memcmp(head + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
         memcmp(head + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0))
        return PACKING_BZIP2;
    return PACKING_NONE;
}

static ssize_t replay_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct unpack_reader *unpack = CONTAINER_OF(reader, struct unpack_reader, replay);
    size_t left = unpack->head_size - unpack->head_given;
    size_t part = left < size ? left : size;

    if (left == 0)
        return reader_read(unpack->next, data, size, err);
    memcpy(data, unpack->head + unpack->head_given, part);
    unpack->head_given += part;
    return (ssize_t)part;
}

static void replay_free(struct reader *reader)
{
    (void)reader; /* a part of its unpack_reader */
}

static int unpack_choose(struct unpack_reader *unpack, struct error *err)
{
    ssize_t part = 1;

    while (part > 0 && unpack->head_size < HEAD_SIZE) {
        part = reader_read(unpack->next, unpack->head + unpack->head_size,
                           HEAD_SIZE - unpack->head_size, err);
        if (part < 0)
            return -1;
        unpack->head_size += (size_t)part;
    }
    switch (packing_of(unpack->head, unpack->head_size)) {
    case PACKING_NONE:
        break;
    case PACKING_GZIP:
        unpack->decoder = gunzip_reader_new(&unpack->replay);
        break;
    case PACKING_ZSTD:
        unpack->decoder = unzstd_reader_new(&unpack->replay);
        break;
    case PACKING_BZIP2:
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is packed with bzip2; gzip, zstd and nothing "
                         "at all can be read");
    case PACKING_XZ:
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is packed with xz; gzip, zstd and nothing at "
                         "all can be read");
    }
    unpack->chosen = unpack->decoder != NULL ? unpack->decoder : &unpack->replay;
    return 0;
}

static ssize_t unpack_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct unpack_reader *unpack = CONTAINER_OF(reader, struct unpack_reader, base);

    if (unpack->chosen == NULL && unpack_choose(unpack, err) < 0)
        return -1;
    return reader_read(unpack->chosen, data, size, err);
}

static void unpack_free(struct reader *reader)
{
    struct unpack_reader *unpack = CONTAINER_OF(reader, struct unpack_reader, base);

    reader_free(unpack->decoder);
    free(unpack);
}

struct reader *unpack_reader_new(struct reader *next)
{
    static const struct reader_ops ops = {unpack_read, unpack_free};
    static const struct reader_ops replay_ops = {replay_read, replay_free};
    struct unpack_reader *unpack = xcalloc(1, sizeof(*unpack));

    unpack->base.ops = &ops;
    unpack->replay.ops = &replay_ops;
    unpack->next = next;
    return &unpack->base;
}
