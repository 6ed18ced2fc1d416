#include "placement/above.h"

#include "layout/layout.h"

#include <string.h>

static bool is_own(const struct image_layer *own, size_t count, size_t number)
{
    for (size_t i = 0; i < count; i++)
        if (own[i].number == number)
            return true;
    return false;
}

int above_open(const struct image *image, const struct rootfs_options *options, struct rootfs **out,
               struct error *err)
{
    struct rootfs_options whole = *options;
    struct rootfs_layer *layers = NULL;
    struct image_layer *own = NULL;
    size_t own_count = 0;

    image_own_layers(image, &own, &own_count);
    bool is_on_top = own_count == 0 || is_own(own, own_count, image_layer_count(image));
    image_layers_free(own, own_count);
    if (is_on_top)
        return 0;
    if (rootfs_layers_of(image, &layers, &whole.layer_count, err) < 0)
        return -1;
    whole.layers = layers;
    int result = rootfs_open(&whole, out, err);
    free(layers);
    return result;
}

static bool same_model(const struct layer_record *a, const struct layer_record *b)
{
    return a->model != NULL && b->model != NULL && strcmp(a->model, b->model) == 0 &&
           strcmp(a->commit, b->commit) == 0 && strcmp(a->layout, b->layout) == 0 &&
           strcmp(a->place, b->place) == 0;
}

/* The path of the model's own folder, or of the link to it, in this place; NULL if the layout is
 * not known. Caller frees. */
static char *folder_of(const struct layer_record *record, const char *place)
{
    const struct layout *layout = layout_find(record->layout);
    const char *id = NULL;
    enum origin_kind kind = origin_from_record(record->model, &id);

    if (layout == NULL)
        return NULL;
    return layout_folder(layout, place, kind, id);
}

/* The number of the topmost layer of this model's. */
static size_t top_of(const struct above_models *models, const struct layer_record *record)
{
    size_t top = 0;

    for (size_t i = 0; i < models->count; i++)
        if (same_model(&models->own[i].record, record) && models->own[i].number > top)
            top = models->own[i].number;
    return top;
}

static int refuse_change(const struct above_models *models, const struct layer_record *record,
                         size_t layer, const char *where, struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED,
                     "layer %zu of %zu changes '/%s' of '%s', which would be put on top of "
                     "it again; name that model too",
                     layer, models->layer_count, where, record->model);
}

/* What the layers of others above the topmost one of this model's make of it. */
static int check_one(struct rootfs *rootfs, const struct above_models *models,
                     const struct layer_record *record, bool *deleted, struct error *err)
{
    CLEANUP(text) char *folder = folder_of(record, record->place);
    size_t top = top_of(models, record);

    for (size_t i = models->layer_count; folder != NULL && i > top && !*deleted; i--) {
        CLEANUP(text) char *where = NULL;
        enum rootfs_effect effect = ROOTFS_KEEPS;
        if (is_own(models->own, models->count, i))
            continue;
        if (rootfs_find_effect(rootfs, i, folder, &effect, &where, err) < 0)
            return -1;
        if (effect == ROOTFS_REMOVES)
            notes_info(models->notes, "%s@%s is left out: layer %zu of %zu deletes it",
                       record->model, record->commit, i, models->layer_count);
        *deleted = effect == ROOTFS_REMOVES;
        if (effect == ROOTFS_CHANGES)
            return refuse_change(models, record, i, where, err);
    }
    return 0;
}

/* The same of its link in another place, without which its loader does not find it. */
static int check_link(struct rootfs *rootfs, const struct above_models *models,
                      const struct layer_record *record, const char *place, struct error *err)
{
    const struct layout *layout = layout_find(record->layout);
    CLEANUP(text) char *link = folder_of(record, place);

    if (layout == NULL || layout->folder_name == NULL)
        return 0;
    for (size_t i = models->layer_count; i > top_of(models, record); i--) {
        CLEANUP(text) char *where = NULL;
        enum rootfs_effect effect = ROOTFS_KEEPS;
        if (is_own(models->own, models->count, i))
            continue;
        if (rootfs_find_effect(rootfs, i, link, &effect, &where, err) < 0)
            return -1;
        if (effect != ROOTFS_KEEPS)
            return refuse_change(models, record, i, where != NULL ? where : link + 1, err);
    }
    return 0;
}

static int check_links(struct rootfs *rootfs, const struct above_models *models,
                       const struct layer_record *record, struct error *err)
{
    for (size_t i = 0; i < record->also.count; i++)
        if (check_link(rootfs, models, record, record->also.items[i], err) < 0)
            return -1;
    return 0;
}

int above_check(struct rootfs *rootfs, const struct above_models *models, bool *deleted,
                struct error *err)
{
    for (size_t i = 0; i < models->count; i++) {
        const struct layer_record *record = &models->own[i].record;
        size_t first = 0;
        if (record->model == NULL || models->leaves[i])
            continue;
        while (!same_model(&models->own[first].record, record))
            first++;
        if (first < i)
            deleted[i] = deleted[first];
        else if (check_one(rootfs, models, record, &deleted[i], err) < 0 ||
                 (!deleted[i] && check_links(rootfs, models, record, err) < 0))
            return -1;
    }
    return 0;
}
