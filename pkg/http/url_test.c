#include "http/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void encode_keeps_what_is_safe_and_what_it_is_told(void **state)
{
    static const struct {
        const char *text, *keep, *encoded;
    } cases[] = {
        {"refs/pr/1", "", "refs%2Fpr%2F1"},
        {"d e/f+g&h#i?.txt", "/", "d%20e/f%2Bg%26h%23i%3F.txt"},
        {"x~y(1)\xc3\xa9.bin", "/", "x~y%281%29%C3%A9.bin"},
        {"repository:a/b:pull,push", ":/,", "repository:a/b:pull,push"},
        {"AZaz09_.~-", "", "AZaz09_.~-"},
        {"\x01%", "", "%01%25"},
        {"", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf) struct buf out = BUF_INIT;
        CLEANUP(text) char *decoded = NULL;
        http_encode(&out, cases[i].text, cases[i].keep);
        assert_string_equal(buf_text(&out), cases[i].encoded);
        assert_true(http_decode(cases[i].encoded, &decoded));
        assert_string_equal(decoded, cases[i].text);
    }
}

static void decode_refuses_a_nul_and_leaves_alone_what_is_no_escape(void **state)
{
    CLEANUP(text) char *decoded = NULL;

    (void)state;
    assert_false(http_decode("a%00b", &decoded));
    assert_null(decoded);
    assert_true(http_decode("50%+a%2", &decoded));
    assert_string_equal(decoded, "50%+a%2");
}

static void resolve_understands_every_form_of_a_location(void **state)
{
    static const struct {
        const char *base, *location, *url;
    } cases[] = {
        {"https://h/a/b?q", "https://o/x?y=1", "https://o/x?y=1"},
        {"https://h:5/a/b?q", "/x/y?z", "https://h:5/x/y?z"},
        {"https://h/a/b?q", "c", "https://h/a/c"},
        {"https://h/a/b?q", "../c?d", "https://h/c?d"},
        {"https://h/a/b?q", "?r=2", "https://h/a/b?r=2"},
        {"https://h/a", "//o:81/x", "https://o:81/x"},
        {"https://h/a", "/x#part", "https://h/x"},
        {"http://127.0.0.1:5000/v2/", "/v2/n/blobs/uploads/u?_state=a%2Fb%3D&c=%2f",
         "http://127.0.0.1:5000/v2/n/blobs/uploads/u?_state=a%2Fb%3D&c=%2f"},
        {"http://[::1]:5000/a", "b", "http://[::1]:5000/b"},
        {"https://h/a", "/with space", "https://h/with%20space"},
        {"https://h/a", "https://u:p@h/b", "https://h/b"},
        {"https://h/a", "//u@o/b", "https://o/b"},
        {"https://u:p@h/a", "/b", "https://u:p@h/b"},
        {"https://u:p@h/a", "https://u:p@o/b", "https://o/b"},
        {"https://u:p@h/a", "https://u:p@h:444/b", "https://h:444/b"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *url = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(http_resolve_url(cases[i].base, cases[i].location, &url, &err), 0);
        assert_string_equal(url, cases[i].url);
    }
}

static void resolve_refuses_what_is_not_http(void **state)
{
    static const struct {
        const char *base, *location;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {"https://h/a?secret", "ftp://o/x?secret", ERROR_UNSUPPORTED,
         "'https://h/a' points to 'ftp://o/x', which is neither http nor https"},
        {"https://h/a", "file:///etc/passwd", ERROR_UNSUPPORTED, "neither http nor https"},
        {"https://h/a", "http://h\n/x", ERROR_CORRUPT, "'http://h?/x', which is not a URL"},
        {"https://h/a", "http://", ERROR_CORRUPT, "which is not a URL"},
        {"nonsense", "/x", ERROR_UNSUPPORTED, "'nonsense' is not a URL"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *url = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(http_resolve_url(cases[i].base, cases[i].location, &url, &err), -1);
        assert_null(url);
        assert_int_equal(err.kind, cases[i].kind);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
    }
}

static void resolve_refuses_a_location_without_end(void **state)
{
    CLEANUP(text) char *location = xcalloc(HTTP_LOCATION_LIMIT + 2, 1);
    CLEANUP(text) char *url = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    memset(location, 'a', HTTP_LOCATION_LIMIT + 1);
    assert_int_equal(http_resolve_url("https://h/", location, &url, &err), -1);
    assert_string_equal(err.text,
                        "'https://h/' points to a URL of 16385 bytes, the limit is 16384");
}

static void redirects_never_leave_https(void **state)
{
    static const struct {
        const char *from, *location, *url, *complaint;
    } cases[] = {
        {"https://h/a", "https://o/b", "https://o/b", NULL},
        {"http://h/a", "https://o/b", "https://o/b", NULL},
        {"http://h/a", "http://o/b", "http://o/b", NULL},
        {"https://h/a", "http://o/b?sig=1", NULL,
         "'https://h/a' redirects to 'http://o/b', and from https only https is followed"},
        {"https://h/a", "gopher://h/", NULL,
         "following a redirect: 'https://h/a' points to 'gopher://h/', which is neither http nor "
         "https"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *url = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = url_follow(cases[i].from, cases[i].location, &url, &err);
        assert_int_equal(result, cases[i].url != NULL ? 0 : -1);
        if (cases[i].url != NULL)
            assert_string_equal(url, cases[i].url);
        else
            assert_string_equal(err.text, cases[i].complaint);
    }
}

static void origins_are_scheme_host_and_port(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"https://h/a", "https://h/b?c", true},
        {"https://h", "https://h:443/", true},
        {"http://h", "http://h:80/", true},
        {"HTTPS://H.Example/", "https://h.example/", true},
        {"https://user:pass@h/", "https://h/", true},
        {"https://h/", "http://h/", false},
        {"https://h/", "https://h:444/", false},
        {"https://h/", "https://h.o/", false},
        {"https://h@o/", "https://h/", false},
        {"nonsense", "nonsense", false},
        {"ftp://h/", "ftp://h/", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (http_same_origin(cases[i].a, cases[i].b) != cases[i].same)
            fail_msg("'%s' and '%s'", cases[i].a, cases[i].b);
}

static void a_displayed_url_has_no_secrets(void **state)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"https://h/a?sig=1", "https://h/a"},
        {"https://user:pass@h:5/a@b#c", "https://h:5/a@b"},
        {"https://a@b@h/", "https://h/"},
        {"https://h?x=y://z", "https://h"},
        {"/a?b", "/a"},
        {"?x=http://user@h", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(text) char *shown = text_display_url(cases[i].url);
        assert_string_equal(shown, cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_refuses_a_nul_and_leaves_alone_what_is_no_escape),
        cmocka_unit_test(encode_keeps_what_is_safe_and_what_it_is_told),
        cmocka_unit_test(resolve_understands_every_form_of_a_location),
        cmocka_unit_test(resolve_refuses_what_is_not_http),
        cmocka_unit_test(resolve_refuses_a_location_without_end),
        cmocka_unit_test(redirects_never_leave_https),
        cmocka_unit_test(origins_are_scheme_host_and_port),
        cmocka_unit_test(a_displayed_url_has_no_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
