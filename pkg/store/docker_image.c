#include "store/docker_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <stdio.h>
#include <string.h>

#define HEAD_SIZE 6
#define PART_SIZE ((size_t)256 * 1024)

static int add_strings(const json_t *list, const char *what, struct strings *out, struct error *err)
{
    size_t i;
    json_t *item;

    if (list == NULL || json_is_null(list))
        return 0;
    if (!json_is_array(list))
        return error_set(err, ERROR_CORRUPT, "manifest.json: '%s' is not a list", what);
    json_array_foreach(list, i, item)
    {
        if (json_text(item) == NULL)
            return error_set(err, ERROR_CORRUPT, "manifest.json: '%s' holds what is no text", what);
        strings_add(out, json_text(item));
    }
    return 0;
}

static int parse_image(const json_t *json, struct docker_image *out, struct error *err)
{
    const char *config = member_text(json, "Config");

    if (config == NULL)
        return error_set(err, ERROR_CORRUPT, "manifest.json: an image without 'Config'");
    out->config = xstrdup(config);
    if (add_strings(member_get(json, "RepoTags"), "RepoTags", &out->tags, err) < 0)
        return -1;
    return add_strings(member_get(json, "Layers"), "Layers", &out->layers, err);
}

int docker_images_parse(const struct buf *bytes, struct docker_image **out, size_t *count,
                        struct error *err)
{
    json_auto_t *json = NULL;

    if (json_from_buf(bytes, "manifest.json", &json, err) < 0)
        return -1;
    if (!json_is_array(json))
        return error_set(err, ERROR_CORRUPT, "manifest.json is not a list of images");
    struct docker_image *images = xcalloc(json_array_size(json) + 1, sizeof(*images));
    size_t number = 0;
    int result = 0;
    while (result == 0 && number < json_array_size(json)) {
        result = parse_image(json_array_get(json, number), &images[number], err);
        number++;
    }
    if (result < 0) {
        docker_images_free(images, number);
        return -1;
    }
    *out = images;
    *count = number;
    return 0;
}

void docker_images_free(struct docker_image *images, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(images[i].config);
        strings_release(&images[i].tags);
        strings_release(&images[i].layers);
        buf_release(&images[i].manifest);
    }
    free(images);
}

/* The digest that a name tells: "<hex>.json", "sha256:<hex>", "blobs/sha256/<hex>"; or none. */
static struct digest name_digest(const char *name)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then the name tells nothing */
    struct digest digest = DIGEST_INIT;
    const char *base = strrchr(name, '/');

    base = base != NULL ? base + 1 : name;
    if (text_starts_with(base, "sha256:"))
        base += strlen("sha256:");
    CLEANUP(text) char *hex = xstrndup(base, strcspn(base, "."));
    if (strcmp(base + strlen(hex), "") != 0 && strcmp(base + strlen(hex), ".json") != 0)
        return digest;
    (void)!digest_parse_hex(DIGEST_SHA256, hex, &digest, &ignored);
    return digest;
}

static int check_name(const char *name, const struct digest *found, struct error *err)
{
    struct digest expected = name_digest(name);

    if (expected.algorithm == DIGEST_NONE || digest_equal(&expected, found))
        return 0;
    return error_set(err, ERROR_CORRUPT, "'%s' has the digest %s, not that of its name", name,
                     digest_format(found).text);
}

static void note_blob(struct docker_images *images, const struct digest *digest,
                      const struct tar_range *range)
{
    for (size_t i = 0; i < images->blob_count; i++)
        if (digest_equal(&images->blobs[i].digest, digest))
            return;
    images->blobs = xrealloc(images->blobs, images->blob_count + 1, sizeof(*images->blobs));
    images->blobs[images->blob_count++] = (struct docker_blob){*digest, *range};
}

/* Reads the whole file for its digest, as there is no other way to have that of a packed layer. */
static int hash_file(const struct docker_images *images, const struct tar_range *range,
                     struct digest *out, struct error *err)
{
    CLEANUP(reader) struct reader *reader = tar_index_read(images->tar, range, 0, SIZE_UNKNOWN);
    CLEANUP(hasher) struct hasher *hasher = hasher_new(DIGEST_SHA256, range->size);
    CLEANUP(text) char *part = xcalloc(PART_SIZE, 1);
    ssize_t got;

    while ((got = reader_read(reader, part, PART_SIZE, err)) > 0) {
        if (cancel_check(images->cancel, err) < 0)
            return -1;
        hasher_add(hasher, part, (size_t)got);
    }
    if (got < 0)
        return -1;
    *out = hasher_finish(hasher);
    return 0;
}

