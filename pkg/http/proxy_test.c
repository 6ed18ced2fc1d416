#include "http/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void exceptions_are_read_as_libcurl_reads_them(void **state)
{
    static const struct {
        const char *except, *origin;
        bool proxied;
    } cases[] = {
        {NULL, "http://r.example:80", true},
        {"*", "http://r.example:80", false},
        {"r.example", "http://r.example:80", false},
        {"r.example", "http://a.r.example:80", false},
        {".r.example", "http://r.example:80", false},
        {"r.example.", "http://r.example:80", false},
        {"r.example", "http://r.example.:80", false},
        {"R.Example", "http://r.example:80", false},
        {"other.example", "http://r.example:80", true},
        {"ar.example", "http://r.example:80", true},
        {"example", "http://rexample:80", true},
        {"a.example, r.example b.example", "http://r.example:80", false},
        {",,", "http://r.example:80", true},
        {".", "http://r.example:80", true},
        {"10.0.0.0/8", "http://10.1.2.3:80", false},
        {"10.0.0.0/8", "http://11.1.2.3:80", true},
        {"10.128.0.0/9", "http://10.127.0.1:80", true},
        {"10.1.2.3", "http://10.1.2.3:80", false},
        {"1.2.3", "http://10.1.2.3:80", true},
        {"10.0.0.0/33", "http://10.1.2.3:80", true},
        {"0.0.0.0/0", "http://10.1.2.3:80", false},
        {"::1", "http://[::1]:80", false},
        {"fd00::/8", "http://[fd12::1]:80", false},
        {"fd00::/8", "http://[fe80::1]:80", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char proxy[] = "http://proxy:3128";
        CLEANUP(text)
        char *except = cases[i].except != NULL ? xstrdup(cases[i].except) : NULL;
        struct proxies proxies = {.plain = proxy, .except = except};
        const char *found = proxies_choose(&proxies, cases[i].origin);
        if ((*found != '\0') != cases[i].proxied)
            fail_msg("'%s' with '%s' has '%s'", cases[i].origin, cases[i].except, found);
    }
}

static void each_scheme_has_its_variable(void **state)
{
    static const struct {
        const char *name, *other;
        const char *plain, *secure;
    } cases[] = {
        {"http_proxy", NULL, "p", ""},  {"HTTP_PROXY", NULL, "", ""},
        {"https_proxy", NULL, "", "p"}, {"HTTPS_PROXY", NULL, "", "p"},
        {"all_proxy", NULL, "p", "p"},  {"ALL_PROXY", NULL, "p", "p"},
        {"http_proxy", "q", "p", "q"},
    };
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                        "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct proxies proxies;
        for (size_t j = 0; j < ARRAY_SIZE(names); j++)
            unsetenv(names[j]);
        setenv(cases[i].name, "p", 1);
        if (cases[i].other != NULL)
            setenv("ALL_PROXY", cases[i].other, 1);
        proxies_init(&proxies);
        assert_string_equal(proxies_choose(&proxies, "http://h:80"), cases[i].plain);
        assert_string_equal(proxies_choose(&proxies, "https://h:443"), cases[i].secure);
        proxies_release(&proxies);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exceptions_are_read_as_libcurl_reads_them),
        cmocka_unit_test(each_scheme_has_its_variable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
