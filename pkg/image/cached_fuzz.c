#include "image/image_internal.h"

#include "oci/member.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The recipe that a manifest claims, so that more than the refusal of another one is reached. */
static struct digest claimed_recipe(const struct document *manifest)
{
    const json_t *annotations = member_get(manifest->json, "annotations");
    const char *text = json_text(json_object_get(annotations, ANNOTATION_RECIPE));
    struct digest recipe = DIGEST_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is of no recipe */

    if (digest_parse(text != NULL ? text : "", &recipe, &ignored) < 0)
        return digest_of(DIGEST_SHA256, "", 0);
    return recipe;
}

/* A manifest by the tag of a recipe: what is taken of it is written, and taken again as the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(document) struct document written = DOCUMENT_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct image_layer layer = {0}, again = {0};
    struct descriptor what = {.digest = digest_of(DIGEST_SHA256, data, size), .size = size};
    struct descriptor config, manifest;

    buf_add(&bytes, data, size);
    if (document_parse(&bytes, &what, &document, &err) < 0)
        return 0;
    struct digest recipe = claimed_recipe(&document);
    if (cached_layer_parse(&document, &recipe, &layer, &err) < 0) {
        if (err.kind != ERROR_CORRUPT || layer.blob.size != 0)
            abort();
        return 0;
    }
    cached_layer_format(&layer, &config_bytes, &config, &bytes, &manifest);
    if (document_parse(&bytes, &manifest, &written, &err) < 0 ||
        cached_layer_parse(&written, &recipe, &again, &err) < 0 ||
        !digest_equal(&again.blob.digest, &layer.blob.digest) ||
        !digest_equal(&again.diff_id, &layer.diff_id) || again.blob.size != layer.blob.size)
        abort();
    return 0;
}
