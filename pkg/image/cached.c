#include "image/image_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <stdio.h>
#include <string.h>

#define ARTIFACT_TYPE "application/vnd.inlay.layer.v1"
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define EMPTY "{}"
#define ANNOTATION_DIFF_ID "dev.inlay.diff_id"
#define ANNOTATION_SIGNATURE "dev.inlay.signature"

char *cached_layer_tag(const struct digest *recipe)
{
    return xasprintf("inlay-%s", digest_format_hex(recipe).text);
}

void cached_layer_format(const struct image_layer *layer, struct buf *config_bytes,
                         struct descriptor *config, struct buf *manifest_bytes,
                         struct descriptor *manifest)
{
    struct descriptor blob = layer->blob;

    *config = (struct descriptor){.media_type = EMPTY_TYPE, .size = strlen(EMPTY)};
    config->digest = digest_of(DIGEST_SHA256, EMPTY, strlen(EMPTY));
    buf_clear(config_bytes);
    buf_add_text(config_bytes, EMPTY);
    snprintf(blob.media_type, sizeof(blob.media_type), "%s",
             media_type_of_layer(layer->blob.media_type, false));

    json_auto_t *json =
        json_pack("{s:i, s:s, s:s, s:o, s:[o], s:{s:s, s:s}}", "schemaVersion", 2, "mediaType",
                  MEDIA_TYPE_OCI_MANIFEST, "artifactType", ARTIFACT_TYPE, "config",
                  descriptor_to_json(config), "layers", descriptor_to_json(&blob), "annotations",
                  ANNOTATION_RECIPE, digest_format(&layer->record.recipe).text, ANNOTATION_DIFF_ID,
                  digest_format(&layer->diff_id).text);
    table_to_annotations(&layer->table, json_object_get(json, "annotations"));
    if (layer->record.signature != NULL)
        json_object_set_new(json_object_get(json, "annotations"), ANNOTATION_SIGNATURE,
                            json_string(layer->record.signature));
    json_to_buf(json, manifest_bytes);
    *manifest =
        (struct descriptor){.media_type = MEDIA_TYPE_OCI_MANIFEST, .size = manifest_bytes->size};
    manifest->digest = digest_of(DIGEST_SHA256, buf_text(manifest_bytes), manifest_bytes->size);
}

static int digest_annotation(const struct document *manifest, const char *name, struct digest *out,
                             struct error *err)
{
    const char *text = json_text(json_object_get(member_get(manifest->json, "annotations"), name));

    if (digest_parse(text != NULL ? text : "", out, err) < 0)
        return error_wrap(err, "the annotation '%s'", name);
    return 0;
}

int cached_layer_parse(const struct document *manifest, const struct digest *recipe,
                       struct image_layer *out, struct error *err)
{
    const json_t *layers = member_get(manifest->json, "layers");
    struct image_layer layer = {0};

    if (json_array_size(layers) != 1)
        return error_set(err, ERROR_CORRUPT, "%zu layers where one is expected",
                         json_array_size(layers));
    if (descriptor_from_json(json_array_get(layers, 0), &layer.blob, err) < 0 ||
        digest_annotation(manifest, ANNOTATION_RECIPE, &layer.record.recipe, err) < 0 ||
        digest_annotation(manifest, ANNOTATION_DIFF_ID, &layer.diff_id, err) < 0)
        return -1;
    if (!digest_equal(&layer.record.recipe, recipe))
        return error_set(err, ERROR_CORRUPT, "it is of recipe %s",
                         digest_format(&layer.record.recipe).text);
    table_from_annotations(member_get(manifest->json, "annotations"), &layer.table);
    layer.record.signature = text_copy(json_text(
        json_object_get(member_get(manifest->json, "annotations"), ANNOTATION_SIGNATURE)));
    *out = layer;
    return 0;
}
