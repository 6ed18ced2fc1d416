#include "image/image_internal.h"

#include "oci/media_type.h"
#include "testing/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN "image/"

#define D "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DESCRIPTOR(type) "{\"mediaType\":\"" type "\",\"digest\":\"" D "\",\"size\":0}"
#define MANIFEST(config, layers)                                                                   \
    "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(config) ",\"layers\":[" layers "]}"
#define CONFIG(os, ids)                                                                            \
    "{\"os\":\"" os "\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":"  \
    "[" ids "]}}"

#define ODD(members)                                                                               \
    "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}," members "}"

static void read_golden(const char *name, struct buf *out)
{
    CLEANUP(text) char *path = xasprintf("golden/" GOLDEN "%s", name);
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_read(path, MIB, out, &err) < 0)
        fail_msg("%s", err.text);
    if (out->size > 0 && out->data[out->size - 1] == '\n')
        out->data[--out->size] = '\0';
}

static int open_texts(const char *manifest, const char *config, struct image **out,
                      struct error *err)
{
    CLEANUP(buf) struct buf manifest_bytes = BUF_INIT;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct descriptor what = DESCRIPTOR_INIT;

    buf_add_text(&manifest_bytes, manifest);
    buf_add_text(&config_bytes, config);
    what.digest = digest_of(DIGEST_SHA256, manifest, strlen(manifest));
    what.size = strlen(manifest);
    if (document_parse(&manifest_bytes, &what, &document, err) < 0)
        return -1;
    return image_open(&document, &config_bytes, out, err);
}

static struct image *open_golden(const char *family)
{
    CLEANUP(text) char *manifest_name = xasprintf("%s-manifest.json", family);
    CLEANUP(text) char *config_name = xasprintf("%s-config.json", family);
    CLEANUP(buf) struct buf manifest = BUF_INIT;
    CLEANUP(buf) struct buf config = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct image *image = NULL;

    read_golden(manifest_name, &manifest);
    read_golden(config_name, &config);
    if (open_texts(buf_text(&manifest), buf_text(&config), &image, &err) < 0)
        fail_msg("%s", err.text);
    return image;
}

static struct image_layer make_layer(const char *kind, const char *model)
{
    bool folders = strcmp(kind, "folders") == 0;
    struct image_layer layer = {
        .record =
            {
                .kind = xstrdup(kind),
                .model = folders ? NULL : xstrdup(model),
                .commit = folders ? NULL : xstrdup("0123456789012345678901234567890123456789"),
                .layout = folders ? NULL : xstrdup("huggingface"),
                .place = folders ? NULL : xstrdup("/opt/hf/hub"),
            },
    };

    layer.blob.size = strlen(kind);
    layer.blob.digest = digest_of(DIGEST_SHA256, kind, strlen(kind));
    layer.diff_id = layer.blob.digest;
    layer.record.recipe = digest_of(DIGEST_SHA256, kind, 1);
    return layer;
}

