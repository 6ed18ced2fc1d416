#include "source/modelscope_internal.h"

#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a page brings into a plan has a path, a SHA-256 and git's name; a commit is whole or "". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(modelscope_page) struct modelscope_page page = MODELSCOPE_PAGE_INIT;
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (modelscope_page_parse(data, size, &plan, &page, &err) < 0 && err.kind == ERROR_NONE)
        abort();
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_file *file = &plan.files[i];
        if (!text_is_utf8(file->path) || !text_is_hex(file->blob_id, GIT_OID_HEX) ||
            file->size > INT64_MAX || file->digest.algorithm != DIGEST_SHA256)
            abort();
    }
    if (page.commit[0] != '\0' && !hub_revision_is_commit(page.commit))
        abort();
    error_release(&err);
    if (modelscope_revisions_parse(data, size, &names, &err) < 0 && err.kind == ERROR_NONE)
        abort();
    return 0;
}
