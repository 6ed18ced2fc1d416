#include "core/progress_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TITLE "model-00001-of-00002.safetensors of intfloat/multilingual-e5-large-instruct"

static const struct progress_transfer transfers[] = {
    {"config.json of acme/tiny", 0, 0, NULL},
    {TITLE, 2200000000, 1000000000, NULL},
    {"Gewichte für größere Modelle …", 999949999, 1, "connection reset; again in 2 s (try 2 of 6)"},
    {"x", UINT64_MAX, UINT64_MAX, NULL},
};

static const struct progress_transfer wide[] = {
    {"模型模型模型模型模型模型模型模型模型模型模型模型模型模型.safetensors", 3000000, 1000000,
     NULL},
};

static const struct progress_view views[] = {
    {.left_s = UINT64_MAX},
    {transfers, 4, 5200000000, 1200000000, 3000000000, 118300000, 9, NULL, NULL},
    {transfers, 2, 2200000000, 1000000000, 0, 118300000, 9, NULL, NULL},
    {transfers, 1, 5200000000, 12, 0, 0, UINT64_MAX, "waiting for 'registry.example.com' to answer",
     NULL},
    {NULL, 0, 5200000000, 2200000000, 3000000000, 0, UINT64_MAX, NULL, "in 12 s"},
    {wide, 1, 3000000, 1000000, 0, 1000, 9, NULL, NULL},
    {transfers, 4, UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, 123456789, NULL, NULL},
};

static void no_line_is_longer_than_the_terminal(void **state)
{
    (void)state;
    for (size_t v = 0; v < ARRAY_SIZE(views); v++)
        for (size_t width = 1; width <= 300; width++)
            for (size_t height = 1; height < 8; height++) {
                CLEANUP(strings) struct strings lines = STRINGS_INIT;
                progress_view_lines(&views[v], width, height, &lines);
                assert_in_range(lines.count, 1, height);
                for (size_t i = 0; i < lines.count; i++) {
                    assert_true(text_width(lines.items[i]) <= width);
                    assert_true(text_is_utf8(lines.items[i]));
                }
            }
}

static void what_matters_most_stays_on_narrow_terminals(void **state)
{
    static const struct {
        size_t view, width;
        const char *lines[3];
    } cases[] = {
        {2, 20, {"100% config.json of…", " 45% model-00001-of…", " 45% 1.0 GB"}},
        {2, 24, {"100% config.json of acm…", NULL, NULL}},
        {2,
         80,
         {"100% config.json of acme/tiny  0 B of 0 B",
          " 45% model-00001-of-00002.safetensors of intfloat/multilingua…  1.0 GB of 2.2 GB",
          " 45% [===============>                  ] 1.0 GB of 2.2 GB  118.3 MB/s  9 s left"}},
        {4,
         80,
         {"100% [===========================] 2.2 GB of 2.2 GB (3.0 GB were there)  in 12 s"}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(strings) struct strings lines = STRINGS_INIT;
        progress_view_lines(&views[cases[i].view], cases[i].width, 9, &lines);
        for (size_t k = 0; k < lines.count && cases[i].lines[k] != NULL; k++)
            assert_string_equal(lines.items[k], cases[i].lines[k]);
    }
}

static void transfers_for_which_there_is_no_line_are_counted(void **state)
{
    CLEANUP(strings) struct strings lines = STRINGS_INIT;

    (void)state;
    progress_view_lines(&views[1], 80, 3, &lines);
    assert_int_equal(lines.count, 3);
    assert_string_equal(lines.items[1], "     and 3 more");
}

static void a_line_says_amount_rate_and_time(void **state)
{
    static const char *const expected[] = {
        "0 B of 0 B",
        "1.2 GB of 2.2 GB (3.0 GB were there)  118.3 MB/s  9 s left",
        "1.0 GB of 2.2 GB  118.3 MB/s  9 s left",
        "12 B of 5.2 GB  waiting for 'registry.example.com' to answer",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        CLEANUP(buf) struct buf text = BUF_INIT;
        progress_view_format(&views[i], &text);
        assert_string_equal(buf_text(&text), expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_is_longer_than_the_terminal),
        cmocka_unit_test(what_matters_most_stays_on_narrow_terminals),
        cmocka_unit_test(transfers_for_which_there_is_no_line_are_counted),
        cmocka_unit_test(a_line_says_amount_rate_and_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
