#include "json/parse.h"

#include "core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *text, size_t values_max, struct error *err)
{
    const struct json_rules rules = {.values_max = values_max,
                                     .flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY};
    json_auto_t *json = NULL;

    return json_parse(text, strlen(text), &rules, &json, err);
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
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(parse(cases[i].text, cases[i].values, &err), 0);
        if (cases[i].values == 1)
            continue;
        assert_int_equal(parse(cases[i].text, cases[i].values - 1, &err), -1);
        assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    }
}

static void what_is_no_json_is_told_by_its_place_alone(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "the thing is not JSON, at line 1, column 0: it ends too early"},
        {"{\"a\":\n SECRET}", "line 2, column 7: something else was expected there"},
        {"[\"SECRET", "it ends too early"},
        {"[\"SECRET\\", "something else was expected there"},
        {"[", "it ends too early"},
        {"[] []", "there is something behind its end"},
        {"]", "something else was expected there"},
        {"[}", "something else was expected there"},
        {"{\"SECRET\": 1, \"SECRET\": 2}", "a member stands twice"},
        {"[\"\xff SECRET\"]", "it is not UTF-8"},
        {"[99999999999999999999]", "the thing cannot be read, at line 1, column 21: a number is"},
        {"[\"SECRET\\u0000\"]", "the thing cannot be read, at line 1, column 15: a text has a NUL"},
        {"{\"a\\u0000b\": 1}", "a text has a NUL"},
    };
    static const struct json_rules rules = {.name = "the thing", .flags = JSON_REJECT_DUPLICATES};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        json_auto_t *json = NULL;
        assert_int_equal(json_parse(cases[i].text, strlen(cases[i].text), &rules, &json, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_null(json);
        assert_null(strstr(err.text, "SECRET"));
        if (strstr(err.text, cases[i].said) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
    }
}

static void add_times(struct buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_add_text(out, text);
}

static void documents_in_a_row_are_read_one_by_one_each_with_its_own_count(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    size_t used = 0, count = 0;

    (void)state;
    add_times(&text, "[1]\r\n", 20);
    add_times(&text, "[[[[1]]]]", JSON_VALUES_MAX / 4);
    for (size_t at = 0; at < text.size; at += used, count++) {
        json_auto_t *json = NULL;
        assert_int_equal(json_parse_first(text.data + at, text.size - at, &json, &used, &err), 0);
        assert_int_equal(json_array_size(json), 1);
    }
    assert_int_equal(count, 20 + JSON_VALUES_MAX / 4);
}

static void more_values_than_are_read_are_nothing_where_nobody_is_told(void **state)
{
    (void)state;
    for (size_t values = 0; values < 2; values++) {
        CLEANUP(buf) struct buf text = BUF_INIT;
        buf_add_text(&text, "[0");
        add_times(&text, ",0", JSON_VALUES_MAX - 2 + values);
        buf_add_text(&text, "]");
        json_auto_t *json = json_parse_or_null(text.data, text.size);
        assert_int_equal(json_array_size(json), values == 0 ? JSON_VALUES_MAX - 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_as_many_values_as_are_read),
        cmocka_unit_test(what_is_no_json_is_told_by_its_place_alone),
        cmocka_unit_test(documents_in_a_row_are_read_one_by_one_each_with_its_own_count),
        cmocka_unit_test(more_values_than_are_read_are_nothing_where_nobody_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
