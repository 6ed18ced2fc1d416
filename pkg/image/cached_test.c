#include "image/image.h"

#include "oci/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct image_layer make_layer(void)
{
    struct image_layer layer = {.diff_id = digest_of(DIGEST_SHA256, "tar", 3)};

    layer.record.recipe = digest_of(DIGEST_SHA256, "recipe", 6);
    layer.blob = (struct descriptor){.digest = layer.diff_id, .size = 3};
    return layer;
}

/* Parses `bytes` for the recipe of make_layer(). */
static int parse(const char *bytes, struct image_layer *out, struct error *err)
{
    CLEANUP(buf) struct buf copy = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor what = {.media_type = MEDIA_TYPE_OCI_MANIFEST, .size = strlen(bytes)};
    struct image_layer asked = make_layer();

    buf_add_text(&copy, bytes);
    what.digest = digest_of(DIGEST_SHA256, bytes, strlen(bytes));
    if (document_parse(&copy, &what, &document, err) < 0)
        return -1;
    return cached_layer_parse(&document, &asked.record.recipe, out, err);
}

static void a_layer_comes_back_from_its_manifest(void **state)
{
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct image_layer layer = make_layer();
    CLEANUP(image_layer) struct image_layer again = {0};
    CLEANUP(image_layer) struct image_layer signed_again = {0};
    struct descriptor config, manifest;
    (void)state;

    cached_layer_format(&layer, &config_bytes, &config, &bytes, &manifest);
    assert_string_equal(digest_format(&config.digest).text,
                        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_int_equal(parse(buf_text(&bytes), &again, &err), 0);
    assert_true(digest_equal(&again.blob.digest, &layer.blob.digest));
    assert_string_equal(again.blob.media_type, MEDIA_TYPE_OCI_LAYER);
    assert_int_equal(again.blob.size, 3);
    assert_true(digest_equal(&again.diff_id, &layer.diff_id));
    assert_null(again.record.signature);
    layer.record.signature = xstrdup("a signature");
    cached_layer_format(&layer, &config_bytes, &config, &bytes, &manifest);
    image_layer_release(&layer);
    layer = make_layer();
    assert_int_equal(parse(buf_text(&bytes), &signed_again, &err), 0);
    assert_string_equal(signed_again.record.signature, "a signature");
    CLEANUP(text) char *tag = cached_layer_tag(&layer.record.recipe);
    assert_int_equal(strlen(tag), 70);
}

static void the_statement_of_a_layer_says_all_that_decides(void **state)
{
    struct image_layer layer = make_layer();
    CLEANUP(text) char *statement = image_layer_statement(&layer);
    (void)state;

    /* sha256sum of "recipe" and of "tar" */
    assert_string_equal(
        statement,
        "inlay layer 1\n"
        "recipe sha256:e1d8e552330911f9f779f85b6f2c00a15e790dcc3fbb3b28f5da1d660a30c5b8\n"
        "diff_id sha256:90aebae315675cbf04612de4f7d5874850f48e0b8dd82becbeaa47ca93f5ebfb\n"
        "blob sha256:90aebae315675cbf04612de4f7d5874850f48e0b8dd82becbeaa47ca93f5ebfb\n"
        "size 3\n"
        "type application/vnd.oci.image.layer.v1.tar\n");
}

static void a_manifest_of_something_else_is_refused(void **state)
{
#define HEAD "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\",\"config\":{},"
#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LAYER "{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"" DIGEST "\"}"
    static const struct {
        const char *bytes, *complaint;
    } cases[] = {
        {HEAD "\"layers\":[]}", "0 layers where one is expected"},
        {HEAD "\"layers\":[" LAYER "," LAYER "]}", "2 layers where one is expected"},
        {HEAD "\"layers\":[" LAYER "]}", "dev.inlay.recipe"},
        {HEAD "\"layers\":[" LAYER "],\"annotations\":{\"dev.inlay.recipe\":\"" DIGEST "\"}}",
         "dev.inlay.diff_id"},
        {HEAD "\"layers\":[" LAYER "],\"annotations\":{\"dev.inlay.recipe\":\"" DIGEST
              "\",\"dev.inlay.diff_id\":\"" DIGEST "\"}}",
         "it is of recipe " DIGEST},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct image_layer layer = {0};
        assert_int_equal(parse(cases[i].bytes, &layer, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' lacks '%s'", err.text, cases[i].complaint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_comes_back_from_its_manifest),
        cmocka_unit_test(the_statement_of_a_layer_says_all_that_decides),
        cmocka_unit_test(a_manifest_of_something_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
