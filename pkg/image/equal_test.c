#include "image/image_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LEFT_M "{\"schemaVersion\":2,\"config\":{\"digest\":\"a\",\"size\":1},\"layers\":[1,2]}"
#define LEFT_C "{\"os\":\"linux\",\"x\":0.10}"

static void open_json(const char *manifest, const char *config, struct image *out)
{
    static char media_type[] = "application/vnd.oci.image.manifest.v1+json";

    *out = (struct image){
        .manifest = json_loads(manifest, 0, NULL),
        .config = json_loads(config, 0, NULL),
        .media_type = media_type,
    };
    assert_non_null(out->manifest);
    assert_non_null(out->config);
}

static void images_are_equal_member_for_member(void **state)
{
    static const struct {
        const char *manifest, *config;
        bool equal;
    } cases[] = {
        {LEFT_M, LEFT_C, true},
        /* other bytes of the config, another order, the media type said or not */
        {"{\"mediaType\":\"application/"
         "vnd.oci.image.manifest.v1+json\",\"layers\":[1,2],\"config\":"
         "{\"digest\":\"b\",\"size\":2,\"data\":\"x\"},\"schemaVersion\":2}",
         "{\"x\":0.1,\"os\":\"linux\"}", true},
        {"{\"schemaVersion\":2,\"config\":{},\"layers\":[1,2],\"subject\":{}}", LEFT_C, true},
        {"{\"schemaVersion\":2,\"config\":{},\"layers\":[2,1]}", LEFT_C, false},
        {"{\"schemaVersion\":2,\"config\":{},\"layers\":[1,2],\"annotations\":{}}", LEFT_C, false},
        {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\"},\"layers\":[1,2]}", LEFT_C, false},
        {LEFT_M, "{\"os\":\"linux\",\"x\":0.2}", false},
        {LEFT_M, "{\"os\":\"linux\",\"x\":0.1,\"history\":[]}", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct image left;
        struct image right;
        open_json(LEFT_M, LEFT_C, &left);
        open_json(cases[i].manifest, cases[i].config, &right);
        if (image_equal(&left, &right) != cases[i].equal ||
            image_equal(&right, &left) != cases[i].equal)
            fail_msg("case %zu", i);
        json_decref(left.manifest);
        json_decref(left.config);
        json_decref(right.manifest);
        json_decref(right.config);
    }
}

static void another_family_is_another_image(void **state)
{
    static char docker[] = "application/vnd.docker.distribution.manifest.v2+json";
    struct image left;
    struct image right;

    (void)state;
    open_json(LEFT_M, LEFT_C, &left);
    open_json(LEFT_M, LEFT_C, &right);
    right.media_type = docker;
    assert_false(image_equal(&left, &right));
    json_decref(left.manifest);
    json_decref(left.config);
    json_decref(right.manifest);
    json_decref(right.config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_equal_member_for_member),
        cmocka_unit_test(another_family_is_another_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
