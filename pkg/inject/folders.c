#include "inject/folders_internal.h"

#include <string.h>

/* The Hub's clients keep their locks beside the models. */
#define LOCKS ".locks"

/* Is `folder` the same as `place`, or above it? Both without leading '/'. */
static bool is_on_the_way(const char *folder, const char *place)
{
    size_t size = strlen(folder);

    return strncmp(place, folder, size) == 0 && (place[size] == '/' || place[size] == '\0');
}

bool folder_is_needed(const struct image_folder *folder, const struct layer_record *record)
{
    if (record->place == NULL || record->place[0] != '/')
        return false;
    const char *place = record->place + 1;
    if (is_on_the_way(folder->path, place))
        return true;
    if (strcmp(record->layout, layout_find(NULL)->name) != 0)
        return false;
    CLEANUP(text) char *locks = xasprintf("%s%s" LOCKS, place, place[0] != '\0' ? "/" : "");
    return strcmp(folder->path, locks) == 0;
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
    int result = recipe_of_folders(kind, sorted, count, out, err);
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
    const char *place = tree->place + 1;

    return place[0] == '\0' || is_on_the_way(folder->path, place) ||
           is_on_the_way(place, folder->path);
}

int folders_cut_way(const struct image_folder *folders, size_t count, const struct tree *tree,
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
    return cut_list(RECIPE_WAY, list, found, entries, out, err);
}