static void append_at(struct image *image, const char *created)
{
    static const char *const environment[] = {"HF_HUB_OFFLINE=1", "HF_HOME=/opt/hf2", NULL};
    struct image_layer layers[] = {make_layer("large", "org/name"), make_layer("small", "org/name"),
                                   make_layer("folders", NULL)};
    char path[] = "opt";
    char path_below[] = "opt/hf";
    char name[] = "user.x";
    char value[] = "\x01\xff";
    struct xattr xattr = {name, value, 2};
    struct image_folder folders[] = {
        {.path = path, .mode = 0755, .time_s = 315532800},
        {path_below, 02750, 1000, 1001, 1700000000, 5000, &xattr, 1},
    };
    struct image_changes changes = {
        .layers = layers,
        .layer_count = ARRAY_SIZE(layers),
        .folders = folders,
        .folder_count = ARRAY_SIZE(folders),
        .environment = environment,
        .base_name = "registry.example.com/base:1",
        .base_digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        .created = created,
    };
    CLEANUP(error) struct error err = ERROR_INIT;

    if (image_append(image, &changes, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
        image_layer_release(&layers[i]);
}

static void append(struct image *image)
{
    append_at(image, NULL);
}

static void format(struct image *image, struct buf *config_bytes, struct buf *manifest_bytes)
{
    struct descriptor config;
    struct descriptor manifest;

    image_format(image, config_bytes, &config, manifest_bytes, &manifest);
    struct digest digest = digest_of(DIGEST_SHA256, config_bytes->data, config_bytes->size);
    assert_true(digest_equal(&config.digest, &digest));
    assert_int_equal(manifest.size, manifest_bytes->size);
}

static const char *const families[] = {"oci", "docker"};

static void what_is_appended_is_the_golden_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        CLEANUP(image) struct image *image = open_golden(families[i]);
        CLEANUP(text) char *config_name = xasprintf(GOLDEN "%s-config-after.json", families[i]);
        CLEANUP(text) char *manifest_name = xasprintf(GOLDEN "%s-manifest-after.json", families[i]);
        CLEANUP(buf) struct buf config = BUF_INIT;
        CLEANUP(buf) struct buf manifest = BUF_INIT;
        append(image);
        format(image, &config, &manifest);
        check_golden(config_name, &config);
        check_golden(manifest_name, &manifest);
    }
}

static void strip_gives_back_the_base_member_for_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        CLEANUP(image) struct image *before = open_golden(families[i]);
        CLEANUP(image) struct image *after = open_golden(families[i]);
        CLEANUP(buf) struct buf was = BUF_INIT;
        CLEANUP(buf) struct buf is = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        append(after);
        assert_int_equal(image_strip(after, &err), 0);
        assert_true(json_equal(before->manifest, after->manifest));
        json_to_buf(before->config, &was);
        json_to_buf(after->config, &is);
        assert_string_equal(buf_text(&was), buf_text(&is));
    }
}

/* Members that are absent or null in the base are so again, and nothing is made twice. */
static void what_the_base_lacks_is_made_and_unmade(void **state)
{
    static const char *const configs[] = {
        ODD("\"created\":null,\"config\":null,\"history\":null"),
        ODD("\"created\":\"2024-05-01T12:00:00Z\",\"config\":{\"Env\":null,\"Labels\":null}"),
        "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
        CLEANUP(image) struct image *image = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf first_config = BUF_INIT;
        CLEANUP(buf) struct buf first_manifest = BUF_INIT;
        CLEANUP(buf) struct buf second_config = BUF_INIT;
        CLEANUP(buf) struct buf second_manifest = BUF_INIT;
        assert_int_equal(open_texts(MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), configs[i], &image, &err),
                         0);
        assert_non_null(image);
        if (image == NULL)
            return; /* the analyzer does not know that the assertion has ended the test */
        append_at(image, "2000-01-01T00:00:00Z");
        format(image, &first_config, &first_manifest);
        assert_int_equal(image_strip(image, &err), 0);
        CLEANUP(buf) struct buf bare = BUF_INIT;
        json_to_buf(image->config, &bare);
        if (i == 0) /* what was null goes last, with the same meaning */
            assert_string_equal(buf_text(&bare),
                                "{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]"
                                "},\"created\":null,\"config\":null,\"history\":null}");
        else
            assert_string_equal(buf_text(&bare), configs[i]);
        assert_null(json_object_get(image->manifest, "mediaType"));
        append_at(image, "2000-01-01T00:00:00Z");
        format(image, &second_config, &second_manifest);
        assert_string_equal(buf_text(&first_config), buf_text(&second_config));
        assert_string_equal(buf_text(&first_manifest), buf_text(&second_manifest));
    }
}

