#include "oci/media_type.h"
#include "store/store_test_internal.h"

static void one_platform_is_one_image_without_layers(void **state)
{
    static const char *const arm[] = {"linux/arm64/v8", NULL};
    static const struct {
        const char *const *platforms;
        const char *config;
    } cases[] = {
        {NULL, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{},"
               "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"history\":[]}"},
        {arm, "{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"config\":{},"
              "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"history\":[]}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(store) struct store *store = store_new_scratch(cases[i].platforms);
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(buf) struct buf config = BUF_INIT;
        struct descriptor what;
        CHECK(store_read_document(store, NULL, &found, &err), err);
        assert_false(found.is_index);
        assert_int_equal(json_array_size(json_object_get(found.json, "layers")), 0);
        CHECK(document_config(&found, &what, &err), err);
        CHECK(store_read_blob(store, &what, &config, &err), err);
        assert_string_equal(buf_text(&config), cases[i].config);
        assert_string_equal(store->name, "scratch");
    }
}

static void several_platforms_are_an_index(void **state)
{
    static const char *const platforms[] = {"linux/amd64", "linux/arm/v7", NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(store) struct store *store = store_new_scratch(platforms);
    CLEANUP(document) struct document index = DOCUMENT_INIT;
    size_t i;
    json_t *entry;

    (void)state;
    CHECK(store_read_document(store, NULL, &index, &err), err);
    assert_true(index.is_index);
    assert_int_equal(json_array_size(json_object_get(index.json, "manifests")), 2);
    json_array_foreach(json_object_get(index.json, "manifests"), i, entry)
    {
        CLEANUP(document) struct document image = DOCUMENT_INIT;
        const char *digest = json_string_value(json_object_get(entry, "digest"));
        const json_t *platform = json_object_get(entry, "platform");
        CHECK(store_read_document(store, digest, &image, &err), err);
        assert_string_equal(image.descriptor.media_type, MEDIA_TYPE_OCI_MANIFEST);
        assert_string_equal(json_string_value(json_object_get(platform, "architecture")),
                            i == 0 ? "amd64" : "arm");
        assert_int_equal(json_object_get(platform, "variant") != NULL, i == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_platform_is_one_image_without_layers),
        cmocka_unit_test(several_platforms_are_an_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
