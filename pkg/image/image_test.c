#include "image/image_internal.h"

#include "core/file.h"
#include "oci/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN "golden/image/"

static void read_golden(const char *name, struct buf *out)
{
    CLEANUP(text) char *path = xasprintf(GOLDEN "%s", name);
    CLEANUP(error) struct error err = ERROR_INIT;

    if (file_read(path, MIB, out, &err) < 0)
        fail_msg("%s", err.text);
    if (out->size > 0 && out->data[out->size - 1] == '\n')
        out->data[--out->size] = '\0';
}

/* Compares with the golden file; INLAY_WRITE_GOLDEN=1 writes it, for a change of the format. */
static void check_golden(const char *name, const struct buf *found)
{
    CLEANUP(text) char *path = xasprintf(GOLDEN "%s", name);
    CLEANUP(buf) struct buf expected = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (getenv("INLAY_WRITE_GOLDEN") != NULL)
        assert_int_equal(file_replace(path, buf_text(found), found->size, &err), 0);
    read_golden(name, &expected);
    assert_string_equal(buf_text(found), buf_text(&expected));
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

static void append(struct image *image)
{
    static const char *const environment[] = {"HF_HUB_OFFLINE=1", "HF_HOME=/opt/hf2", NULL};
    struct image_layer layers[] = {make_layer("large", "org/name"), make_layer("small", "org/name"),
                                   make_layer("folders", NULL)};
    char path[] = "opt";
    struct image_folder folder = {path, 0755, 0, 0};
    struct image_changes changes = {
        .layers = layers,
        .layer_count = ARRAY_SIZE(layers),
        .folders = &folder,
        .folder_count = 1,
        .environment = environment,
        .base_name = "registry.example.com/base:1",
        .base_digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    };
    CLEANUP(error) struct error err = ERROR_INIT;

    if (image_append(image, &changes, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
        image_layer_release(&layers[i]);
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
        CLEANUP(text) char *config_name = xasprintf("%s-config-after.json", families[i]);
        CLEANUP(text) char *manifest_name = xasprintf("%s-manifest-after.json", families[i]);
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
    assert_int_equal(count, 1);
    assert_string_equal(folders[0].path, "opt");
    assert_int_equal(folders[0].mode, 0755);
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
    struct image_changes changes = {.layer_count = IMAGE_LAYERS_MAX};

    (void)state;
    assert_int_equal(image_append(image, &changes, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "121 layers"));
}

static void volumes_above_a_place_are_found(void **state)
{
    CLEANUP(image) struct image *image = open_golden("oci");

    (void)state;
    assert_string_equal(image_volume_above(image, "/data"), "/data");
    assert_string_equal(image_volume_above(image, "/data/x/y"), "/data");
    assert_null(image_volume_above(image, "/database"));
    assert_null(image_volume_above(image, "/opt"));
    assert_string_equal(image_platform(image), "linux/arm64/v8");
}

#define D "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DESCRIPTOR(type) "{\"mediaType\":\"" type "\",\"digest\":\"" D "\",\"size\":0}"
#define MANIFEST(config, layers)                                                                   \
    "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(config) ",\"layers\":[" layers "]}"
#define CONFIG(os, ids)                                                                            \
    "{\"os\":\"" os "\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":"  \
    "[" ids "]}}"

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
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), "{\"os\":\"linux\"}", "rootfs", ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, ""), "[]", "rootfs", ERROR_CORRUPT},
        {MANIFEST(MEDIA_TYPE_OCI_CONFIG, "{}"), CONFIG("linux", "\"" D "\""), "layer 1",
         ERROR_CORRUPT},
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
        cmocka_unit_test(own_layers_are_found_by_diff_id_with_what_they_are),
        cmocka_unit_test(strip_refuses_an_image_that_lost_a_layer_of_ours),
        cmocka_unit_test(append_refuses_more_layers_than_runtimes_take),
        cmocka_unit_test(volumes_above_a_place_are_found),
        cmocka_unit_test(what_cannot_be_built_on_is_refused_with_the_reason),
        cmocka_unit_test(nulls_and_doubles_in_the_environment_are_handled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
