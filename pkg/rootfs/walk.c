#include "rootfs/rootfs_internal.h"

#include <string.h>

#define LINKS_MAX 40

/* The root is there in every layer, and nothing takes it away: the topmost that states it counts.
 */
static int lookup_root(struct layers *layers, struct found *out, struct error *err)
{
    struct found found = {.type = ROOTFS_FOLDER};

    for (size_t depth = 0; found.entry == NULL && depth < layers_count(layers); depth++) {
        const struct listing *listing = NULL;
        if (layers_get(layers, depth, &listing, err) < 0)
            return -1;
        found.entry = listing_find(listing, "");
        found.depth = depth;
    }
    *out = found;
    return 0;
}

/*
 * Layers from the top: a path is what the first layer says that has it, by an entry or by what
 * lies below it, unless a layer above hides it. A folder's attributes may be stated further down.
 */
int lookup(struct layers *layers, const char *path, bool with_attributes, struct found *out,
           struct error *err)
{
    struct found found = {.type = *path == '\0' ? ROOTFS_FOLDER : ROOTFS_ABSENT};

    if (*path == '\0' && with_attributes)
        return lookup_root(layers, out, err);
    for (size_t depth = 0; *path != '\0' && depth < layers_count(layers); depth++) {
        const struct listing *listing = NULL;
        if (layers_get(layers, depth, &listing, err) < 0)
            return -1;
        const struct listing_record *entry = listing_find(listing, path);
        if (entry != NULL && (found.type == ROOTFS_ABSENT || entry->type == ROOTFS_FOLDER))
            found = (struct found){.type = entry->type, .entry = entry, .depth = depth};
        if (entry != NULL) /* behind a folder that is only implied, what is not one is replaced */
            break;
        if (found.type == ROOTFS_ABSENT && listing_implies(listing, path))
            found.type = ROOTFS_FOLDER;
        bool hidden = listing_hides(listing, path);
        found.removed = hidden && found.type == ROOTFS_ABSENT;
        if (found.removed)
            found.depth = depth;
        if ((found.type == ROOTFS_FOLDER && !with_attributes) || hidden)
            break;
    }
    *out = found;
    return 0;
}

static void path_leave(struct buf *path)
{
    const char *slash = path->size > 0 ? strrchr(path->data, '/') : NULL;

    path->size = slash != NULL ? (size_t)(slash - path->data) : 0;
    if (path->data != NULL)
        path->data[path->size] = '\0';
}

/* Is there another part in what is left of a path? */
static bool path_goes_on(const char *rest)
{
    return rest[strspn(rest, "/")] != '\0';
}

/*
 * Goes one part further, from `path` to `path`/`name`. *target is where to go on if that is a link,
 * else NULL.
 */
static int path_enter(struct layers *layers, struct buf *path, const char *name, const char *rest,
                      const char **target, struct error *err)
{
    struct found found = {.type = ROOTFS_ABSENT};
    size_t before = path->size;

    buf_addf(path, before > 0 ? "/%s" : "%s", name);
    if (path->size > ROOTFS_PATH_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "the path has more than %zu bytes",
                         ROOTFS_PATH_MAX);
    if (lookup(layers, buf_text(path), false, &found, err) < 0)
        return -1;
    *target = NULL;
    switch (found.type) {
    case ROOTFS_ABSENT:
    case ROOTFS_FOLDER:
        return 0;
    case ROOTFS_LINK:
        *target = listing_view(found.entry).target;
        path_leave(path);
        if (*target[0] == '/')
            buf_clear(path);
        return 0;
    case ROOTFS_FILE:
    case ROOTFS_OTHER:
        break;
    }
    if (path_goes_on(rest))
        return error_set(err, ERROR_UNSUPPORTED, "'/%s' is a %s in the image, expected a folder",
                         buf_text(path), found.type == ROOTFS_FILE ? "file" : "special file");
    return 0;
}

int resolve(struct layers *layers, const char *path, struct strings *passed, struct buf *out,
            struct error *err)
{
    CLEANUP(buf) struct buf way = BUF_INIT;
    CLEANUP(text) char *rest = xstrdup(path);
    size_t at = 0;
    unsigned links = 0;

    while (path_goes_on(rest + at)) {
        at += strspn(rest + at, "/");
        size_t size = strcspn(rest + at, "/");
        CLEANUP(text) char *name = xstrndup(rest + at, size);
        const char *target = NULL;
        at += size;
        if (passed != NULL && !strings_has(passed, buf_text(&way)))
            strings_add(passed, buf_text(&way));
        if (strcmp(name, "..") == 0)
            path_leave(&way);
        else if (strcmp(name, ".") != 0 &&
                 path_enter(layers, &way, name, rest + at, &target, err) < 0)
            return -1;
        if (target == NULL)
            continue;
        if (++links > LINKS_MAX)
            return error_set(err, ERROR_UNSUPPORTED,
                             "more than %d links are on the way of '%s' in the image, perhaps in a "
                             "circle",
                             LINKS_MAX, path);
        char *longer = xasprintf("%s/%s", target, rest + at);
        free(rest);
        rest = longer;
        at = 0;
    }
    buf_clear(out);
    buf_add(out, buf_text(&way), way.size);
    return 0;
}
