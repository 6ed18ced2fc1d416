#include "image/image_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

/* Bases whose documents lack what is appended to, or have it in another case. */

#define D "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LAYER(type) "{\"mediaType\":\"" type "\",\"digest\":\"" D "\",\"size\":0}"
#define BASE_NAME "org.opencontainers.image.base.name"

/* A manifest around the digest and the size of its config. */
#define OCI(rest)                                                                                  \
    {                                                                                              \
        "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_TYPE_OCI_CONFIG "\",\"digest\""  \
        ":\"",                                                                                     \
            "\",\"size\":", "}" rest "}"                                                           \
    }
#define DOCKER(rest)                                                                               \
    {                                                                                              \
        "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_DOCKER_MANIFEST                         \
        "\",\"config\":{\"mediaType\":\"" MEDIA_TYPE_DOCKER_CONFIG "\",\"digest\":\"",             \
            "\",\"size\":", "}" rest "}"                                                           \
    }

struct base {
    const char *manifest[3];
    const char *config;
};

static char *manifest_of(const struct base *base)
{
    struct digest digest = digest_of(DIGEST_SHA256, base->config, strlen(base->config));

    return xasprintf("%s%s%s%zu%s", base->manifest[0], digest_format(&digest).text,
                     base->manifest[1], strlen(base->config), base->manifest[2]);
}

static struct descriptor what_is(const char *media_type, const char *text)
{
    struct descriptor what = {.size = strlen(text)};

    memcpy(what.media_type, media_type, strlen(media_type) + 1);
    what.digest = digest_of(DIGEST_SHA256, text, strlen(text));
    return what;
}

static struct image *open_texts(const char *manifest, const char *config)
{
    CLEANUP(buf) struct buf manifest_bytes = BUF_INIT;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    bool is_docker = strstr(manifest, MEDIA_TYPE_DOCKER_MANIFEST) != NULL;
    struct descriptor what =
        what_is(is_docker ? MEDIA_TYPE_DOCKER_MANIFEST : MEDIA_TYPE_OCI_MANIFEST, manifest);
    struct image *image = NULL;

    buf_add_text(&manifest_bytes, manifest);
    buf_add_text(&config_bytes, config);
    if (document_parse(&manifest_bytes, &what, &document, &err) < 0 ||
        image_open(&document, &config_bytes, &image, &err) < 0)
        fail_msg("'%s', '%s': %s", manifest, config, err.text);
    return image;
}

/* A model's layer and the folders layer. */
static void append(struct image *image, const char *base_name)
{
    static const char *const environment[] = {"HF_HUB_OFFLINE=1", "HF_HOME=/opt/hf", NULL};
    static char large[] = "large";
    static char folders[] = "folders";
    static char model[] = "org/name";
    static char dir[] = "dir";
    static char commit[] = "0123456789012345678901234567890123456789";
    static char place[] = "/models/m";
    struct image_layer layers[] = {
        {.record =
             {.kind = large, .model = model, .commit = commit, .layout = dir, .place = place}},
        {.record = {.kind = folders}},
    };
    struct image_changes changes = {
        .layers = layers,
        .layer_count = ARRAY_SIZE(layers),
        .environment = environment,
        .base_name = base_name,
        .base_digest = D,
        .created = "2000-01-01T00:00:00Z",
    };
    CLEANUP(error) struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
        layers[i].blob = what_is("", layers[i].record.kind);
        layers[i].diff_id = layers[i].blob.digest;
        layers[i].record.recipe = digest_of(DIGEST_SHA256, &i, sizeof(i));
    }
    if (image_append(image, &changes, &err) < 0)
        fail_msg("%s", err.text);
}

/* The finished documents, which have to be ones that can be read. */
static void finish(struct image *image, struct buf *config, struct buf *manifest)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct descriptor config_blob;
    struct descriptor what;

    image_format(image, config, &config_blob, manifest, &what);
    if (image_check_finished(manifest, &what, config, &err) < 0)
        fail_msg("'%s', '%s': %s", buf_text(manifest), buf_text(config), err.text);
}

/* How many members of an object Go would take for this one. */
static size_t count_named(const json_t *object, const char *name)
{
    size_t count = 0;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value) count +=
        strcasecmp(key, name) == 0;
    return count;
}

