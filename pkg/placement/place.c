#include "placement/placement_internal.h"

#include "pack/folders.h"
#include "pack/pack.h"

#include <string.h>

/* Adds a copy, in the order of paths; a path that is there stays as it is. */
static void add_folder(struct placement *placement, const struct image_folder *folder)
{
    size_t at = 0;
    int order = 1;

    while (at < placement->folder_count &&
           (order = strcmp(placement->folders[at].path, folder->path)) < 0)
        at++;
    if (at < placement->folder_count && order == 0)
        return;
    placement->folders =
        xrealloc(placement->folders, placement->folder_count + 1, sizeof(*placement->folders));
    memmove(&placement->folders[at + 1], &placement->folders[at],
            (placement->folder_count - at) * sizeof(*placement->folders));
    image_folder_copy(folder, &placement->folders[at]);
    placement->folder_count++;
}

/* Owned by the user if one of the models wants that, else by root; the modes are joined, and of the
 * groups 0 wins. */
static void merge_made(struct image_folder *folder, const struct image_folder *other)
{
    folder->mode |= other->mode;
    if (folder->uid == 0 && other->uid != 0) {
        folder->uid = other->uid;
        folder->gid = other->gid;
    } else if ((folder->uid == 0 || other->uid != 0) && other->gid < folder->gid) {
        folder->gid = other->gid;
    }
}

/* The same for a folder that inlay makes: owner and mode are merged if it is there already. */
static void make_folder(struct placement *placement, const struct image_folder *folder)
{
    for (size_t i = 0; i < placement->folder_count; i++)
        if (strcmp(placement->folders[i].path, folder->path) == 0)
            merge_made(&placement->folders[i], folder);
    add_folder(placement, folder);
}

static void add_existing(struct placement *placement, const struct rootfs_entry *entry)
{
    struct image_folder folder = {
        .path = entry->path,
        .mode = entry->mode,
        .uid = entry->uid,
        .gid = entry->gid,
        .time_s = entry->time_s,
        .time_ns = entry->time_ns,
        .xattrs = entry->xattrs,
        .xattr_count = entry->xattr_count,
    };

    add_folder(placement, &folder);
}

/* A folder that the base lacks is made, as the layout has it. */
static void add_made(struct placement *placement, const char *path, const struct tree_entry *like)
{
    CLEANUP(text) char *own_path = xstrdup(path);
    struct image_folder folder = {.path = own_path, .mode = 0755, .time_s = PACK_TIME};

    if (like != NULL) {
        folder.mode = like->mode;
        folder.uid = like->uid;
        folder.gid = like->gid;
    }
    make_folder(placement, &folder);
}

/* Refuses a place of a folder where the base has something else than a folder. */
static int check_folder(const struct rootfs_entry *there, struct error *err)
{
    if (there->type == ROOTFS_ABSENT || there->type == ROOTFS_FOLDER)
        return 0;
    return error_set(
        err, ERROR_UNSUPPORTED,
        "'/%s' is a %s in the base, and a folder has to be there; choose another place "
        "or remove it from the base",
        there->path, there->type == ROOTFS_FILE ? "file" : "device or socket");
}

/* The layout's entry for the folder that is `levels` above the place. */
static const struct tree_entry *entry_above(const struct tree *tree, size_t levels)
{
    CLEANUP(text) char *path = xstrdup(tree->place + 1);

    for (; levels > 0; levels--) {
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            return NULL;
        *slash = '\0';
    }
    for (size_t i = 0; i < tree->count; i++)
        if (tree->entries[i].above && strcmp(tree->entries[i].path, path) == 0)
            return &tree->entries[i];
    return NULL;
}

int placing_add_ancestors(const struct placing *placing, struct placed_model *placed,
                          const struct tree *tree, char **out, struct error *err)
{
    CLEANUP(path_walk) struct path_walk walk = {0};

    if (placing_walk(placing, tree->place, NULL, &walk, err) < 0 ||
        (walk.count > 0 && check_folder(&walk.entries[walk.count - 1], err) < 0))
        return -1;
    for (size_t i = 0; i < walk.count; i++) {
        const struct rootfs_entry *entry = &walk.entries[i];
        placed->needs_ancestors = placed->needs_ancestors || entry->removed;
        if (entry->type == ROOTFS_ABSENT)
            add_made(placing->out, entry->path, entry_above(tree, walk.count - 1 - i));
        else
            add_existing(placing->out, entry);
    }
    *out = xstrdup(walk.count > 0 ? walk.entries[walk.count - 1].path : "");
    return 0;
}

/* The path in the place by its canonical name: the nominal prefix is exchanged. */
static char *move_path(const struct tree *tree, const char *canonical, const char *path)
{
    const char *nominal = tree->place + 1;
    const char *below = path + strlen(nominal) + (nominal[0] != '\0');

    return path_join(canonical, below);
}

