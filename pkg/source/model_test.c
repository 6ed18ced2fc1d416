#include "source/source.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void check_reference(const char *text, enum repo_type type, const char *id,
                            const char *revision, const char *complaint)
{
    CLEANUP(model_reference) struct model_reference model = MODEL_REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    int result = model_reference_parse(text, &model, &err);

    if (complaint != NULL) {
        assert_int_equal(result, -1);
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_non_null(strstr(err.text, complaint));
        assert_non_null(strstr(err.text, "expected 'org/name'"));
        assert_null(model.id);
        return;
    }
    assert_int_equal(result, 0);
    assert_int_equal(model.type, type);
    assert_string_equal(model.id, id);
    assert_string_equal(model.revision, revision);
}

static void model_reference_parse_knows_the_forms_of_a_name(void **state)
{
    static const struct {
        const char *text;
        enum repo_type type;
        const char *id, *revision;
    } cases[] = {
        {"gpt2", REPO_MODEL, "gpt2", "main"},
        {"acme/tiny", REPO_MODEL, "acme/tiny", "main"},
        {"acme/tiny@v1.0", REPO_MODEL, "acme/tiny", "v1.0"},
        {"gpt2@refs/pr/1", REPO_MODEL, "gpt2", "refs/pr/1"},
        {"acme/tiny@3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123", REPO_MODEL, "acme/tiny",
         "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"},
        {"hf://acme/tiny", REPO_MODEL, "acme/tiny", "main"},
        {"models/acme/tiny", REPO_MODEL, "acme/tiny", "main"},
        {"hf://models/gpt2@x", REPO_MODEL, "gpt2", "x"},
        {"datasets/acme/rows", REPO_DATASET, "acme/rows", "main"},
        {"datasets/glue", REPO_DATASET, "glue", "main"},
        {"hf://datasets/acme/rows@refs/convert/parquet", REPO_DATASET, "acme/rows",
         "refs/convert/parquet"},
        {"Qwen/Qwen2.5-0.5B_x", REPO_MODEL, "Qwen/Qwen2.5-0.5B_x", "main"},
        {"_a/b_", REPO_MODEL, "_a/b_", "main"},
        {"models", REPO_MODEL, "models", "main"},
        {"acme/models", REPO_MODEL, "acme/models", "main"},
        {"acme/tiny@feature@2", REPO_MODEL, "acme/tiny", "feature@2"},
        {"acme/tiny@zweig-\xc3\xa4", REPO_MODEL, "acme/tiny", "zweig-\xc3\xa4"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_reference(cases[i].text, cases[i].type, cases[i].id, cases[i].revision, NULL);
}

static void model_reference_parse_says_what_is_wrong_with_a_name(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"", "a part of the name is empty"},
        {"hf://", "a part of the name is empty"},
        {"/tiny", "a part of the name is empty"},
        {"acme/", "a part of the name is empty"},
        {"datasets/", "a part of the name is empty"},
        {"acme/tiny/config.json", "at most one '/'"},
        {"datasets/a/b/c", "at most one '/'"},
        {"models/models/x", "not names of an org"},
        {"models/datasets/x", "not names of an org"},
        {"datasets/spaces/x", "not names of an org"},
        {"acme/ti ny", "letters A-Z and a-z"},
        {"acme/t\xc3\xa4ny", "letters A-Z and a-z"},
        {"acme/tiny:latest", "letters A-Z and a-z"},
        {"-acme/tiny", "begins or ends with '-' or '.'"},
        {"acme./tiny", "begins or ends with '-' or '.'"},
        {"acme/.tiny", "begins or ends with '-' or '.'"},
        {"acme/tiny-", "begins or ends with '-' or '.'"},
        {"a--b/c", "no '--' and no '..'"},
        {"a/b..c", "no '--' and no '..'"},
        {"acme/tiny.git", "does not end in '.git'"},
        {"spaces/acme/demo", "spaces are not supported"},
        {"hf://spaces/acme/demo", "spaces are not supported"},
        {"https://huggingface.co/acme/tiny", "is a URL"},
        {"acme/tiny@a://b", "no blanks"},
        {"acme/tiny@", "no revision after '@'"},
        {"acme/tiny@a b", "no blanks"},
        {"acme/tiny@a\x7f", "no blanks"},
        {"acme/tiny@a~1", "no blanks"},
        {"acme/tiny@a\\b", "no blanks"},
        {"acme/tiny@\xff", "not UTF-8"},
        {"acme/tiny@a..b", "no '..'"},
        {"acme/tiny@a@{1}", "no '@{'"},
        {"acme/tiny@@", "is not '@'"},
        {"acme/tiny@-x", "does not begin with '-'"},
        {"acme/tiny@x.", "end with '.'"},
        {"acme/tiny@/x", "part of the revision is empty"},
        {"acme/tiny@x/", "part of the revision is empty"},
        {"acme/tiny@x//y", "part of the revision is empty"},
        {"acme/tiny@a/.wh.b", "part of the revision begins with '.'"},
        {"acme/tiny@.hidden", "part of the revision begins with '.'"},
        {"acme/tiny@x.lock/y", "ends in '.lock'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_reference(cases[i].text, REPO_MODEL, NULL, NULL, cases[i].complaint);
}

static void model_reference_parse_bounds_every_part(void **state)
{
    static const struct {
        size_t name, revision;
        const char *complaint;
    } cases[] = {
        {96, 255, NULL},
        {97, 1, "more than 96 characters"},
        {1, 256, "more than 255 bytes"},
    };
    char name[300];
    char revision[300];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        memset(name, 'n', sizeof(name));
        memset(revision, 'r', sizeof(revision));
        name[cases[i].name] = '\0';
        revision[cases[i].revision] = '\0';
        CLEANUP(text) char *id = xasprintf("acme/%s", name);
        CLEANUP(text) char *text = xasprintf("%s@%s", id, revision);
        check_reference(text, REPO_MODEL, id, revision, cases[i].complaint);
    }
}

static void model_reference_parse_shows_no_password_of_a_url(void **state)
{
    CLEANUP(model_reference) struct model_reference model = MODEL_REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(
        model_reference_parse("https://me:hunter2@hub.example/acme/tiny?k=hunter2", &model, &err),
        -1);
    assert_null(strstr(err.text, "hunter2"));
    assert_non_null(strstr(err.text, "'https://hub.example/acme/tiny' is a URL"));
}

static void model_reference_format_is_the_inverse_of_parse(void **state)
{
    static const struct {
        const char *text, *formatted;
    } cases[] = {
        {"gpt2", "gpt2@main"},
        {"hf://models/acme/tiny@v1", "acme/tiny@v1"},
        {"hf://datasets/acme/rows@refs/pr/1", "datasets/acme/rows@refs/pr/1"},
        {"datasets/glue@x@y", "datasets/glue@x@y"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(model_reference) struct model_reference model = MODEL_REFERENCE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(model_reference_parse(cases[i].text, &model, &err), 0);
        CLEANUP(text) char *formatted = model_reference_format(&model);
        assert_string_equal(formatted, cases[i].formatted);
        enum repo_type type = model.type;
        assert_int_equal(model_reference_parse(formatted, &model, &err), 0);
        CLEANUP(text) char *again = model_reference_format(&model);
        assert_string_equal(again, formatted);
        assert_int_equal(model.type, type);
    }
}

static void model_revision_is_commit_takes_40_lower_case_hex_digits_only(void **state)
{
    (void)state;
    assert_true(model_revision_is_commit("3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"));
    assert_false(model_revision_is_commit("3F0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"));
    assert_false(model_revision_is_commit("3f0c6d0"));
    assert_false(model_revision_is_commit("3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f901234"));
    assert_false(model_revision_is_commit("main"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_reference_parse_knows_the_forms_of_a_name),
        cmocka_unit_test(model_reference_parse_says_what_is_wrong_with_a_name),
        cmocka_unit_test(model_reference_parse_bounds_every_part),
        cmocka_unit_test(model_reference_parse_shows_no_password_of_a_url),
        cmocka_unit_test(model_reference_format_is_the_inverse_of_parse),
        cmocka_unit_test(model_revision_is_commit_takes_40_lower_case_hex_digits_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
