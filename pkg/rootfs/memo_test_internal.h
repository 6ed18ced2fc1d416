#ifndef INLAY_ROOTFS_MEMO_TEST_INTERNAL_H
#define INLAY_ROOTFS_MEMO_TEST_INTERNAL_H

#include "rootfs/rootfs_internal.h"

/* Memos in memory, for tests and fuzz targets. */

static inline int memo_add_part(void *arg, const char *data, size_t size, struct error *err)
{
    (void)err;
    buf_add(arg, data, size);
    return 0;
}

static inline void memo_format(const struct listing *listing, const struct memo_key *key,
                               struct buf *out)
{
    CLEANUP(text) char *title = memo_format_title(listing, key);
    CLEANUP(error) struct error err = ERROR_INIT;

    buf_add_text(out, title);
    if (memo_give_records(listing, memo_add_part, out, &err) < 0)
        abort();
}

static inline int memo_parse(const struct buf *bytes, const struct memo_key *key,
                             struct listing **out, struct error *err)
{
    CLEANUP(reader) struct reader *reader = memory_reader_new(buf_text(bytes), bytes->size);

    return memo_read(reader, key, out, err);
}

#endif