static void a_layer_that_was_compressed_keeps_saying_so(void **state)
{
    static const struct {
        const char *family, *had, *expected;
    } cases[] = {
        {"oci", "", MEDIA_TYPE_OCI_LAYER},
        {"oci", MEDIA_TYPE_OCI_LAYER "+gzip", MEDIA_TYPE_OCI_LAYER "+gzip"},
        {"oci", MEDIA_TYPE_DOCKER_LAYER ".gzip", MEDIA_TYPE_OCI_LAYER "+gzip"},
        {"docker", MEDIA_TYPE_OCI_LAYER, MEDIA_TYPE_DOCKER_LAYER},
        {"docker", MEDIA_TYPE_DOCKER_LAYER ".gzip", MEDIA_TYPE_DOCKER_LAYER ".gzip"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image *image = open_golden(cases[i].family);
        struct image_layer layer = make_layer("folders", NULL);
        CLEANUP(error) struct error err = ERROR_INIT;
        struct image_changes changes = {.layers = &layer, .layer_count = 1, .base_digest = "x"};
        struct image_layer *own = NULL;
        size_t count = 0;
        memcpy(layer.blob.media_type, cases[i].had, strlen(cases[i].had) + 1);
        assert_int_equal(image_append(image, &changes, &err), 0);
        image_own_layers(image, &own, &count);
        assert_int_equal(count, 1);
        assert_string_equal(own[0].blob.media_type, cases[i].expected);
        image_layers_free(own, count);
        image_layer_release(&layer);
    }
}

static void own_layers_are_found_by_diff_id_with_what_they_are(void **state)
{
    CLEANUP(image) struct image *image = open_golden("oci");
    struct image_layer *layers;
    struct image_folder *folders;
    size_t count;
    CLEANUP(strings) struct strings own = STRINGS_INIT;

    (void)state;
    image_own_layers(image, &layers, &count);
    assert_int_equal(count, 0);
    image_layers_free(layers, count);
    append(image);
    image_own_layers(image, &layers, &count);
    assert_int_equal(count, 3);
    assert_string_equal(layers[0].record.kind, "large");
    assert_string_equal(layers[0].record.model, "org/name");
    assert_string_equal(layers[1].record.place, "/opt/hf/hub");
    assert_string_equal(layers[2].record.kind, "folders");
    assert_int_equal(layers[0].blob.size, strlen("large"));
    image_layers_free(layers, count);
    image_own_folders(image, &folders, &count);
    assert_int_equal(count, 2);
    assert_string_equal(folders[0].path, "opt");
    assert_int_equal(folders[0].mode, 0755);
    assert_int_equal(folders[0].xattr_count, 0);
    assert_int_equal(folders[1].mode, 02750);
    assert_int_equal(folders[1].uid, 1000);
    assert_int_equal(folders[1].gid, 1001);
    assert_int_equal(folders[1].time_s, 1700000000);
    assert_int_equal(folders[1].time_ns, 5000);
    assert_int_equal(folders[1].xattr_count, 1);
    assert_string_equal(folders[1].xattrs[0].name, "user.x");
    assert_int_equal(folders[1].xattrs[0].size, 2);
    assert_memory_equal(folders[1].xattrs[0].value, "\x01\xff", 2);
    image_folders_free(folders, count);
    image_own_environment(image, &own);
    assert_int_equal(own.count, 2);
    assert_string_equal(own.items[0], "HF_HUB_OFFLINE=1");
    assert_string_equal(own.items[1], "HF_HOME=/opt/hf2");
    assert_string_equal(image_base_name(image), "registry.example.com/base:1");
}

static void strip_refuses_an_image_that_lost_a_layer_of_ours(void **state)
{
    CLEANUP(image) struct image *image = open_golden("oci");
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    append(image);
    json_array_remove(image_diff_ids_json(image), 2);
    json_array_remove(image_layers_json(image), 2);
    assert_int_equal(image_strip(image, &err), -1);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_non_null(strstr(err.text, "another tool"));
}

static void append_refuses_more_layers_than_runtimes_take(void **state)
{
    CLEANUP(image) struct image *image = open_golden("oci");
    CLEANUP(error) struct error err = ERROR_INIT;
    struct image_layer layers[IMAGE_LAYERS_MAX] = {0};
    struct image_changes changes = {.layers = layers, .layer_count = ARRAY_SIZE(layers)};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
        layers[i].diff_id = digest_of(DIGEST_SHA256, &i, sizeof(i));
    assert_int_equal(image_append(image, &changes, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "121 layers"));
}

static void volumes_are_told_as_they_are_declared(void **state)
{
    CLEANUP(image) struct image *image = open_golden("oci");
    CLEANUP(strings) struct strings volumes = STRINGS_INIT;

    (void)state;
    image_volumes(image, &volumes);
    assert_int_equal(volumes.count, 1);
    assert_string_equal(volumes.items[0], "/data");
    assert_string_equal(image_platform(image), "linux/arm64/v8");
}

static void what_cannot_be_built_on_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *manifest, *config, *complaint;
        enum error_kind kind;
    } cases[] = {
        {MANIFEST("application/vnd.cncf.helm.config.v1+json", ""), "{}", "helm.config",
         ERROR_UNSUPPORTED},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), CONFIG("windows", ""), "Windows", ERROR_UNSUPPORTED},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), CONFIG("linux", "\"" D "\""), "0 layers",
         ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, DESCRIPTOR(MEDIA_TYPE_OCI_LAYER "+encrypted")),
         CONFIG("linux", "\"" D "\""), "encrypted", ERROR_UNSUPPORTED},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), "{", "not JSON", ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), "{\"os\":\"linux\",\"rootfs\":[]}", "rootfs",
         ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), "[]", "not a JSON object", ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, "{}"), CONFIG("linux", "\"" D "\""), "layer 1",
         ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), ODD("\"config\":[]"), "'config' is not an object",
         ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), ODD("\"config\":{\"Env\":\"x\"}"),
         "'Env' is not an array", ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), ODD("\"config\":{\"Labels\":[]}"),
         "'Labels' is not an object", ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), ODD("\"config\":{\"User\":5}"),
         "'User' is not a string", ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), ODD("\"history\":{}"), "'history' is not an array",
         ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, DESCRIPTOR(MEDIA_TYPE_OCI_LAYER)), CONFIG("linux", "5"),
         "diff_id 1", ERROR_CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(image) struct image *image = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(open_texts(cases[i].manifest, cases[i].config, &image, &err), -1);
        if (strstr(err.text, cases[i].complaint) == NULL || err.kind != cases[i].kind)
            fail_msg("case %zu says \"%s\"", i, err.text);
    }
}

