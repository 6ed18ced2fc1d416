#include "core/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void versions_are_ordered_by_their_numbers(void **state)
{
    static const struct {
        const char *a, *b;
        int order;
    } cases[] = {
        {"4.57.2", "4.57.10", -1},
        {"4.57", "4.57.0", 0},
        {"2.2.2", "2.3", -1},
        {"10", "9.9", 1},
        {"0.9.0", "0.9", 0},
        {"1.0rc1", "1.0", 0},
        {"2.1+cpu", "2.1.3", -1},
        {"", "0", 0},
        {"x", "1", -1},
        {"5.0.0.dev0", "5", 0},
        {"4.57.2", "4.57.2", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (version_compare(cases[i].a, cases[i].b) != cases[i].order ||
            version_compare(cases[i].b, cases[i].a) != -cases[i].order)
            fail_msg("'%s', '%s'", cases[i].a, cases[i].b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_ordered_by_their_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
