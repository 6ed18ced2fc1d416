#include "rootfs/rootfs_internal.h"

int read_exactly(struct reader *reader, uint64_t skip, size_t size, struct buf *out,
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
