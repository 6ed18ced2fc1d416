#include "project/lock.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken is written, and taken again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(lock) struct lock lock = LOCK_INIT;
    CLEANUP(lock) struct lock again = LOCK_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf input = BUF_INIT;
    CLEANUP(buf) struct buf once = BUF_INIT;
    CLEANUP(buf) struct buf twice = BUF_INIT;
    CLEANUP(buf) struct buf changes = BUF_INIT;

    buf_add(&input, data, size);
    if (lock_parse(buf_text(&input), size, &lock, &err) < 0)
        return 0;
    lock_format(&lock, &once);
    if (lock_parse(buf_text(&once), once.size, &again, &err) < 0)
        abort();
    lock_format(&again, &twice);
    if (strcmp(buf_text(&once), buf_text(&twice)) != 0)
        abort();
    (void)lock_format_changes(&lock, &again, &changes);
    return 0;
}
