#include "image/image_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

json_t *image_layers_json(const struct image *image)
{
    return member_get(image->manifest, "layers");
}

json_t *image_diff_ids_json(const struct image *image)
{
    return member_get(member_get(image->config, "rootfs"), "diff_ids");
}

json_t *image_history_json(const struct image *image)
{
    return member_get(image->config, "history");
}

static const char *text_or_empty(const json_t *object, const char *name)
{
    const char *text = member_text(object, name);

    return text != NULL ? text : "";
}

static char *format_platform(const json_t *config)
{
    const char *variant = text_or_empty(config, "variant");

    return xasprintf("%s/%s%s%s", text_or_empty(config, "os"),
                     text_or_empty(config, "architecture"), variant[0] != '\0' ? "/" : "", variant);
}

/* What of the manifest makes it impossible to put layers on top? */
static int check_manifest(const struct document *manifest, struct error *err)
{
    struct descriptor config;
    size_t i;
    json_t *layer;

    if (manifest->is_index)
        return error_set(err, ERROR_INTERNAL, "an index where a manifest is expected");
    if (document_config(manifest, &config, err) < 0)
        return -1;
    if (!media_type_is_image_config(config.media_type))
        return error_set(err, ERROR_UNSUPPORTED,
                         "not a container image but an artifact of type '%s'", config.media_type);
    json_array_foreach(member_get(manifest->json, "layers"), i, layer)
    {
        struct descriptor descriptor;
        if (descriptor_from_json(layer, &descriptor, err) < 0)
            return error_wrap(err, "layer %zu", i + 1);
        if (strstr(descriptor.media_type, "+encrypted") != NULL)
            return error_set(err, ERROR_UNSUPPORTED, "layer %zu is encrypted", i + 1);
    }
    return 0;
}

/* A member that is there has its type, or null, which counts as absent. */
static int check_type(const json_t *parent, const char *name, json_type type, struct error *err)
{
    static const char *const words[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string"};
    const json_t *member = member_get(parent, name);

    if (member == NULL || json_is_null(member))
        return 0;
    if (type == JSON_STRING ? json_text(member) != NULL : json_typeof(member) == type)
        return 0;
    return error_set(err, ERROR_CORRUPT, "'%s' is not %s", name, words[type]);
}

static int check_manifest_types(const struct image *image, struct error *err)
{
    if (check_type(image->manifest, "annotations", JSON_OBJECT, err) < 0 ||
        check_type(image->manifest, "layers", JSON_ARRAY, err) < 0)
        return error_wrap(err, "the manifest");
    return 0;
}

static int check_config_types(const struct image *image, struct error *err)
{
    const json_t *config = member_get(image->config, "config");
    const json_t *rootfs = member_get(image->config, "rootfs");

    if (check_type(image->config, "config", JSON_OBJECT, err) < 0 ||
        check_type(image->config, "rootfs", JSON_OBJECT, err) < 0 ||
        check_type(image->config, "history", JSON_ARRAY, err) < 0 ||
        check_type(image->config, "created", JSON_STRING, err) < 0 ||
        check_type(rootfs, "type", JSON_STRING, err) < 0 ||
        check_type(rootfs, "diff_ids", JSON_ARRAY, err) < 0 ||
        check_type(config, "Env", JSON_ARRAY, err) < 0 ||
        check_type(config, "Labels", JSON_OBJECT, err) < 0 ||
        check_type(config, "Volumes", JSON_OBJECT, err) < 0 ||
        check_type(config, "User", JSON_STRING, err) < 0)
        return error_wrap(err, "the config");
    return 0;
}

static int check_config(const struct image *image, struct error *err)
{
    const char *type = text_or_empty(member_get(image->config, "rootfs"), "type");
    size_t layers = json_array_size(image_layers_json(image));
    size_t diff_ids = json_array_size(image_diff_ids_json(image));
    size_t i;
    json_t *item;

    if (type[0] != '\0' && strcmp(type, "layers") != 0)
        return error_set(err, ERROR_CORRUPT,
                         "the config has a 'rootfs' of type '%s'; expected 'layers'", type);
    if (layers != diff_ids)
        return error_set(err, ERROR_CORRUPT,
                         "the manifest has %zu layers and the config %zu diff_ids; runtimes refuse "
                         "such an image",
                         layers, diff_ids);
    json_array_foreach(image_diff_ids_json(image), i, item)
    {
        struct digest diff_id;
        const char *text = json_text(item);
        if (digest_parse(text != NULL ? text : "", &diff_id, err) < 0)
            return error_wrap(err, "the config's diff_id %zu", i + 1);
    }
    if (strcmp(text_or_empty(image->config, "os"), "windows") == 0)
        return error_set(err, ERROR_UNSUPPORTED, "an image for Windows; inlay needs one for Linux");
    return 0;
}

static int parse_config(const struct buf *bytes, json_t **out, struct error *err)
{
    json_auto_t *config = NULL;

    if (json_from_buf(bytes, "the config", &config, err) < 0)
        return -1;
    if (!json_is_object(config))
        return error_set(err, ERROR_CORRUPT, "the config is not a JSON object");
    member_unify(config, "config", false);
    member_unify(config, "rootfs", false);
    member_unify(member_get(config, "config"), "Labels", true);
    member_unify(member_get(config, "config"), "Volumes", true);
    *out = json_incref(config);
    return 0;
}

int image_open(const struct document *manifest, const struct buf *config, struct image **out,
               struct error *err)
{
    CLEANUP(image) struct image *image = xcalloc(1, sizeof(*image));

    if (check_manifest(manifest, err) < 0)
        return -1;
    if (parse_config(config, &image->config, err) < 0)
        return -1;
    image->manifest = json_deep_copy(manifest->json);
    image->media_type = xstrdup(manifest->descriptor.media_type);
    image->docker = media_type_is_docker(image->media_type);
    if (check_manifest_types(image, err) < 0 || check_config_types(image, err) < 0 ||
        check_config(image, err) < 0)
        return -1;
    image->platform = format_platform(image->config);
    *out = TAKE(image);
    return 0;
}

bool image_config_is_foreign(const struct buf *config)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* image_open() complains of it */
    json_auto_t *json = NULL;

    if (json_from_buf(config, "the config", &json, &ignored) < 0)
        return false;
    const char *os = text_or_empty(json, "os");
    return os[0] != '\0' && strcmp(os, "linux") != 0;
}

