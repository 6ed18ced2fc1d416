#include "image/image_internal.h"

#include "json/parse.h"
#include "oci/media_type.h"
#include "oci/member.h"

#include <inttypes.h>
#include <string.h>

#define COMMIT_DIGITS 40

json_t *record_from_history(const json_t *entry)
{
    static const struct json_rules rules = {.flags = JSON_REJECT_DUPLICATES};
    CLEANUP(error) struct error ignored = ERROR_INIT; /* others write comments, too */
    const char *comment = member_text(entry, "comment");
    json_t *record = NULL;

    if (comment == NULL || comment[0] != '{' ||
        json_parse(comment, strlen(comment), &rules, &record, &ignored) < 0)
        return NULL;
    if (json_integer_value(json_object_get(record, "inlay")) == 1)
        return record;
    json_decref(record);
    return NULL;
}

/* A layer with the bytes of this record's, whichever; the number of layers if there is none. */
static size_t find_equal_layer(const struct image *image, const json_t *record)
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

char *image_layer_statement(const struct image_layer *layer)
{
    bool has_table = layer->table.digest.algorithm != DIGEST_NONE;

    return xasprintf(
        "inlay layer 1\nrecipe %s\ndiff_id %s\nblob %s\nsize %" PRIu64 "\ntype %s\n%s%s%s",
        digest_format(&layer->record.recipe).text, digest_format(&layer->diff_id).text,
        digest_format(&layer->blob.digest).text, layer->blob.size,
        media_type_of_layer(layer->blob.media_type, false), has_table ? "table " : "",
        has_table ? digest_format(&layer->table.digest).text : "", has_table ? "\n" : "");
}

void table_to_annotations(const struct layer_table *table, json_t *annotations)
{
    CLEANUP(text) char *size = xasprintf("%" PRIu64, table->tar_size);

    if (table->digest.algorithm == DIGEST_NONE)
        return;
    json_object_set_new(annotations, ANNOTATION_TABLE,
                        json_string(digest_format(&table->digest).text));
    json_object_set_new(annotations, ANNOTATION_TABLE_TAR_SIZE, json_string(size));
}

void table_from_annotations(const json_t *annotations, struct layer_table *out)
{
    const char *digest = json_string_value(json_object_get(annotations, ANNOTATION_TABLE));
    const char *size = json_string_value(json_object_get(annotations, ANNOTATION_TABLE_TAR_SIZE));
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what does not hold up is none */
    struct layer_table table = {DIGEST_INIT, 0};

    *out = (struct layer_table){DIGEST_INIT, 0};
    if (digest != NULL && size != NULL && digest_parse(digest, &table.digest, &ignored) == 0 &&
        parse_u64(size, INT64_MAX, &table.tar_size, &ignored) == 0)
        *out = table;
}

void layer_record_copy(const struct layer_record *from, struct layer_record *to)
{
    *to = (struct layer_record){
        .kind = text_copy(from->kind),
        .model = text_copy(from->model),
        .source = text_copy(from->source),
        .commit = text_copy(from->commit),
        .layout = text_copy(from->layout),
        .place = text_copy(from->place),
        .files = from->files,
        .recipe = from->recipe,
        .signature = text_copy(from->signature),
    };
    strings_add_all(&to->also, &from->also);
    strings_add_all(&to->contents, &from->contents);
}

void layer_record_release(struct layer_record *record)
{
    free(record->kind);
    free(record->model);
    free(record->source);
    free(record->commit);
    free(record->layout);
    free(record->place);
    free(record->signature);
    strings_release(&record->also);
    strings_release(&record->contents);
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
    return text_copy(json_string_value(json_object_get(record, name)));
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

/* A commit of git, or a digest of what has no commits. */
static bool is_pin(const char *text)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;
    struct digest digest;

    return text_is_hex(text, COMMIT_DIGITS) || digest_parse(text, &digest, &ignored) == 0;
}

static bool record_is_whole(const struct layer_record *record)
{
    static const char *const kinds[] = {"way", "large", "medium", "small", "links"};

    if (record->kind == NULL)
        return false;
    if (strcmp(record->kind, KIND_FOLDERS) == 0)
        return record->model == NULL;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(record->kind, kinds[i]) == 0)
            return record->model != NULL && record->commit != NULL && is_pin(record->commit) &&
                   record->layout != NULL && record->place != NULL;
    return false;
}

/* Fills a layer of the image from the record that speaks of it; false if it does not hold up. */
static bool layer_fill(const struct image *image, const struct record_entry *entry,
                       struct image_layer *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what others wrote may be anything */
    const json_t *record = entry->record;
    bool is_told = entry->layer < RECORD_ANY_LAYER;
    size_t layer = is_told ? entry->layer : find_equal_layer(image, record);
    const json_t *blob = json_array_get(image_layers_json(image), layer);
    size_t i;
    json_t *item;

    out->number = is_told ? layer + 1 : 0;
    table_from_annotations(json_object_get(blob, "annotations"), &out->table);
    out->record.kind = record_text(record, "kind");
    out->record.model = record_text(record, "model");
    out->record.source = record_text(record, "source");
    out->record.commit = record_text(record, "commit");
    out->record.layout = record_text(record, "layout");
    out->record.place = record_text(record, "place");
    out->record.files = record_files(record);
    out->record.signature = record_text(record, "signature");
    json_array_foreach(json_object_get(record, "also"), i, item) if (json_is_string(item))
        strings_add(&out->record.also, json_string_value(item));
    json_array_foreach(json_object_get(record, "contents"), i, item) if (json_is_string(item))
        strings_add(&out->record.contents, json_string_value(item));
    return blob != NULL && record_is_whole(&out->record) &&
           digest_member(record, "recipe", &out->record.recipe, &ignored) == 0 &&
           digest_member(record, "diff_id", &out->diff_id, &ignored) == 0 &&
           descriptor_from_json(blob, &out->blob, &ignored) == 0;
}

