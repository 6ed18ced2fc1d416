#include "image/image_internal.h"

#include "oci/media_type.h"
#include "oci/member.h"

#include <string.h>

#define CREATED_UNKNOWN "1970-01-01T00:00:00Z"

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, name, json_string(text));
}

static void set_list(json_t *object, const char *name, const struct strings *list)
{
    if (list->count == 0)
        return;
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->items[i]));
    json_object_set_new(object, name, array);
}

/* What a layer's history entry says to inlay itself. */
static json_t *record_of_layer(const struct image_layer *layer)
{
    json_t *record = json_pack("{s:i, s:s}", "inlay", 1, "kind", layer->record.kind);

    set_text(record, "model", layer->record.model);
    set_text(record, "source", layer->record.source);
    set_text(record, "commit", layer->record.commit);
    set_text(record, "layout", layer->record.layout);
    set_text(record, "place", layer->record.place);
    set_list(record, "also", &layer->record.also);
    if (layer->record.files > 0)
        json_object_set_new(record, "files", json_integer((json_int_t)layer->record.files));
    set_list(record, "contents", &layer->record.contents);
    set_text(record, "recipe", digest_format(&layer->record.recipe).text);
    set_text(record, "diff_id", digest_format(&layer->diff_id).text);
    set_text(record, "signature", layer->record.signature);
    return record;
}

/* Not as a document: what is marked in the record's texts goes back into the image as it is. */
static void record_to_buf(const json_t *record, struct buf *out)
{
    CLEANUP(text) char *text = json_dumps(record, JSON_COMPACT);

    if (text == NULL)
        abort(); /* only a cycle cannot be written */
    buf_add_text(out, text);
}

static json_t *history_entry(const struct image_layer *layer, const json_t *record,
                             const char *created)
{
    CLEANUP(buf) struct buf comment = BUF_INIT;
    CLEANUP(text)
    char *created_by =
        layer->record.model != NULL
            ? xasprintf("inlay inject %s@%s", layer->record.model, layer->record.commit)
            : xstrdup("inlay inject (folders)");

    record_to_buf(record, &comment);
    return json_pack("{s:s, s:s, s:s}", "created", created, "created_by", created_by, "comment",
                     buf_text(&comment));
}

/*
 * In the manifest's own family; annotations in OCI alone, schema 2 has none. A layer that was built
 * is a plain tar, one that was found may have been compressed by another tool.
 */
static json_t *layer_descriptor(const struct image *image, const struct image_layer *layer)
{
    json_t *json = descriptor_to_json(&layer->blob);

    json_object_set_new(json, "mediaType",
                        json_string(media_type_of_layer(layer->blob.media_type, image->docker)));
    if (image->docker)
        return json;
    json_t *annotations = json_object();
    set_text(annotations, ANNOTATION_MODEL, layer->record.model);
    set_text(annotations, ANNOTATION_COMMIT, layer->record.commit);
    set_text(annotations, ANNOTATION_RECIPE, digest_format(&layer->record.recipe).text);
    table_to_annotations(&layer->table, annotations);
    json_object_set_new(json, "annotations", annotations);
    return json;
}

/* What the base is told in; made if there is something to tell. NULL: nothing is there, or to be.
 */
static json_t *statement_of_base(struct image *image, const struct image_changes *changes,
                                 json_t *made)
{
    json_t *parent = image->docker ? member_get(image->config, "config") : image->manifest;
    const char *name = image->docker ? "Labels" : "annotations";

    if (changes->base_name == NULL && changes->base_digest == NULL)
        return member_get(parent, name);
    return member_make(parent, name, '{', made);
}

/* The lists of layers. An image without layers often has none of them. */
static void make_rootfs(struct image *image, json_t *made)
{
    json_t *rootfs = member_make(image->config, "rootfs", '{', made);
    const char *type = member_text(rootfs, "type");

    if (type == NULL)
        text_make(rootfs, "type", "layers", made);
    member_make(rootfs, "diff_ids", '[', made);
    member_make(image->manifest, "layers", '[', made);
}

