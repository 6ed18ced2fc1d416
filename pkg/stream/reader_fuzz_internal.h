#ifndef INLAY_STREAM_READER_FUZZ_INTERNAL_H
#define INLAY_STREAM_READER_FUZZ_INTERNAL_H

/* For this module's fuzz targets: what a reader says of its source, read in parts. */

#include "stream/stream.h"

#define READER_FUZZ_MOST ((uint64_t)4 * MIB)

typedef struct reader *reader_fuzz_open(struct reader *packed);

/* Reads at most READER_FUZZ_MOST bytes, `part` at a time; the digest is of what came. */
static inline bool reader_fuzz_read(reader_fuzz_open *open, struct reader *packed, size_t part,
                                    struct digest *out)
{
    CLEANUP(reader) struct reader *plain = open(packed);
    CLEANUP(hasher) struct hasher *hasher = hasher_new(DIGEST_SHA256, SIZE_UNKNOWN);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *piece = xcalloc(part, 1);
    uint64_t total = 0;
    ssize_t got = 1;

    while (got > 0 && total < READER_FUZZ_MOST) {
        uint64_t left = READER_FUZZ_MOST - total;
        size_t wanted = left < part ? (size_t)left : part;
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
 * refused may where `may_differ`: a content size that is wrong is noticed by zstd if a frame is
 * decoded at one go.
 */
static inline void reader_fuzz_check(reader_fuzz_open *open, const void *data, size_t size,
                                     bool may_differ)
{
    CLEANUP(reader) struct reader *once = memory_reader_new(data, size);
    CLEANUP(reader) struct reader *again = memory_reader_new(data, size);
    struct digest whole, pieces;
    bool is_good = reader_fuzz_read(open, once, (size_t)READER_FUZZ_MOST, &whole);
    bool is_good_again = reader_fuzz_read(open, again, 1021, &pieces);

    if (is_good != is_good_again && !may_differ)
        abort();
    if (is_good && is_good_again && !digest_equal(&whole, &pieces))
        abort();
}

#endif
