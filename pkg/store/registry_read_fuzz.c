#include "store/registry_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a registry says: tags are tags, and a range ends where it can. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf) struct buf body = BUF_INIT;
    CLEANUP(strings) struct strings tags = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    uint64_t end = 0;

    buf_add(&body, data, size);
    if (registry_tags_parse(&body, &tags, &err) < 0 && err.kind != ERROR_CORRUPT)
        abort();
    for (size_t i = 0; i < tags.count; i++)
        if (!reference_is_tag(tags.items[i]))
            abort();
    if (!registry_range_parse(buf_text(&body), &end) && end != 0)
        abort();
    return 0;
}
