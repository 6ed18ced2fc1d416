#include "inject/inject_internal.h"
#include "inject/tree_layers_internal.h"

#include <string.h>

/*
 * Where in the base the files really go. The environment names a place; the base may have links on
 * the way to it, and has folders there with owners, modes and times of its own. A layer that goes
 * through a link would replace it, and one that leaves a folder out or states it otherwise would
 * change it. So paths become canonical, and the folders layer states what the base has.
 *
 * Where the base takes a folder away by a whiteout, containerd (1.6, mkparent in its archive
 * package) finds that in place of the folder when it unpacks a layer that goes through it without
 * stating it, and fails. A layer below the model's others then states all that they go through.
 */

void platform_add_folder(struct platform *platform, const struct image_folder *folder)
{
    size_t at = 0;
    int order = 1;

    while (at < platform->folder_count &&
           (order = strcmp(platform->folders[at].path, folder->path)) < 0)
        at++;
    if (at < platform->folder_count && order == 0)
        return;
    platform->folders =
        xrealloc(platform->folders, platform->folder_count + 1, sizeof(*platform->folders));
    memmove(&platform->folders[at + 1], &platform->folders[at],
            (platform->folder_count - at) * sizeof(*platform->folders));
    image_folder_copy(folder, &platform->folders[at]);
    platform->folder_count++;
}

static void add_existing(struct platform *platform, const struct rootfs_entry *entry)
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

    platform_add_folder(platform, &folder);
}

/* A folder that the base lacks is made, as the layout has it. */
static void add_made(struct platform *platform, const char *path, const struct tree_entry *like)
{
    CLEANUP(text) char *own_path = xstrdup(path);
    struct image_folder folder = {.path = own_path, .mode = 0755, .time_s = PACK_TIME};

    if (like != NULL) {
        folder.mode = like->mode;
        folder.uid = like->uid;
        folder.gid = like->gid;
    }
    platform_add_folder(platform, &folder);
}

/* A folder of ours, or above one, can be where the base has a folder, or nothing. */
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

int platform_add_way(const struct work *work, struct platform *platform, size_t number,
                     const struct tree *tree, char **out, struct error *err)
{
    CLEANUP(way) struct way way = {0};

    if (platform_walk(work, platform, tree->place, NULL, &way, err) < 0 ||
        (way.count > 0 && check_folder(&way.entries[way.count - 1], err) < 0))
        return -1;
    for (size_t i = 0; i < way.count; i++) {
        const struct rootfs_entry *entry = &way.entries[i];
        platform->needs_way[number] = platform->needs_way[number] || entry->removed;
        if (entry->type == ROOTFS_ABSENT)
            add_made(platform, entry->path, entry_above(tree, way.count - 1 - i));
        else
            add_existing(platform, entry);
    }
    *out = xstrdup(way.count > 0 ? way.entries[way.count - 1].path : "");
    return 0;
}

/* The path in the place by its canonical name: the nominal prefix is exchanged. */
static char *move_path(const struct tree *tree, const char *canonical, const char *path)
{
    const char *nominal = tree->place + 1;
    const char *below = path + strlen(nominal) + (nominal[0] != '\0');

    return xasprintf("%s%s%s", canonical, canonical[0] != '\0' ? "/" : "", below);
}

/* What the base has at a folder of ours: nothing, or a folder that is no link. */
static int look_at(const struct work *work, struct platform *platform, const char *path,
                   const char *model, struct rootfs_entry *out, struct error *err)
{
    CLEANUP(way) struct way way = {0};

    if (platform_walk(work, platform, path, model, &way, err) < 0)
        return -1;
    if (way.count == 0 || strcmp(way.entries[way.count - 1].path, path) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'/%s' is a link in the base, and the model's own folder has to be there; "
                         "remove it from the base",
                         path);
    *out = way.entries[way.count - 1];
    way.entries[way.count - 1] = (struct rootfs_entry){0};
    return 0;
}

static bool is_inside(const char *path, const char *folder)
{
    size_t size = strlen(folder);

    return size == 0 || (strncmp(path, folder, size) == 0 && path[size] == '/');
}

int platform_place_entry(const struct work *work, struct platform *platform, size_t number,
                         const struct tree_entry *entry, struct error *err)
{
    CLEANUP(rootfs_entry) struct rootfs_entry there = {0};
    const char *model = entry->above ? NULL : work->models[number].name;

    if (entry->type != TREE_FOLDER)
        return 0;
    if (look_at(work, platform, entry->path, model, &there, err) < 0 ||
        check_folder(&there, err) < 0)
        return -1;
    if (!entry->above)
        return 0;
    if (there.type == ROOTFS_ABSENT)
        add_made(platform, entry->path, entry);
    else
        add_existing(platform, &there);
    return 0;
}

/* Moves a model's tree to where the place really is; what is above it goes to the folders. */
static int place_tree(const struct work *work, struct platform *platform, size_t number,
                      struct error *err)
{
    struct tree *tree = &platform->trees[number];
    CLEANUP(text) char *canonical = NULL;
    size_t kept = 0;

    if (platform_add_way(work, platform, number, tree, &canonical, err) < 0)
        return -1;
    for (size_t i = 0; i < tree->count; i++) {
        struct tree_entry entry = tree->entries[i];
        bool inside = is_inside(entry.path, tree->place + 1);
        char *moved = inside ? move_path(tree, canonical, entry.path) : NULL;
        free(entry.path);
        entry.path = moved;
        tree->entries[i] = (struct tree_entry){0};
        if (!inside)
            continue; /* on the way to the place: platform_add_way() has stated it */
        tree->entries[kept++] = entry;
        if (platform_place_entry(work, platform, number, &entry, err) < 0)
            return -1;
        if (entry.above) {
            free(entry.path);
            tree->entries[--kept] = (struct tree_entry){0};
        }
    }
    tree->count = kept;
    free(tree->place);
    tree->place = xasprintf("/%s", canonical);
    return 0;
}

int platform_place(const struct work *work, struct platform *platform, struct error *err)
{
    platform->needs_way = xcalloc(work->model_count, sizeof(bool));
    for (size_t i = 0; i < work->model_count; i++) {
        CLEANUP(text) char *nominal = xstrdup(platform->trees[i].place);
        if (place_tree(work, platform, i, err) < 0)
            return error_wrap(err, "'%s' at %s", work->models[i].name, nominal);
        if (strcmp(nominal, platform->trees[i].place) != 0)
            log_info(work->options->log, "the base has links on the way: %s is %s", nominal,
                     platform->trees[i].place);
        if (platform_link(work, platform, i, err) < 0)
            return error_wrap(err, "'%s'", work->models[i].name);
    }
    return 0;
}

/* What rootfs is to look at: the image's layers, without those of inlay's. */
int platform_open_rootfs(const struct work *work, struct platform *platform, struct error *err)
{
    const struct inject_options *options = work->options;
    struct rootfs_layer *layers = NULL;
    size_t count = 0;

    if (tree_layers(platform->image, &layers, &count, err) < 0)
        return -1;
    struct rootfs_options rootfs = {
        .store = options->base,
        .layers = layers,
        .layer_count = count,
        .memo = options->memo,
        .jobs = options->jobs,
        .cancel = options->cancel,
        .log = options->log,
    };
    int result = rootfs_open(&rootfs, &platform->rootfs, err);
    free(layers);
    return result;
}
