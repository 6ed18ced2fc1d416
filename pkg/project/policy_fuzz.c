#include "project/policy.h"

#include "core/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken judges any model, and a model that no rule knows is never let in. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(policy) struct policy policy = POLICY_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    CLEANUP(strings) struct strings findings = STRINGS_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    buf_add(&text, data, size);
    if (policy_parse(buf_text(&text), size, &policy, &err) < 0)
        return 0;
    strings_add(&paths, "\x01.bin");
    const struct policy_model model = {
        .source = "\x01",
        .name = "\x01/\x01",
        .commit = "\x01",
        .license = "\x01",
        .paths = &paths,
        .suspect = &paths,
    };
    policy_judge(&policy, &model, &findings);
    if (findings.count == 0 && policy.formats.count == 0 && policy.denied_licenses.count == 0)
        abort();
    return 0;
}
