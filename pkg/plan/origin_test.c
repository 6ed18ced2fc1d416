#include "plan/origin.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEX_64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void check_reference(const char *text, enum origin_kind type, const char *id,
                            const char *revision, const char *complaint)
{
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    int result = origin_parse(text, &model, &err);

    if (complaint != NULL) {
        assert_int_equal(result, -1);
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_non_null(strstr(err.text, complaint));
        assert_non_null(strstr(err.text, "expected 'org/name'"));
        assert_null(model.name);
        return;
    }
    assert_int_equal(result, 0);
    assert_int_equal(model.kind, type);
    assert_string_equal(model.name, id);
    if (revision != NULL)
        assert_string_equal(model.revision, revision);
    else
        assert_null(model.revision);
}

static void model_reference_parse_knows_the_forms_of_a_name(void **state)
{
    static const struct {
        const char *text;
        enum origin_kind type;
        const char *id, *revision;
    } cases[] = {
        {"gpt2", ORIGIN_HUB_MODEL, "gpt2", "main"},
        {"acme/tiny", ORIGIN_HUB_MODEL, "acme/tiny", "main"},
        {"acme/tiny@v1.0", ORIGIN_HUB_MODEL, "acme/tiny", "v1.0"},
        {"gpt2@refs/pr/1", ORIGIN_HUB_MODEL, "gpt2", "refs/pr/1"},
        {"acme/tiny@3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123", ORIGIN_HUB_MODEL, "acme/tiny",
         "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"},
        {"hf://acme/tiny", ORIGIN_HUB_MODEL, "acme/tiny", "main"},
        {"models/acme/tiny", ORIGIN_HUB_MODEL, "acme/tiny", "main"},
        {"hf://models/gpt2@x", ORIGIN_HUB_MODEL, "gpt2", "x"},
        {"datasets/acme/rows", ORIGIN_HUB_DATASET, "acme/rows", "main"},
        {"datasets/glue", ORIGIN_HUB_DATASET, "glue", "main"},
        {"hf://datasets/acme/rows@refs/convert/parquet", ORIGIN_HUB_DATASET, "acme/rows",
         "refs/convert/parquet"},
        {"Qwen/Qwen2.5-0.5B_x", ORIGIN_HUB_MODEL, "Qwen/Qwen2.5-0.5B_x", "main"},
        {"_a/b_", ORIGIN_HUB_MODEL, "_a/b_", "main"},
        {"models", ORIGIN_HUB_MODEL, "models", "main"},
        {"acme/models", ORIGIN_HUB_MODEL, "acme/models", "main"},
        {"acme/tiny@feature@2", ORIGIN_HUB_MODEL, "acme/tiny", "feature@2"},
        {"acme/tiny@zweig-\xc3\xa4", ORIGIN_HUB_MODEL, "acme/tiny", "zweig-\xc3\xa4"},
        {"dir:./m", ORIGIN_FOLDER, "./m", NULL},
        {"dir:/", ORIGIN_FOLDER, "/", NULL},
        {"dir:a@b/", ORIGIN_FOLDER, "a@b", NULL},
        {"file:/m/model.gguf", ORIGIN_FILE, "/m/model.gguf", NULL},
        {"https://example.com/a.bin", ORIGIN_URL, "https://example.com/a.bin", NULL},
        {"http://example.com/a?b=c", ORIGIN_URL, "http://example.com/a?b=c", NULL},
        {"https://example.com/a#sha256=" HEX_64, ORIGIN_URL, "https://example.com/a", NULL},
        {"https://huggingface.co/o/n/resolve/main/a", ORIGIN_URL,
         "https://huggingface.co/o/n/resolve/main/a", NULL},
        {"ms://Qwen/Qwen2.5-0.5B", ORIGIN_MODELSCOPE, "Qwen/Qwen2.5-0.5B", "master"},
        {"ms://acme/tiny@v1", ORIGIN_MODELSCOPE, "acme/tiny", "v1"},
        {"ollama://llama3.2", ORIGIN_OLLAMA, "llama3.2", "latest"},
        {"ollama://me/m:1b-q4", ORIGIN_OLLAMA, "me/m", "1b-q4"},
        {"ollama://hf.co/org/name:Q4_K_M", ORIGIN_OLLAMA, "hf.co/org/name", "Q4_K_M"},
        {"ollama://127.0.0.1:5000/a/b", ORIGIN_OLLAMA, "127.0.0.1:5000/a/b", "latest"},
        {"oci-model://r.example/m:1", ORIGIN_OCI_MODEL, "r.example/m:1", NULL},
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
        {"./model", "a folder is named 'dir:PATH', a file 'file:PATH'"},
        {"../model", "a folder is named 'dir:PATH'"},
        {"/models/tiny", "a folder is named 'dir:PATH'"},
        {"-acme/tiny", "begins or ends with '-' or '.'"},
        {"acme./tiny", "begins or ends with '-' or '.'"},
        {"acme/.tiny", "begins or ends with '-' or '.'"},
        {"acme/tiny-", "begins or ends with '-' or '.'"},
        {"a--b/c", "no '--' and no '..'"},
        {"a/b..c", "no '--' and no '..'"},
        {"acme/tiny.git", "does not end in '.git'"},
        {"spaces/acme/demo", "spaces are not supported"},
        {"hf://spaces/acme/demo", "spaces are not supported"},
        {"https://huggingface.co/acme/tiny/blob/main/a", "a page of a part of the repo"},
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
        check_reference(cases[i].text, ORIGIN_HUB_MODEL, NULL, NULL, cases[i].complaint);
}

static void model_reference_parse_says_what_is_wrong_with_other_sources(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"ftp://example.com/a", "its scheme is not known"},
        {"dir://a", "its scheme is not known"},
        {"file:///a", "its scheme is not known"},
        {"hf://https://example.com/a", "there are two schemes"},
        {"dir:", "there is no path"},
        {"dir:a\nb", "control characters"},
        {"file:", "there is no path"},
        {"https://", "names no host"},
        {"https:///a", "names no host"},
        {"https://example.com", "names no file"},
        {"https://example.com/a/", "names no file"},
        {"https://example.com/a b", "blanks"},
        {"https://example.com/a#md5=1", "is not 'sha256=HEX'"},
        {"https://example.com/a#sha256=12", "is not 64 lower-case hex digits"},
        {"https://example.com/a#sha256=" HEX_64 "&x=y", "is not '&member=PATH'"},
        {"https://example.com/a#sha256=" HEX_64 "&member=", "is not '&member=PATH'"},
        {"ms://tiny", "named 'org/name'"},
        {"ms://acme/tiny@", "no revision after '@'"},
        {"ollama://", "a part of the name is empty"},
        {"ollama://a//b", "a part of the name is empty"},
        {"ollama://../b", "begins with '.'"},
        {"ollama://a../b", "a name has no '..'"},
        {"ollama://a:b..c", "a tag has no '..'"},
        {"ollama://a/b/c/d", "at most three parts"},
        {"ollama://a:", "the tag is empty"},
        {"ollama://a:b:c", "the tag is empty, or has other characters"},
        {"oci-model://", "there is no reference"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_reference(cases[i].text, ORIGIN_HUB_MODEL, NULL, NULL, cases[i].complaint);
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
        check_reference(text, ORIGIN_HUB_MODEL, id, revision, cases[i].complaint);
    }
}

