#include "auth/auth_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void an_answer_becomes_a_token(void **state)
{
    static const struct {
        const char *json, *header;
        unsigned lifetime_s;
        const char *complaint;
    } cases[] = {
        {"{\"token\":\"a.b-c\",\"expires_in\":300}", "Bearer a.b-c", 300, NULL},
        {"{\"access_token\":\"x\"}", "Bearer x", 60, NULL},
        {"{\"token\":\"\",\"access_token\":\"y\"}", "Bearer y", 60, NULL},
        {"{\"token\":\"x\",\"access_token\":\"x\",\"issued_at\":\"1999-01-01T00:00:00Z\"}",
         "Bearer x", 60, NULL},
        {"{\"token\":\"x\",\"expires_in\":5}", "Bearer x", 60, NULL},
        {"{\"token\":\"x\",\"expires_in\":-5}", "Bearer x", 60, NULL},
        {"{\"token\":\"x\",\"expires_in\":900.5}", "Bearer x", 900, NULL},
        {"{\"token\":\"x\",\"expires_in\":\"soon\"}", "Bearer x", 60, NULL},
        {"{\"token\":\"x\",\"expires_in\":9223372036854775807}", "Bearer x", 86400, NULL},
        {"{\"token\":\"a b\"}", NULL, 0, "the token has characters that no token has"},
        {"{\"token\":\"a\\r\\nX: 1\"}", NULL, 0, "the token has characters that no token has"},
        {"{\"token\":7}", NULL, 0, "the answer has neither 'token' nor 'access_token' in it"},
        {"[]", NULL, 0, "the answer with a token is not a JSON object"},
        {"<html>", NULL, 0,
         "the answer with a token is not JSON, at line 1, column 1: something else was expected "
         "there"},
        {"", NULL, 0,
         "the answer with a token is not JSON, at line 1, column 0: it ends too early"},
        {"[]", NULL, 0, "the answer with a token is not a JSON object"},
        {"{\"token\":\"x\",\"token\":\"y\"}", NULL, 0,
         "the answer with a token is not JSON, at line 1, column 20: a member stands twice"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(token) struct token token = TOKEN_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = token_parse(cases[i].json, strlen(cases[i].json), &token, &err);
        if (cases[i].complaint == NULL) {
            assert_int_equal(result, 0);
            assert_string_equal(token.header, cases[i].header);
            assert_int_equal(token.lifetime_s, cases[i].lifetime_s);
        } else {
            assert_int_equal(result, -1);
            assert_int_equal(err.kind, ERROR_CORRUPT);
            assert_string_equal(err.text, cases[i].complaint);
        }
    }
}

static void the_realm_is_asked_for_every_scope_once(void **state)
{
    static const struct {
        const char *realm, *service, *asked;
        const char *scopes[3];
        const char *url;
    } cases[] = {
        {"https://a/token",
         "registry.example",
         NULL,
         {"repository:n/m:pull,push"},
         "https://a/token?service=registry.example&scope=repository:n/m:pull,push"},
        {"https://a/token?account=x&y=",
         NULL,
         NULL,
         {"repository:n:pull", "repository:m:pull"},
         "https://a/token?account=x&y=&scope=repository:n:pull&scope=repository:m:pull"},
        {"https://a/t",
         "a b&c",
         "repository:n:pull",
         {"repository:n:pull,push"},
         "https://a/t?service=a%20b%26c&scope=repository:n:pull,push"},
        {"https://a/t",
         NULL,
         "repository:n:push,pull",
         {"repository:n:pull,push"},
         "https://a/t?scope=repository:n:pull,push"},
        {"https://a/t",
         NULL,
         "repository:n:delete  repository:m:pull",
         {"repository:n:pull"},
         "https://a/t?scope=repository:n:pull&scope=repository:n:delete&scope=repository:m:pull"},
        {"https://a/t",
         NULL,
         "repository:nn:pull",
         {"repository:n:pull"},
         "https://a/t?scope=repository:n:pull&scope=repository:nn:pull"},
        {"https://a/t", NULL, "odd odd", {NULL}, "https://a/t?scope=odd"},
        {"/token", NULL, NULL, {NULL}, "https://registry.example/token"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf url = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct token_request request = {
            .http = *state,
            .registry = "https://registry.example",
            .realm = cases[i].realm,
            .service = cases[i].service,
            .asked = cases[i].asked,
            .scopes = cases[i].scopes,
        };
        assert_int_equal(token_format_url(&request, &url, &err), 0);
        assert_string_equal(buf_text(&url), cases[i].url);
    }
}

static void a_realm_cannot_send_us_where_a_registry_has_no_business(void **state)
{
    static const struct {
        const char *registry, *realm;
        bool asked;
    } cases[] = {
        {"https://r.example", "https://auth.example/t", true},
        {"https://r.example", "https://8.8.8.8/t", true},
        {"https://r.example", "https://[2001:4860::8]/t", true},
        {"https://r.example", "https://172.32.0.1/t", true},
        {"https://r.example", "http://r.example/t", false},
        {"https://r.example", "ftp://r.example/t", false},
        {"https://r.example", "https://127.0.0.1/t", false},
        {"https://r.example", "https://localhost/t", false},
        {"https://r.example", "https://a.localhost/t", false},
        {"https://r.example", "https://user@localhost:99/t", false},
        {"https://r.example", "https://169.254.169.254/t", false},
        {"https://r.example", "https://10.1.2.3/t", false},
        {"https://r.example", "https://172.31.0.1/t", false},
        {"https://r.example", "https://192.168.0.1/t", false},
        {"https://r.example", "https://0.0.0.0/t", false},
        {"https://r.example", "https://2130706433/t", false},
        {"https://r.example", "https://0x7f.1/t", false},
        {"https://r.example", "https://[::1]/t", false},
        {"https://r.example", "https://[::]/t", false},
        {"https://r.example", "https://[fe80::1]/t", false},
        {"https://r.example", "https://[fd00::1]/t", false},
        {"https://r.example", "https://[::ffff:10.0.0.1]/t", false},
        {"https://10.0.0.1", "https://10.0.0.2/t", true},
        {"http://127.0.0.1:5000", "http://127.0.0.1:5001/t", true},
        {"http://localhost:5000", "https://auth.example/t", true},
    };
    static const char *const scopes[] = {NULL};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf url = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct token_request request = {
            .http = *state,
            .registry = cases[i].registry,
            .realm = cases[i].realm,
            .scopes = scopes,
        };
        int result = token_format_url(&request, &url, &err);
        if (result != (cases[i].asked ? 0 : -1))
            fail_msg("'%s' from '%s'", cases[i].realm, cases[i].registry);
    }
}

static void a_refused_realm_is_named(void **state)
{
    static const struct {
        const char *realm, *text;
    } cases[] = {
        {"http://a/t?secret", "'https://r' sends for tokens to 'http://a/t', which is not https "
                              "and so is not asked"},
        {"https://10.0.0.1/t?secret", "'https://r' sends for tokens to 'https://10.0.0.1/t', where "
                                      "only a server that is there itself may send inlay"},
        {"https://[fe80::1]/t", "'https://r' sends for tokens to 'https://[fe80::1]/t', where only "
                                "a server that is there itself may send inlay"},
    };
    static const char *const scopes[] = {NULL};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf url = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct token_request request = {
            .http = *state,
            .registry = "https://r",
            .realm = cases[i].realm,
            .scopes = scopes,
        };
        assert_int_equal(token_format_url(&request, &url, &err), -1);
        assert_int_equal(err.kind, ERROR_DENIED);
        assert_string_equal(err.text, cases[i].text);
    }
}

static int set_up(void **state)
{
    struct http_options options = {.user_agent = "inlay/test"};

    *state = http_new(&options);
    return 0;
}

static int tear_down(void **state)
{
    http_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_becomes_a_token),
        cmocka_unit_test(the_realm_is_asked_for_every_scope_once),
        cmocka_unit_test(a_realm_cannot_send_us_where_a_registry_has_no_business),
        cmocka_unit_test(a_refused_realm_is_named),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
