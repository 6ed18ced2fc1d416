#include "placement/placement_internal.h"

#include <string.h>

/*
 * In a cache with a folder for each model, as the Hub's, that folder is one model's alone, and so
 * is a link to it in another cache. Where models that stay have them, the call's write nothing.
 */

/* The folder of the record's model in this place, which is the model's or holds links to it. */
static char *folder_in(const struct layout *layout, const struct layer_record *record,
                       const char *place)
{
    const char *id = NULL;
    enum origin_kind kind = origin_from_record(record->model, &id);

    return layout_folder(layout, place, kind, id);
}

/* The layout, if the layer is of a model that stays in such a cache; else NULL. */
static const struct layout *kept_layout(const struct placing *placing,
                                        const struct image_layer *layer)
{
    const struct layer_record *record = &layer->record;
    const struct layout *layout = layout_find(record->layout != NULL ? record->layout : "");

    if (layout == NULL || layout->content != LAYOUT_HUB_CACHE || record->place[0] != '/' ||
        placement_replaces(placing->out, layer))
        return NULL;
    return layout;
}

/* Where the folder is, then where links to it are; `number` from 0. NULL behind the last. */
static const char *place_at(const struct layer_record *record, size_t number)
{
    if (number == 0)
        return record->place;
    return number <= record->also.count ? record->also.items[number - 1] : NULL;
}

/* The folder of that number, if the layer's model stays; NULL behind the last. Caller frees. */
static char *kept_folder(const struct placing *placing, const struct image_layer *layer,
                         size_t number)
{
    const struct layout *layout = kept_layout(placing, layer);
    const char *place = layout != NULL ? place_at(&layer->record, number) : NULL;

    return place != NULL ? folder_in(layout, &layer->record, place) : NULL;
}

/* Is the entry in the folder, or in the place of one above it? */
static bool is_in_the_way(const struct tree_entry *entry, const char *folder)
{
    return path_is_inside(entry->path, folder) ||
           (entry->type != TREE_FOLDER && path_is_below(folder, entry->path));
}

static int check_tree(const struct model *model, const struct tree *tree, const char *folder,
                      const struct layer_record *record, struct error *err)
{
    bool is_own = path_is_inside(folder, record->place);

    for (size_t i = 0; i < tree->count; i++)
        if (is_in_the_way(&tree->entries[i], folder + 1))
            return error_set(err, ERROR_UNSUPPORTED,
                             "'%s' would write '/%s', and %s is %s '%s' in the cache, which the "
                             "image has; remove that one, or choose another place",
                             model->title, tree->entries[i].path, folder,
                             is_own ? "the folder of" : "a link to", record->model);
    return 0;
}

static int check_folder(const struct placing *placing, const char *folder,
                        const struct layer_record *record, struct error *err)
{
    for (size_t i = 0; i < placing->out->model_count; i++) {
        const struct placed_model *placed = &placing->out->models[i];
        if (check_tree(placed->model, &placed->tree, folder, record, err) < 0 ||
            check_tree(placed->model, &placed->links, folder, record, err) < 0)
            return -1;
    }
    return 0;
}

int placing_check_kept_folders(const struct placing *placing, struct error *err)
{
    const struct own_parts *own = placing->base->own;

    for (size_t i = 0; i < own->layer_count; i++) {
        for (size_t k = 0;; k++) {
            CLEANUP(text) char *folder = kept_folder(placing, &own->layers[i], k);
            if (folder == NULL)
                break;
            if (check_folder(placing, folder, &own->layers[i].record, err) < 0)
                return -1;
        }
    }
    return 0;
}

static bool tree_has(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->entries[i].path, path) == 0)
            return true;
    return false;
}

/* Two revisions of one model have one link. */
static bool is_same_model(const struct model *one, const struct model *other)
{
    return one->layout == other->layout && strcmp(one->name, other->name) == 0;
}

const char *placing_find_holder(const struct placing *placing, const struct placed_model *placed,
                                const char *path)
{
    const struct own_parts *own = placing->base->own;

    for (size_t i = 0; i < placing->out->model_count; i++) {
        const struct placed_model *other = &placing->out->models[i];
        if (!is_same_model(other->model, placed->model) &&
            (tree_has(&other->tree, path) || tree_has(&other->links, path)))
            return other->model->name;
    }
    for (size_t i = 0; i < own->layer_count; i++) {
        for (size_t k = 0;; k++) {
            CLEANUP(text) char *folder = kept_folder(placing, &own->layers[i], k);
            if (folder == NULL)
                break;
            if (strcmp(folder + 1, path) == 0)
                return own->layers[i].record.model;
        }
    }
    return NULL;
}
