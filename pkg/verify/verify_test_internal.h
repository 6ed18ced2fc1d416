#ifndef INLAY_VERIFY_TEST_INTERNAL_H
#define INLAY_VERIFY_TEST_INTERNAL_H

/* What the tests of verify share: a verdict, as text. */

#include "testing/layers.h"
#include "verify/verify.h"

static inline struct verify_options verify_of(const struct bench *bench, const char *version)
{
    return (struct verify_options){.store = bench->store, .version = version, .log = &bench->log};
}

static inline void verify(const struct verify_options *options, struct verify_result *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (verify_run(options, out, &err) < 0)
        fail_msg("%s", err.text);
}

/* All findings, a line each: "kind path text". */
static inline char *findings_text(const struct verify_result *result)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < result->platform_count; i++) {
        const struct verify_platform *platform = &result->platforms[i];
        for (size_t k = 0; k <= platform->model_count; k++) {
            const struct verify_findings *findings =
                k == 0 ? &platform->findings : &platform->models[k - 1].findings;
            for (size_t j = 0; j < findings->count; j++)
                buf_addf(&text, "%s %s: %s\n", verify_kind_name(findings->items[j].kind),
                         findings->items[j].path != NULL ? findings->items[j].path : "-",
                         findings->items[j].text);
        }
    }
    return buf_take(&text);
}

static inline void check_findings(const struct verify_options *options, const char *expected)
{
    CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;

    verify(options, &result);
    CLEANUP(text) char *found = findings_text(&result);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: found\n%sexpected\n%s", options->version, found, expected);
}

#endif
