#include "store/registry_internal.h"
#include "store/store_test_internal.h"

static void a_location_is_followed_only_to_where_bytes_may_go(void **state)
{
    static const struct {
        const char *origin, *location, *url, *complaint;
    } cases[] = {
        {"https://r.io", "/v2/a/blobs/uploads/1?_state=x",
         "https://r.io/v2/a/blobs/uploads/1?_state=x", NULL},
        {"https://r.io", "2?_state=y", "https://r.io/v2/a/blobs/uploads/2?_state=y", NULL},
        {"https://r.io", "https://r.io:443/u", "https://r.io:443/u", NULL},
        {"https://r.io", "https://storage.example/u?sig=1", "https://storage.example/u?sig=1",
         NULL},
        {"https://r.io", "http://r.io/u", "https://r.io/u", NULL},
        {"https://r.io:5000", "http://r.io:5000/u", "https://r.io:5000/u", NULL},
        {"http://127.0.0.1:5000", "http://127.0.0.1:5001/u", "http://127.0.0.1:5001/u", NULL},
        {"https://10.0.0.1", "https://10.0.0.2/u", "https://10.0.0.2/u", NULL},
        {"https://r.io", "https://8.8.8.8/u", "https://8.8.8.8/u", NULL},
        {"https://r.io", NULL, NULL, "no 'Location'"},
        {"https://r.io", "", NULL, "no 'Location'"},
        {"https://r.io", "http://r.io:80/u", NULL, "to 'http://r.io:80/u', and from https only"},
        {"https://r.io", "http://other.io/u?secret=1", NULL, "'http://other.io/u', and from"},
        {"https://r.io", "ftp://r.io/u", NULL, "neither http nor https"},
        {"https://r.io", "https://127.0.0.1/u?secret=1", NULL,
         "to 'https://127.0.0.1/u', where only a server that is there itself may send inlay"},
        {"https://10.0.0.1", "https://127.0.0.1/u", NULL, "that is there itself"},
        {"https://10.0.0.1", "https://169.254.169.254/u", NULL, "that is there itself"},
        {"https://r.io", "https://user@169.254.169.254/u", NULL, "that is there itself"},
        {"https://r.io", "https://10.1.2.3:8443/u", NULL, "that is there itself"},
        {"https://r.io", "https://172.31.0.1/u", NULL, "that is there itself"},
        {"https://r.io", "https://192.168.0.1/u", NULL, "that is there itself"},
        {"https://r.io", "https://100.64.0.1/u", NULL, "that is there itself"},
        {"https://r.io", "https://0x7f000001/u", NULL, "that is there itself"},
        {"https://r.io", "https://[::1]/u", NULL, "that is there itself"},
        {"https://r.io", "https://[fe80::1]:8443/u", NULL, "that is there itself"},
        {"https://r.io", "https://[fd00::1]/u", NULL, "that is there itself"},
        {"https://r.io", "https://[::ffff:10.0.0.1]/u", NULL, "that is there itself"},
        {"https://r.io", "https://LOCALHOST:1/u", NULL, "that is there itself"},
        {"https://r.io", "https://a.localhost/u", NULL, "that is there itself"},
    };

    CLEANUP(http) struct http *http = http_new(&(struct http_options){.user_agent = "inlay-test"});

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *base = xasprintf("%s/v2/a/blobs/uploads/", cases[i].origin);
        CLEANUP(text) char *url = NULL;
        int result = registry_location(http, cases[i].origin, base, cases[i].location, &url, &err);
        if (cases[i].complaint == NULL) {
            CHECK(result, err);
            assert_string_equal(url, cases[i].url);
            continue;
        }
        CHECK_REFUSED(result, err, ERROR_UNSUPPORTED, cases[i].complaint);
        assert_null(url);
    }
}

static void a_location_without_end_is_refused(void **state)
{
    CLEANUP(http) struct http *http = http_new(&(struct http_options){.user_agent = "inlay-test"});
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *url = NULL;
    CLEANUP(text) char *location = xcalloc(20001, 1);

    (void)state;
    memset(location, 'a', 20000);
    CHECK_REFUSED(registry_location(http, "https://r.io", "https://r.io/v2/", location, &url, &err),
                  err, ERROR_UNSUPPORTED, "a 'Location' of 20000 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_location_is_followed_only_to_where_bytes_may_go),
        cmocka_unit_test(a_location_without_end_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
