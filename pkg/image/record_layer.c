#include "image/image_internal.h"

#include "oci/member.h"

#include <string.h>

/*
 * Which layer of the image each of inlay's records speaks of. The diff_id alone does not tell: the
 * base may have the same layer. Records that follow each other in the history up to that of the
 * folders layer are a run, and their layers were put into the image in a row (docs/formats.md).
 */

/* A run, and where in the image's layers it may stand. */
struct run {
    const struct image *image;
    struct record_entry *entries;
    size_t count;
    bool *taken;         /* one a layer of the image: it belongs to a run further down */
    const char **wanted; /* the diff_ids of the run's layers */
    size_t wanted_count;
};

static bool has_layer(const json_t *entry)
{
    return !json_is_true(member_get(entry, "empty_layer"));
}

static const char *diff_id_of(const json_t *record)
{
    const char *text = json_string_value(json_object_get(record, "diff_id"));

    return text != NULL ? text : "";
}

static const char *layer_diff_id(const struct image *image, size_t layer)
{
    const char *text = json_string_value(json_array_get(image_diff_ids_json(image), layer));

    return text != NULL ? text : "";
}

/* How many layers the history counts from entry `from` on. */
static size_t count_from(const struct image *image, size_t from)
{
    json_t *history = image_history_json(image);
    size_t count = 0;

    for (size_t i = from; i < json_array_size(history); i++)
        count += has_layer(json_array_get(history, i));
    return count;
}

static bool stands_at(const struct run *run, size_t at)
{
    for (size_t i = 0; i < run->wanted_count; i++)
        if (run->taken[at + i] || strcmp(layer_diff_id(run->image, at + i), run->wanted[i]) != 0)
            return false;
    return true;
}

/* Is this the ChainID that the folders layer's record notes of the base? */
static bool is_on_base(const struct run *run, size_t at)
{
    const json_t *last = run->entries[run->count - 1].record;
    const char *noted =
        json_string_value(json_object_get(json_object_get(last, "base"), "chain_id"));
    struct digest chain_id;

    image_chain_id_below(run->image, at, &chain_id);
    return noted != NULL && strcmp(digest_format(&chain_id).text, noted) == 0;
}

/* The place to which the history counts from its end; RECORD_NO_LAYER if it is none of these. */
static size_t counted_place(const struct run *run, const size_t *places, size_t count)
{
    size_t layers = image_layer_count(run->image);
    size_t above = count_from(run->image, run->entries[0].number);

    for (size_t i = 0; i < count; i++)
        if (above <= layers && places[i] == layers - above)
            return places[i];
    return RECORD_NO_LAYER;
}

/* The one of several places that is meant; RECORD_ANY_LAYER if nothing tells. */
static size_t choose_place(const struct run *run, const size_t *places, size_t count)
{
    bool is_complete = count_from(run->image, 0) == image_layer_count(run->image);
    size_t counted = counted_place(run, places, count);

    if (count == 1)
        return places[0];
    if (is_complete && counted != RECORD_NO_LAYER)
        return counted;
    for (size_t i = 0; i < count; i++)
        if (is_on_base(run, places[i]))
            return places[i];
    return counted != RECORD_NO_LAYER ? counted : RECORD_ANY_LAYER;
}

/* Where the run stands in a row; RECORD_ANY_LAYER if nowhere, or if nothing tells where. */
static size_t find_place(const struct run *run)
{
    size_t layers = image_layer_count(run->image);
    size_t *places = xcalloc(layers + 1, sizeof(*places));
    size_t count = 0;

    for (size_t i = 0; run->wanted_count > 0 && i + run->wanted_count <= layers; i++)
        if (stands_at(run, i))
            places[count++] = i;
    size_t place = choose_place(run, places, count);
    free(places);
    return place;
}

/* The one layer of this diff_id that no other run has. */
static size_t find_alone(const struct run *run, const char *diff_id)
{
    size_t found = RECORD_NO_LAYER;

    for (size_t i = 0; i < image_layer_count(run->image); i++) {
        if (run->taken[i] || strcmp(layer_diff_id(run->image, i), diff_id) != 0)
            continue;
        found = found == RECORD_NO_LAYER ? i : RECORD_ANY_LAYER;
    }
    return found;
}

static void place_layers(const struct run *run)
{
    size_t place = find_place(run);
    bool in_a_row = place < RECORD_ANY_LAYER;

    for (size_t i = 0; i < run->count; i++) {
        struct record_entry *entry = &run->entries[i];
        if (entry->is_empty)
            continue;
        entry->layer = in_a_row ? place++ : find_alone(run, diff_id_of(entry->record));
    }
    for (size_t i = 0; i < run->count; i++)
        if (run->entries[i].layer < RECORD_ANY_LAYER)
            run->taken[run->entries[i].layer] = true;
}

/* A model that shares a layer with others has an entry without one; theirs tells which it is. */
static void place_shared(const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct record_entry *entry = &run->entries[i];
        const char *diff_id = diff_id_of(entry->record);
        for (size_t k = run->count; entry->is_empty && k > 0; k--)
            if (!run->entries[k - 1].is_empty &&
                strcmp(diff_id_of(run->entries[k - 1].record), diff_id) == 0)
                entry->layer = run->entries[k - 1].layer;
    }
}

static void place_run(const struct image *image, struct record_entry *entries, size_t count,
                      bool *taken)
{
    struct run run = {
        .image = image,
        .entries = entries,
        .count = count,
        .taken = taken,
        .wanted = xcalloc(count, sizeof(*run.wanted)),
    };

    for (size_t i = 0; i < count; i++)
        if (!entries[i].is_empty)
            run.wanted[run.wanted_count++] = diff_id_of(entries[i].record);
    place_layers(&run);
    place_shared(&run);
    free(run.wanted);
}

bool record_is_of_folders(const json_t *record)
{
    const char *kind = json_string_value(json_object_get(record, "kind"));

    return kind != NULL && strcmp(kind, KIND_FOLDERS) == 0;
}

/* The records in the history; a run ends where `ends` is set. */
static void list_records(const struct image *image, struct record_entries *out)
{
    json_t *history = image_history_json(image);
    size_t i;
    json_t *entry;

    out->items = xcalloc(json_array_size(history), sizeof(*out->items));
    json_array_foreach(history, i, entry)
    {
        json_t *record = record_from_history(entry);
        if (record != NULL)
            out->items[out->count++] = (struct record_entry){
                .number = i,
                .record = record,
                .is_empty = !has_layer(entry),
                .ends = record_is_of_folders(record),
                .layer = RECORD_NO_LAYER,
            };
        else if (has_layer(entry) && out->count > 0)
            out->items[out->count - 1].ends = true;
    }
    if (out->count > 0)
        out->items[out->count - 1].ends = true;
}

void record_entries_find(const struct image *image, struct record_entries *out)
{
    bool *taken = xcalloc(image_layer_count(image), sizeof(*taken));
    size_t first = 0;

    *out = (struct record_entries){0};
    list_records(image, out);
    for (size_t i = 0; i < out->count; i++)
        if (out->items[i].ends) {
            place_run(image, &out->items[first], i + 1 - first, taken);
            first = i + 1;
        }
    free(taken);
}

void record_entries_release(struct record_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        json_decref(entries->items[i].record);
    free(entries->items);
    *entries = (struct record_entries){0};
}
