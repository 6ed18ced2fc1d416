#include "scan/scan_internal.h"
#include "scan/scan_test_internal.h"

/* What python-dotenv 1.2.4 itself makes of M in these files, where the environment sets SET. */
static const struct {
    const char *text, *value; /* NULL: it is not set */
} bindings[] = {
    {"M=a/b", "a/b"},
    {"M = a/b", "a/b"},
    {"export M=a/b", "a/b"},
    {"  M=a/b  ", "a/b"},
    {"exportM=a/b", NULL},
    {"'M'=a/b", "a/b"},
    {"M", NULL},
    {"M='a/b' # c", "a/b"},
    {"M=\"a/b\"", "a/b"},
    {"M=a/b # c", "a/b"},
    {"M=a/b#c", "a/b#c"},
    {"M= # c", ""},
    {"M=#c", "#c"},
    {"M=a:b: c", "a:b: c"},
    {"M=\"a\\\"b\\n\"", "a\"b\n"},
    {"M='a\\nb\\'c'", "a\\nb'c"},
    {"M=\"a\nb\"", "a\nb"},
    {"M=\"a\\x\"", "a\\x"},
    {"M=\"a\\\\\"", "a\\"},
    {"M=\"open\nN=a/b", NULL},
    {"M a/b\nM=x/y", "x/y"},
    {"=x\nM=a/b", "a/b"},
    {"M=\"a\" b\nM=c/d", "c/d"},
    {"M=a/b\nM=c/d", "c/d"},
    {"# M=x\nM=a/b\r\nN=1", "a/b"},
    {"M=${SET}", "org/set"},
    {"M='${SET}'", "org/set"},
    {"M=$SET", "$SET"},
    {"M=${SET", "${SET"},
    {"M=${A:b}", "${A:b}"},
    {"M=${NO:-d/e}", "d/e"},
    {"M=${NO}x", "x"},
    {"N=o\nM=${N}/m", "o/m"},
    {"SET=own\nM=${SET}", "org/set"},
};

static void bindings_are_those_of_python_dotenv(void **state)
{
    CLEANUP(strings) struct strings environment = STRINGS_INIT;

    (void)state;
    strings_add(&environment, "SET=org/set");
    for (size_t i = 0; i < ARRAY_SIZE(bindings); i++) {
        const struct dotenv_options options = {.environment = &environment, .interpolates = true};
        CLEANUP(strings) struct strings values = STRINGS_INIT;
        const char *found = NULL;
        dotenv_read(bindings[i].text, &options, &values);
        for (size_t k = 0; k < values.count; k++)
            if (text_starts_with(values.items[k], "M="))
                found = values.items[k] + 2;
        bool is_right = found == NULL || bindings[i].value == NULL
                            ? found == bindings[i].value
                            : strcmp(found, bindings[i].value) == 0;
        if (!is_right)
            fail_msg("%s: '%s'", bindings[i].text, found != NULL ? found : "-");
    }
}

#define LOAD(arguments)                                                                            \
    "import os\nfrom dotenv import find_dotenv, load_dotenv\n"                                     \
    "from sentence_transformers import SentenceTransformer\n"                                      \
    "load_dotenv(" arguments ")\nSentenceTransformer(os.environ['M'])\n"
#define UNSET                                                                                      \
    "? /app/src/a.py:5: model_name_or_path of SentenceTransformer() comes from the variable M, "   \
    "which the image does not set\n"

static void values_that_double_with_each_line_end_at_a_limit(void **state)
{
    struct strings environment = STRINGS_INIT;
    const struct dotenv_options options = {.environment = &environment, .interpolates = true};
    CLEANUP(buf) struct buf text = BUF_INIT;
    CLEANUP(strings) struct strings found = STRINGS_INIT;
    size_t total = 0;

    (void)state;
    buf_add_text(&text, "A0=0123456789\n");
    for (int i = 1; i < 200; i++)
        buf_addf(&text, "A%d=${A%d}${A%d}\n", i, i - 1, i - 1);
    dotenv_read(buf_text(&text), &options, &found);
    for (size_t i = 0; i < found.count; i++)
        total += strlen(found.items[i]);
    assert_true(found.count > 12);
    assert_true(total < (size_t)2 << 20);
}

static void load_dotenv_sets_variables(void **state)
{
    static const struct {
        const char *source, *path, *text, *set, *expected;
    } cases[] = {
        {LOAD(""), "/app/src/.env", "M=acme/a", NULL, "acme/a /app/src/a.py:5\n"},
        {LOAD(""), "/app/.env", "M=acme/a", NULL, "acme/a /app/src/a.py:5\n"},
        {LOAD(""), "/other/.env", "M=acme/a", NULL, UNSET},
        {LOAD("find_dotenv()"), "/app/.env", "M=acme/a", NULL, "acme/a /app/src/a.py:5\n"},
        {LOAD("dotenv_path='conf/dev.env'"), "/app/conf/dev.env", "M=acme/a", NULL,
         "acme/a /app/src/a.py:5\n"},
        {LOAD("os.path.join(HERE, '.env')"), "/app/.env", "M=acme/a", NULL,
         "acme/a /app/src/a.py:5\n"},
        {LOAD("path()"), "/app/.env", "M=acme/a", NULL, UNSET},
        {LOAD(""), "/app/.env", "M=acme/a", "M=acme/image", "acme/image /app/src/a.py:5\n"},
        {LOAD("override=True"), "/app/.env", "M=acme/a", "M=acme/image",
         "acme/a /app/src/a.py:5\n"},
        {LOAD("interpolate=False"), "/app/.env", "O=x\nM=acme/${O}", NULL, ""},
        {"import os\nfrom sentence_transformers import SentenceTransformer\n\n\n"
         "SentenceTransformer(os.environ['M'])\n",
         "/app/.env", "M=acme/a", NULL, UNSET},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(application) struct application application = {.working_dir = xstrdup("/app")};
        add_package(&application, PACKAGE_PYTHON, "sentence-transformers", "5.0.0");
        add_file(&application, "/app/src/a.py", cases[i].source);
        add_file(&application, cases[i].path, cases[i].text);
        if (cases[i].set != NULL)
            strings_add(&application.environment, cases[i].set);
        expect(&application, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bindings_are_those_of_python_dotenv),
        cmocka_unit_test(values_that_double_with_each_line_end_at_a_limit),
        cmocka_unit_test(load_dotenv_sets_variables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
