#include "provenance/provenance_test_internal.h"

#define OF_MODEL(pin, layout) "\"model\":\"org/name\",\"pin\":\"" pin "\",\"layout\":\"" layout "\""

/* The statement of an image with one model. */
static void format_sample(const char *created, bool has_program, struct buf *out)
{
    static const char *const globs[] = {"*.json", "*.bin", NULL};
    const struct provenance_option options[] = {{"all-files", NULL}, {"include", globs}};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(strings) struct strings asked = STRINGS_INIT;
    CLEANUP(strings) struct strings nobody = STRINGS_INIT;
    CLEANUP(provenance_image) struct provenance_image image = PROVENANCE_IMAGE_INIT;
    CLEANUP(provenance_image) struct provenance_image base = PROVENANCE_IMAGE_INIT;

    sample_plan("org/name", SAMPLE_COMMIT, &plan);
    plan.license = xstrdup("other");
    plan.license_name = xstrdup("own-license");
    strings_add(&asked, "org/name@main");
    sample_image("h.example/app:1", &image);
    sample_image("oci:/tmp/base:1", &base);
    const struct provenance_model model = {"org/name@main", &plan, NULL, "hf", &nobody};
    const struct provenance provenance = {
        .images = &image,
        .image_count = 1,
        .base = &base,
        .recorded_bases = &nobody,
        .asked = &asked,
        .options = options,
        .option_count = ARRAY_SIZE(options),
        .models = &model,
        .model_count = 1,
        .version = "1.2.3",
        .program =
            has_program ? sample_digest(DIGEST_SHA256, SAMPLE_HEX) : (struct digest)DIGEST_INIT,
        .created = created,
    };
    provenance_format(&provenance, out);
}

static void a_statement_says_what_an_image_was_made_of(void **state)
{
    static const char expected[] =
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"h.example/app:1\","
        "\"uri\":\"pkg:oci/app@sha256:" SAMPLE_HEX "?repository_url=h.example/app&tag=1\","
        "\"digest\":{\"sha256\":\"" SAMPLE_HEX "\"}}],"
        "\"predicateType\":\"https://slsa.dev/provenance/v1\",\"predicate\":{\"buildDefinition\":{"
        "\"buildType\":\"urn:inlay:inject:v1\",\"externalParameters\":{\"base\":\"oci:base:1\","
        "\"models\":[\"org/name@main\"],\"options\":{\"all-files\":true,"
        "\"include\":[\"*.json\",\"*.bin\"]}},\"resolvedDependencies\":["
        "{\"name\":\"oci:base:1\",\"digest\":{\"sha256\":\"" SAMPLE_HEX "\"}},"
        "{\"name\":\"org/name\",\"uri\":\"pkg:huggingface/org/name@" SAMPLE_COMMIT "\","
        "\"digest\":{\"gitCommit\":\"" SAMPLE_COMMIT "\"},"
        "\"annotations\":{" OF_MODEL(
            SAMPLE_COMMIT,
            "hf") ",\"source\":\"model\","
                  "\"revision\":\"main\",\"license\":\"other\","
                  "\"licenseName\":\"own-license\"}},"
                  "{\"name\":\"a b/config.json\","
                  "\"uri\":\"pkg:huggingface/org/name@" SAMPLE_COMMIT "#a%20b/config.json\","
                  "\"digest\":{\"gitBlob\":\"" SAMPLE_SHA1 "\"},"
                  "\"annotations\":{" OF_MODEL(
                      SAMPLE_COMMIT, "hf") ",\"size\":2}},"
                                           "{\"name\":\"model.safetensors\","
                                           "\"uri\":\"pkg:huggingface/org/name@" SAMPLE_COMMIT
                                           "#model.safetensors\","
                                           "\"digest\":{\"sha256\":\"" SAMPLE_HEX "\"},"
                                           "\"annotations\":{" OF_MODEL(
                                               SAMPLE_COMMIT,
                                               "hf") ",\"size\":5}}]},"
                                                     "\"runDetails\":{\"builder\":{\"id\":\"urn:"
                                                     "inlay:builder\",\"version\":{\"inlay\":"
                                                     "\"1.2.3\"},\"builderDependencies\":[{"
                                                     "\"name\":\"inlay\",\"digest\":{\"sha256\":"
                                                     "\"" SAMPLE_HEX "\"}}]}}}}";
    CLEANUP(buf) struct buf found = BUF_INIT;
    CLEANUP(buf) struct buf again = BUF_INIT;

    (void)state;
    format_sample(NULL, true, &found);
    assert_string_equal(buf_text(&found), expected);
    format_sample(NULL, true, &again);
    assert_string_equal(buf_text(&again), expected);
}

static void it_has_a_time_if_one_is_given_and_its_program_if_it_is_known(void **state)
{
    CLEANUP(buf) struct buf found = BUF_INIT;

    (void)state;
    format_sample("2020-01-01T00:00:00Z", false, &found);
    assert_non_null(strstr(buf_text(&found),
                           "\"runDetails\":{\"builder\":{\"id\":\"urn:inlay:builder\","
                           "\"version\":{\"inlay\":\"1.2.3\"}},"
                           "\"metadata\":{\"finishedOn\":\"2020-01-01T00:00:00Z\"}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_says_what_an_image_was_made_of),
        cmocka_unit_test(it_has_a_time_if_one_is_given_and_its_program_if_it_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
