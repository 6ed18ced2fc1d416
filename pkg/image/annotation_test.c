#include "image/image_test_internal.h"

#include "oci/media_type.h"

#define BASE_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LAYER "\"mediaType\":\"" MEDIA_TYPE_OCI_LAYER "\",\"digest\":\"" BASE_DIGEST "\",\"size\":0"

static struct image *open_layers(void)
{
    static const char config_text[] =
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
        "\"diff_ids\":[\"" BASE_DIGEST "\",\"" BASE_DIGEST "\",\"" BASE_DIGEST "\"]}}";
    static const char manifest_text[] =
        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST
        "\",\"config\":{\"mediaType\":\"" MEDIA_TYPE_OCI_CONFIG "\",\"digest\":\"" BASE_DIGEST
        "\",\"size\":1},\"layers\":[{" LAYER "},{" LAYER
        ",\"annotations\":{\"a.key\":\"value\",\"number\":5,\"empty\":\"\"}},{" LAYER
        ",\"annotations\":null}]}";

    return image_of_texts(manifest_text, config_text);
}

static void an_annotation_of_a_layer_is_told_if_it_is_a_text(void **state)
{
    static const struct {
        size_t number;
        const char *key, *expected;
    } cases[] = {
        {1, "a.key", "value"}, {1, "empty", ""},   {1, "number", NULL}, {1, "other", NULL},
        {0, "a.key", NULL},    {2, "a.key", NULL}, {3, "a.key", NULL},
    };
    CLEANUP(image) struct image *image = open_layers();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *found = image_layer_annotation(image, cases[i].number, cases[i].key);
        if ((found == NULL) != (cases[i].expected == NULL) ||
            (found != NULL && strcmp(found, cases[i].expected) != 0))
            fail_msg("'%s' of layer %zu is '%s'", cases[i].key, cases[i].number,
                     found != NULL ? found : "not there");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_annotation_of_a_layer_is_told_if_it_is_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