static const struct base bases[] = {
    /* nothing there */
    {OCI(""), "{}"},
    {OCI(",\"layers\":null"), "{\"rootfs\":{}}"},
    {OCI(",\"layers\":[]"), "{\"rootfs\":null,\"history\":null,\"config\":null,\"created\":null}"},
    {OCI(",\"layers\":[],\"annotations\":null"),
     "{\"rootfs\":{\"diff_ids\":null},\"os\":\"linux\"}"},
    {OCI(""), "{\"rootfs\":{\"type\":null,\"diff_ids\":[]},\"created\":\"2024-05-01T12:00:00Z\"}"},
    {OCI(""), "{\"rootfs\":{\"type\":\"\"},\"history\":[]}"},
    {OCI(""), "{\"rootfs\":{\"type\":\"layers\"},\"config\":{}}"},
    {OCI(",\"layers\":null"), "{\"config\":{\"Env\":null,\"Labels\":null,\"User\":null}}"},
    {OCI(""), "{\"history\":[{\"empty_layer\":true},null]}"},
    {DOCKER(""), "{}"},
    {DOCKER(",\"layers\":null"), "{\"rootfs\":{\"diff_ids\":null},\"config\":{\"Labels\":null}}"},
    {DOCKER(",\"layers\":[]"), "{\"config\":{\"Labels\":{}}}"},
    /* in another case */
    {OCI(",\"Layers\":[" LAYER(MEDIA_TYPE_OCI_LAYER) "],\"ANNOTATIONS\":{\"a\":\"b\"}"),
     "{\"OS\":\"linux\",\"rootfS\":{\"Type\":\"layers\",\"Diff_IDs\":[\"" D "\"]},"
     "\"Config\":{\"env\":[\"PATH=/bin\"],\"user\":\"me\"},\"History\":[{\"Created_By\":\"x\"}],"
     "\"CREATED\":\"2024-05-01T12:00:00Z\"}"},
    {DOCKER(",\"LAYERS\":null"),
     "{\"ROOTFS\":null,\"CONFIG\":{\"ENV\":null,\"labels\":{\"a\":\"b\"}},"
     "\"HISTORY\":null,\"Created\":null}"},
    {{"{\"SchemaVersion\":2,\"Config\":{\"MediaType\":\"" MEDIA_TYPE_OCI_CONFIG "\",\"Digest\":\"",
      "\",\"Size\":", ",\"x\":1},\"MediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\"}"},
     "{\"rootf\xC5\xBF\":{}}"},
    /* twice, where the last one counts */
    {OCI(",\"layers\":7,\"layers\":null"),
     "{\"config\":{\"Env\":[\"A=1\"],\"Env\":[\"B=1\"]},\"history\":[1],\"history\":[]}"},
    /* what the library cannot hold */
    {OCI(",\"annotations\":{\"" BASE_NAME "\":\"\\u0000\\ud800\"},\"x\":[1.0,1e400,-0]"),
     "{\"x\":18446744073709551616,\"config\":{\"Env\":[\"HF_HOME=/a\\ud800\\u0000\\u0001\","
     "\"B=\\u0001\\u0002n1.0\"],\"Labels\":{\"\\u0001\\u0002d1;a\":\"\\udc00\",\"a\":\"1\","
     "\"a\":\"2\"}},\"history\":[{\"x\":1.50}],\"created\":\"\\u0001\\u0002p\"}"},
    {DOCKER(""), "{\"config\":{\"Labels\":{\"" BASE_NAME "\":\"\\u0001\\u0002n1.0\"}}}"},
};

static void check_appended(const struct image *image, size_t layers)
{
    const json_t *config = member_get(image->config, "config");
    CLEANUP(strings) struct strings environment = STRINGS_INIT;

    assert_int_equal(image_layer_count(image), layers + 2);
    assert_int_equal(json_array_size(image_diff_ids_json(image)), layers + 2);
    assert_true(json_array_size(image_history_json(image)) >= 2);
    assert_int_equal(count_named(image->manifest, "layers"), 1);
    assert_int_equal(count_named(image->config, "config"), 1);
    assert_int_equal(count_named(config, "Env"), 1);
    image_environment(image, &environment);
    assert_true(strings_has(&environment, "HF_HUB_OFFLINE=1"));
    assert_true(strings_has(&environment, "HF_HOME=/opt/hf"));
}