/* A layer as a blob: a plain one's digest is its diff_id, a packed one's is computed. */
static int describe_layer(struct docker_images *images, const char *name,
                          const struct digest *diff_id, struct descriptor *out, struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf head = BUF_INIT;
    struct tar_range range = {0, 0};
    struct digest digest = *diff_id;

    if (tar_index_find(images->tar, name, &range, err) < 0) {
        if (err->kind == ERROR_NOT_FOUND)
            err->kind = ERROR_CORRUPT; /* manifest.json says that it is there */
        return -1;
    }
    reader = tar_index_read(images->tar, &range, 0, HEAD_SIZE);
    if (reader_read_all(reader, HEAD_SIZE, &head, err) < 0)
        return -1;
    const char *packing = packing_name(buf_text(&head), head.size);
    if (packing != NULL && strcmp(packing, "gzip") != 0 && strcmp(packing, "zstd") != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the layer '%s' is packed with %s, which no registry takes; expected a "
                         "plain tar, gzip or zstd",
                         name, packing);
    if (packing != NULL && hash_file(images, &range, &digest, err) < 0)
        return -1;
    if (text_starts_with(name, "blobs/") && check_name(name, &digest, err) < 0)
        return -1;
    CLEANUP(text)
    char *type = xasprintf("%s%s%s", MEDIA_TYPE_DOCKER_LAYER, packing != NULL ? "." : "",
                           packing != NULL ? packing : "");
    note_blob(images, &digest, &range);
    return descriptor_set(out, type, &digest, range.size, err);
}

static int load_config(struct docker_images *images, struct docker_image *image, json_t **out,
                       struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct tar_range range = {0, 0};
    struct descriptor *blob = &image->config_blob;

    if (tar_index_find(images->tar, image->config, &range, err) < 0 ||
        tar_index_load(images->tar, image->config, DOCUMENT_LIMIT, &bytes, err) < 0) {
        if (err->kind == ERROR_NOT_FOUND)
            err->kind = ERROR_CORRUPT; /* manifest.json says that it is there */
        return -1;
    }
    struct digest digest = digest_of(DIGEST_SHA256, buf_text(&bytes), bytes.size);
    if (check_name(image->config, &digest, err) < 0 ||
        json_from_buf(&bytes, "the config", out, err) < 0)
        return -1;
    member_unify(*out, "rootfs", false);
    note_blob(images, &digest, &range);
    return descriptor_set(blob, MEDIA_TYPE_DOCKER_CONFIG, &digest, bytes.size, err);
}

static const json_t *diff_ids_json(const json_t *config)
{
    return member_get(member_get(config, "rootfs"), "diff_ids");
}

static int diff_id_at(const json_t *config, size_t number, struct digest *out, struct error *err)
{
    const char *text = json_text(json_array_get(diff_ids_json(config), number));

    if (text == NULL)
        return error_set(err, ERROR_CORRUPT, "the config has no diff_id of layer %zu", number + 1);
    if (digest_parse(text, out, err) < 0)
        return error_wrap(err, "the diff_id of layer %zu", number + 1);
    return 0;
}

static void write_manifest(struct docker_image *image, const struct descriptor *layers,
                           bool has_zstd)
{
    json_auto_t *manifest = json_object();
    json_t *list = json_array();

    if (has_zstd)
        snprintf(image->config_blob.media_type, MEDIA_TYPE_MAX, "%s", MEDIA_TYPE_OCI_CONFIG);
    for (size_t i = 0; i < image->layers.count; i++) {
        struct descriptor layer = layers[i];
        snprintf(layer.media_type, MEDIA_TYPE_MAX, "%s",
                 media_type_of_layer(layers[i].media_type, !has_zstd));
        json_array_append_new(list, descriptor_to_json(&layer));
    }
    json_object_set_new(manifest, "schemaVersion", json_integer(2));
    json_object_set_new(
        manifest, "mediaType",
        json_string(has_zstd ? MEDIA_TYPE_OCI_MANIFEST : MEDIA_TYPE_DOCKER_MANIFEST));
    json_object_set_new(manifest, "config", descriptor_to_json(&image->config_blob));
    json_object_set_new(manifest, "layers", list);
    json_to_buf(manifest, &image->manifest);
}

static int describe(struct docker_images *images, struct docker_image *image,
                    struct descriptor *layers, struct error *err)
{
    json_auto_t *config = NULL;
    bool has_zstd = false;

    if (load_config(images, image, &config, err) < 0)
        return -1;
    size_t diff_ids = json_array_size(diff_ids_json(config));
    if (diff_ids != image->layers.count)
        return error_set(err, ERROR_CORRUPT, "manifest.json lists %zu layers, the config %zu",
                         image->layers.count, diff_ids);
    for (size_t i = 0; i < image->layers.count; i++) {
        struct digest diff_id = DIGEST_INIT;
        if (diff_id_at(config, i, &diff_id, err) < 0 ||
            describe_layer(images, image->layers.items[i], &diff_id, &layers[i], err) < 0)
            return -1;
        has_zstd = has_zstd || text_ends_with(layers[i].media_type, "zstd");
    }
    write_manifest(image, layers, has_zstd);
    struct digest none = DIGEST_INIT;
    return version_describe(&image->manifest,
                            has_zstd ? MEDIA_TYPE_OCI_MANIFEST : MEDIA_TYPE_DOCKER_MANIFEST, &none,
                            &image->what, err);
}

int docker_image_describe(struct docker_images *images, struct docker_image *image,
                          struct error *err)
{
    struct descriptor *layers;

    if (image->manifest.size > 0)
        return 0;
    layers = xcalloc(image->layers.count + 1, sizeof(*layers));
    int result = describe(images, image, layers, err);
    free(layers);
    return result == 0 ? 0 : error_wrap(err, "'%s'", images->subject);
}
