#include "core/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void context_does_not_say_the_subject_twice(void **state)
{
    static const struct {
        const char *context, *text, *whole;
    } cases[] = {
        {"the base a", "it has no image", "the base a: it has no image"},
        {"the base a", "'a' has no image", "the base a has no image"},
        {"the base a", "'a': it has no image", "the base a: it has no image"},
        {"'a'", "'a' has no files", "'a' has no files"},
        {"a", "'a' has no files", "a has no files"},
        {"reading 'b' of 'a'", "'a': it is not there", "reading 'b' of 'a': it is not there"},
        {"linux/amd64: 'a'", "'a': 'b'", "linux/amd64: 'a': 'b'"},
        /* another subject, or another sentence about the same one */
        {"the base a", "'a:1' has no image", "the base a: 'a:1' has no image"},
        {"the base ba", "'a' has no image", "the base ba: 'a' has no image"},
        {"'ba'", "'a' has no image", "'ba': 'a' has no image"},
        {"'m' at /a", "'/a' is a file", "'m' at /a: '/a' is a file"},
        {"reading 'a'", "'a' has 2 bytes", "reading 'a': 'a' has 2 bytes"},
        {"the base a", "'a", "the base a: 'a"},
        {"the base a", "'' is empty", "the base a: '' is empty"},
        {"a", "'a'", "a: 'a'"},
        {"", "'a' is b", ": 'a' is b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        error_set(&err, ERROR_LOCAL, "%s", cases[i].text);
        assert_int_equal(error_wrap(&err, "%s", cases[i].context), -1);
        assert_string_equal(err.text, cases[i].whole);
        assert_int_equal(err.kind, ERROR_LOCAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_does_not_say_the_subject_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