/* Sets environment, base and `created`; returns the record of what was there before. */
static json_t *apply_changes(struct image *image, const struct image_changes *changes, json_t *made)
{
    json_t *changed = json_object();
    json_t *env = json_object();
    json_t *base = json_object();
    if (member_text(image->manifest, "mediaType") == NULL) /* some registries insist on it */
        text_make(image->manifest, "mediaType", image->media_type, made);
    make_rootfs(image, made);
    json_t *config = member_make(image->config, "config", '{', made);
    json_t *target = statement_of_base(image, changes, made);

    if (changes->environment != NULL && changes->environment[0] != NULL) {
        json_t *list = member_make(config, "Env", '[', made);
        for (size_t i = 0; changes->environment[i] != NULL; i++)
            environment_set(list, changes->environment[i], env);
    }
    if (changes->start != NULL && container_start_is_set(changes->start))
        json_object_set_new(changed, "start", start_set(config, changes->start, made));
    if (changes->base_name != NULL)
        strings_set(target, ANNOTATION_BASE_NAME, changes->base_name, base);
    else if (json_object_get(target, ANNOTATION_BASE_NAME) != NULL) {
        /* The two are one statement: a name of another base beside our digest would be false. */
        json_object_set(base, ANNOTATION_BASE_NAME, json_object_get(target, ANNOTATION_BASE_NAME));
        strings_drop(target, ANNOTATION_BASE_NAME);
    }
    if (changes->base_digest != NULL)
        strings_set(target, ANNOTATION_BASE_DIGEST, changes->base_digest, base);
    json_object_set_new(changed, "env", env);
    json_object_set_new(changed, image->docker ? "labels" : "annotations", base);
    if (changes->created != NULL) {
        json_t *old = member_get(image->config, "created");
        json_object_set_new(changed, "created", old != NULL ? json_deep_copy(old) : json_null());
        if (json_is_string(old))
            member_set_new(image->config, "created", json_string(changes->created));
        else
            text_make(image->config, "created", changes->created, made);
    }
    return changed;
}

/* Does layer `number` stand there already, for another model? The folders have to be on top. */
static bool is_shared(const struct image_changes *changes, size_t number)
{
    for (size_t i = 0; i < number && changes->layers[number].record.model != NULL; i++)
        if (digest_equal(&changes->layers[i].diff_id, &changes->layers[number].diff_id))
            return true;
    return false;
}

/* How many layers the image has with these. */
static size_t count_layers(const struct image *image, const struct image_changes *changes)
{
    size_t total = image_layer_count(image);

    for (size_t i = 0; i < changes->layer_count; i++)
        total += !is_shared(changes, i);
    return total;
}

/* A shared layer is in the image once; the other models' entries in the history are empty ones. */
static void append_layer(struct image *image, const struct image_layer *layer, json_t *entry,
                         bool shared)
{
    json_array_append_new(image_history_json(image), entry);
    if (shared) {
        json_object_set_new(entry, "empty_layer", json_true());
        return;
    }
    json_array_append_new(image_layers_json(image), layer_descriptor(image, layer));
    json_array_append_new(image_diff_ids_json(image),
                          json_string(digest_format(&layer->diff_id).text));
}

int image_append(struct image *image, const struct image_changes *changes, struct error *err)
{
    size_t total = count_layers(image, changes);
    json_auto_t *made = json_object();

    if (total > IMAGE_LAYERS_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the image would have %zu layers; runtimes take %d at most", total,
                         IMAGE_LAYERS_MAX);
    json_auto_t *changed = apply_changes(image, changes, made);
    member_make(image->config, "history", '[', made);
    const char *own = member_text(image->config, "created");
    CLEANUP(text) char *created = xstrdup(own != NULL && own[0] != '\0' ? own : CREATED_UNKNOWN);

    json_object_set(changed, "made", made);
    for (size_t i = 0; i < changes->layer_count; i++) {
        const struct image_layer *layer = &changes->layers[i];
        json_auto_t *record = record_of_layer(layer);
        if (strcmp(layer->record.kind, KIND_FOLDERS) == 0) {
            json_object_set_new(record, "folders",
                                folders_to_json(changes->folders, changes->folder_count));
            if (changes->facts != NULL)
                json_object_set_new(record, "base", base_facts_to_json(changes->facts));
            json_object_set(record, "changed", changed);
        }
        append_layer(image, layer, history_entry(layer, record, created), is_shared(changes, i));
    }
    return 0;
}
