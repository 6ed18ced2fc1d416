#include "scan/application.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void names_of_python_packages_are_normalised_as_pep_503_has_it(void **state)
{
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"sentence-transformers", "sentence-transformers"},
        {"Sentence_Transformers", "sentence-transformers"},
        {"zope.interface", "zope-interface"},
        {"a-_.b", "a-b"},
        {"FastEmbed", "fastembed"},
        {"_x_", "-x-"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *normal = package_normalize(cases[i].name);
        assert_string_equal(normal, cases[i].expected);
    }
}

static void files_and_packages_are_found_by_name(void **state)
{
    struct application_file files[] = {
        {.path = (char[]){"/app/a.py"}}, {.path = (char[]){"/app/b.py"}}, {.path = (char[]){"/c"}}};
    struct application_package packages[] = {
        {.kind = PACKAGE_PYTHON, .name = (char[]){"torch"}},
        {.kind = PACKAGE_NODE, .name = (char[]){"ollama"}},
    };
    const struct application application = {
        .files = files, .file_count = 3, .packages = packages, .package_count = 2};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        assert_ptr_equal(application_find_file(&application, files[i].path), &files[i]);
    assert_null(application_find_file(&application, "/app"));
    assert_null(application_find_file(&application, "/d"));
    assert_ptr_equal(application_find_package(&application, PACKAGE_NODE, "ollama"), &packages[1]);
    assert_null(application_find_package(&application, PACKAGE_PYTHON, "ollama"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_python_packages_are_normalised_as_pep_503_has_it),
        cmocka_unit_test(files_and_packages_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
