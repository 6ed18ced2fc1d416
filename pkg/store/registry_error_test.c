#include "store/store_test_internal.h"

static void the_words_of_a_registry_are_code_message_and_what_they_are_about(void **state)
{
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"not yours\"}]}", "DENIED: not yours"},
        {"{\"errors\":[{\"code\":\"DENIED\"}]}", "DENIED"},
        {"{\"errors\":[{\"message\":\"not yours\",\"detail\":null}]}", "not yours"},
        {"{\"errors\":[{\"code\":\"MANIFEST_BLOB_UNKNOWN\",\"message\":\"blob unknown\","
         "\"detail\":{\"digest\":\"sha256:12\"}},"
         "{\"code\":\"NAME_UNKNOWN\",\"message\":\"no name\",\"detail\":\"x/y\"}]}",
         "MANIFEST_BLOB_UNKNOWN: blob unknown (sha256:12); NAME_UNKNOWN: no name (x/y)"},
        {"{\"errors\":[{\"code\":\"A\"},{\"code\":\"B\"},{},7,{\"code\":\"E\"},{\"code\":\"F\"},"
         "{\"code\":\"G\"}]}",
         "A; B; E; and 2 more"},
        {"{\"errors\":[]}", ""},
        {"{\"errors\":{\"code\":\"A\"}}", ""},
        {"{\"message\":\"only this\"}", "only this"},
        {"{\"error\":\"or this\",\"message\":7}", "or this"},
        {"[1]", ""},
        {"7", "7"},
        {"", ""},
        {" Too Many Requests \r\nmore", "Too Many Requests "},
        {"<html><h1>404</h1></html>", ""},
        {"{\"errors\":[", ""},
        {"\xff\xfe", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf body = BUF_INIT;
        CLEANUP(buf) struct buf words = BUF_INIT;
        buf_add_text(&body, cases[i].body);
        registry_error_words(&body, &words);
        assert_string_equal(buf_text(&words), cases[i].words);
    }
}

static void long_words_are_cut_where_a_character_ends(void **state)
{
    CLEANUP(buf) struct buf body = BUF_INIT;
    CLEANUP(buf) struct buf words = BUF_INIT;

    (void)state;
    buf_add_text(&body, "{\"message\":\"x");
    for (int i = 0; i < 1000; i++)
        buf_add_text(&body, "\xc3\xa4");
    buf_add_text(&body, "\"}");
    registry_error_words(&body, &words);
    assert_int_equal(words.size, 299);
    assert_true(text_is_utf8(buf_text(&words)));
}

static void a_refusal_has_the_kind_of_its_status(void **state)
{
    static const struct {
        int status;
        enum error_kind kind;
    } cases[] = {
        {400, ERROR_UNSUPPORTED}, {401, ERROR_DENIED},      {403, ERROR_DENIED},
        {404, ERROR_NOT_FOUND},   {405, ERROR_UNSUPPORTED}, {408, ERROR_UNREACHABLE},
        {413, ERROR_UNSUPPORTED}, {429, ERROR_UNREACHABLE}, {500, ERROR_UNREACHABLE},
        {501, ERROR_UNSUPPORTED}, {503, ERROR_UNREACHABLE}, {307, ERROR_UNSUPPORTED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(http_response) struct http_response response = {.status = cases[i].status};
        CLEANUP(text) char *silent = xasprintf("answers with status %d", cases[i].status);
        CLEANUP(text) char *told = xasprintf("says 'A: b?' (status %d)", cases[i].status);
        CHECK_REFUSED(registry_refuse(&response, &err), err, cases[i].kind, silent);
        buf_add_text(&response.body, "{\"errors\":[{\"code\":\"A\",\"message\":\"b\\u001b\"}]}");
        CHECK_REFUSED(registry_refuse(&response, &err), err, cases[i].kind, told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_of_a_registry_are_code_message_and_what_they_are_about),
        cmocka_unit_test(long_words_are_cut_where_a_character_ends),
        cmocka_unit_test(a_refusal_has_the_kind_of_its_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
