#include "oci/document.h"
#include "oci/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define EMPTY_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LAYER(type) "{\"mediaType\":\"" type "\",\"digest\":\"" EMPTY_DIGEST "\",\"size\":0}"
#define CONFIG LAYER(MEDIA_TYPE_OCI_CONFIG)

static int parse(const char *text, const char *served, struct document *out, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor what = DESCRIPTOR_INIT;

    buf_add_text(&bytes, text);
    what.digest = digest_of(DIGEST_SHA256, bytes.data, bytes.size);
    what.size = bytes.size;
    memcpy(what.media_type, served, strlen(served) + 1);
    return document_parse(&bytes, &what, out, err);
}

static void document_parse_decides_the_type_and_keeps_the_bytes(void **state)
{
    static const struct {
        const char *text, *served, *type;
    } cases[] = {
        {"{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[]}", "", MEDIA_TYPE_OCI_MANIFEST},
        {"{\"schemaVersion\":2,\"manifests\":[]}", "application/json", MEDIA_TYPE_OCI_INDEX},
        {"{\"schemaVersion\":2,\"manifests\":null}", MEDIA_TYPE_OCI_INDEX, MEDIA_TYPE_OCI_INDEX},
        {" {\"mediaType\":\"" MEDIA_TYPE_DOCKER_LIST "\",\"manifests\":[ ]} ", "text/plain",
         MEDIA_TYPE_DOCKER_LIST},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(document) struct document document = DOCUMENT_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        if (parse(cases[i].text, cases[i].served, &document, &err) < 0)
            fail_msg("'%s': %s", cases[i].text, err.text);
        assert_string_equal(document.descriptor.media_type, cases[i].type);
        assert_string_equal(buf_text(&document.bytes), cases[i].text);
        assert_int_equal(document.is_index, media_type_is_index(cases[i].type));
    }
}

static void document_parse_refuses_what_could_be_read_in_two_ways(void **state)
{
    static const struct {
        const char *text, *served, *complaint;
        enum error_kind kind;
    } cases[] = {
        {"{", "", "not JSON", ERROR_CORRUPT},
        {"[]", "", "not a JSON object", ERROR_CORRUPT},
        {"{}", "", "neither a manifest nor an index", ERROR_CORRUPT},
        {"{\"manifests\":[],\"config\":" CONFIG ",\"layers\":[]}", "", "at once", ERROR_CORRUPT},
        {"{\"manifests\":{},\"config\":" CONFIG ",\"layers\":[]}", "", "at once", ERROR_CORRUPT},
        {"{\"manifests\":7,\"layers\":[]}", MEDIA_TYPE_OCI_INDEX, "at once", ERROR_CORRUPT},
        {"{\"manifests\":[],\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\"}", MEDIA_TYPE_OCI_MANIFEST,
         "served as", ERROR_CORRUPT},
        {"{\"manifests\":[]}", MEDIA_TYPE_OCI_MANIFEST, "without 'config'", ERROR_CORRUPT},
        {"{\"config\":[],\"layers\":[]}", MEDIA_TYPE_OCI_MANIFEST, "'config' is not an object",
         ERROR_CORRUPT},
        {"{\"config\":" CONFIG ",\"layers\":{}}", "", "'layers' is not an array", ERROR_CORRUPT},
        {"{\"manifests\":7}", MEDIA_TYPE_OCI_INDEX, "'manifests' is not an array", ERROR_CORRUPT},
        {"{\"Manifests\":[],\"CONFIG\":" CONFIG "}", "", "at once", ERROR_CORRUPT},
        {"{\"config\":{},\"layers\":[]}", MEDIA_TYPE_OCI_INDEX, "without 'manifests'",
         ERROR_CORRUPT},
        {"{\"schemaVersion\":1,\"fsLayers\":[]}", "", "schema 1", ERROR_UNSUPPORTED},
        {"{\"schemaVersion\":2}", "application/vnd.oci.artifact", "not the type of an image",
         ERROR_UNSUPPORTED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(document) struct document document = DOCUMENT_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(parse(cases[i].text, cases[i].served, &document, &err), -1);
        if (strstr(err.text, cases[i].complaint) == NULL || err.kind != cases[i].kind)
            fail_msg("'%s' says \"%s\"", cases[i].text, err.text);
        assert_null(document.json);
    }
}

static void document_children_leave_out_foreign_layers(void **state)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor *children = NULL;
    size_t count = 0;

    (void)state;
    assert_int_equal(parse("{\"schemaVersion\":2,\"config\":" CONFIG
                           ",\"layers\":[" LAYER("application/"
                                                 "vnd.docker.image."
                                                 "rootfs.foreign.diff."
                                                 "tar.gzip") "," LAYER(MEDIA_TYPE_OCI_LAYER) "]}",
                           "", &document, &err),
                     0);
    assert_int_equal(document_children(&document, &children, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_string_equal(children[0].media_type, MEDIA_TYPE_OCI_CONFIG);
    assert_string_equal(children[1].media_type, MEDIA_TYPE_OCI_LAYER);
    free(children);
}

static void descriptor_from_json_says_which_member_is_wrong(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"{\"digest\":\"" EMPTY_DIGEST "\",\"size\":1}", "mediaType"},
        {"{\"mediaType\":\"a/b\",\"size\":1}", "digest"},
        {"{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY_DIGEST "\"}", "size"},
        {"{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY_DIGEST "\",\"size\":-1}", "size is -1"},
        {"{\"mediaType\":\"a/b\",\"digest\":\"sha256:../../x\",\"size\":1}", "64 hex digits"},
        {"{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY_DIGEST "\",\"size\":\"1\"}", "an integer"},
        {"7", "which is an object"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_auto_t *json = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);
        CLEANUP(error) struct error err = ERROR_INIT;
        struct descriptor descriptor = DESCRIPTOR_INIT;
        assert_non_null(json);
        assert_int_equal(descriptor_from_json(json, &descriptor, &err), -1);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' says \"%s\"", cases[i].text, err.text);
    }
}

/* As many values as there is room for in a document, two bytes each, would take 600 MB. */
static void a_document_of_values_alone_is_refused_before_it_is_parsed(void **state)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    buf_add_text(&text, "{\"manifests\":[{}");
    while (text.size + 5 < DOCUMENT_LIMIT)
        buf_add_text(&text, ",{}");
    buf_add_text(&text, "]}");
    assert_int_equal(parse(buf_text(&text), "", &document, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "has more than 100000 values, the most that is read"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_parse_decides_the_type_and_keeps_the_bytes),
        cmocka_unit_test(document_parse_refuses_what_could_be_read_in_two_ways),
        cmocka_unit_test(document_children_leave_out_foreign_layers),
        cmocka_unit_test(descriptor_from_json_says_which_member_is_wrong),
        cmocka_unit_test(a_document_of_values_alone_is_refused_before_it_is_parsed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