/* The finished documents are read anew before the layers are taken out, as another call does. */
static void check_round_trip(const struct base *base, const char *base_name)
{
    CLEANUP(text) char *manifest = manifest_of(base);
    CLEANUP(image) struct image *image = open_texts(manifest, base->config);
    CLEANUP(buf) struct buf first_config = BUF_INIT;
    CLEANUP(buf) struct buf first_manifest = BUF_INIT;
    CLEANUP(buf) struct buf config_now = BUF_INIT;
    CLEANUP(buf) struct buf manifest_now = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    size_t layers = image_layer_count(image);

    append(image, base_name);
    check_appended(image, layers);
    finish(image, &first_config, &first_manifest);
    CLEANUP(image)
    struct image *again = open_texts(buf_text(&first_manifest), buf_text(&first_config));
    if (image_strip(again, &err) < 0)
        fail_msg("'%s': %s", base->config, err.text);
    finish(again, &config_now, &manifest_now);
    assert_string_equal(buf_text(&config_now), base->config);
    assert_string_equal(buf_text(&manifest_now), manifest);

    append(again, base_name);
    finish(again, &config_now, &manifest_now);
    assert_string_equal(buf_text(&config_now), buf_text(&first_config));
    assert_string_equal(buf_text(&manifest_now), buf_text(&first_manifest));
}

static void strip_gives_back_the_bytes_of_an_odd_base(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
        check_round_trip(&bases[i], "registry.example.com/base:1");
        check_round_trip(&bases[i], NULL);
    }
}

static void objects_that_are_there_twice_are_appended_to_as_one(void **state)
{
    static const struct base base = {
        OCI(",\"annotations\":{\"a\":\"1\"},\"Annotations\":{\"b\":\"2\"}"),
        "{\"config\":{\"Env\":[\"A=1\"],\"User\":\"me\",\"Labels\":{\"a\":\"1\"}},"
        "\"rootfs\":{\"type\":\"layers\"},\"Config\":{\"env\":[\"B=1\"],\"labels\":"
        "{\"b\":\"2\"}},\"RootFS\":{\"diff_ids\":null}}"};
    CLEANUP(text) char *manifest = manifest_of(&base);
    CLEANUP(image) struct image *before = open_texts(manifest, base.config);
    CLEANUP(image) struct image *image = open_texts(manifest, base.config);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(strings) struct strings environment = STRINGS_INIT;
    const json_t *config = member_get(image->config, "config");

    (void)state;
    assert_string_equal(image_user(image), "me");
    append(image, NULL);
    image_environment(image, &environment);
    assert_string_equal(environment.items[0], "B=1");
    assert_int_equal(json_object_size(member_get(config, "Labels")), 2);
    assert_non_null(json_object_get(member_get(image->manifest, "annotations"), "a"));
    assert_int_equal(image_strip(image, &err), 0);
    assert_true(image_equal(image, before));
}

/* What would then be read is another base's name. */
static void an_earlier_name_of_the_base_does_not_come_back(void **state)
{
    static const struct base base = {
        OCI(",\"annotations\":{\"" BASE_NAME "\":\"x\",\"a\":\"1\",\"" BASE_NAME "\":\"y\"}"),
        "{\"config\":{\"Volumes\":{\"/a\":{},\"/b\":{},\"/a\":{}}}}"};
    CLEANUP(text) char *text = manifest_of(&base);
    CLEANUP(image) struct image *image = open_texts(text, base.config);
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    CLEANUP(strings) struct strings volumes = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    image_volumes(image, &volumes);
    assert_int_equal(volumes.count, 2);
    assert_string_equal(volumes.items[0], "/b");
    assert_string_equal(volumes.items[1], "/a");
    assert_string_equal(image_base_name(image), "y");
    append(image, NULL);
    assert_null(image_base_name(image));
    finish(image, &config, &manifest);
    assert_null(strstr(buf_text(&manifest), BASE_NAME));
    assert_int_equal(image_strip(image, &err), 0);
    assert_string_equal(image_base_name(image), "y");
}

