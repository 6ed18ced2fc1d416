#include "core/text.h"

#include "core/buf.h"
#include "core/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void only_well_formed_utf8_is_utf8(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"", true},
        {"plain", true},
        {"na\xc3\xafve \xe6\xa8\xa1 \xf0\x9f\x98\x80", true},
        {"\x80", false},
        {"\xc3", false},
        {"\xc0\xaf", false},         /* overlong '/' */
        {"\xe0\x80\xaf", false},     /* overlong, three bytes */
        {"\xed\xa0\x80", false},     /* a surrogate */
        {"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", false},
        {"a\xff", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (text_is_utf8(cases[i].text) != cases[i].good)
            fail_msg("case %zu", i);
}

static void sizes_are_written_as_people_read_them(void **state)
{
    static const struct {
        uint64_t size;
        const char *expected;
    } cases[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "1.0 kB"},
        {1234567, "1.2 MB"},
        {999950000, "1.0 GB"},
        {2240000000, "2.2 GB"},
        {70 * GIB, "75.2 GB"},
        {UINT64_MAX, "18.4 EB"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(text_format_size(cases[i].size).text, cases[i].expected);
}

static void a_number_is_digits_and_in_range(void **state)
{
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "1x", "0x1", "11", "99999999999999999999999"};
    uint64_t number = 7;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(parse_u64(bad[i], 10, &number, &err), -1);
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_int_equal(number, 7);
    }
    assert_int_equal(parse_u64("010", 10, &number, &err), 0);
    assert_int_equal(number, 10);
    assert_int_equal(parse_u64("18446744073709551615", UINT64_MAX, &number, &err), 0);
    assert_true(number == UINT64_MAX);
}

static void errors_carry_context_and_no_control_characters(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(error) struct error other = ERROR_INIT;

    (void)state;
    assert_int_equal(error_set(&err, ERROR_CORRUPT, "'%s' ends", "a\033[31m\nb\xc2\x9b"), -1);
    assert_string_equal(err.text, "'a?[31m?b?\?' ends");
    assert_int_equal(error_wrap(&err, "reading '%s'", "x\r"), -1);
    assert_string_equal(err.text, "reading 'x?': 'a?[31m?b?\?' ends");
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_int_equal(error_move(&other, &err), -1);
    assert_null(err.text);
    assert_int_equal(err.kind, ERROR_NONE);
    assert_int_equal(other.kind, ERROR_CORRUPT);
}

static void a_copy_of_a_part_ends_where_the_text_ends(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *expected;
    } cases[] = {{"abc", 2, "ab"}, {"abc", 3, "abc"}, {"abc", 100, "abc"}, {"", 5, ""}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *whole = xstrdup(cases[i].text); /* so that reading beyond it is seen */
        CLEANUP(text) char *copy = xstrndup(whole, cases[i].size);
        assert_string_equal(copy, cases[i].expected);
    }
}

static void keep_line(void *arg, enum log_level level, const char *line)
{
    struct buf *out = arg;

    buf_addf(out, "%d:%s;", (int)level, line);
}

static void a_log_writes_what_its_level_admits(void **state)
{
    CLEANUP(buf) struct buf out = BUF_INIT;
    struct log log = {.level = LOG_INFO, .write = keep_line, .arg = &out};

    (void)state;
    log_warn(&log, "a%c", '\n');
    log_info(&log, "b");
    log_debug(&log, "c");
    log_warn(NULL, "d");
    assert_string_equal(buf_text(&out), "0:a?;1:b;");
}

static void a_buf_has_an_end(void **state)
{
    CLEANUP(buf) struct buf buf = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(buf_add_limited(&buf, "12345", 5, 5, &err), 0);
    assert_int_equal(buf_add_limited(&buf, "6", 1, 5, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_string_equal(buf_text(&buf), "12345");
    CLEANUP(text) char *taken = buf_take(&buf);
    assert_string_equal(taken, "12345");
    assert_string_equal(buf_text(&buf), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_well_formed_utf8_is_utf8),
        cmocka_unit_test(sizes_are_written_as_people_read_them),
        cmocka_unit_test(a_number_is_digits_and_in_range),
        cmocka_unit_test(errors_carry_context_and_no_control_characters),
        cmocka_unit_test(a_copy_of_a_part_ends_where_the_text_ends),
        cmocka_unit_test(a_log_writes_what_its_level_admits),
        cmocka_unit_test(a_buf_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
