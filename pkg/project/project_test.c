#include "project/project.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define WHOLE                                                                                      \
    "{\n"                                                                                          \
    "  \"version\": 1,\n"                                                                          \
    "  \"base\": \"registry.example.com/rag:1.4\",\n"                                              \
    "  \"target\": \"registry.example.com/rag:1.4-e5\",\n"                                         \
    "  \"companions\": false,\n"                                                                   \
    "  \"models\": [\n"                                                                            \
    "    \"intfloat/e5\",\n"                                                                       \
    "    {\n"                                                                                      \
    "      \"model\": \"https://example.com/m.zip#sha256=ab\",\n"                                  \
    "      \"layout\": \"dir\",\n"                                                                 \
    "      \"include\": [\n"                                                                       \
    "        \"*.json\",\n"                                                                        \
    "        \"*.bin\"\n"                                                                          \
    "      ],\n"                                                                                   \
    "      \"path\": \"/models/m\",\n"                                                             \
    "      \"unpack\": true\n"                                                                     \
    "    }\n"                                                                                      \
    "  ],\n"                                                                                       \
    "  \"place\": {\n"                                                                             \
    "    \"user\": \"app\",\n"                                                                     \
    "    \"shared\": true,\n"                                                                      \
    "    \"env\": {\n"                                                                             \
    "      \"HF_HOME\": \"/models\",\n"                                                            \
    "      \"B\": \"x=y\"\n"                                                                       \
    "    }\n"                                                                                      \
    "  },\n"                                                                                       \
    "  \"sets\": {\n"                                                                              \
    "    \"gpu\": [\n"                                                                             \
    "      \"whisper:base\"\n"                                                                     \
    "    ],\n"                                                                                     \
    "    \"dev\": []\n"                                                                            \
    "  }\n"                                                                                        \
    "}\n"

static void check_option(const struct project_options *options, size_t number, const char *name,
                         const char *value)
{
    assert_true(number < options->count);
    assert_string_equal(options->items[number].name, name);
    if (value == NULL)
        assert_null(options->items[number].value);
    else
        assert_string_equal(options->items[number].value, value);
}

static void project_parse_takes_members_as_options(void **state)
{
    CLEANUP(project) struct project project = PROJECT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(project_parse(WHOLE, strlen(WHOLE), &project, &err), 0);
    assert_string_equal(project.base, "registry.example.com/rag:1.4");
    assert_string_equal(project.target, "registry.example.com/rag:1.4-e5");
    assert_string_equal(project.companions, "no-companions");
    assert_int_equal(project.models.count, 2);
    assert_string_equal(project.models.items[0].model, "intfloat/e5");
    assert_int_equal(project.models.items[0].options.count, 0);
    const struct project_options *options = &project.models.items[1].options;
    assert_int_equal(options->count, 5);
    check_option(options, 0, "layout", "dir");
    check_option(options, 1, "include", "*.json");
    check_option(options, 2, "include", "*.bin");
    check_option(options, 3, "path", "/models/m");
    check_option(options, 4, "unpack", NULL);
    assert_int_equal(project.place.count, 4);
    check_option(&project.place, 0, "user", "app");
    check_option(&project.place, 1, "shared", NULL);
    check_option(&project.place, 2, "env", "HF_HOME=/models");
    check_option(&project.place, 3, "env", "B=x=y");
    assert_int_equal(project.set_count, 2);
    assert_string_equal(project_find_set(&project, "gpu")->models.items[0].model, "whisper:base");
    assert_int_equal(project_find_set(&project, "dev")->models.count, 0);
    assert_null(project_find_set(&project, "cpu"));
}

static void project_format_writes_what_was_parsed(void **state)
{
    CLEANUP(project) struct project project = PROJECT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    assert_int_equal(project_parse(WHOLE, strlen(WHOLE), &project, &err), 0);
    project_format(&project, &text);
    assert_string_equal(buf_text(&text), WHOLE);
}

