#include "image/image_test_internal.h"

/* An image without layers, whose config has these members. Caller frees. */
static struct image *image_that_starts(const char *members)
{
    CLEANUP(text)
    char *config = xasprintf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{%s},"
                             "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
                             members);

    return image_of_texts(
        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
        "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":"
        "\"sha256:0000000000000000000000000000000000000000000000000000000000000000\",\"size\":1},"
        "\"layers\":[]}",
        config);
}

static struct buf config_of(struct image *image)
{
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    struct buf config = BUF_INIT;
    struct descriptor config_blob = DESCRIPTOR_INIT;
    struct descriptor what = DESCRIPTOR_INIT;

    image_format(image, &config, &config_blob, &manifest, &what);
    return config;
}

static void start_with(struct image *image, const char *entrypoint, const char *command)
{
    CLEANUP(container_start) struct container_start start = {0};
    CLEANUP(error) struct error err = ERROR_INIT;
    char kind[] = "folders";
    const struct image_layer layer = {
        .blob = {.digest = digest_of(DIGEST_SHA256, "x", 1), .size = 1},
        .diff_id = digest_of(DIGEST_SHA256, "x", 1),
        .record = {.kind = kind, .recipe = digest_of(DIGEST_SHA256, "r", 1)},
    };
    const struct image_changes changes = {.layers = &layer, .layer_count = 1, .start = &start};

    assert_true(entrypoint == NULL || start_words_parse(entrypoint, &start.entrypoint, &err) == 0);
    assert_true(command == NULL || start_words_parse(command, &start.command, &err) == 0);
    assert_int_equal(image_append(image, &changes, &err), 0);
}

static void what_is_started_is_set_told_and_put_back_to_the_byte(void **state)
{
    static const struct {
        const char *members, *entrypoint, *command;
        const char *becomes; /* in the config */
        const char *own;     /* as it is told */
    } cases[] = {
        {"\"Entrypoint\":[\"/old\"],\"Cmd\":[\"a\"],\"User\":\"1\"", "new", "[]",
         "\"Entrypoint\":[\"new\"],\"Cmd\":null,\"User\":\"1\"", "ENTRYPOINT [\"new\"] CMD []"},
        {"\"User\":\"1\"", "new", "b", "\"User\":\"1\",\"Entrypoint\":[\"new\"],\"Cmd\":[\"b\"]",
         "ENTRYPOINT [\"new\"] CMD [\"b\"]"},
        {"\"Cmd\":null,\"Entrypoint\":null", "new", NULL, "\"Cmd\":null,\"Entrypoint\":[\"new\"]",
         "ENTRYPOINT [\"new\"]"},
        {"\"entrypoint\":\"/old\"", "[\"a\", \"b\"]", NULL, "\"entrypoint\":[\"a\",\"b\"]",
         "ENTRYPOINT [\"a\", \"b\"]"},
        {"\"User\":\"1\"", "[]", "[]", "{\"User\":\"1\"}", ""},
        {"\"Cmd\":[\"a\"]", NULL, NULL, "{\"Cmd\":[\"a\"]}", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image *image = image_that_starts(cases[i].members);
        CLEANUP(container_start) struct container_start own = {0};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf before = config_of(image);
        start_with(image, cases[i].entrypoint, cases[i].command);
        CLEANUP(buf) struct buf with = config_of(image);
        assert_non_null(strstr(buf_text(&with), cases[i].becomes));
        image_own_start(image, &own);
        CLEANUP(text) char *told = container_start_format(&own);
        assert_string_equal(told, cases[i].own);
        assert_int_equal(image_strip(image, &err), 0);
        CLEANUP(buf) struct buf after = config_of(image);
        assert_string_equal(buf_text(&after), buf_text(&before));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_started_is_set_told_and_put_back_to_the_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
