#ifndef INLAY_STREAM_STREAM_INTERNAL_H
#define INLAY_STREAM_STREAM_INTERNAL_H

#include "stream/stream.h"

#define UNPACK_PART ((size_t)64 * 1024)

/*
 * May `taken` bytes become `made` bytes? ERROR_UNSUPPORTED beyond what stream.h allows, so that a
 * few bytes made to fill a disk end early.
 */
int unpack_check(uint64_t taken, uint64_t made, struct error *err) MUST_CHECK;

/* What one thread of the gzip stage compresses at a time: another size is other bytes. */
#define GZIP_BLOCK ((size_t)256 * 1024)

/* compress_writer_new() of each kind. */
struct writer *gzip_writer_new(struct writer *next, int level, unsigned threads);
struct writer *zstd_writer_new(struct writer *next, int level, unsigned threads);

/* Pieces of one prefetch that may wait to be read, beyond those on their way. */
#define PREFETCH_AHEAD 2

/* Connections at a time for pieces that are tiny, or for any. */
unsigned prefetch_pool_most(const struct prefetch_pool *pool, bool is_tiny);
/*
 * Takes a connection and a block, or neither: false. To who `needs` it, it is always granted. The
 * block belongs to the pool.
 */
bool prefetch_pool_take(struct prefetch_pool *pool, bool is_tiny, bool needs, char **block);
/* The piece has come, or never will: its connection is free. */
void prefetch_pool_disconnect(struct prefetch_pool *pool);
/* The block has been read. */
void prefetch_pool_give(struct prefetch_pool *pool, char *block);

/*
 * How many connections help. They are numbered; those below `wanted` work. A trial adds as many as
 * there are, and lasts from the first bytes of the newest until it has brought a piece. If what
 * comes of it is not a quarter of what it could be, they go again, for some seconds. Plain values.
 */
struct prefetch_pace {
    unsigned most;
    unsigned wanted;
    unsigned before;      /* the trial; 0: there is none */
    uint64_t rate_before; /* work in a second */
    uint64_t work;        /* since `since_ms` */
    uint64_t since_ms;    /* 0: the newest has not begun */
    uint64_t rest_until_ms;
    bool has_piece; /* the newest has brought one */
    bool is_held;   /* the reader is what all wait for: more connections would not help */
};

void prefetch_pace_init(struct prefetch_pace *pace, unsigned most);
/* `size` bytes have come by a connection, and with them the end of a piece or not. */
void prefetch_pace_note(struct prefetch_pace *pace, unsigned connection, size_t size, bool is_end,
                        uint64_t now_ms);

#endif
