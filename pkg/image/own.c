#include "image/image_internal.h"

#include "oci/media_type.h"

#include <string.h>

#define COMMIT_DIGITS 40

json_t *record_from_history(const json_t *entry)
{
    const char *comment = json_string_value(json_object_get(entry, "comment"));
    json_t *record;

    if (comment == NULL || comment[0] != '{')
        return NULL;
    record = json_loads(comment, JSON_REJECT_DUPLICATES, NULL);
    if (json_integer_value(json_object_get(record, "inlay")) == 1)
        return record;
    json_decref(record);
    return NULL;
}

size_t record_find_layer(const struct image *image, const json_t *record)
{
    const char *wanted = json_string_value(json_object_get(record, "diff_id"));
    json_t *diff_ids = image_diff_ids_json(image);
    size_t i;
    json_t *item;

    json_array_foreach(diff_ids, i, item)
    {
        const char *diff_id = json_string_value(item);
        if (wanted != NULL && diff_id != NULL && strcmp(diff_id, wanted) == 0)
            return i;
    }
    return json_array_size(diff_ids);
}

static char *copy_text(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

void layer_record_copy(const struct layer_record *from, struct layer_record *to)
{
    *to = (struct layer_record){
        .kind = copy_text(from->kind),
        .model = copy_text(from->model),
        .commit = copy_text(from->commit),
        .layout = copy_text(from->layout),
        .place = copy_text(from->place),
        .files = from->files,
        .recipe = from->recipe,
    };
    for (size_t i = 0; i < from->also.count; i++)
        strings_add(&to->also, from->also.items[i]);
}

void layer_record_release(struct layer_record *record)
{
    free(record->kind);
    free(record->model);
    free(record->commit);
    free(record->layout);
    free(record->place);
    strings_release(&record->also);
    *record = (struct layer_record){0};
}

void image_layer_release(struct image_layer *layer)
{
    layer_record_release(&layer->record);
    *layer = (struct image_layer){0};
}

void image_layers_free(struct image_layer *layers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        image_layer_release(&layers[i]);
    free(layers);
}

static char *record_text(const json_t *record, const char *name)
{
    return copy_text(json_string_value(json_object_get(record, name)));
}

static int digest_member(const json_t *record, const char *name, struct digest *out,
                         struct error *err)
{
    const char *text = json_string_value(json_object_get(record, name));

    return digest_parse(text != NULL ? text : "", out, err);
}

/* What is no number of files counts as not told. */
static uint64_t record_files(const json_t *record)
{
    json_int_t files = json_integer_value(json_object_get(record, "files"));

    return files > 0 ? (uint64_t)files : 0;
}

static bool record_is_whole(const struct layer_record *record)
{
    static const char *const kinds[] = {"way", "large", "medium", "small"};

    if (record->kind == NULL)
        return false;
    if (strcmp(record->kind, KIND_FOLDERS) == 0)
        return record->model == NULL;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(record->kind, kinds[i]) == 0)
            return record->model != NULL && record->commit != NULL &&
                   text_is_hex(record->commit, COMMIT_DIGITS) && record->layout != NULL &&
                   record->place != NULL;
    return false;
}

/* Fills a layer of the image from the record that speaks of it; false if it does not hold up. */
static bool layer_fill(const struct image *image, const json_t *record, struct image_layer *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what others wrote may be anything */
    const json_t *blob = json_array_get(image_layers_json(image), record_find_layer(image, record));
    size_t i;
    json_t *item;

    out->record.kind = record_text(record, "kind");
    out->record.model = record_text(record, "model");
    out->record.commit = record_text(record, "commit");
    out->record.layout = record_text(record, "layout");
    out->record.place = record_text(record, "place");
    out->record.files = record_files(record);
    json_array_foreach(json_object_get(record, "also"), i, item) if (json_is_string(item))
        strings_add(&out->record.also, json_string_value(item));
    return blob != NULL && record_is_whole(&out->record) &&
           digest_member(record, "recipe", &out->record.recipe, &ignored) == 0 &&
           digest_member(record, "diff_id", &out->diff_id, &ignored) == 0 &&
           descriptor_from_json(blob, &out->blob, &ignored) == 0;
}

