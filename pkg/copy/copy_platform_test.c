#include "copy/copy_test_internal.h"

static void a_platform_is_one_image_of_the_index(void **state)
{
    struct pair *pair = *state;
    struct family family = put_family(pair->from);
    const struct {
        const char *platform;
        const struct descriptor *expected;
    } cases[] = {
        {"linux/amd64", &family.amd64},     {"amd64", &family.amd64},
        {"linux/arm64/v8", &family.arm64},  {"linux/aarch64", &family.arm64},
        {"windows/amd64", &family.windows}, {"linux/s390x", &family.s390x}, /* said by its config */
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(store) struct store *to = new_strict();
        struct oci_platform platform;
        assert_int_equal(oci_platform_parse(cases[i].platform, &platform, &err), 0);
        pair->options.platform = &platform;
        pair->options.target = to;
        struct copy_result result = copy(pair);
        expect_digest(&result.manifest, cases[i].expected);
        expect_shown(to, "out", cases[i].expected);
        assert_false(has_blob(to, &family.blob)); /* nor anything else of the index */
        assert_string_equal(strict_of(to)->written.items[strict_of(to)->written.count - 1], "out");
    }
}

static void a_platform_that_is_not_there_is_refused_with_those_that_are(void **state)
{
    struct pair *pair = *state;
    CLEANUP(buf) struct buf index = BUF_INIT;
    struct family family = put_family(pair->from);
    static const struct {
        const char *from, *platform, *complaint;
        enum error_kind kind;
    } cases[] = {
        {"in", "linux/riscv64",
         "has no image for linux/riscv64; there is linux/s390x, linux/amd64, linux/arm64, "
         "windows/amd64",
         ERROR_NOT_FOUND},
        {"in", "linux/amd64/v3", "no image for linux/amd64/v3", ERROR_NOT_FOUND},
        {"in", "unknown/unknown", "no image for unknown/unknown", ERROR_NOT_FOUND},
        {"image", "linux/arm64", "one image for linux/amd64, not for linux/arm64", ERROR_NOT_FOUND},
        {"artifact", "linux/amd64", "an artifact, which is for no platform", ERROR_UNSUPPORTED},
        {"artifacts", "linux/amd64", "for linux/amd64, and no other", ERROR_NOT_FOUND},
    };

    put_image(pair->from, "image", PLAIN, 1);
    put_artifact(pair->from, "artifact", "a chart");
    begin_index(&index);
    add_descriptor(&index, &family.artifact, "");
    put_index(pair->from, "artifacts", &index);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct oci_platform platform;
        assert_int_equal(oci_platform_parse(cases[i].platform, &platform, &err), 0);
        pair->options.from_version = cases[i].from;
        pair->options.platform = &platform;
        refuse_to_copy(pair, cases[i].kind, cases[i].complaint);
        assert_int_equal(written(pair)->count, 0);
    }
    CLEANUP(error) struct error err = ERROR_INIT;
    struct oci_platform same;
    assert_int_equal(oci_platform_parse("linux/x86-64", &same, &err), 0);
    pair->options.from_version = "image";
    pair->options.platform = &same;
    copy(pair);
}

/* What an index says of an image counts, whatever its config leaves out. */
static void the_index_decides_for_which_platform_an_image_is(void **state)
{
    struct pair *pair = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf index = BUF_INIT;
    struct descriptor image =
        put_image(pair->from, NULL, "\"os\":\"linux\",\"architecture\":\"arm\"", 1);
    struct oci_platform platform;

    begin_index(&index);
    add_descriptor(&index, &image,
                   ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v6\"}");
    put_index(pair->from, "in", &index);
    assert_int_equal(oci_platform_parse("linux/arm/v6", &platform, &err), 0);
    pair->options.platform = &platform;
    copy(pair);
    expect_shown(pair->to, "out", &image);
}

static void where_one_image_fits_the_only_one_for_linux_is_taken(void **state)
{
    struct pair *pair = *state;
    CLEANUP(buf) struct buf index = BUF_INIT;
    struct descriptor windows = put_windows(pair->from, NULL);
    struct descriptor artifact = put_artifact(pair->from, NULL, "a chart");
    struct descriptor image = put_image(pair->from, "image", PLAIN, 1);

    begin_index(&index);
    add_descriptor(&index, &windows, FOR("windows", "amd64"));
    add_descriptor(&index, &artifact, "");
    add_descriptor(&index, &image, FOR("linux", "amd64"));
    put_index(pair->from, "in", &index);
    pair->to->single_image = true;
    copy(pair);
    expect_shown(pair->to, "out", &image);
    assert_false(has_blob(pair->to, &artifact));
    pair->options.from_version = "image";
    pair->options.target_version = "again";
    copy(pair);
    expect_shown(pair->to, "again", &image);
}

static void where_one_image_fits_everything_else_is_refused(void **state)
{
    struct pair *pair = *state;
    CLEANUP(buf) struct buf index = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct family family = put_family(pair->from);
    struct oci_platform platform;

    pair->to->single_image = true;
    refuse_to_copy(pair, ERROR_USAGE,
                   "takes one image; name one of linux/s390x, linux/amd64, linux/arm64, "
                   "windows/amd64 with --platform");
    put_artifact(pair->from, "artifact", "a chart");
    pair->options.from_version = "artifact";
    refuse_to_copy(pair, ERROR_UNSUPPORTED, "an artifact, and 'strict' takes images only");
    begin_index(&index);
    add_descriptor(&index, &family.artifact, "");
    put_index(pair->from, "artifacts", &index);
    pair->options.from_version = "artifacts";
    refuse_to_copy(pair, ERROR_UNSUPPORTED, "has no image");
    put_windows(pair->from, "windows");
    pair->options.from_version = "windows";
    refuse_to_copy(pair, ERROR_UNSUPPORTED, "layers that lie elsewhere");
    assert_int_equal(written(pair)->count, 0);
    assert_int_equal(oci_platform_parse("linux/arm64", &platform, &err), 0);
    pair->options.from_version = "in";
    pair->options.platform = &platform;
    copy(pair);
    expect_shown(pair->to, "out", &family.arm64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(a_platform_is_one_image_of_the_index),
        PAIR_TEST(a_platform_that_is_not_there_is_refused_with_those_that_are),
        PAIR_TEST(the_index_decides_for_which_platform_an_image_is),
        PAIR_TEST(where_one_image_fits_the_only_one_for_linux_is_taken),
        PAIR_TEST(where_one_image_fits_everything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
