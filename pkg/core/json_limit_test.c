#include "core/json_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool is_within(const char *text, size_t values_max)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    int result = json_check_size(text, strlen(text), values_max, &err);

    assert_int_equal(err.kind, result < 0 ? ERROR_UNSUPPORTED : ERROR_NONE);
    return result == 0;
}

static void a_text_has_as_many_values_as_are_read(void **state)
{
    static const struct {
        const char *text;
        size_t values;
    } cases[] = {
        {"1", 1},
        {"[1,2,3]", 4},
        {"{\"a\":1,\"b\":[2]}", 6}, /* two objects, two names, two numbers */
        {"[{},{}]", 5},
        {"[\"[{,:\", \"\\\"[[[\", \"\\\\\"]", 4},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_true(is_within(cases[i].text, cases[i].values));
        assert_false(is_within(cases[i].text, cases[i].values - 1));
    }
}

static void what_breaks_off_is_for_the_parser(void **state)
{
    (void)state;
    assert_true(is_within("", 1));
    assert_true(is_within("\"abc", 1));
    assert_true(is_within("\"abc\\", 1));
    assert_true(is_within("[", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_as_many_values_as_are_read),
        cmocka_unit_test(what_breaks_off_is_for_the_parser),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