void image_own_layers(const struct image *image, struct image_layer **out, size_t *count)
{
    json_t *history = image_history_json(image);
    struct image_layer *layers = xcalloc(json_array_size(history), sizeof(*layers));
    size_t found = 0;
    size_t i;
    json_t *entry;

    json_array_foreach(history, i, entry)
    {
        json_auto_t *record = record_from_history(entry);
        if (record == NULL)
            continue;
        if (layer_fill(image, record, &layers[found]))
            found++;
        else
            image_layer_release(&layers[found]);
    }
    *out = layers;
    *count = found;
}

json_t *folders_record(const struct image *image)
{
    size_t i;
    json_t *entry;

    json_array_foreach(image_history_json(image), i, entry)
    {
        json_auto_t *record = record_from_history(entry);
        const char *kind = json_string_value(json_object_get(record, "kind"));
        if (kind != NULL && strcmp(kind, KIND_FOLDERS) == 0)
            return json_incref(record);
    }
    return NULL;
}

void image_own_environment(const struct image *image, struct strings *out)
{
    json_auto_t *record = folders_record(image);
    CLEANUP(strings) struct strings all = STRINGS_INIT;
    const char *name;
    json_t *value;

    image_environment(image, &all);
    json_object_foreach(json_object_get(json_object_get(record, "changed"), "env"), name, value)
    {
        for (size_t i = 0; i < all.count; i++)
            if (text_starts_with(all.items[i], name) && all.items[i][strlen(name)] == '=')
                strings_add(out, all.items[i]);
    }
}

const char *image_own_created(const struct image *image)
{
    json_auto_t *record = folders_record(image);

    if (json_object_get(json_object_get(record, "changed"), "created") == NULL)
        return NULL;
    return json_string_value(json_object_get(image->config, "created"));
}

static void restore_changes(struct image *image, const json_t *record)
{
    json_t *changed = json_object_get(record, "changed");
    json_t *made = json_object_get(changed, "made");
    json_t *config = json_object_get(image->config, "config");
    json_t *created = json_object_get(changed, "created");
    const char *created_was = json_string_value(json_object_get(made, "created"));

    environment_restore(json_object_get(config, "Env"), json_object_get(changed, "env"));
    strings_restore(json_object_get(config, "Labels"), json_object_get(changed, "labels"));
    strings_restore(json_object_get(image->manifest, "annotations"),
                    json_object_get(changed, "annotations"));
    member_unmake(config, "Env", made);
    member_unmake(config, "Labels", made);
    member_unmake(image->config, "config", made);
    member_unmake(image->manifest, "annotations", made);
    if (json_object_get(made, "mediaType") != NULL)
        json_object_del(image->manifest, "mediaType");
    if (json_is_string(created) || json_is_null(created))
        json_object_set(image->config, "created", created);
    if (created_was != NULL && strcmp(created_was, "absent") == 0)
        json_object_del(image->config, "created");
}

int image_strip(struct image *image, struct error *err)
{
    json_auto_t *folders = folders_record(image);
    json_t *history = image_history_json(image);

    for (size_t i = json_array_size(history); i > 0; i--) {
        const json_t *entry = json_array_get(history, i - 1);
        json_auto_t *record = record_from_history(entry);
        if (record == NULL)
            continue;
        if (json_is_true(json_object_get(entry, "empty_layer"))) { /* another entry has the layer */
            json_array_remove(history, i - 1);
            continue;
        }
        size_t at = record_find_layer(image, record);
        if (at == json_array_size(image_diff_ids_json(image)))
            return error_set(err, ERROR_CORRUPT,
                             "the image's history names a layer of inlay's that the image does not "
                             "have; start from an image that another tool has not edited");
        json_array_remove(image_layers_json(image), at);
        json_array_remove(image_diff_ids_json(image), at);
        json_array_remove(history, i - 1);
    }
    if (folders == NULL)
        return 0;
    restore_changes(image, folders);
    member_unmake(image->config, "history",
                  json_object_get(json_object_get(folders, "changed"), "made"));
    return 0;
}

static const char *base_member(const struct image *image, const char *key)
{
    const json_t *object = image->docker
                               ? json_object_get(json_object_get(image->config, "config"), "Labels")
                               : json_object_get(image->manifest, "annotations");

    return json_string_value(json_object_get(object, key));
}

const char *image_base_name(const struct image *image)
{
    return base_member(image, ANNOTATION_BASE_NAME);
}

const char *image_base_digest(const struct image *image)
{
    return base_member(image, ANNOTATION_BASE_DIGEST);
}