void image_oci_platform(const struct image *image, struct oci_platform *out)
{
    oci_platform_from_json(image->config, out);
}

void image_free(struct image *image)
{
    if (image == NULL)
        return;
    json_decref(image->manifest);
    json_decref(image->config);
    free(image->media_type);
    free(image->platform);
    free(image);
}

const char *image_platform(const struct image *image)
{
    return image->platform;
}

const char *image_user(const struct image *image)
{
    return text_or_empty(member_get(image->config, "config"), "User");
}

const char *image_working_dir(const struct image *image)
{
    const char *folder = text_or_empty(member_get(image->config, "config"), "WorkingDir");

    return folder[0] == '/' ? folder : "/";
}

size_t image_layer_count(const struct image *image)
{
    return json_array_size(image_layers_json(image));
}

bool image_is_docker(const struct image *image)
{
    return image->docker;
}

void image_volumes(const struct image *image, struct strings *out)
{
    json_t *volumes = member_get(member_get(image->config, "config"), "Volumes");
    const char *volume;
    json_t *value;

    json_object_foreach(volumes, volume, value)
    {
        if (json_plain_name(volume) == volume)
            strings_add(out, volume);
    }
}

/* The texts of an array in `config`. */
static void copy_texts(const struct image *image, const char *name, struct strings *out)
{
    size_t i;
    json_t *item;

    json_array_foreach(member_get(member_get(image->config, "config"), name), i, item)
    {
        if (json_text(item) != NULL)
            strings_add(out, json_text(item));
    }
}

void image_environment(const struct image *image, struct strings *out)
{
    copy_texts(image, "Env", out);
}

static void copy_words(const struct image *image, const char *name, struct strings *out)
{
    const char *text = member_text(member_get(image->config, "config"), name);

    if (text != NULL)
        strings_add(out, text);
    copy_texts(image, name, out);
}

void image_entrypoint(const struct image *image, struct strings *out)
{
    copy_words(image, "Entrypoint", out);
}

void image_command(const struct image *image, struct strings *out)
{
    copy_words(image, "Cmd", out);
}

int image_layers(const struct image *image, struct descriptor **out, size_t *count,
                 struct error *err)
{
    json_t *list = image_layers_json(image);
    struct descriptor *layers = xcalloc(json_array_size(list), sizeof(*layers));
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        if (descriptor_from_json(item, &layers[i], err) < 0) {
            free(layers);
            return error_wrap(err, "layer %zu", i + 1);
        }
    }
    *out = layers;
    *count = json_array_size(list);
    return 0;
}

int image_diff_ids(const struct image *image, struct digest **out, size_t *count, struct error *err)
{
    json_t *list = image_diff_ids_json(image);
    struct digest *diff_ids = xcalloc(json_array_size(list), sizeof(*diff_ids));
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        const char *text = json_text(item);
        if (digest_parse(text != NULL ? text : "", &diff_ids[i], err) < 0) {
            free(diff_ids);
            return error_wrap(err, "diff_id %zu", i + 1);
        }
    }
    *out = diff_ids;
    *count = json_array_size(list);
    return 0;
}

bool image_drop_subject(struct image *image)
{
    return member_del(image->manifest, "subject");
}

/* What a document's bytes are known by. */
static struct descriptor describe(const char *media_type, const struct buf *bytes)
{
    struct descriptor descriptor = {.size = bytes->size};

    strncpy(descriptor.media_type, media_type, sizeof(descriptor.media_type) - 1);
    descriptor.digest = digest_of(DIGEST_SHA256, buf_text(bytes), bytes->size);
    return descriptor;
}

void image_format(struct image *image, struct buf *config_bytes, struct descriptor *config,
                  struct buf *manifest_bytes, struct descriptor *manifest)
{
    json_t *link = member_get(image->manifest, "config");

    json_to_buf(image->config, config_bytes);
    *config = describe(text_or_empty(link, "mediaType"), config_bytes);
    member_set_new(link, "digest", json_string(digest_format(&config->digest).text));
    member_set_new(link, "size", json_integer((json_int_t)config->size));
    member_del(link, "data"); /* it held the config as it was */

    json_to_buf(image->manifest, manifest_bytes);
    *manifest = describe(image->media_type, manifest_bytes);
}
