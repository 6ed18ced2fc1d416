#include "core/text.h"
#include "oci/document.h"
#include "oci/json_text_internal.h"
#include "oci/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *text, json_t **out, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    buf_add_text(&bytes, text);
    return json_from_buf(&bytes, "the config", out, err);
}

static void check_rewritten(const char *before, const char *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf after = BUF_INIT;
    json_auto_t *json = NULL;

    if (parse(before, &json, &err) < 0)
        fail_msg("'%s': %s", before, err.text);
    json_to_buf(json, &after);
    if (strcmp(buf_text(&after), expected) != 0)
        fail_msg("'%s' becomes '%s', expected '%s'", before, buf_text(&after), expected);
}

static void what_the_library_cannot_hold_is_written_as_it_arrived(void **state)
{
    static const char *const cases[] = {
        /* NUL */
        "\"\\u0000\"",
        "{\"a\":\"b\\u0000c\",\"\\u0000\":\"\\u0000\\u0000\"}",
        "\"\\\\u0000\"",
        "\"\\\\\\u0000\"",
        /* surrogates without their other half */
        "[\"\\ud800\",\"\\uDBFF\",\"\\udc00\",\"\\uDfFf\"]",
        "[\"\\ud800\\ud800\",\"\\udc00\\ud800\",\"\\ud800x\",\"\\ud800\\n\",\"\\ud800\\\\udc00\"]",
        "{\"\\uDc00\":{\"\\ud800\":1}}",
        /* control characters, that of the mark among them */
        "[\"\\u0001\",\"\\u0002\",\"\\u0001\\u0001\",\"\\u0001\\u0002\",\"\\u001F\"]",
        "{\"\\u0001\":\"\\u0001\\u0000\\u0001\"}",
        /* numbers that are no int64, or that the library would write otherwise */
        "9223372036854775808",
        "[9223372036854775807,-9223372036854775808,-9223372036854775809,18446744073709551616]",
        "[1.0,1e400,-0,-0.0,1E5,1e+5,1e-400,0.10,-1.50,0e0,123456789.123456789123456789]",
        "[0,-1,10,1000000000000000000]",
        "{\"n\":100000000000000000000000000000000000000000000000000000000000000000000}",
        /* members of the same name */
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"a\":3,\"b\":4,\"a\":5}",
        "{\"a\":{\"a\":1,\"a\":{\"b\":1,\"b\":2}},\"a\":[{\"c\":1,\"c\":2},{\"c\":3}]}",
        "[[{\"a\":1,\"a\":2}],{\"a\":{\"x\":1,\"x\":1.0},\"b\":{\"x\":1}}]",
        "{\"\":1,\"\":2,\"\\u0000\":3,\"\\u0000\":4}",
        "{\"a\":null,\"a\":null,\"a\":null,\"a\":null,\"a\":null,\"a\":null,\"a\":null,\"a\":null}",
        /* texts and names that look like the marks */
        "[\"\\u0001\\u0002n1.0\",\"\\u0001\\u0002p\",\"\\u0001\\u0002d1;a\"]",
        "[\"\\u0001\\u0002u0000\"]",
        "[\"\\\\u0001\\\\u0002n1.0\",\"x\\\"\\u0001\\u0002n1.0\"]",
        "{\"\\u0001\\u0002d1;a\":1,\"a\":2,\"a\":3}",
        "{\"a\":2,\"\\u0001\\u0002d1;a\":1,\"a\":3,\"\\u0001\\u0002d1;a\":4,\"d1;a\":5}",
        "{\"1;a\":1,\"1;a\":2,\";\":1,\";\":2}",
        "{\"\\u0001\\u0002n1.0\":1.0,\"\\u0001\\u0002n1.0\":2.0}",
        /* a document in a text of a document, as the records in the history are */
        "{\"comment\":\"{\\\"a\\\":\\\"\\\\u0001\\\\u0002n1.0\\\",\\\"b\\\":1.0}\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_rewritten(cases[i], cases[i]);
}

static void the_rest_is_written_with_the_same_meaning(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {" { \"a\" : [ 1 , 1.0 , { } ] } \n", "{\"a\":[1,1.0,{}]}"},
        {"\"\\u0041\\/\\uD83D\\uDE00\\ud800\"", "\"A/\xF0\x9F\x98\x80\\ud800\""},
        /* the same name however it is written */
        {"{\"a\":1,\"\\u0061\":2}", "{\"a\":1,\"a\":2}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_rewritten(cases[i].before, cases[i].after);
}

static void of_members_of_one_name_the_last_one_counts(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    json_auto_t *json = NULL;

    (void)state;
    assert_int_equal(
        parse("{\"a\":1,\"b\":{\"a\":3,\"a\":4},\"a\":2,\"\\u0001\\u0002d1;a\":9}", &json, &err),
        0);
    assert_int_equal(json_integer_value(json_object_get(json, "a")), 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "b"), "a")), 4);
    assert_int_equal(json_object_size(json), 4);
}

