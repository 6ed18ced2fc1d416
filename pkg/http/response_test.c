#include "http/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void refuse(const struct http_response *response, struct error *err)
{
    struct http_request request = {
        .method = "GET",
        .url = "https://user:pass@h/p?sig=1",
        .expect = HTTP_EXPECT(200, 204),
    };

    assert_int_equal(http_check(&request, response, err), -1);
}

static void a_status_has_its_kind(void **state)
{
    static const struct {
        int status;
        enum error_kind kind;
    } cases[] = {
        {401, ERROR_DENIED},      {403, ERROR_DENIED},      {404, ERROR_NOT_FOUND},
        {410, ERROR_NOT_FOUND},   {408, ERROR_UNREACHABLE}, {429, ERROR_UNREACHABLE},
        {500, ERROR_UNREACHABLE}, {503, ERROR_UNREACHABLE}, {522, ERROR_UNREACHABLE},
        {501, ERROR_UNSUPPORTED}, {505, ERROR_UNSUPPORTED}, {400, ERROR_UNSUPPORTED},
        {302, ERROR_UNSUPPORTED}, {201, ERROR_UNSUPPORTED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct http_response response = {.status = cases[i].status};
        refuse(&response, &err);
        assert_int_equal(err.kind, cases[i].kind);
        CLEANUP(text)
        char *text = xasprintf("GET 'https://h/p' was answered with status %d", cases[i].status);
        assert_string_equal(err.text, text);
    }
}

static void a_status_that_is_expected_is_no_error(void **state)
{
    const struct {
        const int *expect;
        int status;
    } cases[] = {
        {HTTP_EXPECT(200), 200},
        {HTTP_EXPECT(404, 200), 200},
        {NULL, 500},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct http_request request = {.method = "GET", .url = "u", .expect = cases[i].expect};
        struct http_response response = {.status = cases[i].status};
        assert_int_equal(http_check(&request, &response, &err), 0);
    }
}

static void the_servers_own_words_are_found(void **state)
{
    static const struct {
        const char *header, *body, *words;
    } cases[] = {
        {"X-Error-Message: Access is disabled.", "{\"error\":\"other\"}", "Access is disabled."},
        {"Content-Type: application/json", "{\"error\":\"Repository not found\"}",
         "Repository not found"},
        {NULL,
         " {\"errors\":[{\"code\":\"DENIED\",\"message\":\"no \\\"push\\\" for\\nyou\\u00e9\"}]}",
         "DENIED: no \"push\" for you?"},
        {NULL, "{\"errors\" : [ { \"code\" : \"UNKNOWN\" } ] }", "UNKNOWN"},
        {NULL, "{\"error\":[\"first\",\"second\"]}", "first"},
        {NULL, "{\"message\":\"\",\"error\":\"second\"}", "second"},
        {NULL, "{\"message\":\"cut o", "cut o"},
        {NULL, "{\"message\":\"cut\\", "cut\\"},
        {NULL, "{\"message\":7}", NULL},
        {NULL, "{}", NULL},
        {"Content-Type: text/plain; charset=utf-8", "Too Many Requests\r\n", "Too Many Requests"},
        {NULL, "plain words", "plain words"},
        {"Content-Type: text/html", "plain words", NULL},
        {NULL, "<html><h1>Bad gateway</h1>", NULL},
        {NULL, "\xff\xfe", NULL},
        {NULL, "  \r\n", NULL},
        {NULL, "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        response.status = 404;
        if (cases[i].header != NULL)
            http_response_add_header(&response, cases[i].header, strlen(cases[i].header));
        buf_add_text(&response.body, cases[i].body);
        refuse(&response, &err);
        CLEANUP(text)
        char *text =
            cases[i].words != NULL
                ? xasprintf("GET 'https://h/p' was answered with status 404: '%s'", cases[i].words)
                : xstrdup("GET 'https://h/p' was answered with status 404");
        assert_string_equal(err.text, text);
    }
}

static void long_words_are_cut_between_characters(void **state)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(buf) struct buf words = BUF_INIT;

    (void)state;
    buf_add_text(&response.body, "a");
    for (int i = 0; i < 500; i++)
        buf_add_text(&response.body, "\xc3\xa9");
    assert_true(http_response_find_words(&response, &words));
    assert_int_equal(words.size, 299);
}

static void a_refusal_elsewhere_says_where(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    char url[] = "https://cdn.example/x?sig=1";
    struct http_response response = {.status = 403, .url = url};

    (void)state;
    refuse(&response, &err);
    assert_string_equal(err.text,
                        "GET 'https://h/p' was answered by 'cdn.example:443' with status 403");
}

static void header_lines_are_split_and_trimmed(void **state)
{
    static const char *const lines[] = {
        "Link:<a>;  rel=next \r\n", "X-Empty:\r\n", "no colon\r\n", ": no name\r\n",
        "LINK: second\r\n",         " folded\r\n",
    };
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        http_response_add_header(&response, lines[i], strlen(lines[i]));
    assert_int_equal(response.header_count, 3);
    assert_string_equal(http_response_header(&response, "link"), "<a>;  rel=next");
    assert_string_equal(http_response_header(&response, "X-EMPTY"), "");
    assert_string_equal(response.headers[2].value, "second folded");
    assert_null(http_response_header(&response, "Lin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_has_its_kind),
        cmocka_unit_test(a_status_that_is_expected_is_no_error),
        cmocka_unit_test(the_servers_own_words_are_found),
        cmocka_unit_test(long_words_are_cut_between_characters),
        cmocka_unit_test(a_refusal_elsewhere_says_where),
        cmocka_unit_test(header_lines_are_split_and_trimmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
