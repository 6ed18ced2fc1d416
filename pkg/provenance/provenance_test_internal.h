#ifndef INLAY_PROVENANCE_TEST_INTERNAL_H
#define INLAY_PROVENANCE_TEST_INTERNAL_H

#include "provenance/provenance_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What the tests of this module share: an image with one model of the Hub. */

#define SAMPLE_COMMIT "0123456789abcdef0123456789abcdef01234567"
#define SAMPLE_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SAMPLE_SHA1 "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"

static inline struct digest sample_digest(enum digest_algorithm algorithm, const char *hex)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct digest digest = DIGEST_INIT;

    assert_int_equal(digest_parse_hex(algorithm, hex, &digest, &err), 0);
    return digest;
}

static inline void sample_plan(const char *text, const char *pin, struct plan *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct plan_file weights = {.path = (char *)(uintptr_t) "model.safetensors",
                                .size = 5,
                                .digest = sample_digest(DIGEST_SHA256, SAMPLE_HEX)};
    struct plan_file config = {.path = (char *)(uintptr_t) "a b/config.json",
                               .size = 2,
                               .digest = sample_digest(DIGEST_GIT_SHA1, SAMPLE_SHA1)};

    if (origin_parse(text, &out->origin, &err) < 0)
        fail_msg("%s", err.text);
    out->pin = xstrdup(pin);
    plan_add(out, &weights);
    plan_add(out, &config);
    plan_sort(out);
}

static inline void sample_image(const char *text, struct provenance_image *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    struct digest digest = sample_digest(DIGEST_SHA256, SAMPLE_HEX);

    if (reference_parse(text, &reference, &err) < 0)
        fail_msg("%s", err.text);
    provenance_image_set(out, &reference, &digest);
}

/* A bill of an image with one model, and what in it is not always the same. */
struct sample_bill {
    void (*format)(const struct provenance *provenance, struct buf *out);
    const char *model;        /* "org/name" */
    const char *license;      /* NULL: none */
    const char *license_name; /* on its card */
    const char *base_model;
    const struct digest *sha256; /* of the model's two files; NULL: as the plan has them */
    const struct provenance_kept *kept;
    size_t kept_count;
    const char *created; /* NULL: not told */
};

/* The caller frees it. */
static inline char *sample_bill(const struct sample_bill *what)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(strings) struct strings nobody = STRINGS_INIT;
    CLEANUP(provenance_image) struct provenance_image image = PROVENANCE_IMAGE_INIT;
    CLEANUP(provenance_image) struct provenance_image base = PROVENANCE_IMAGE_INIT;
    struct buf out = BUF_INIT;

    sample_plan(what->model, SAMPLE_COMMIT, &plan);
    plan.license = text_copy(what->license);
    plan.license_name = xstrdup(what->license_name);
    plan.card.task = xstrdup("fill-mask");
    strings_add(&plan.card.datasets, "org/data");
    strings_add(&plan.card.base_models, what->base_model);
    sample_image("h.example/app:1", &image);
    sample_image("scratch", &base);
    const struct provenance_model model = {"org/name@main", &plan, what->sha256, "hf", &nobody};
    const struct provenance provenance = {
        .images = &image,
        .image_count = 1,
        .base = &base,
        .models = &model,
        .model_count = 1,
        .kept = what->kept,
        .kept_count = what->kept_count,
        .version = "1.2.3",
        .created = what->created,
    };
    what->format(&provenance, &out);
    return buf_take(&out);
}

static inline void check_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("not there: %s\n%s", part, text);
}

#endif
