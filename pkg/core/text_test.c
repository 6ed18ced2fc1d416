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

static void distances_count_changed_bytes(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},         {"", "abc", 3},
        {"abc", "", 3},      {"base", "BASE", 0},
        {"base", "bse", 1},  {"base", "bsae", 1},
        {"ab", "ba", 1},     {"abcd", "badc", 2},
        {"jbos", "jobs", 1}, {"kitten", "sitting", 3},
        {"flaw", "lawn", 2}, {"whisper", "wisper", 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(text_distance(cases[i].a, cases[i].b), cases[i].distance);
}

static void parts_are_found_in_any_case(void **state)
{
    (void)state;
    assert_true(text_contains_fold("all-MiniLM-L6", "minilm"));
    assert_true(text_contains_fold("aab", "AB"));
    assert_true(text_contains_fold("", ""));
    assert_true(text_contains_fold("x", ""));
    assert_false(text_contains_fold("", "x"));
    assert_false(text_contains_fold("minil", "minilm"));
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

static void masked_text_is_read_and_does_nothing(void **state)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"a\tb\x7f", "a?b?"},
        {"a\xe2\x80\xaetxt.exe", "a???txt.exe"},
        {"\xd8\x9c\xe2\x81\xa6x\xe2\x81\xa9\xe2\x80\x8f", "?????x??????"},
        {"a\xe2\x80\xa8"
         "b",
         "a???b"},
        {"caf\xc3\xa9 \xe2\x80\x93 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x80\x93 \xe2\x82\xac"},
        {"cut \xe2\x80", "cut ??"},
        {"cut \xe2", "cut ?"},
        {"a\x9b"
         "31m caf\xe9 \xff\xfe",
         "a?31m caf? ??"},
        {"\xc0\xaf \xed\xa0\x80 \xf0\x9f\x99\x82", "?? ??? \xf0\x9f\x99\x82"},
        {"\xe2\x80##[x", "??\?#[x"},
        {"::error::x", "?:error::x"},
        {"  ::add-mask::x", "  ?:add-mask::x"},
        {"a::b", "a::b"},
        {"##vso[task.complete]", "?#vso[task.complete]"},
        {"m ##[error]x", "m ?#[error]x"},
        {"###[x", "#?#[x"},
        {"## a [b]", "## a [b]"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *text = xstrdup(cases[i].text);
        text_mask(text);
        assert_string_equal(text, cases[i].masked);
    }
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

    buf_addf(out, "%c:%s;", "WwID"[level], line);
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
    log_wait(&log, "e");
    assert_string_equal(buf_text(&out), "W:a?;I:b;w:e;");
}

static void a_log_says_when_something_is_done_again(void **state)
{
    CLEANUP(buf) struct buf out = BUF_INIT;
    struct log log = {.level = LOG_WAIT, .write = keep_line, .arg = &out};

    (void)state;
    log_again(&log, "a", 0, 2, 6);
    log_again(&log, "a", 260, 3, 6);
    log_again(&log, "a", 1000, 4, 6);
    log_again(&log, "a", 59949, 5, 6);
    assert_string_equal(buf_text(&out),
                        "w:a; again in 0 s (try 2 of 6);w:a; again in 0.3 s (try 3 of 6);"
                        "w:a; again in 1 s (try 4 of 6);w:a; again in 60 s (try 5 of 6);");
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

static void paths_are_in_folders_by_whole_parts(void **state)
{
    static const struct {
        const char *path, *folder;
        bool is_inside, is_below;
    } cases[] = {
        {"/a/b", "/a", true, true},   {"/a", "/a", true, false}, {"/ab", "/a", false, false},
        {"/a", "/a/b", false, false}, {"/a", "/", true, true},   {"a/b", "a", true, true},
        {"a", "", true, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(path_is_inside(cases[i].path, cases[i].folder), cases[i].is_inside);
        assert_int_equal(path_is_below(cases[i].path, cases[i].folder), cases[i].is_below);
    }
    assert_null(text_copy(NULL));
}

static void lists_are_added_to_each_other(void **state)
{
    CLEANUP(strings) struct strings list = STRINGS_INIT;
    CLEANUP(strings) struct strings more = STRINGS_INIT;

    (void)state;
    strings_add_all(&list, &more);
    strings_add(&more, "a");
    strings_add(&more, "b");
    strings_add(&list, "b");
    strings_add_missing(&list, &more);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1], "a");
    strings_add_all(&list, &more);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.items[3], "b");
    assert_null(list.items[4]);
}

static void a_choice_is_listed_as_people_write_it(void **state)
{
    static const struct {
        const char *items[3], *quote, *expected;
    } cases[] = {
        {{NULL}, "'", ""},
        {{"a", NULL}, "'", "'a'"},
        {{"a", "b", NULL}, "", "a or b"},
        {{"a", "b", "c"}, "'", "'a', 'b' or 'c'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(strings) struct strings list = STRINGS_INIT;
        for (size_t k = 0; k < 3 && cases[i].items[k] != NULL; k++)
            strings_add(&list, cases[i].items[k]);
        CLEANUP(text) char *choice = strings_format_choice(&list, cases[i].quote);
        assert_string_equal(choice, cases[i].expected);
    }
}

static void a_line_is_told_from_other_texts(void **state)
{
    static const char *const list[] = {"a", "bc", NULL};

    (void)state;
    assert_true(text_is_one_line("a b"));
    assert_true(text_is_one_line("\xc3\xa9"));
    assert_false(text_is_one_line(""));
    assert_false(text_is_one_line("a\nb"));
    assert_false(text_is_one_line("\x7f"));
    assert_true(text_is_among("bc", list));
    assert_false(text_is_among("b", list));
    assert_false(text_is_among("b", list + 2));
}

static void text_width_counts_columns_of_a_terminal(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
    } cases[] = {
        {"", 0},     {"abc", 3},    {"größer…", 7}, {"Tiếng Việt", 10},
        {"模型", 4}, {"한국", 4},   {"モデル", 6},  {"🤗 hub", 6},
        {"├─ a", 4}, {"модель", 6}, {"ᄒ", 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(text_width(cases[i].text), cases[i].columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_in_folders_by_whole_parts),
        cmocka_unit_test(text_width_counts_columns_of_a_terminal),
        cmocka_unit_test(only_well_formed_utf8_is_utf8),
        cmocka_unit_test(distances_count_changed_bytes),
        cmocka_unit_test(parts_are_found_in_any_case),
        cmocka_unit_test(sizes_are_written_as_people_read_them),
        cmocka_unit_test(a_number_is_digits_and_in_range),
        cmocka_unit_test(masked_text_is_read_and_does_nothing),
        cmocka_unit_test(errors_carry_context_and_no_control_characters),
        cmocka_unit_test(a_copy_of_a_part_ends_where_the_text_ends),
        cmocka_unit_test(a_log_writes_what_its_level_admits),
        cmocka_unit_test(a_log_says_when_something_is_done_again),
        cmocka_unit_test(a_buf_has_an_end),
        cmocka_unit_test(lists_are_added_to_each_other),
        cmocka_unit_test(a_choice_is_listed_as_people_write_it),
        cmocka_unit_test(a_line_is_told_from_other_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