static void model_reference_parse_shows_no_password_of_a_url(void **state)
{
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(
        origin_parse("https://me:hunter2@hub.example/acme/tiny?k=hunter2", &model, &err), -1);
    assert_null(strstr(err.text, "hunter2"));
    assert_non_null(strstr(err.text, "'https://hub.example/acme/tiny' does not name a model"));
    assert_int_equal(origin_parse("https://hub.example/tiny?k=hunter2", &model, &err), 0);
    CLEANUP(text) char *formatted = origin_format(&model);
    CLEANUP(text) char *record = origin_record(&model);
    assert_string_equal(formatted, "https://hub.example/tiny");
    assert_string_equal(record, "https://hub.example/tiny");
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
        CLEANUP(origin) struct origin model = ORIGIN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(origin_parse(cases[i].text, &model, &err), 0);
        CLEANUP(text) char *formatted = origin_format(&model);
        assert_string_equal(formatted, cases[i].formatted);
        enum origin_kind type = model.kind;
        assert_int_equal(origin_parse(formatted, &model, &err), 0);
        CLEANUP(text) char *again = origin_format(&model);
        assert_string_equal(again, formatted);
        assert_int_equal(model.kind, type);
    }
}

/* What an image records says nothing of this machine's folders. */
static void a_record_names_what_it_is_called_in_the_image(void **state)
{
    static const struct {
        const char *text, *as, *record;
        enum origin_kind kind;
        const char *name;
    } cases[] = {
        {"acme/tiny@v1", NULL, "acme/tiny", ORIGIN_HUB_MODEL, "acme/tiny"},
        {"datasets/acme/rows", NULL, "datasets/acme/rows", ORIGIN_HUB_DATASET, "acme/rows"},
        {"dir:/home/me/m", NULL, "dir:m", ORIGIN_FOLDER, "m"},
        {"dir:/home/me/m", "acme/tiny", "acme/tiny", ORIGIN_HUB_MODEL, "acme/tiny"},
        {"file:m.gguf", NULL, "file:m.gguf", ORIGIN_FILE, "m.gguf"},
        {"https://example.com/a?k=s", NULL, "https://example.com/a", ORIGIN_URL,
         "https://example.com/a"},
        {"https://example.com/a.zip#sha256=" HEX_64 "&member=m.pth", NULL,
         "https://example.com/a.zip#member=m.pth", ORIGIN_URL,
         "https://example.com/a.zip#member=m.pth"},
        {"ms://acme/tiny", NULL, "ms://acme/tiny", ORIGIN_MODELSCOPE, "acme/tiny"},
        {"ollama://llama3.2:1b", NULL, "ollama://llama3.2:1b", ORIGIN_OLLAMA, "llama3.2:1b"},
        {"oci-model://r.example/m:1", NULL, "oci-model://r.example/m:1", ORIGIN_OCI_MODEL,
         "r.example/m:1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(origin) struct origin model = ORIGIN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        const char *name = NULL;
        assert_int_equal(origin_parse(cases[i].text, &model, &err), 0);
        model.as = text_copy(cases[i].as);
        CLEANUP(text) char *record = origin_record(&model);
        assert_string_equal(record, cases[i].record);
        assert_int_equal(origin_from_record(record, &name), cases[i].kind);
        assert_string_equal(name, cases[i].name);
        CLEANUP(text) char *joined = origin_join(cases[i].kind, name);
        assert_string_equal(joined, record);
    }
}

/* Of an origin that somebody wrote: what is shown and what is recorded of it lead back to it. */
static void check_round_trip(const struct origin *origin)
{
    CLEANUP(origin) struct origin again = ORIGIN_INIT;
    CLEANUP(origin) struct origin plain = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *formatted = origin_format(origin);
    CLEANUP(text) char *record = origin_record(origin);
    CLEANUP(text) char *joined = origin_join(origin->kind, origin->name);
    const char *name = NULL;

    assert_int_equal(origin_parse(formatted, &again, &err), 0);
    assert_int_equal(again.kind, origin->kind);
    assert_string_equal(again.name, origin->name);
    assert_int_equal(again.revision == NULL, origin->revision == NULL);
    if (again.revision != NULL)
        assert_string_equal(again.revision, origin->revision);

    assert_int_equal(origin_from_record(record, &name), origin->kind);
    CLEANUP(text) char *recorded = origin_join(origin->kind, name);
    assert_string_equal(recorded, record);

    assert_int_equal(origin_parse(joined, &plain, &err), 0);
    const char *revision = origin_traits(origin->kind)->revision;
    assert_int_equal(plain.revision == NULL, revision == NULL);
    if (revision != NULL)
        assert_string_equal(plain.revision, revision);
}

static void each_kind_is_what_its_row_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORIGIN_KIND_COUNT; i++) {
        const struct origin_traits *traits = origin_traits((enum origin_kind)i);
        bool has_revision = traits->grammar == GRAMMAR_REPO || traits->grammar == GRAMMAR_TAGGED;
        assert_int_equal(traits->revision != NULL, has_revision);
        assert_non_null(strstr(traits->form, traits->prefix));
        assert_true(traits->summary[0] != '\0' && traits->title[0] != '\0');
        if (traits->grammar == GRAMMAR_URL) /* its parser looks for the host behind that */
            assert_true(text_ends_with(traits->prefix, "://"));
        for (size_t k = 0; k < i; k++) {
            const struct origin_traits *other = origin_traits((enum origin_kind)k);
            assert_string_not_equal(traits->name, other->name);
            assert_string_not_equal(traits->prefix, other->prefix);
        }
        assert_non_null(traits->examples[0]);
        for (size_t k = 0; k < ARRAY_SIZE(traits->examples) && traits->examples[k] != NULL; k++) {
            CLEANUP(origin) struct origin origin = ORIGIN_INIT;
            CLEANUP(error) struct error err = ERROR_INIT;
            const char *digits = text_ends_with(traits->examples[k], "=HEX") ? HEX_64 : NULL;
            size_t size = strlen(traits->examples[k]) - (digits != NULL ? strlen("HEX") : 0);
            CLEANUP(text)
            char *text =
                xasprintf("%.*s%s", (int)size, traits->examples[k], digits != NULL ? digits : "");
            assert_int_equal(origin_parse(text, &origin, &err), 0);
            assert_int_equal(origin.kind, i);
            check_round_trip(&origin);
        }
    }
}

static void a_complaint_names_what_each_row_has_as_example(void **state)
{
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(origin_parse("ftp://example.com/a", &origin, &err), -1);
    assert_string_equal(
        err.text, "'ftp://example.com/a' does not name a model: its scheme is not known; expected "
                  "'org/name', 'org/name@revision', 'datasets/org/name', 'dir:PATH', 'file:PATH', "
                  "'https://HOST/FILE#sha256=HEX', 'ms://org/name', 'ollama://name:tag' or "
                  "'oci-model://REGISTRY/REPO:TAG'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_reference_parse_knows_the_forms_of_a_name),
        cmocka_unit_test(model_reference_parse_says_what_is_wrong_with_a_name),
        cmocka_unit_test(model_reference_parse_says_what_is_wrong_with_other_sources),
        cmocka_unit_test(model_reference_parse_bounds_every_part),
        cmocka_unit_test(model_reference_parse_shows_no_password_of_a_url),
        cmocka_unit_test(model_reference_format_is_the_inverse_of_parse),
        cmocka_unit_test(a_record_names_what_it_is_called_in_the_image),
        cmocka_unit_test(each_kind_is_what_its_row_says),
        cmocka_unit_test(a_complaint_names_what_each_row_has_as_example),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
