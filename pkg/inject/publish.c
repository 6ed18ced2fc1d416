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
    layer.record.also = platform->trees[number].also;
    return layer;
}

struct image_layer *platform_order_layers(const struct work *work, const struct platform *platform,
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
    struct image_layer *layers = platform_order_layers(work, platform, &count);
    struct image_changes changes = {
        .layers = layers,
        .layer_count = count,
        .folders = platform->folders,
        .folder_count = platform->folder_count,
        .learned = &platform->learned,
        .environment = (const char *const *)platform->assignments.items,
        .base_name = platform->base_name,
        .base_digest = platform->base_digest,
        .created = work->options->created,
    };
    int result = image_append(platform->image, &changes, err);

    free(layers); /* the texts in it are the builds' and the platform's */
    return result;
}

static int format_image(const struct work *work, struct edition *edition, struct error *err)
{
    image_format(work->platforms[edition->platform].image, &edition->config, &edition->config_blob,
                 &edition->bytes, &edition->becomes);
    if (edition->bytes.size > DOCUMENT_LIMIT || edition->config.size > DOCUMENT_LIMIT)
        return error_set(err, ERROR_UNSUPPORTED, "the manifest or config would exceed %zu bytes",
                         DOCUMENT_LIMIT);
    return 0;
}

/* What an entry of an index has become; its editions come before the index. */
static struct descriptor entry_now(const struct work *work, const struct loaded *child,
                                   const struct index_entry *entry)
{
    for (size_t i = 0; i < work->edition_count; i++)
        if (child != NULL && work->editions[i].was == child)
            return work->editions[i].becomes;
    return entry->descriptor;
}

static void format_index(const struct work *work, struct edition *edition)
{
    const struct loaded *index = edition->was;
    struct descriptor *now = xcalloc(index->entry_count, sizeof(*now));

    for (size_t i = 0; i < index->entry_count; i++)
        now[i] = entry_now(work, index->children[i], &index->entries[i]);
    index_format(&index->document, now, edition->keeps, &edition->bytes, &edition->becomes);
    free(now);
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

static int publish_edition(const struct work *work, const struct edition *edition,
                           const char *version, struct error *err)
{
    struct store *target = work->options->target;
    const struct loaded *was = edition->was;

    for (size_t i = 0; i < was->entry_count; i++)
        if (edition->keeps[i] && was->children[i] == NULL &&
            publish_other(work, &was->entries[i].descriptor, err) < 0)
            return -1;
    if (!was->document.is_index) {
        struct descriptor config = edition->config_blob;
        if (store_write_blob(target, &edition->config, &config, err) < 0)
            return error_wrap(err, "writing the config");
    }
    if (store_write_manifest(target, version, edition->becomes.media_type, &edition->bytes, err) <
        0)
        return error_wrap(err, "writing the %s", was->document.is_index ? "index" : "manifest");
    return 0;
}

/* The image is there under its first tag: now under the others. */
static int publish_more(const struct work *work, const struct edition *root, struct error *err)
{
    const char *const *more = work->options->more_versions;

    for (; more != NULL && *more != NULL; more++)
        if (store_write_manifest(work->options->target, *more, root->becomes.media_type,
                                 &root->bytes, err) < 0)
            return error_wrap(err, "the tags before it show the image; writing the tag '%s'",
                              *more);
    return 0;
}

/* Children before parents, and the tag last, unless it shows all of this already. */
static int publish_editions(const struct work *work, struct error *err)
{
    size_t last = work->edition_count - 1;
    bool is_there = digest_equal(&work->editions[last].becomes.digest, &work->present.digest);

    for (size_t i = 0; !is_there && i < work->edition_count; i++) {
        const struct edition *edition = &work->editions[i];
        struct digest_text digest = digest_format(&edition->becomes.digest);
        if (!edition->leaves &&
            publish_edition(work, edition, i == last ? work->options->target_version : digest.text,
                            err) < 0)
            return -1;
    }
    if (publish_more(work, &work->editions[last], err) < 0)
        return -1;
    return store_finish(work->options->target, err);
}

int work_publish(struct work *work, struct descriptor *out, struct error *err)
{
    for (size_t i = 0; i < work->platform_count; i++)
        if (edit_platform(work, &work->platforms[i], err) < 0)
            return -1;
    for (size_t i = 0; i < work->edition_count; i++) {
        struct edition *edition = &work->editions[i];
        if (edition->leaves)
            continue;
        if (edition->was->document.is_index)
            format_index(work, edition);
        else if (format_image(work, edition, err) < 0)
            return -1;
    }
    if (publish_editions(work, err) < 0)
        return -1;
    *out = work->editions[work->edition_count - 1].becomes;
    return 0;
}
