#include "oci/reference.h"

#include "core/text.h"

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

static void check_reference(const char *text, const char *canonical, const char *host,
                            const char *version)
{
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(reference) struct reference again = REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (reference_parse(text, &reference, &err) < 0)
        fail_msg("'%s': %s", text, err.text);
    CLEANUP(text) char *formatted = reference_format(&reference, true);
    CLEANUP(text) char *found = reference_version(&reference);
    assert_string_equal(formatted, canonical);
    if (host != NULL)
        assert_string_equal(reference_api_host(&reference), host);
    if (version != NULL)
        assert_string_equal(found, version);
    else
        assert_null(found);
    if (reference_parse(formatted, &again, &err) < 0)
        fail_msg("'%s': %s", formatted, err.text);
    CLEANUP(text) char *same = reference_format(&again, true);
    assert_string_equal(same, canonical);
    assert_int_equal(again.kind, reference.kind);
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
        {"docker://oci:6/app", "docker://oci:6/app:latest", "oci:6", "latest"},
        {"docker://oci-archive:6/app", "docker://oci-archive:6/app:latest", "oci-archive:6",
         "latest"},
        {"docker://docker-daemon:6/app:1", "docker://docker-daemon:6/app:1", "docker-daemon:6",
         "1"},
        {"docker://dir:6/app", "docker://dir:6/app:latest", "dir:6", "latest"},
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
        {"oci:a/d@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "oci:a/d:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NULL,
         "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_reference(cases[i].text, cases[i].canonical, cases[i].host, cases[i].version);
}

static void reference_parse_knows_archives_and_engines(void **state)
{
    static const struct {
        const char *text, *canonical, *host, *version;
    } cases[] = {
        {"oci-archive:a.tar", "oci-archive:a.tar", NULL, NULL},
        {"oci-archive:-:v1", "oci-archive:-:v1", NULL, "v1"},
        {"oci-archive:/a/b.tar:docker.io/library/app:1",
         "oci-archive:/a/b.tar:docker.io/library/app:1", NULL, "docker.io/library/app:1"},
        {"oci-archive:a:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "oci-archive:a:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         NULL, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"oci-archive:a:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "oci-archive:a:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         NULL, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"docker-archive:a.tar", "docker-archive:a.tar", NULL, NULL},
        {"docker-archive:-:app", "docker-archive:-:docker.io/library/app:latest", NULL,
         "docker.io/library/app:latest"},
        {"docker-archive:a.tar:me/app:1", "docker-archive:a.tar:docker.io/me/app:1", NULL,
         "docker.io/me/app:1"},
        {"docker-archive:a.tar:localhost:5000/app",
         "docker-archive:a.tar:localhost:5000/app:latest", NULL, "localhost:5000/app:latest"},
        {"docker-archive:a.tar:@01", "docker-archive:a.tar:@1", NULL, "@1"},
        {"docker-daemon:app:1", "docker-daemon:docker.io/library/app:1", NULL,
         "docker.io/library/app:1"},
        {"docker-daemon:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "docker-daemon:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         NULL, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"scratch", "scratch", NULL, NULL},
        {"scratch:1", "docker.io/library/scratch:1", "registry-1.docker.io", "1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_reference(cases[i].text, cases[i].canonical, cases[i].host, cases[i].version);
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
        {"/a", "not a repository; expected oci:/a for a layout"},
        {"./lay", "expected oci:./lay for a layout"},
        {"../lay", "expected oci:../lay for a layout"},
        {"http://h/r:1", "a name has no scheme; leave out 'http://'"},
        {"https://h.example/r:1", "a name has no scheme; leave out 'https://'"},
        {"-", "expected docker-archive:- or oci-archive:-"},
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
    };
    char long_name[300] = "r.example.com/";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_error(cases[i].text, cases[i].complaint);
    memset(long_name + strlen(long_name), 'a', 260);
    check_error(long_name, "more than 255 bytes");
}

static void reference_parse_says_what_is_wrong_with_other_places(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"oci:", "no folder"},
        {"oci://registry.example.com/a:1", "expected oci:DIR[:TAG][@DIGEST], or [HOST/]NAME[:TAG] "
                                           "without 'oci://' for a registry"},
        {"oci-archive://a.tar", "a path does not begin with '//'"},
        {"docker:localhost:5000/a:1", "expected docker://localhost:5000/a:1 for a registry"},
        {"oci::tag", "no folder"},
        {"oci:d:a:b", "not a tag"},
        {"oci:d:", "not a tag"},
        {"oci-archive:", "no file"},
        {"oci-archive::tag", "no file"},
        {"oci-archive:a:", "not a tag"},
        {"oci-archive:a:b c", "not a name"},
        {"oci-archive:a:b//c", "not a name"},
        {"oci-archive:a:b/", "not a name"},
        {"oci-archive:a:sha256:12", "64 hex digits"},
        {"docker-archive:", "no file"},
        {"docker-archive:a:", "empty name"},
        {"docker-archive:a:UPPER", "lower case"},
        {"docker-archive:a:@x", "not the number of an image"},
        {"docker-archive:a:b@sha256:"
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "names a digest"},
        {"docker-daemon:", "empty name"},
        {"docker-daemon:sha256:12", "64 hex digits"},
        {"docker-daemon:a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         "names a digest"},
        {"containers-storage:a", "'containers-storage:' is not supported"},
        {"dir:a", "'dir:' is not supported"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_error(cases[i].text, cases[i].complaint);
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

static void archives_alone_may_hold_an_image_without_a_tag(void **state)
{
    static const struct {
        const char *text;
        bool needed;
    } cases[] = {
        {"alpine", true},          {"oci:d", true},
        {"oci-archive:a", false},  {"docker-archive:a", false},
        {"docker-daemon:a", true}, {"scratch", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(reference) struct reference reference = REFERENCE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        if (reference_parse(cases[i].text, &reference, &err) < 0)
            fail_msg("'%s': %s", cases[i].text, err.text);
        assert_int_equal(reference_needs_tag(&reference), cases[i].needed);
    }
}

static void a_reference_that_was_not_parsed_is_no_image_anywhere(void **state)
{
    static const struct reference zeroed;
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(zeroed.kind, REFERENCE_NONE);
    assert_int_equal(reference.kind, REFERENCE_NONE);
    CLEANUP(text) char *text = reference_format(&reference, true);
    assert_string_equal(text, "");
    assert_false(reference_is_same_place(&reference, &zeroed));
    assert_int_equal(reference_parse("https://alpine", &reference, &err), -1);
    assert_int_equal(reference.kind, REFERENCE_NONE);
    error_release(&err);
    assert_int_equal(reference_parse("alpine", &reference, &err), 0);
    assert_int_equal(reference.kind, REFERENCE_REGISTRY);
    reference_release(&reference);
    assert_int_equal(reference.kind, REFERENCE_NONE);
}

static void each_kind_of_place_is_what_its_row_says(void **state)
{
    (void)state;
    for (size_t i = REFERENCE_REGISTRY; i < REFERENCE_SCRATCH; i++) {
        const struct reference_traits *traits = reference_traits((enum reference_kind)i);
        CLEANUP(reference) struct reference reference = REFERENCE_INIT;
        CLEANUP(reference) struct reference again = REFERENCE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *text = xasprintf("%sx", traits->prefix);

        assert_non_null(strstr(traits->form, traits->prefix));
        assert_true(traits->summary[0] != '\0' && traits->title[0] != '\0');
        for (size_t k = REFERENCE_REGISTRY; k < REFERENCE_SCRATCH; k++) {
            const char *other = reference_traits((enum reference_kind)k)->prefix;
            assert_true(k == i || other[0] == '\0' || !text_starts_with(traits->prefix, other));
        }
        assert_int_equal(reference_parse(text, &reference, &err), 0);
        assert_int_equal(reference.kind, i);
        CLEANUP(text) char *formatted = reference_format(&reference, true);
        assert_int_equal(reference_parse(formatted, &again, &err), 0);
        assert_true(reference_is_same_place(&reference, &again));
        assert_int_equal(reference_archive(&reference) != NULL, traits->is_archive);
    }
}

static void what_is_not_supported_is_told_what_is(void **state)
{
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(reference_parse("containers-storage:a", &reference, &err), -1);
    assert_string_equal(err.text,
                        "'containers-storage:a': 'containers-storage:' is not supported; expected "
                        "a registry name, oci:, oci-archive:, docker-archive:, docker-daemon: or "
                        "scratch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_parse_fills_in_what_people_leave_out),
        cmocka_unit_test(reference_parse_knows_archives_and_engines),
        cmocka_unit_test(reference_parse_says_what_is_wrong),
        cmocka_unit_test(reference_parse_says_what_is_wrong_with_other_places),
        cmocka_unit_test(a_reference_that_was_not_parsed_is_no_image_anywhere),
        cmocka_unit_test(archives_alone_may_hold_an_image_without_a_tag),
        cmocka_unit_test(loopback_is_this_machine_and_nothing_that_looks_like_it),
        cmocka_unit_test(each_kind_of_place_is_what_its_row_says),
        cmocka_unit_test(what_is_not_supported_is_told_what_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
