#include "inject/inject_internal.h"

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
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (platform_walk(work, platform, tree->place, NULL, &way, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        platform->needs_way[number] = platform->needs_way[number] || way[i].removed;
        if (way[i].type == ROOTFS_ABSENT)
            add_made(platform, way[i].path, entry_above(tree, count - 1 - i));
        else
            add_existing(platform, &way[i]);
    }
    *out = xstrdup(count > 0 ? way[count - 1].path : "");
    rootfs_entries_free(way, count);
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
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (platform_walk(work, platform, path, model, &way, &count, err) < 0)
        return -1;
    bool same = count > 0 && strcmp(way[count - 1].path, path) == 0;
    if (same) {
        *out = way[count - 1];
        way[count - 1] = (struct rootfs_entry){0};
    } else {
        error_set(err, ERROR_UNSUPPORTED,
                  "'/%s' is a link in the base, and the model's own folder has to be there; remove "
                  "it from the base",
                  path);
    }
    rootfs_entries_free(way, count);
    return same ? 0 : -1;
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
    if (look_at(work, platform, entry->path, model, &there, err) < 0)
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

#define CHUNKED "containers.zstd-chunked.manifest-"

/* What the manifest says of a table of contents of zstd:chunked, by its name of now or of before.
 */
static const char *chunked_annotation(const struct image *image, size_t number, const char *now,
                                      const char *before)
{
    const char *found = image_layer_annotation(image, number, now);

    return found != NULL ? found : image_layer_annotation(image, number, before);
}

static struct rootfs_layer layer_of(const struct image *image, size_t number,
                                    const struct descriptor *blob, const struct digest *diff_id)
{
    return (struct rootfs_layer){
        .blob = *blob,
        .diff_id = *diff_id,
        .stargz_toc =
            image_layer_annotation(image, number, "containerd.io/snapshot/stargz/toc.digest"),
        .chunked_checksum = chunked_annotation(image, number, "io.github." CHUNKED "checksum",
                                               "io." CHUNKED "checksum"),
        .chunked_position = chunked_annotation(image, number, "io.github." CHUNKED "position",
                                               "io." CHUNKED "position"),
    };
}

/* What rootfs is to look at: the image's layers, without those of inlay's. */
int platform_open_rootfs(const struct work *work, struct platform *platform, struct error *err)
{
    const struct inject_options *options = work->options;
    struct descriptor *blobs = NULL;
    struct digest *diff_ids = NULL;
    size_t count = 0;
    size_t same = 0;

    if (image_layers(platform->image, &blobs, &count, err) < 0)
        return -1;
    if (image_diff_ids(platform->image, &diff_ids, &same, err) < 0) {
        free(blobs);
        return -1;
    }
    struct rootfs_layer *layers = xcalloc(count, sizeof(*layers));
    for (size_t i = 0; i < count; i++)
        layers[i] = layer_of(platform->image, i, &blobs[i], &diff_ids[i]);
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
    free(blobs);
    free(diff_ids);
    return result;
}
