#include "source/source_internal.h"

#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a page brings into a plan has a path, and identities that can become file names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(strings) struct strings folders = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (listing_page_parse(data, size, &plan, &folders, &err) < 0 && err.kind == ERROR_NONE)
        abort();
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_file *file = &plan.files[i];
        if (!text_is_utf8(file->path) || !text_is_hex(file->blob_id, GIT_OID_HEX) ||
            file->size > INT64_MAX || file->digest.algorithm == DIGEST_NONE)
            abort();
    }
    plan_sort(&plan);
    if (listing_check_whole(&plan, "a/b", &folders, &folders, &err) == 0 && folders.count > 0 &&
        plan.count == 0)
        abort();
    return 0;
}