/* The documents of an image of one layer, and what is wrong with them. */
static void a_finished_image_that_could_not_be_read_is_refused(void **state)
{
    static const struct {
        struct base base;
        const char *complaint;
        enum error_kind kind;
    } cases[] = {
        {{OCI(",\"layers\":[" LAYER(MEDIA_TYPE_OCI_LAYER) "]"), "{}"},
         "the manifest has 1 layers and the config 0 diff_ids",
         ERROR_CORRUPT},
        {{OCI(""), "{\"rootfs\":{\"diff_ids\":[\"" D "\"]}}"},
         "the manifest has 0 layers and the config 1 diff_ids",
         ERROR_CORRUPT},
        {{OCI(",\"layers\":[" LAYER(MEDIA_TYPE_OCI_LAYER) "]"),
          "{\"rootfs\":{\"diff_ids\":[\"" D "\"]},\"Rootfs\":{\"diff_ids\":[]}}"},
         "the config 0 diff_ids",
         ERROR_CORRUPT},
        {{OCI(",\"layers\":[{}]"), "{\"rootfs\":{\"diff_ids\":[\"" D "\"]}}"},
         "layer 1: the descriptor has no 'mediaType'",
         ERROR_CORRUPT},
        {{OCI(""), "{"}, "the config is not JSON", ERROR_CORRUPT},
        {{OCI(""), "{\"config\":{\"Env\":\"A=1\"}}"}, "'Env' is not an array", ERROR_CORRUPT},
        {{OCI(""), "{\"config\":{\"env\":[],\"ENV\":1.0}}"},
         "'Env' is not an array",
         ERROR_CORRUPT},
        {{OCI(""), "{\"os\":\"windows\"}"}, "Windows", ERROR_UNSUPPORTED},
        {{OCI(",\"Manifests\":[]"), "{}"}, "a manifest and an index at once", ERROR_CORRUPT},
        {{OCI(",\"mediatype\":\"" MEDIA_TYPE_DOCKER_MANIFEST "\""), "{}"},
         "served as",
         ERROR_CORRUPT},
        {{{"{\"config\":[\"", "\",", "]}"}, "{}"}, "'config' is not an object", ERROR_CORRUPT},
        {{{"", "", ""}, "{}"}, "the manifest is not JSON", ERROR_CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *text = manifest_of(&cases[i].base);
        CLEANUP(buf) struct buf manifest = BUF_INIT;
        CLEANUP(buf) struct buf config = BUF_INIT;
        struct descriptor what = what_is(MEDIA_TYPE_OCI_MANIFEST, text);
        buf_add_text(&manifest, text);
        buf_add_text(&config, cases[i].base.config);
        assert_int_equal(image_check_finished(&manifest, &what, &config, &err), -1);
        if (strstr(err.text, cases[i].complaint) == NULL || err.kind != cases[i].kind ||
            !text_starts_with(err.text, "the finished image, which is not published: "))
            fail_msg("case %zu says \"%s\"", i, err.text);
    }
}

static void a_finished_image_of_large_documents_is_refused(void **state)
{
    static const struct base base = {OCI(""), "{}"};
    CLEANUP(text) char *text = manifest_of(&base);
    CLEANUP(text) char *spaces = xcalloc(DOCUMENT_LIMIT, 1);

    (void)state;
    memset(spaces, ' ', DOCUMENT_LIMIT - 1);
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf manifest = BUF_INIT;
        CLEANUP(buf) struct buf config = BUF_INIT;
        struct descriptor what = what_is(MEDIA_TYPE_OCI_MANIFEST, text);
        buf_addf(&manifest, "%s%s", text, i == 1 ? spaces : "");
        buf_addf(&config, "{}%s", i == 2 ? spaces : "");
        int result = image_check_finished(&manifest, &what, &config, &err);
        assert_int_equal(result, i == 0 ? 0 : -1);
        assert_int_equal(err.kind, i == 0 ? ERROR_NONE : ERROR_UNSUPPORTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strip_gives_back_the_bytes_of_an_odd_base),
        cmocka_unit_test(objects_that_are_there_twice_are_appended_to_as_one),
        cmocka_unit_test(an_earlier_name_of_the_base_does_not_come_back),
        cmocka_unit_test(a_finished_image_that_could_not_be_read_is_refused),
        cmocka_unit_test(a_finished_image_of_large_documents_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
