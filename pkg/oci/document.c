#include "oci/document.h"

#include "core/text.h"
#include "json/parse.h"
#include "oci/json_text_internal.h"
#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

int json_from_buf(const struct buf *bytes, const char *name, json_t **out, struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    bool duplicates = false;
    const struct json_rules rules = {
        .name = name,
        .flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
        .is_rewritten = true,
    };
    json_t *json = NULL;

    if (json_check_values(buf_text(bytes), bytes->size, &rules, err) < 0 ||
        json_text_encode(bytes, name, &text, &duplicates, err) < 0)
        return -1;
    if (json_parse(buf_text(&text), text.size, &rules, &json, err) < 0)
        return -1;
    *out = duplicates ? json_number_duplicates(json) : json;
    return 0;
}

static int add_to_buf(const char *text, size_t size, void *arg)
{
    buf_add(arg, text, size);
    return 0;
}

void json_to_buf(const json_t *json, struct buf *out)
{
    buf_clear(out);
    if (json_dump_callback(json, add_to_buf, out, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
        abort(); /* only a value that is not in a tree, or a cycle, cannot be written */
    json_text_decode(out);
}

static bool is_generic(const char *media_type)
{
    return media_type[0] == '\0' || strcmp(media_type, "application/json") == 0 ||
           strcmp(media_type, "text/plain") == 0 ||
           strcmp(media_type, "application/octet-stream") == 0;
}

static bool has_array(const json_t *json, const char *name)
{
    return json_is_array(member_get(json, name));
}

/* The media type by what the document says of itself, else by its shape; NULL if neither tells. */
static const char *type_by_content(const json_t *json)
{
    const char *own = member_text(json, "mediaType");

    if (own != NULL)
        return own;
    if (has_array(json, "manifests"))
        return MEDIA_TYPE_OCI_INDEX;
    if (json_is_object(member_get(json, "config")) && member_get(json, "layers") != NULL)
        return MEDIA_TYPE_OCI_MANIFEST;
    return NULL;
}

static int check_manifest(const json_t *json, struct error *err)
{
    const json_t *config = member_get(json, "config");
    const json_t *layers = member_get(json, "layers");

    if (config == NULL || json_is_null(config))
        return error_set(err, ERROR_CORRUPT, "a manifest without 'config'");
    if (!json_is_object(config))
        return error_set(err, ERROR_CORRUPT, "a manifest whose 'config' is not an object");
    /* An image without layers; Go's tools write null for it. */
    if (layers != NULL && !json_is_null(layers) && !json_is_array(layers))
        return error_set(err, ERROR_CORRUPT, "a manifest whose 'layers' is not an array");
    return 0;
}

/* Refuses what could be read in two ways (CVE-2021-41190). */
static int check_shape(const json_t *json, const char *media_type, struct error *err)
{
    const char *own = member_text(json, "mediaType");
    const json_t *entries = member_get(json, "manifests");
    bool manifest = member_get(json, "config") != NULL || member_get(json, "layers") != NULL;

    if (own != NULL && strcmp(own, media_type) != 0)
        return error_set(err, ERROR_CORRUPT, "served as '%s', but says that it is '%s'", media_type,
                         own);
    if (entries != NULL && manifest) /* whatever it is: others take it for an index */
        return error_set(err, ERROR_CORRUPT, "a manifest and an index at once");
    if (media_type_is_manifest(media_type))
        return check_manifest(json, err);
    if (entries == NULL)
        return error_set(err, ERROR_CORRUPT, "an index without 'manifests'");
    if (!json_is_array(entries) && !json_is_null(entries))
        return error_set(err, ERROR_CORRUPT, "an index whose 'manifests' is not an array");
    return 0;
}

static int choose_type(const json_t *json, const char *served, const char **out, struct error *err)
{
    const char *media_type = is_generic(served) ? type_by_content(json) : served;

    if (json_integer_value(member_get(json, "schemaVersion")) == 1 ||
        (media_type != NULL &&
         text_starts_with(media_type, "application/vnd.docker.distribution.manifest.v1+")))
        return error_set(err, ERROR_UNSUPPORTED,
                         "an image of Docker's old schema 1; push it again with a current tool");
    if (media_type == NULL)
        return error_set(err, ERROR_CORRUPT, "neither a manifest nor an index");
    if (!media_type_is_index(media_type) && !media_type_is_manifest(media_type))
        return error_set(err, ERROR_UNSUPPORTED, "'%s' is not the type of an image", media_type);
    *out = media_type;
    return check_shape(json, media_type, err);
}

static void unify_descriptors(json_t *list)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        member_unify(item, "annotations", true);
        member_unify(item, "platform", false);
    }
}

/* What Go reads into one object is one. */
static void unify(json_t *json)
{
    member_unify(json, "config", false);
    member_unify(json, "annotations", true);
    unify_descriptors(member_get(json, "layers"));
    unify_descriptors(member_get(json, "manifests"));
}

int document_parse(struct buf *bytes, const struct descriptor *what, struct document *out,
                   struct error *err)
{
    json_auto_t *json = NULL;
    const char *media_type = NULL;
    struct descriptor descriptor;

    if (json_from_buf(bytes, "the manifest", &json, err) < 0)
        return -1;
    if (!json_is_object(json))
        return error_set(err, ERROR_CORRUPT, "the manifest is not a JSON object");
    unify(json);
    if (choose_type(json, what->media_type, &media_type, err) < 0)
        return -1;
    if (descriptor_set(&descriptor, media_type, &what->digest, what->size, err) < 0)
        return -1;

    document_release(out);
    out->descriptor = descriptor;
    out->is_index = media_type_is_index(media_type);
    out->bytes = *bytes;
    *bytes = (struct buf)BUF_INIT;
    out->json = TAKE(json);
    return 0;
}

void document_release(struct document *document)
{
    json_decref(document->json);
    buf_release(&document->bytes);
    *document = (struct document)DOCUMENT_INIT;
}

int document_config(const struct document *manifest, struct descriptor *out, struct error *err)
{
    if (descriptor_from_json(member_get(manifest->json, "config"), out, err) < 0)
        return error_wrap(err, "the config");
    return 0;
}

int document_children(const struct document *document, struct descriptor **out, size_t *count,
                      struct error *err)
{
    json_t *list = member_get(document->json, document->is_index ? "manifests" : "layers");
    struct descriptor *children = xcalloc(json_array_size(list) + 1, sizeof(*children));
    size_t found = 0;
    size_t i;
    json_t *item;

    if (!document->is_index && document_config(document, &children[found++], err) < 0) {
        free(children);
        return -1;
    }
    json_array_foreach(list, i, item)
    {
        if (descriptor_from_json(item, &children[found], err) < 0) {
            free(children);
            return error_wrap(err, "%s %zu", document->is_index ? "entry" : "layer", i + 1);
        }
        if (!media_type_is_foreign_layer(children[found].media_type))
            found++;
    }
    *out = children;
    *count = found;
    return 0;
}