static void nulls_and_doubles_in_the_environment_are_handled(void **state)
{
    json_auto_t *env = json_pack("[s, s, s, o]", "A=1", "B=2", "A=3", json_null());
    json_auto_t *was = json_object();
    CLEANUP(buf) struct buf text = BUF_INIT;

    (void)state;
    environment_set(env, "A=9", was); /* the last one counts */
    environment_set(env, "C=", was);
    environment_set(env, "A=10", was);
    json_to_buf(env, &text);
    assert_string_equal(buf_text(&text), "[\"A=1\",\"B=2\",\"A=10\",null,\"C=\"]");
    environment_restore(env, was);
    json_to_buf(env, &text);
    assert_string_equal(buf_text(&text), "[\"A=1\",\"B=2\",\"A=3\",null]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_the_golden_documents),
        cmocka_unit_test(strip_gives_back_the_base_member_for_member),
        cmocka_unit_test(what_the_base_lacks_is_made_and_unmade),
        cmocka_unit_test(a_layer_that_was_compressed_keeps_saying_so),
        cmocka_unit_test(own_layers_are_found_by_diff_id_with_what_they_are),
        cmocka_unit_test(strip_refuses_an_image_that_lost_a_layer_of_ours),
        cmocka_unit_test(append_refuses_more_layers_than_runtimes_take),
        cmocka_unit_test(volumes_are_told_as_they_are_declared),
        cmocka_unit_test(what_cannot_be_built_on_is_refused_with_the_reason),
        cmocka_unit_test(nulls_and_doubles_in_the_environment_are_handled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
