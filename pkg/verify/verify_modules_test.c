#include "verify/verify_test_internal.h"

/* Code of a model's own has to find a folder that the image's user may write. */

#define NOTE "it has code of its own (by config.json), which is copied to "

static void inject_code(struct bench *bench, const char *config)
{
    write_file(bench, "config.json", config, strlen(config));
    inject_app(bench);
}

static bool has_note(const struct verify_result *result, const char *part)
{
    const struct strings *notes = &result->platforms[0].models[0].notes;

    for (size_t i = 0; i < notes->count; i++)
        if (strstr(notes->items[i], part) != NULL)
            return true;
    return false;
}

static void a_folder_that_can_be_made_is_noted(void **state)
{
    static const struct {
        const char *environment, *place; /* place NULL: it is none that can be made */
    } cases[] = {
        {"", "/home/app/.cache/huggingface/modules"},
        {",\"XDG_CACHE_HOME=/tmp/xdg\"", "/tmp/xdg/huggingface/modules"},
        {",\"HF_MODULES_CACHE=/tmp/modules\"", "/tmp/modules"},
        {",\"HF_MODULES_CACHE=/home/app/m\",\"HF_HOME=/root\"", "/home/app/m"},
        {",\"HF_HOME=~/hf\"", "/home/app/hf/modules"},
        {",\"HF_MODULES_CACHE=/srv/modules\"", NULL},
        {",\"HF_MODULES_CACHE=modules\"", NULL},
        {",\"HF_MODULES_CACHE=/srv/file/modules\"", NULL},
    };
    static const struct item folders[] = {{"tmp/", '5', 01777, 0, NULL},
                                          {"srv/", '5', 0755, 0, NULL},
                                          {"srv/file", '0', 0644, 1000, "x"}};
    struct bench *bench = *state;

    inject_code(bench, "{\"auto_map\": {\"AutoModel\": \"modeling.Model\"}}");
    stack(bench->store, "out", "folders", folders, ARRAY_SIZE(folders));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct verify_options options = verify_of(bench, "set");
        CLEANUP(verify_result) struct verify_result result = VERIFY_RESULT_INIT;
        CLEANUP(text)
        char *members = xasprintf("{\"Env\":[\"HOME=/home/app\",\"HF_HUB_CACHE=/" PLACE "\"%s]}",
                                  cases[i].environment);
        configure(bench->store, "folders", "set", members);
        verify(&options, &result);
        CLEANUP(text) char *found = findings_text(&result);
        CLEANUP(text) char *note = xasprintf(NOTE "%s at the start", cases[i].place);
        if (cases[i].place != NULL && (*found != '\0' || !has_note(&result, note)))
            fail_msg("%s: %s", cases[i].environment, found);
        if (cases[i].place == NULL && !text_starts_with(found, "unwritable "))
            fail_msg("%s: %s", cases[i].environment, found);
    }
}

static void a_folder_that_cannot_be_made_is_a_finding(void **state)
{
    static const struct item closed[] = {{HOME ".cache/huggingface/", '5', 0755, 0, NULL}};
    struct bench *bench = *state;
    struct verify_options options = verify_of(bench, "closed");

    inject_code(bench, "{\"auto_map\": {\"AutoModel\": [\"modeling.Model\", null]}}");
    stack(bench->store, "out", "closed", closed, ARRAY_SIZE(closed));
    check_findings(&options,
                   "unwritable /home/app/.cache/huggingface: " NOTE
                   "'/home/app/.cache/huggingface/modules' (by HOME) at the start, and the user "
                   "1000:1000 cannot write in '/home/app/.cache/huggingface', which is 0755 0:0; "
                   "set HF_MODULES_CACHE to a folder of this user's, or mount one there\n");
    options.user = "0:0";
    options.home = "/home/app";
    check_findings(&options, "");
}

static void a_model_without_code_needs_no_folder(void **state)
{
    static const char *const configs[] = {"{}", "{\"auto_map\": {}}", "{\"auto_map\": \"x.Y\"}",
                                          "[]", "{\"auto_map\": "};
    static const struct item closed[] = {{HOME ".cache/huggingface/", '5', 0755, 0, NULL}};
    struct bench *bench = *state;
    const struct verify_options options = verify_of(bench, "closed");

    for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
        inject_code(bench, configs[i]);
        stack(bench->store, "out", "closed", closed, ARRAY_SIZE(closed));
        check_findings(&options, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_that_can_be_made_is_noted, bench_open,
                                        bench_close),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_is_a_finding, bench_open,
                                        bench_close),
        cmocka_unit_test_setup_teardown(a_model_without_code_needs_no_folder, bench_open,
                                        bench_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
