#include "rootfs/memo_test_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a process tells: each path is clean, and the listing is the same if it is told again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(reader) struct reader *reader = memory_reader_new(data, size);
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(listing) struct listing *again = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf first = BUF_INIT;
    CLEANUP(buf) struct buf second = BUF_INIT;
    struct digest digest = DIGEST_INIT;

    if (told_read(reader, &listing, &digest, &err) < 0) {
        if (listing != NULL || err.kind == ERROR_NONE)
            abort();
        return 0;
    }
    for (size_t i = 0; i < listing->count; i++) {
        CLEANUP(buf) struct buf path = BUF_INIT;
        if (told_check_mark(listing_at(listing, i, &path).path, &err) < 0)
            abort();
    }
    if (told_give(listing, &digest, memo_add_part, &first, &err) < 0)
        abort();
    CLEANUP(reader) struct reader *told = memory_reader_new(first.data, first.size);
    if (told_read(told, &again, &digest, &err) < 0 ||
        told_give(again, &digest, memo_add_part, &second, &err) < 0)
        abort();
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
        abort();
    return 0;
}
