#include "scan/application_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* "name version", or "-" for what is not told; takes over both. */
static void check_package(const char *text, char *name, char *version, const char *expected)
{
    CLEANUP(text)
    char *found = xasprintf("%s %s", name != NULL ? name : "-", version != NULL ? version : "-");

    free(name);
    free(version);
    if (strcmp(found, expected) != 0)
        fail_msg("'%s' gives '%s', expected '%s'", text, found, expected);
}

static void only_the_header_of_metadata_is_read(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"Metadata-Version: 2.1\nName: Sentence_Transformers\nVersion: 3.0.1\n\nText\n",
         "sentence-transformers 3.0.1"},
        {"Name: torch\r\nVersion: 2.5.1+cu124\r\n\r\n", "torch 2.5.1+cu124"},
        {"name:x\nVERSION:1", "x 1"},
        {"Summary: a\n Name: folded\nName: real\nVersion: 1!2.0\n", "real 1!2.0"},
        {"Name: x\n\nVersion: 1\n", "x -"},
        {"\nName: x\nVersion: 1\n", "- -"},
        {"Name: first\nName: second\nVersion: 1\n", "first 1"},
        {"Name: ../../etc\nVersion: 1 2\n", "- -"},
        {"Name: x\033[31m\nVersion: \n", "- -"},
        {"Name", "- -"},
        {"", "- -"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *name = NULL, *version = NULL;
        package_read_metadata(cases[i].text, strlen(cases[i].text), &name, &version);
        check_package(cases[i].text, name, version, cases[i].expected);
    }
}

static void names_of_files_and_folders_tell_packages(void **state)
{
    static const struct {
        void (*read)(const char *text, char **name, char **version);
        const char *text, *expected;
    } cases[] = {
        {package_read_folder_name, "sentence_transformers-3.0.1.dist-info",
         "sentence-transformers 3.0.1"},
        {package_read_folder_name, "six-1.16.0-py3.11.egg-info", "six 1.16.0"},
        {package_read_folder_name, "six-1.16.0.egg-info", "six 1.16.0"},
        {package_read_folder_name, "six.egg-info", "six -"},
        {package_read_folder_name, ".egg-info", "- -"},
        {package_read_folder_name, "-.dist-info", "- -"},
        {package_read_conda_name, "numpy-1.26.4-py311h64a7726_0.json", "numpy 1.26.4"},
        {package_read_conda_name, "ca-certificates-2024.7.2-h06a4308_0.json",
         "ca-certificates 2024.7.2"},
        {package_read_conda_name, "_libgcc_mutex-0.1-main.json", "_libgcc_mutex 0.1"},
        {package_read_conda_name, "x-1.json", "- -"},
        {package_read_conda_name, "x.json", "- -"},
        {package_read_conda_name, "--.json", "- -"},
        {package_read_conda_name, "", "- -"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *name = NULL, *version = NULL;
        cases[i].read(cases[i].text, &name, &version);
        check_package(cases[i].text, name, version, cases[i].expected);
    }
}

static void a_package_json_may_hold_anything(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"{\"name\":\"@huggingface/transformers\",\"version\":\"3.1.0\"}",
         "@huggingface/transformers 3.1.0"},
        {"{\"name\":\"ollama\"}", "ollama -"},
        {"{\"name\":1,\"version\":{}}", "- -"},
        {"{\"name\":\"a b\",\"version\":\"1\\n2\"}", "- -"},
        {"{\"name\":\"a\\u0000b\",\"version\":\"1\"}", "- 1"},
        {"[]", "- -"},
        {"{", "- -"},
        {"", "- -"},
    };
    CLEANUP(buf) struct buf deep = BUF_INIT;
    char *name = NULL, *version = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        package_read_node(cases[i].text, strlen(cases[i].text), &name, &version);
        check_package(cases[i].text, name, version, cases[i].expected);
    }
    for (size_t i = 0; i < 500000; i++)
        buf_add_text(&deep, "[");
    package_read_node(buf_text(&deep), deep.size, &name, &version);
    check_package("[[[…", name, version, "- -");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_header_of_metadata_is_read),
        cmocka_unit_test(names_of_files_and_folders_tell_packages),
        cmocka_unit_test(a_package_json_may_hold_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
