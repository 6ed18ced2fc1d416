#include "oci_model/oci_model_internal.h"

#include <string.h>

#define FOLDERS_DEEP_MAX 100

/* A folder that is being listed, and the one that it, or a link to it, was found in. */
struct level {
    const struct level *above;
    const char *folder; /* canonical */
    unsigned depth;
};

struct listing {
    struct rootfs *rootfs;
    const struct cancel *cancel; /* may be NULL */
    const char *root;            /* canonical */
    const struct level *level;
    struct model_files *files;
    size_t entries; /* so far */
};

static int list_folder(struct listing *listing, const char *folder, const char *path,
                       struct error *err);

/* What a link leads to, in the end: *out is released by the caller. */
static int follow(struct listing *listing, const struct rootfs_entry *link,
                  struct rootfs_entry *out, struct error *err)
{
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (rootfs_walk(listing->rootfs, link->path, &way, &count, err) < 0)
        return -1;
    if (count > 0)
        *out = way[--count];
    else
        *out = (struct rootfs_entry){.path = xstrdup(""), .type = ROOTFS_FOLDER};
    rootfs_entries_free(way, count);
    return 0;
}

/* `entry` is no link. */
static int add_entry(struct listing *listing, const struct rootfs_entry *entry, const char *path,
                     struct error *err)
{
    struct rootfs_content content;

    if (entry->type == ROOTFS_FOLDER)
        return list_folder(listing, entry->path, path, err);
    if (entry->type != ROOTFS_FILE)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'/%s' is a special file, expected files, folders and links", entry->path);
    if (rootfs_find_content(listing->rootfs, entry->path, &content, err) < 0)
        return -1;
    model_files_add(listing->files, path, &content);
    return 0;
}

static int add_link(struct listing *listing, const struct rootfs_entry *link, const char *path,
                    struct error *err)
{
    CLEANUP(rootfs_entry) struct rootfs_entry target = {.path = NULL};

    if (follow(listing, link, &target, err) < 0)
        return -1;
    if (!path_is_inside(target.path, listing->root))
        return error_set(err, ERROR_UNSUPPORTED,
                         "'/%s' is a link to '%s', which leads out of '/%s'; expected one that "
                         "stays in it",
                         link->path, link->target, listing->root);
    if (target.type == ROOTFS_ABSENT)
        return error_set(err, ERROR_UNSUPPORTED, "'/%s' is a link to '%s', which is not there",
                         link->path, link->target);
    return add_entry(listing, &target, path, err);
}

/* `path` is that of the folder in the model, "" at its top. */
static int add_child(struct listing *listing, const struct rootfs_entry *child, const char *path,
                     struct error *err)
{
    const char *slash = strrchr(child->path, '/');
    CLEANUP(text)
    char *name = xasprintf("%s%s%s", path, *path != '\0' ? "/" : "",
                           slash != NULL ? slash + 1 : child->path);

    if (cancel_check(listing->cancel, err) < 0)
        return -1;
    if (++listing->entries > MODEL_FILES_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "'/%s' has more than %zu files and folders",
                         listing->root, MODEL_FILES_MAX);
    return child->type == ROOTFS_LINK ? add_link(listing, child, name, err)
                                      : add_entry(listing, child, name, err);
}

static int list_folder(struct listing *listing, const char *folder, const char *path,
                       struct error *err)
{
    const struct level *above = listing->level;
    const struct level level = {above, folder, above != NULL ? above->depth + 1 : 1};
    struct rootfs_entry *children = NULL;
    size_t count = 0;
    int result = 0;

    for (const struct level *at = above; at != NULL; at = at->above)
        if (strcmp(at->folder, folder) == 0)
            return error_set(err, ERROR_UNSUPPORTED, "links lead from '/%s' back to it", folder);
    if (level.depth > FOLDERS_DEEP_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "'/%s': more than %d folders one in another",
                         folder, FOLDERS_DEEP_MAX);
    if (rootfs_list(listing->rootfs, folder, &children, &count, err) < 0)
        return -1;
    listing->level = &level;
    for (size_t i = 0; i < count && result == 0; i++)
        result = add_child(listing, &children[i], path, err);
    listing->level = above;
    rootfs_entries_free(children, count);
    return result;
}

int tree_list(struct rootfs *rootfs, const char *root, const struct cancel *cancel,
              struct model_files *files, struct error *err)
{
    CLEANUP(rootfs_entry) struct rootfs_entry top = {.path = NULL};
    struct listing listing = {.rootfs = rootfs, .cancel = cancel, .files = files};
    const struct rootfs_entry named = {.path = (char *)(uintptr_t)root};

    if (follow(&listing, &named, &top, err) < 0)
        return -1;
    if (top.type != ROOTFS_FOLDER)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is an image without the folder '%s', where a model would be", root);
    listing.root = top.path;
    return list_folder(&listing, top.path, "", err);
}
