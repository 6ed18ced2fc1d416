#include "source/ollama_internal.h"

#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A manifest that is accepted makes files that may become files of an image. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    buf_add(&manifest, data, size);
    if (ollama_manifest_parse(&manifest, "manifests/h/n/m/t", &plan, &err) < 0) {
        if (err.kind == ERROR_NONE)
            abort();
        return 0;
    }
    if (plan.count == 0 || plan_check(&plan, &err) < 0)
        abort();
    for (size_t i = 0; i < plan.count; i++)
        if (plan.files[i].digest.algorithm != DIGEST_SHA256 ||
            (!text_starts_with(plan.files[i].path, "blobs/sha256-") && i != plan.count - 1))
            abort();
    return 0;
}
