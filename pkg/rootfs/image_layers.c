#include "rootfs/rootfs_internal.h"

#include "image/image.h"
#include "oci/media_type.h"

#include <string.h>

#define STARGZ_TOC "containerd.io/snapshot/stargz/toc.digest"
#define CHUNKED "containers.zstd-chunked.manifest-"

/* What the manifest says of a table of contents of zstd:chunked, by its name of now or of before.
 */
static const char *chunked_annotation(const struct image *image, size_t number, const char *now,
                                      const char *before)
{
    const char *found = image_layer_annotation(image, number, now);

    return found != NULL ? found : image_layer_annotation(image, number, before);
}

static struct rootfs_layer layer_of(const struct image *image, size_t number,
                                    const struct descriptor *blob, const struct digest *diff_id)
{
    return (struct rootfs_layer){
        .blob = *blob,
        .diff_id = *diff_id,
        .stargz_toc = image_layer_annotation(image, number, STARGZ_TOC),
        .chunked_checksum = chunked_annotation(image, number, "io.github." CHUNKED "checksum",
                                               "io." CHUNKED "checksum"),
        .chunked_position = chunked_annotation(image, number, "io.github." CHUNKED "position",
                                               "io." CHUNKED "position"),
    };
}

int layer_check(const struct rootfs_layer *layer, struct error *err)
{
    static const char *const types[] = {
        MEDIA_TYPE_OCI_LAYER,    MEDIA_TYPE_OCI_LAYER "+gzip",    MEDIA_TYPE_OCI_LAYER "+zstd",
        MEDIA_TYPE_DOCKER_LAYER, MEDIA_TYPE_DOCKER_LAYER ".gzip", MEDIA_TYPE_DOCKER_LAYER ".zstd",
    };
    const char *type = layer->blob.media_type;

    if (layer->is_artifact)
        return 0;
    if (media_type_is_foreign_layer(type))
        return error_set(err, ERROR_UNSUPPORTED,
                         "its type is '%s': such a layer is not in the registry", type);
    if (layer->diff_id.algorithm != DIGEST_SHA256 && layer->diff_id.algorithm != DIGEST_SHA512)
        return error_set(err, ERROR_UNSUPPORTED, "the image's config has no diff_id for it");
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcmp(type, types[i]) == 0)
            return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "its type is '%s', expected a tar, plain or packed with gzip or zstd", type);
}

int rootfs_layers_of(const struct image *image, struct rootfs_layer **out, size_t *count,
                     struct error *err)
{
    struct descriptor *blobs = NULL;
    struct digest *diff_ids = NULL;

    if (image_layers(image, &blobs, count, err) < 0)
        return -1;
    if (image_diff_ids(image, &diff_ids, count, err) < 0) {
        free(blobs);
        return -1;
    }
    struct rootfs_layer *layers = xcalloc(*count, sizeof(*layers));
    for (size_t i = 0; i < *count; i++)
        layers[i] = layer_of(image, i, &blobs[i], &diff_ids[i]);
    free(blobs);
    free(diff_ids);
    *out = layers;
    return 0;
}
