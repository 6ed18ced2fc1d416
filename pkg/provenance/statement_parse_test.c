#include "provenance/provenance_test_internal.h"

#define HEAD                                                                                       \
    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":"                            \
    "\"https://slsa.dev/provenance/v1\",\"subject\":[{\"digest\":{\"sha256\":\"" SAMPLE_HEX        \
    "\"}}],\"predicate\":{\"buildDefinition\":{\"buildType\":\"urn:inlay:inject:v1\","             \
    "\"resolvedDependencies\":["
#define TAIL "]}}}"
#define OF "\"model\":\"a/b\",\"pin\":\"p\",\"layout\":\"l\""

static int parse(const char *text, struct statement *out, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    buf_add_text(&bytes, text);
    return statement_parse(&bytes, out, err);
}

static void what_is_formatted_is_read_back(void **state)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(statement) struct statement found = STATEMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(strings) struct strings texts = STRINGS_INIT;
    CLEANUP(provenance_image) struct provenance_image image = PROVENANCE_IMAGE_INIT;
    const struct provenance_kept kept = {"org/old", NULL, SAMPLE_COMMIT, "hf"};

    (void)state;
    sample_plan("https://h.example/a/m.bin?x=1#sha256=" SAMPLE_HEX, "sha256:" SAMPLE_HEX, &plan);
    plan.origin.as = xstrdup("own/model");
    strings_add(&texts, "sha256:" SAMPLE_HEX);
    strings_add(&texts, "sha512:1");
    sample_image("h.example/app:1", &image);
    const struct provenance_model model = {"own/model", &plan, NULL, "hf", &texts};
    const struct provenance provenance = {
        .images = &image,
        .image_count = 1,
        .base = &image,
        .recorded_bases = &texts,
        .asked = &texts,
        .models = &model,
        .model_count = 1,
        .kept = &kept,
        .kept_count = 1,
        .version = "1",
    };
    provenance_format(&provenance, &bytes);
    if (statement_parse(&bytes, &found, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(found.subject_count, 1);
    assert_true(digest_equal(&found.subjects[0], &image.digest));
    assert_int_equal(found.bases.count, 3);
    assert_string_equal(found.bases.items[2], "sha512:1");
    assert_int_equal(found.model_count, 2);
    assert_string_equal(found.models[0].name, "org/old");
    assert_true(found.models[0].is_kept);
    const struct stated_model *stated = &found.models[1];
    assert_string_equal(stated->name, "own/model");
    assert_string_equal(stated->pin, "sha256:" SAMPLE_HEX);
    assert_string_equal(stated->layout, "hf");
    assert_false(stated->is_kept);
    assert_int_equal(stated->plan.origin.kind, ORIGIN_URL);
    assert_string_equal(stated->plan.origin.name, "https://h.example/a/m.bin");
    assert_int_equal(stated->plan.count, plan.count);
    for (size_t i = 0; i < plan.count; i++) {
        assert_string_equal(stated->plan.files[i].path, plan.files[i].path);
        assert_int_equal(stated->plan.files[i].size, plan.files[i].size);
        assert_true(digest_equal(&stated->plan.files[i].digest, &plan.files[i].digest));
    }
}

static void what_others_have_added_is_passed_over(void **state)
{
    CLEANUP(statement) struct statement found = STATEMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(
        parse(HEAD "{\"digest\":{\"md5\":\"1\"}},7,{\"annotations\":{\"size\":1}},null" TAIL,
              &found, &err),
        0);
    assert_int_equal(found.model_count, 0);
    assert_int_equal(found.bases.count, 0);
}

static void what_cosign_makes_of_it_is_read_too(void **state)
{
    CLEANUP(statement) struct statement found = STATEMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(
        parse("{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":"
              "\"https://slsa.dev/provenance/v1\",\"subject\":[{\"name\":\"h.example/app\","
              "\"digest\":{\"sha256\":\"" SAMPLE_HEX "\"}}],\"predicate\":{"
              "\"buildDefinition\":{\"buildType\":\"urn:inlay:inject:v1\"}}}",
              &found, &err),
        0);
    assert_int_equal(found.subject_count, 1);
}

static void what_is_no_statement_of_inlays_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"", ERROR_CORRUPT, "the statement"},
        {"[]", ERROR_CORRUPT, ""},
        {"{}", ERROR_CORRUPT, "no statement of in-toto"},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"x\"}",
         ERROR_UNSUPPORTED, "predicateType is 'x', expected 'https://slsa.dev/provenance/v1'"},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":"
         "\"https://slsa.dev/provenance/v1\",\"predicate\":{\"buildDefinition\":{\"buildType\":"
         "\"x\"}}}",
         ERROR_UNSUPPORTED, "a build of type 'x', expected 'urn:inlay:inject:v1'"},
        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":"
         "\"https://slsa.dev/provenance/v1\",\"subject\":[{\"name\":\"a\"}],\"predicate\":{"
         "\"buildDefinition\":{\"buildType\":\"urn:inlay:inject:v1\"}}}",
         ERROR_CORRUPT, "names no image by its digest"},
        {HEAD "{},{\"name\":\"x\",\"annotations\":{" OF ",\"size\":1}}" TAIL, ERROR_CORRUPT,
         "a file of 'a/b', which it does not name before it"},
        {HEAD "{},{\"annotations\":{" OF "}},{\"name\":\"../x\",\"annotations\":{" OF
              ",\"size\":1}}" TAIL,
         ERROR_CORRUPT, "without a path or size that is one"},
        {HEAD "{},{\"annotations\":{" OF "}},{\"name\":\"x\",\"annotations\":{" OF
              ",\"size\":-1}}" TAIL,
         ERROR_CORRUPT, "without a path or size that is one"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(statement) struct statement found = STATEMENT_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(parse(cases[i].text, &found, &err), -1);
        if (err.kind != cases[i].kind || strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("%s: kind %d, %s", cases[i].text, (int)err.kind, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_formatted_is_read_back),
        cmocka_unit_test(what_others_have_added_is_passed_over),
        cmocka_unit_test(what_cosign_makes_of_it_is_read_too),
        cmocka_unit_test(what_is_no_statement_of_inlays_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
