#include "oci/platform.h"

#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_spelling_of_a_platform_means_the_same(void **state)
{
    static const struct {
        const char *given;
        const char *meant;
    } cases[] = {
        {"linux/amd64", "linux/amd64"},     {"linux/x86_64", "linux/amd64"},
        {"Linux/X86-64", "linux/amd64"},    {"amd64", "linux/amd64"},
        {"linux/amd64/v1", "linux/amd64"},  {"linux/amd64/v3", "linux/amd64/v3"},
        {"linux/aarch64", "linux/arm64"},   {"linux/arm64/v8", "linux/arm64"},
        {"linux/arm64/8", "linux/arm64"},   {"linux/arm64/v9", "linux/arm64/v9"},
        {"linux/arm", "linux/arm/v7"},      {"linux/arm/6", "linux/arm/v6"},
        {"linux/armhf", "linux/arm/v7"},    {"linux/armel", "linux/arm/v6"},
        {"linux/i386", "linux/386"},        {"macos/arm64", "darwin/arm64"},
        {"windows/amd64", "windows/amd64"}, {"linux/riscv64", "linux/riscv64"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct oci_platform platform;
        assert_int_equal(oci_platform_parse(cases[i].given, &platform, &err), 0);
        CLEANUP(text) char *text = oci_platform_format(&platform);
        assert_string_equal(text, cases[i].meant);
    }
}

static void what_is_no_platform_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "/",
        "linux/",
        "linux//v8",
        "linux/arm64/v8/more",
        "linux/arm 64",
        "linux/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"};
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct oci_platform platform;
        assert_int_equal(oci_platform_parse(cases[i], &platform, &err), -1);
        assert_int_equal(err.kind, ERROR_USAGE);
    }
}

static void a_document_says_what_it_runs_on(void **state)
{
    json_auto_t *json =
        json_pack("{s:s, s:s, s:s}", "os", "linux", "architecture", "arm64", "variant", "v8");
    json_auto_t *nothing = json_object();
    struct oci_platform platform;
    (void)state;

    oci_platform_from_json(json, &platform);
    CLEANUP(text) char *text = oci_platform_format(&platform);
    assert_string_equal(text, "linux/arm64");
    oci_platform_from_json(nothing, &platform);
    assert_string_equal(platform.os, "");
    assert_string_equal(platform.architecture, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_platform_means_the_same),
        cmocka_unit_test(what_is_no_platform_is_refused),
        cmocka_unit_test(a_document_says_what_it_runs_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
