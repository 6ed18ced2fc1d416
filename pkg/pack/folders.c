#include "pack/folders.h"

#include <string.h>

/* Is `folder` the same as `place`, or above it? Both without leading '/'. */
static bool is_on_the_way(const char *folder, const char *place)
{
    size_t size = strlen(folder);

    return strncmp(place, folder, size) == 0 && (place[size] == '/' || place[size] == '\0');
}

/* Is it above a model in this place, or beside it for its loader's sake? */
static bool is_needed_at(const char *folder, const char *absolute, const char *layout)
{
    if (absolute == NULL || absolute[0] != '/')
        return false;
    const char *place = absolute + 1;
    if (is_on_the_way(folder, place))
        return true;
    const struct layout *loader = layout_find(layout);
    const char *const *name = loader != NULL ? loader->shared : NULL;
    for (; name != NULL && *name != NULL; name++) {
        CLEANUP(text) char *shared = path_join(place, *name);
        if (strcmp(folder, shared) == 0)
            return true;
    }
    return false;
}

static bool path_is_needed(const char *path, const struct layer_record *record)
{
    for (size_t i = 0; i < record->also.count; i++)
        if (is_needed_at(path, record->also.items[i], record->layout))
            return true;
    return is_needed_at(path, record->place, record->layout);
}

bool folder_is_needed(const struct image_folder *folder, const struct layer_record *record)
{
    return path_is_needed(folder->path, record);
}

bool walk_is_needed(const struct image_path_walk *walk, const struct layer_record *record)
{
    if (record->model == NULL)
        return false;
    return walk->model != NULL ? strcmp(walk->model, record->model) == 0
                               : path_is_needed(walk->canonical, record);
}

static struct tree_entry entry_of(const struct image_folder *folder)
{
    return (struct tree_entry){
        .type = TREE_FOLDER,
        .path = folder->path,
        .mode = folder->mode,
        .uid = folder->uid,
        .gid = folder->gid,
        .above = true,
        .time_s = folder->time_s,
        .time_ns = folder->time_ns,
        .xattrs = folder->xattrs,
        .xattr_count = folder->xattr_count,
    };
}

/* Seals `list`; it goes to *entries, or is freed after a failure. */
static int cut_list(enum recipe_kind kind, struct tree_entry *list, size_t count,
                    struct tree_entry **entries, struct recipe *out, struct error *err)
{
    const struct tree_entry **sorted = xcalloc(count, sizeof(const struct tree_entry *));

    for (size_t i = 0; i < count; i++)
        sorted[i] = &list[i];
    int result = recipe_of_entries(kind, sorted, count, out, err);
    free(sorted);
    if (result < 0)
        free(list);
    else
        *entries = list;
    return result;
}

int folders_cut(const struct image_folder *folders, size_t count, struct tree_entry **entries,
                struct recipe *out, struct error *err)
{
    struct tree_entry *list = xcalloc(count, sizeof(*list));

    for (size_t i = 0; i < count; i++)
        list[i] = entry_of(&folders[i]);
    return cut_list(RECIPE_FOLDERS, list, count, entries, out, err);
}

int links_cut(const struct tree *links, struct recipe *out, struct error *err)
{
    const struct tree_entry **entries = xcalloc(links->count, sizeof(const struct tree_entry *));
    int result = 0;

    for (size_t i = 0; i < links->count; i++)
        entries[i] = &links->entries[i];
    if (links->count > 0)
        result = recipe_of_entries(RECIPE_LINKS, entries, links->count, out, err);
    free(entries);
    return result;
}

static bool holds_files(const struct tree *tree, const struct tree_entry *folder)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->entries[i].type == TREE_FILE &&
            is_on_the_way(folder->path, tree->entries[i].path))
            return true;
    return false;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

/* Is the folder above the model, or beside it? Those of other models make other layers of theirs.
 */
static bool is_around(const struct image_folder *folder, const struct tree *tree)
{
    for (size_t i = 0; i <= tree->also.count; i++) {
        const char *place = (i < tree->also.count ? tree->also.items[i] : tree->place) + 1;
        if (place[0] == '\0' || is_on_the_way(folder->path, place) ||
            is_on_the_way(place, folder->path))
            return true;
    }
    return false;
}

int folders_cut_ancestors(const struct image_folder *folders, size_t count, const struct tree *tree,
                          struct tree_entry **entries, struct recipe *out, struct error *err)
{
    struct tree_entry *list = xcalloc(count + tree->count, sizeof(*list));
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if (!is_around(&folders[i], tree))
            continue;
        list[found] = entry_of(&folders[i]);
        list[found].time_s = PACK_TIME;
        list[found].time_ns = 0;
        list[found++].xattr_count = 0;
    }
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_entry *entry = &tree->entries[i];
        if (entry->type == TREE_FOLDER && holds_files(tree, entry))
            list[found++] = *entry;
    }
    if (found > 1)
        qsort(list, found, sizeof(*list), compare_paths);
    return cut_list(RECIPE_ANCESTORS, list, found, entries, out, err);
}
