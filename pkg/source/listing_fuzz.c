#include "source/source_internal.h"

#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a page brings into a plan has a path, and identities that can become file names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (listing_page_parse(data, size, &plan, &err) < 0 && err.kind == ERROR_NONE)
        abort();
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_file *file = &plan.files[i];
        if (!text_is_utf8(file->path) || !text_is_hex(file->blob_id, GIT_OID_HEX) ||
            file->size > INT64_MAX || file->digest.algorithm == DIGEST_NONE ||
            (file->xet_hash[0] != '\0' && !text_is_hex(file->xet_hash, XET_HASH_HEX)))
            abort();
    }
    return 0;
}
