#include "inject/inject_internal.h"

#include "oci/media_type.h"

#include <string.h>

/* A layer of the result, with what decides on its place among the others. Texts are borrowed. */
struct placed_layer {
    struct image_layer layer;
    size_t number;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed_layer *left = a;
    const struct placed_layer *right = b;
    const struct layer_record *one = &left->layer.record;
    const struct layer_record *other = &right->layer.record;
    int order = strcmp(one->model, other->model);

    if (order == 0)
        order = strcmp(one->commit, other->commit);
    if (order == 0)
        order = strcmp(one->place, other->place);
    if (order == 0)
        order = left->number < right->number ? -1 : 1;
    return order;
}

struct layer_list {
    struct placed_layer *items;
    size_t count;
};

/* Once for each model that has it: the revisions of a model may share layers. */
static void list_add(struct layer_list *list, const struct image_layer *layer)
{
    const struct layer_record *record = &layer->record;

    for (size_t i = 0; i < list->count; i++) {
        const struct image_layer *other = &list->items[i].layer;
        if (digest_equal(&other->diff_id, &layer->diff_id) &&
            strcmp(other->record.model, record->model) == 0 &&
            strcmp(other->record.commit, record->commit) == 0 &&
            strcmp(other->record.place, record->place) == 0)
            return;
    }
    list->items = xrealloc(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count] = (struct placed_layer){*layer, list->count};
    list->count++;
}

static const struct image_layer *built_layer(const struct work *work, const struct recipe *recipe)
{
    for (size_t i = 0; i < work->build_count; i++)
        if (digest_equal(&work->builds[i].recipe->digest, &recipe->digest))
            return &work->builds[i].layer;
    abort();
}

/* The layer of this recipe as that of model `number`, for whichever model it was built. */
static struct image_layer layer_of_model(const struct work *work, const struct platform *platform,
                                         const struct recipe *recipe, size_t number)
{
    struct image_layer layer = *built_layer(work, recipe);

    layer.record.model = work->models[number].name;
    layer.record.commit = work->models[number].plan.commit;
    layer.record.place = platform->trees[number].place;
    return layer;
}

/*
 * Model by model, whatever the order in which they were named or injected, so that the same models
 * on the same base are the same image; the folders last.
 */
static struct image_layer *order_layers(const struct work *work, const struct platform *platform,
                                        size_t *count)
{
    struct layer_list list = {0};
    struct image_layer *layers;

    for (size_t i = 0; i < platform->own_count; i++)
        if (!work_replaces(work, platform, &platform->own[i]))
            list_add(&list, &platform->own[i]);
    for (size_t i = 0; i < work->model_count; i++) {
        if (platform->needs_way[i]) {
            struct image_layer way = layer_of_model(work, platform, &platform->ways[i], i);
            list_add(&list, &way);
        }
        for (size_t k = 0; k < platform->recipe_counts[i]; k++) {
            struct image_layer layer = layer_of_model(work, platform, &platform->recipes[i][k], i);
            list_add(&list, &layer);
        }
    }
    if (list.count > 1)
        qsort(list.items, list.count, sizeof(*list.items), compare_placed);
    layers = xcalloc(list.count + 1, sizeof(*layers));
    *count = 0;
    for (size_t i = 0; i < list.count; i++)
        layers[(*count)++] = list.items[i].layer;
    layers[(*count)++] = *built_layer(work, &platform->folder_recipe);
    free(list.items);
    return layers;
}

static int edit_platform(const struct work *work, struct platform *platform, struct error *err)
{
    size_t count = 0;
    struct image_layer *layers = order_layers(work, platform, &count);
    struct image_changes changes = {
        .layers = layers,
        .layer_count = count,
        .folders = platform->folders,
        .folder_count = platform->folder_count,
        .environment = (const char *const *)platform->assignments.items,
        .base_name = platform->base_name,
        .base_digest = platform->base_digest,
        .created = work->options->created,
    };
    int result = image_append(platform->image, &changes, err);

    free(layers); /* the texts in it are the builds' and the platform's */
    return result;
}

/* Writes config and manifest of one platform, the manifest under `version` or else its digest. */
static int publish_platform(const struct work *work, struct platform *platform, const char *version,
                            struct error *err)
{
    struct store *target = work->options->target;
    CLEANUP(buf) struct buf config_bytes = BUF_INIT;
    CLEANUP(buf) struct buf manifest_bytes = BUF_INIT;
    struct descriptor config;

    image_format(platform->image, &config_bytes, &config, &manifest_bytes, &platform->becomes);
    if (manifest_bytes.size > DOCUMENT_LIMIT || config_bytes.size > DOCUMENT_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED, "the manifest or config would exceed %zu bytes",
                         DOCUMENT_LIMIT);
    if (version != NULL && digest_equal(&platform->becomes.digest, &work->present.digest))
        return 0;
    struct digest_text digest = digest_format(&platform->becomes.digest);
    if (store_write_blob(target, &config_bytes, &config, err) < 0)
        return error_wrap(err, "writing the config");
    if (store_write_manifest(target, version != NULL ? version : digest.text,
                             platform->becomes.media_type, &manifest_bytes, err) < 0)
        return error_wrap(err, "writing the manifest");
    return 0;
}

/* A manifest that is passed on goes over with the bytes that it has. */
static int publish_other(const struct work *work, const struct descriptor *entry, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest_text version = digest_format(&entry->digest);

    if (!media_type_is_manifest(entry->media_type))
        return 0; /* it went over as a blob */
    if (store_read_document(work->options->base, version.text, &document, err) < 0)
        return -1;
    return store_write_manifest(work->options->target, version.text, document.descriptor.media_type,
                                &document.bytes, err);
}

static int publish_index(const struct work *work, struct descriptor *out, struct error *err)
{
    struct descriptor *now = xcalloc(work->entry_count, sizeof(*now));
    bool *keep = xcalloc(work->entry_count, sizeof(*keep));
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    size_t next = 0;
    int result = 0;

    for (size_t i = 0; i < work->entry_count && result == 0; i++) {
        const struct index_entry *entry = &work->entries[i];
        now[i] = entry->descriptor;
        keep[i] = entry->role != INDEX_ATTESTATION;
        if (entry->role == INDEX_IMAGE) {
            result = publish_platform(work, &work->platforms[next], NULL, err);
            now[i] = work->platforms[next++].becomes;
        } else if (entry->role == INDEX_OTHER) {
            result = publish_other(work, &entry->descriptor, err);
        }
    }
    if (result == 0)
        index_format(&work->base, now, keep, &bytes, out);
    free(now);
    free(keep);
    if (result < 0 || digest_equal(&out->digest, &work->present.digest))
        return result;
    if (store_write_manifest(work->options->target, work->options->target_version, out->media_type,
                             &bytes, err) < 0)
        return error_wrap(err, "writing the index");
    return 0;
}

int work_publish(struct work *work, struct descriptor *out, struct error *err)
{
    const char *tag = work->options->target_version;

    for (size_t i = 0; i < work->platform_count; i++)
        if (edit_platform(work, &work->platforms[i], err) < 0)
            return -1;
    if (work->base.is_index)
        return publish_index(work, out, err);
    if (publish_platform(work, &work->platforms[0], tag, err) < 0)
        return -1;
    *out = work->platforms[0].becomes;
    return 0;
}