static void project_parse_refuses_what_it_does_not_know(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"", "it is not JSON, at line 1, column 0: it ends too early"},
        {"[]", "it is no project: expected an object"},
        {"{\"version\": 1, \"version\": 1}", "a member stands twice"},
        {"{}", "'version' is missing; this inlay writes \"version\": 1"},
        {"{\"version\": \"1\"}", "'version' is not what it has to be, expected 1"},
        {"{\"version\": 1, \"model\": []}",
         "the member 'model' is not known; did you mean 'models'?"},
        {"{\"version\": 1, \"base\": 1}",
         "'base' is not what it has to be, expected one line of text"},
        {"{\"version\": 1, \"base\": \"\"}",
         "'base' is not what it has to be, expected one line of text"},
        {"{\"version\": 1, \"target\": \"a\\nb\"}",
         "'target' is not what it has to be, expected one line of text"},
        {"{\"version\": 1, \"companions\": \"all\"}",
         "'companions' is not what it has to be, expected true or false"},
        {"{\"version\": 1, \"models\": {}}", "'models' is not what it has to be, expected a list"},
        {"{\"version\": 1, \"models\": [\"a/b\", 1]}",
         "'models[1]' is not what it has to be, expected an object"},
        {"{\"version\": 1, \"models\": [\"\"]}",
         "'models[0].model' is not what it has to be, expected one line of text"},
        {"{\"version\": 1, \"models\": [{\"layout\": \"dir\"}]}", "'models[0].model' is missing"},
        {"{\"version\": 1, \"models\": [{\"model\": \"a\", \"layuot\": \"dir\"}]}",
         "the member 'models[0].layuot' is not known; did you mean 'layout'?"},
        {"{\"version\": 1, \"models\": [{\"model\": \"a\", \"include\": []}]}",
         "'models[0].include' is not what it has to be, expected a list of texts with something "
         "in it"},
        {"{\"version\": 1, \"models\": [{\"model\": \"a\", \"also\": [1]}]}",
         "'models[0].also' is not what it has to be, expected a list of texts of one line each"},
        {"{\"version\": 1, \"models\": [{\"model\": \"a\", \"unpack\": 1}]}",
         "'models[0].unpack' is not what it has to be, expected true or false"},
        {"{\"version\": 1, \"place\": []}", "'place' is not what it has to be, expected an object"},
        {"{\"version\": 1, \"place\": {\"env\": [\"A=1\"]}}",
         "'place.env' is not what it has to be, expected an object"},
        {"{\"version\": 1, \"place\": {\"env\": {\"A=\": \"1\"}}}",
         "'place.env.A=' is not what it has to be, expected a variable and its text"},
        {"{\"version\": 1, \"place\": {\"uesr\": \"app\"}}",
         "the member 'place.uesr' is not known; did you mean 'user'?"},
        {"{\"version\": 1, \"images\": []}", "the member 'images' is not known"},
        {"{\"version\": 1, \"sets\": {\"dev\": [{\"model\": \"a\", \"x\": 1}]}}",
         "the member 'sets.dev[0].x' is not known"},
        {"{\"version\": 1, \"sets\": {\"dev\": 1}}",
         "'sets.dev' is not what it has to be, expected a list"},
        {"{\"version\": 1, \"sets\": {\"\": []}}", "a set in 'sets' has no name"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(project) struct project project = PROJECT_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(project_parse(cases[i].text, strlen(cases[i].text), &project, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("%s\n  expected: %s\n  actual:   %s", cases[i].text, cases[i].complaint,
                     err.text);
    }
}

static void project_parse_refuses_newer_formats_and_too_many_models(void **state)
{
    static const char newer[] = "{\"version\": 2, \"images\": []}";
    CLEANUP(project) struct project project = PROJECT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf many = BUF_INIT;

    (void)state;
    assert_int_equal(project_parse(newer, strlen(newer), &project, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_string_equal(err.text, "it has version 2 of the format, this inlay knows version 1; a "
                                  "newer inlay reads it");
    buf_add_text(&many, "{\"version\": 1, \"models\": [\"a\"], \"sets\": {\"s\": [\"a\"");
    for (size_t i = 1; i < PROJECT_MODELS_MAX; i++)
        buf_add_text(&many, ", \"a\"");
    buf_add_text(&many, "]}}");
    assert_int_equal(project_parse(buf_text(&many), many.size, &project, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_string_equal(err.text, "it names more than the 1000 models that are read");
}

static void project_resolve_follows_the_file(void **state)
{
    static const struct {
        const char *folder, *text, *expected;
    } cases[] = {
        {".", "dir:model", "dir:model"},           {"app", "dir:model", "dir:app/model"},
        {"/app", "file:m.bin", "file:/app/m.bin"}, {"app", "oci:out:1", "oci:app/out:1"},
        {"app", "dir:/model", "dir:/model"},       {"app", "oci-archive:-", "oci-archive:-"},
        {"app", "org/name", "org/name"},           {"app", "ms://org/name", "ms://org/name"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(project) struct project project = PROJECT_INIT;
        project.folder = xstrdup(cases[i].folder);
        CLEANUP(text) char *found = project_resolve(&project, cases[i].text);
        assert_string_equal(found, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(project_parse_takes_members_as_options),
        cmocka_unit_test(project_format_writes_what_was_parsed),
        cmocka_unit_test(project_parse_refuses_what_it_does_not_know),
        cmocka_unit_test(project_parse_refuses_newer_formats_and_too_many_models),
        cmocka_unit_test(project_resolve_follows_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
