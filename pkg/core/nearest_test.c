#include "core/nearest.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = {"inject", "inspect", "init", "plan", "layer", "verify", "dir"};

static void the_nearest_names_are_told(void **state)
{
    static const struct {
        const char *typed, *told;
    } cases[] = {
        {"injekt", "; near it: inject"},
        {"INSPCT", "; near it: inspect"},
        {"insject", "; near it: inject, inspect"},
        {"in", "; near it: inject, inspect, init"},
        {"planner", "; near it: plan"},
        {"x", ""},
        {"frobnicate", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct nearest nearest = nearest_begin(cases[i].typed);
        for (size_t j = 0; j < ARRAY_SIZE(names); j++)
            nearest_consider(&nearest, names[j]);
        CLEANUP(text) char *told = nearest_format(&nearest);
        assert_string_equal(told, cases[i].told);
    }
}

static void what_is_too_far_or_empty_is_not_near(void **state)
{
    struct nearest nearest = {.typed = "ab", .worst = 2};

    (void)state;
    nearest_consider(&nearest, "xyz");
    nearest_consider(&nearest, "");
    assert_int_equal(nearest.count, 0);
    nearest_consider(&nearest, "abcd");
    assert_int_equal(nearest.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_names_are_told),
        cmocka_unit_test(what_is_too_far_or_empty_is_not_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
