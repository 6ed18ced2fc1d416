#include "rootfs/memo_test_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the records are: a listing of them is the same after it was written and read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf) struct buf records = BUF_INIT;
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(listing) struct listing *again = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf first = BUF_INIT;
    CLEANUP(buf) struct buf second = BUF_INIT;
    const struct digest digest = digest_of(DIGEST_SHA256, "", 0);
    const struct memo_key key = {.content = digest, .blob = digest};

    buf_add(&records, data, size);
    (void)!memo_parse(&records, &key, &again, &err);
    if (again != NULL)
        abort(); /* nobody finds the digest of what he writes before it */
    if (memo_parse_records(records.data, records.size, &listing, &err) < 0) {
        if (listing != NULL || err.kind == ERROR_NONE)
            abort();
        return 0;
    }
    memo_format(listing, &key, &first);
    if (memo_parse(&first, &key, &again, &err) < 0)
        abort();
    memo_format(again, &key, &second);
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
        abort();
    return 0;
}