void image_own_layers(const struct image *image, struct image_layer **out, size_t *count)
{
    CLEANUP(record_entries) struct record_entries entries = {0};
    size_t found = 0;

    record_entries_find(image, &entries);
    struct image_layer *layers = xcalloc(entries.count, sizeof(*layers));
    for (size_t i = 0; i < entries.count; i++)
        if (layer_fill(image, &entries.items[i], &layers[found]))
            found++;
        else
            image_layer_release(&layers[found]);
    *out = layers;
    *count = found;
}

json_t *folders_record(const struct image *image)
{
    json_t *history = image_history_json(image);

    for (size_t i = json_array_size(history); i > 0; i--) {
        json_auto_t *record = record_from_history(json_array_get(history, i - 1));
        if (record_is_of_folders(record))
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
    return member_text(image->config, "created");
}

/* Takes what was made away again, members before what they are in. */
static void unmake(struct image *image, const json_t *made)
{
    json_t *config = member_get(image->config, "config");
    json_t *rootfs = member_get(image->config, "rootfs");

    member_unmake(config, "Env", made);
    member_unmake(config, "Labels", made);
    member_unmake(image->config, "config", made);
    member_unmake(image->manifest, "annotations", made);
    member_unmake(image->manifest, "layers", made);
    member_unmake(image->config, "history", made);
    member_unmake(rootfs, "diff_ids", made);
    text_unmake(rootfs, "type", made);
    member_unmake(image->config, "rootfs", made);
    text_unmake(image->manifest, "mediaType", made);
}

static void restore_changes(struct image *image, const json_t *record)
{
    json_t *changed = json_object_get(record, "changed");
    json_t *made = json_object_get(changed, "made");
    json_t *config = member_get(image->config, "config");
    json_t *created = json_object_get(changed, "created");

    environment_restore(member_get(config, "Env"), json_object_get(changed, "env"));
    strings_restore(member_get(config, "Labels"), json_object_get(changed, "labels"));
    strings_restore(member_get(image->manifest, "annotations"),
                    json_object_get(changed, "annotations"));
    start_restore(config, json_object_get(changed, "start"), made);
    unmake(image, made);
    if (json_is_string(created) || json_is_null(created))
        member_set_new(image->config, "created", json_incref(created));
    text_unmake(image->config, "created", made);
}

/* Marks the layers that the records speak of. */
static int mark_layers(const struct record_entries *entries, bool *marks, struct error *err)
{
    for (size_t i = 0; i < entries->count; i++) {
        const struct record_entry *entry = &entries->items[i];
        const char *diff_id = json_string_value(json_object_get(entry->record, "diff_id"));
        if (entry->is_empty) /* another entry has the layer */
            continue;
        if (entry->layer == RECORD_NO_LAYER)
            return error_set(err, ERROR_CORRUPT,
                             "the image's history names a layer of inlay's that the image does not "
                             "have; start from an image that another tool has not edited");
        if (entry->layer == RECORD_ANY_LAYER)
            return error_set(err, ERROR_CORRUPT,
                             "the image has the layer '%s' several times, and its history does not "
                             "tell which one inlay put there; start from an image that another "
                             "tool has not edited",
                             diff_id);
        marks[entry->layer] = true;
    }
    return 0;
}

static void drop_layers(struct image *image, const struct record_entries *entries,
                        const bool *marks)
{
    for (size_t i = image_layer_count(image); i > 0; i--) {
        if (!marks[i - 1])
            continue;
        json_array_remove(image_layers_json(image), i - 1);
        json_array_remove(image_diff_ids_json(image), i - 1);
    }
    for (size_t i = entries->count; i > 0; i--)
        json_array_remove(image_history_json(image), entries->items[i - 1].number);
}

int image_strip(struct image *image, struct error *err)
{
    CLEANUP(record_entries) struct record_entries entries = {0};
    bool *marks = xcalloc(image_layer_count(image), sizeof(*marks));

    record_entries_find(image, &entries);
    int result = mark_layers(&entries, marks, err);
    if (result == 0)
        drop_layers(image, &entries, marks);
    free(marks);
    /* The topmost first: what it found was made by those below. */
    for (size_t i = entries.count; result == 0 && i > 0; i--)
        if (record_is_of_folders(entries.items[i - 1].record))
            restore_changes(image, entries.items[i - 1].record);
    return result;
}

static const char *base_member(const struct image *image, const char *key)
{
    const json_t *object = image->docker ? member_get(member_get(image->config, "config"), "Labels")
                                         : member_get(image->manifest, "annotations");

    return json_text(json_object_get(object, key));
}

const char *image_base_name(const struct image *image)
{
    return base_member(image, ANNOTATION_BASE_NAME);
}

const char *image_base_digest(const struct image *image)
{
    return base_member(image, ANNOTATION_BASE_DIGEST);
}