/* What the base has at a folder of ours: nothing, or a folder that is no link. */
static int look_at(const struct placing *placing, const char *path, const char *model,
                   struct rootfs_entry *out, struct error *err)
{
    CLEANUP(path_walk) struct path_walk walk = {0};

    if (placing_walk(placing, path, model, &walk, err) < 0)
        return -1;
    if (walk.count == 0 || strcmp(walk.entries[walk.count - 1].path, path) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'/%s' is a link in the base, and the model's own folder has to be there; "
                         "remove it from the base",
                         path);
    *out = walk.entries[walk.count - 1];
    walk.entries[walk.count - 1] = (struct rootfs_entry){0};
    return 0;
}

int placing_place_entry(const struct placing *placing, const struct placed_model *placed,
                        const struct tree_entry *entry, struct error *err)
{
    CLEANUP(rootfs_entry) struct rootfs_entry there = {0};
    const char *model = entry->above ? NULL : placed->model->name;

    if (entry->type != TREE_FOLDER)
        return 0;
    if (look_at(placing, entry->path, model, &there, err) < 0 || check_folder(&there, err) < 0)
        return -1;
    if (!entry->above)
        return 0;
    if (there.type == ROOTFS_ABSENT)
        add_made(placing->out, entry->path, entry);
    else
        add_existing(placing->out, &there);
    return 0;
}

/* Empty files that a loader wants to see: what the base has in their place will do. */
static int yields_to_base(const struct placing *placing, const struct placed_model *placed,
                          const struct tree_entry *entry, bool *out, struct error *err)
{
    CLEANUP(path_walk) struct path_walk walk = {0};

    *out = false;
    if (!entry->yields)
        return 0;
    if (placing_walk(placing, entry->path, placed->model->name, &walk, err) < 0)
        return -1;
    *out = walk.count > 0 && walk.entries[walk.count - 1].type != ROOTFS_ABSENT;
    return 0;
}

/* Moves a tree of a model to where the place really is; what is above it goes to the folders. */
static int move_tree(const struct placing *placing, struct placed_model *placed, struct tree *tree,
                     struct error *err)
{
    CLEANUP(text) char *canonical = NULL;
    size_t kept = 0;

    if (placing_add_ancestors(placing, placed, tree, &canonical, err) < 0)
        return -1;
    for (size_t i = 0; i < tree->count; i++) {
        struct tree_entry entry = tree->entries[i];
        bool is_dropped = entry.above;
        bool inside = path_is_below(entry.path, tree->place + 1);
        char *moved = inside ? move_path(tree, canonical, entry.path) : NULL;
        free(entry.path);
        entry.path = moved;
        tree->entries[i] = (struct tree_entry){0};
        if (!inside)
            continue; /* on the way to the place: placing_add_ancestors() has stated it */
        tree->entries[kept++] = entry;
        if (placing_place_entry(placing, placed, &entry, err) < 0 ||
            (!entry.above && yields_to_base(placing, placed, &entry, &is_dropped, err) < 0))
            return -1;
        if (is_dropped) {
            free(entry.path);
            free(entry.text);
            tree->entries[--kept] = (struct tree_entry){0};
        }
    }
    tree->count = kept;
    free(tree->place);
    tree->place = xasprintf("/%s", canonical);
    return 0;
}

/* The same, and says what place that is. */
static int place_tree(const struct placing *placing, struct placed_model *placed, struct tree *tree,
                      struct error *err)
{
    CLEANUP(text) char *nominal = xstrdup(tree->place);

    if (move_tree(placing, placed, tree, err) < 0)
        return error_wrap(err, "'%s' at %s", placed->model->name, nominal);
    if (strcmp(nominal, tree->place) != 0)
        notes_info(placing->notes, "the base has links on the way: %s is %s", nominal, tree->place);
    return 0;
}

int placing_place_models(const struct placing *placing, struct error *err)
{
    for (size_t i = 0; i < placing->out->model_count; i++) {
        struct placed_model *placed = &placing->out->models[i];
        if (place_tree(placing, placed, &placed->tree, err) < 0)
            return -1;
        if (placed->links.place != NULL && place_tree(placing, placed, &placed->links, err) < 0)
            return -1;
    }
    return 0;
}

/* A folder that the image states for the sake of a model that stays. */
static bool is_needed_by_kept(const struct placing *placing, const struct image_folder *folder)
{
    const struct own_parts *own = placing->base->own;

    for (size_t i = 0; i < own->layer_count; i++)
        if (!placement_replaces(placing->out, &own->layers[i]) &&
            folder_is_needed(folder, &own->layers[i].record))
            return true;
    return false;
}

static void keep_folder(struct placement *placement, const struct image_folder *own)
{
    if (placement_makes_folder(placement, own->path))
        make_folder(placement, own);
    else
        add_folder(placement, own);
}

void placing_keep_folders(const struct placing *placing)
{
    const struct own_parts *own = placing->base->own;

    for (size_t i = 0; i < own->folder_count; i++)
        if (is_needed_by_kept(placing, &own->folders[i]))
            keep_folder(placing->out, &own->folders[i]);
}