static void a_marked_name_is_told_from_one_that_looks_like_it(void **state)
{
    static const struct {
        const char *name, *plain;
    } cases[] = {
        {"a", "a"},
        {"", ""},
        {JSON_MARK "d1;a", "a"},
        {JSON_MARK "d12;", ""},
        {JSON_MARK "d1;" JSON_MARK "p", JSON_MARK "p"},
        {JSON_MARK "p\x02"
                   "d1;a",
         JSON_MARK "p\x02"
                   "d1;a"},
        {JSON_MARK "u0000", JSON_MARK "u0000"},
        {"d1;a", "d1;a"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(json_plain_name(cases[i].name), cases[i].plain);
}

static void a_number_is_no_text(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    json_auto_t *json = NULL;

    (void)state;
    assert_int_equal(
        parse("[1.0,\"1.0\",\"\\u0001\\u0002n1.0\",18446744073709551616]", &json, &err), 0);
    assert_null(json_text(json_array_get(json, 0)));
    assert_string_equal(json_text(json_array_get(json, 1)), "1.0");
    assert_non_null(json_text(json_array_get(json, 2)));
    assert_null(json_text(json_array_get(json, 3)));
}

static void what_is_no_json_is_told_in_our_words(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *complaint;
    } cases[] = {
        {"", 1, "it ends too early"},
        {"{", 1, "it ends too early"},
        {"{\"a\":1", 1, "it ends too early"},
        {"[1,\n2", 2, "it ends too early"},
        {"\"a", 1, "it ends too early"},
        {"\"a\\", 1, "something else was expected there"},
        {"{} {}", 1, "there is something behind its end"},
        {"1.0 1.0", 1, "there is something behind its end"},
        {"\"\xff\"", 1, "it is not UTF-8"},
        {"\"\xed\xa0\x80\"", 1, "it is not UTF-8"},
        {"{\n\n'a':1}", 3, "something else was expected there"},
        {"{\"a\" 1}", 1, "something else was expected there"},
        {"{\"a\":1,}", 1, "something else was expected there"},
        {"{1.0:1}", 1, "something else was expected there"},
        {"[01]", 1, "something else was expected there"},
        {"[01.0]", 1, "something else was expected there"},
        {"[1.]", 1, "something else was expected there"},
        {"[.5]", 1, "something else was expected there"},
        {"[-]", 1, "something else was expected there"},
        {"[+1.0]", 1, "something else was expected there"},
        {"[1.0e]", 1, "something else was expected there"},
        {"[1.0.0]", 1, "something else was expected there"},
        {"[1.0\"a\"]", 1, "something else was expected there"},
        {"[1.0-1.0]", 1, "something else was expected there"},
        {"[0x1]", 1, "something else was expected there"},
        {"[NaN]", 1, "something else was expected there"},
        {"[\"\\x\"]", 1, "something else was expected there"},
        {"[\"\\u12\"]", 1, "something else was expected there"},
        {"[\"\x01\"]", 1, "something else was expected there"},
        {"{\"\x01\x02"
         "d1;a\":1}",
         1, "something else was expected there"},
        {"]", 1, "something else was expected there"},
        {"[}", 1, "something else was expected there"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text)
        char *expected = xasprintf("the config is not JSON, at line %d: ", cases[i].line);
        json_t *json = NULL;
        assert_int_equal(parse(cases[i].text, &json, &err), -1);
        assert_null(json);
        if (err.kind != ERROR_CORRUPT || !text_starts_with(err.text, expected) ||
            !text_ends_with(err.text, cases[i].complaint))
            fail_msg("'%s' says \"%s\"", cases[i].text, err.text);
    }
}

static void a_nul_byte_is_no_space(void **state)
{
    static const char text[] = "[1\0,true\0]";

    (void)state;
    for (size_t size = 0; size < sizeof(text); size++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        json_t *json = NULL;
        buf_add(&bytes, text, size);
        assert_int_equal(json_from_buf(&bytes, "it", &json, &err), -1);
        assert_null(json);
    }
}

/* `depth` times `open`, and as many times `close`. */
static char *nested(size_t depth, const char *open, const char *close)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < depth; i++)
        buf_add_text(&text, open);
    buf_add_text(&text, "1.0");
    for (size_t i = 0; i < depth; i++)
        buf_add_text(&text, close);
    return buf_take(&text);
}

static void what_is_nested_is_read_down_to_a_limit(void **state)
{
    static const struct {
        const char *open, *close;
    } cases[] = {{"[", "]"}, {"{\"a\":", "}"}, {"{\"a\":1,\"a\":", "}"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *deep = nested(2047, cases[i].open, cases[i].close);
        CLEANUP(text) char *deeper = nested(2048, cases[i].open, cases[i].close);
        CLEANUP(text) char *endless = nested(1000000, cases[i].open, "");
        json_t *json = NULL;
        check_rewritten(deep, deep);
        assert_int_equal(parse(deeper, &json, &err), -1);
        assert_int_equal(err.kind, ERROR_UNSUPPORTED);
        assert_string_equal(err.text, "the config has objects and arrays one in another, more than "
                                      "2047; inlay reads no deeper");
        assert_int_equal(parse(endless, &json, &err), -1);
        assert_int_equal(err.kind, ERROR_UNSUPPORTED);
        assert_null(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_library_cannot_hold_is_written_as_it_arrived),
        cmocka_unit_test(the_rest_is_written_with_the_same_meaning),
        cmocka_unit_test(of_members_of_one_name_the_last_one_counts),
        cmocka_unit_test(a_marked_name_is_told_from_one_that_looks_like_it),
        cmocka_unit_test(a_number_is_no_text),
        cmocka_unit_test(what_is_no_json_is_told_in_our_words),
        cmocka_unit_test(a_nul_byte_is_no_space),
        cmocka_unit_test(what_is_nested_is_read_down_to_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
