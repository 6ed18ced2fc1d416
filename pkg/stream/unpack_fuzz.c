#include "stream/stream.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST ((uint64_t)4 * MIB)

/* Reads at most MOST bytes, `part` at a time; the digest is of what came. */
static bool read_some(const uint8_t *data, size_t size, size_t part, struct digest *out)
{
    CLEANUP(reader) struct reader *memory = memory_reader_new(data, size);
    CLEANUP(reader) struct reader *plain = unpack_reader_new(memory);
    CLEANUP(hasher) struct hasher *hasher = hasher_new(DIGEST_SHA256, SIZE_UNKNOWN);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *piece = xcalloc(part, 1);
    uint64_t total = 0;
    ssize_t got = 1;

    while (got > 0 && total < MOST) {
        size_t wanted = MOST - total < part ? (size_t)(MOST - total) : part;
        got = reader_read(plain, piece, wanted, &err);
        if (got > (ssize_t)wanted || (got < 0) != (err.kind != ERROR_NONE))
            abort();
        if (got > 0)
            hasher_add(hasher, piece, (size_t)got);
        total += got > 0 ? (uint64_t)got : 0;
    }
    *out = hasher_finish(hasher);
    return got >= 0;
}

/*
 * Whatever comes in: what is read does not depend on how much is read at a time. Whether it is
 * refused may: a content size that is wrong is noticed by zstd if a frame is decoded at one go.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct digest whole, pieces;

    if (read_some(data, size, MOST, &whole) && read_some(data, size, 1021, &pieces) &&
        !digest_equal(&whole, &pieces))
        abort();
    return 0;
}
