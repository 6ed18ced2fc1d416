#include "oci/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void check_error(const char *text, const char *complaint)
{
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(reference_parse(text, &reference, &err), -1);
    assert_int_equal(err.kind, ERROR_USAGE);
    if (strstr(err.text, complaint) == NULL)
        fail_msg("'%s' says \"%s\", expected \"%s\"", text, err.text, complaint);
}

static void reference_parse_fills_in_what_people_leave_out(void **state)
{
    static const struct {
        const char *text, *canonical, *host, *version;
    } cases[] = {
        {"alpine", "docker.io/library/alpine:latest", "registry-1.docker.io", "latest"},
        {"python:3", "docker.io/library/python:3", "registry-1.docker.io", "3"},
        {"docker.io/python:3", "docker.io/library/python:3", "registry-1.docker.io", "3"},
        {"index.docker.io/a/b", "docker.io/a/b:latest", "registry-1.docker.io", "latest"},
        {"me/app", "docker.io/me/app:latest", "registry-1.docker.io", "latest"},
        {"localhost:5000", "docker.io/library/localhost:5000", "registry-1.docker.io", "5000"},
        {"localhost/app", "localhost/app:latest", "localhost", "latest"},
        {"localhost:5000/a/b:v1", "localhost:5000/a/b:v1", "localhost:5000", "v1"},
        {"docker://ghcr.io/o/app:V_1.x-y", "ghcr.io/o/app:V_1.x-y", "ghcr.io", "V_1.x-y"},
        {"UPPER/case", "UPPER/case:latest", "UPPER", "latest"},
        {"[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000", "latest"},
        {"r.example.com/a__b/c--d.e_f", "r.example.com/a__b/c--d.e_f:latest", "r.example.com",
         "latest"},
        {"a/b@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "docker.io/a/b@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "registry-1.docker.io",
         "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"a/b:t@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "docker.io/a/b:t@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "registry-1.docker.io",
         "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"oci:dir", "oci:dir", NULL, NULL},
        {"oci:/a/b.c:1", "oci:/a/b.c:1", NULL, "1"},
        {"oci:d:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "oci:d:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NULL,
         "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"oci:d:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "oci:d:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NULL,
         "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(reference) struct reference reference = REFERENCE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        if (reference_parse(cases[i].text, &reference, &err) < 0)
            fail_msg("'%s': %s", cases[i].text, err.text);
        CLEANUP(text) char *canonical = reference_format(&reference, true);
        CLEANUP(text) char *version = reference_version(&reference);
        assert_string_equal(canonical, cases[i].canonical);
        if (cases[i].host != NULL)
            assert_string_equal(reference_api_host(&reference), cases[i].host);
        if (cases[i].version != NULL)
            assert_string_equal(version, cases[i].version);
        else
            assert_null(version);
    }
}

static void reference_parse_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"", "empty name"},
        {"a/B", "lower case"},
        {"localhost/UPPER", "lower case"},
        {"a//b", "not a repository"},
        {"/a", "not a repository"},
        {"a/", "not a repository"},
        {"a/.b", "not a repository"},
        {"a/b_", "not a repository"},
        {"a/b___c", "not a repository"},
        {"a/b c", "not a repository"},
        {"-x.com/a", "not a host"},
        {"x..com/a", "not a host"},
        {"x.com:/a", "not a host"},
        {"x.com:12a/a", "not a host"},
        {"a:", "not a tag"},
        {"a:.x", "not a tag"},
        {"a:b/c:d e", "not a tag"},
        {"a@sha256:123", "64 hex digits"},
        {"a@md5:123", "not a digest"},
        {"a@sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "lower-case"},
        {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "not a name"},
        {"oci:", "no folder"},
        {"oci::tag", "no folder"},
        {"oci:d:a:b", "not a tag"},
        {"oci:d:", "not a tag"},
        {"docker-archive:x.tar", "not supported"},
    };
    char long_name[300] = "r.example.com/";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_error(cases[i].text, cases[i].complaint);
    memset(long_name + strlen(long_name), 'a', 260);
    check_error(long_name, "more than 255 bytes");
}

static void loopback_is_this_machine_and_nothing_that_looks_like_it(void **state)
{
    (void)state;
    assert_true(reference_host_is_loopback("localhost"));
    assert_true(reference_host_is_loopback("localhost:5000"));
    assert_true(reference_host_is_loopback("127.0.0.1:5000"));
    assert_true(reference_host_is_loopback("127.8.8.8"));
    assert_true(reference_host_is_loopback("[::1]:5000"));
    assert_false(reference_host_is_loopback("localhost.example.com"));
    assert_false(reference_host_is_loopback("127.0.0.1.example.com"));
    assert_false(reference_host_is_loopback("10.0.0.1"));
    assert_false(reference_host_is_loopback("[::2]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_parse_fills_in_what_people_leave_out),
        cmocka_unit_test(reference_parse_says_what_is_wrong),
        cmocka_unit_test(loopback_is_this_machine_and_nothing_that_looks_like_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
