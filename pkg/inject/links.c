#include "inject/inject_internal.h"

#include <string.h>

/*
 * Some loaders are told by a variable of their own to look elsewhere than in the Hub's cache, and
 * expect the same folders there. They get a link from there to the model's folder in the cache.
 */

/* The target of a link in the folder `from` that leads to `to`; both without leading '/'. */
static char *relative_path(const char *from, const char *to)
{
    CLEANUP(buf) struct buf out = BUF_INIT;
    size_t common = 0;

    for (size_t i = 0;; i++) {
        bool from_ends = from[i] == '\0' || from[i] == '/';
        bool to_ends = to[i] == '\0' || to[i] == '/';
        if (from_ends && to_ends)
            common = i;
        if (from[i] == '\0' || to[i] == '\0' || from[i] != to[i])
            break;
    }
    for (const char *at = from + common; *at != '\0'; at++)
        if (*at != '/' && (at == from || at[-1] == '/'))
            buf_add_text(&out, "../");
    buf_add_text(&out, to + common + (to[common] == '/'));
    return buf_take(&out);
}

/* The name of a folder directly in `place`, or with `depth` 2 in a folder there; else NULL. */
static const char *name_in(const char *place, const char *path, unsigned depth)
{
    size_t size = strlen(place);
    unsigned slashes = 0;

    if (size > 0 && (strncmp(path, place, size) != 0 || path[size] != '/'))
        return NULL;
    path += size + (size > 0);
    for (const char *at = path; *at != '\0'; at++)
        slashes += *at == '/';
    return slashes + 1 == depth ? path : NULL;
}

static char *path_in(const char *folder, const char *name)
{
    return xasprintf("%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);
}

static int add_link(const struct work *work, struct platform *platform, size_t number,
                    const char *folder, const struct tree_entry *own, struct error *err)
{
    const char *name = strrchr(own->path, '/') != NULL ? strrchr(own->path, '/') + 1 : own->path;
    CLEANUP(text) char *path = path_in(folder, name);
    CLEANUP(way) struct way way = {0};

    if (platform_walk(work, platform, path, work->models[number].name, &way, err) < 0)
        return -1;
    const struct rootfs_entry *last = &way.entries[way.count - 1];
    bool is_free = last->type == ROOTFS_ABSENT && strcmp(last->path, path) == 0;
    platform->needs_way[number] = platform->needs_way[number] || last->removed;
    if (!is_free) {
        log_warn(work->options->log,
                 "the base has a '/%s' of its own: applications that look there load that, and not "
                 "the model",
                 path);
        return 0;
    }
    tree_add(&platform->trees[number], &(struct tree_entry){
                                           .type = TREE_LINK,
                                           .path = xstrdup(path),
                                           .mode = 0777,
                                           .uid = own->uid,
                                           .gid = own->gid,
                                           .text = relative_path(folder, own->path),
                                       });
    return 0;
}

/* The folder where the Hub's clients keep their locks for the model, beside its link. */
static int add_beside(const struct work *work, struct platform *platform, size_t number,
                      const char *folder, const struct tree_entry *own, struct error *err)
{
    const char *name = name_in(platform->trees[number].place + 1, own->path, 2);
    CLEANUP(text) char *path = path_in(folder, name);
    struct tree_entry beside = *own;
    struct tree_entry above = {
        .type = TREE_FOLDER,
        .path = xstrndup(path, strlen(folder) + (folder[0] != '\0') + strcspn(name, "/")),
        .mode = 0755,
        .uid = platform->home.uid,
        .gid = platform->home.group_writable ? 0 : platform->home.gid,
        .above = true,
    };
    int result = platform_place_entry(work, platform, number, &above, err);

    free(above.path);
    if (result < 0)
        return -1;
    beside.path = path;
    if (platform_place_entry(work, platform, number, &beside, err) < 0)
        return -1;
    beside.path = xstrdup(path);
    tree_add(&platform->trees[number], &beside);
    return 0;
}

static int link_from(const struct work *work, struct platform *platform, size_t number,
                     const char *folder, struct error *err)
{
    struct tree *tree = &platform->trees[number];
    size_t count = tree->count;
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++) {
        const struct tree_entry own = tree->entries[i];
        const char *beside = name_in(tree->place + 1, own.path, 2);
        if (own.type != TREE_FOLDER)
            continue;
        if (name_in(tree->place + 1, own.path, 1) != NULL)
            result = add_link(work, platform, number, folder, &own, err);
        else if (beside != NULL && beside[0] == '.')
            result = add_beside(work, platform, number, folder, &own, err);
    }
    return result;
}

/* Is it in the folder, or the folder itself? Both absolute. */
static bool is_inside(const char *path, const char *folder)
{
    size_t size = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

    return strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* What is in the way there is no reason to fail: the model is in its place without the link. */
static int link_place(const struct work *work, struct platform *platform, size_t number,
                      const char *path, struct error *err)
{
    struct tree *tree = &platform->trees[number];
    CLEANUP(tree) struct tree above = TREE_INIT;
    CLEANUP(text) char *folder = NULL;
    CLEANUP(error) struct error why = ERROR_INIT;

    above.place = xstrdup(path);
    tree_add_above(&above, &platform->home);
    if (platform_add_way(work, platform, number, &above, &folder, &why) < 0) {
        if (why.kind != ERROR_UNSUPPORTED)
            return error_move(err, &why);
        log_warn(work->options->log, "no link to the model from %s: %s", path, why.text);
        return 0;
    }
    CLEANUP(text) char *absolute = xasprintf("/%s", folder);
    if (strcmp(absolute, tree->place) == 0 || strings_has(&tree->also, absolute))
        return 0;
    if (is_inside(absolute, tree->place)) {
        log_warn(work->options->log, "no link to the model from %s, which lies in %s itself", path,
                 tree->place);
        return 0;
    }
    strings_add(&tree->also, absolute);
    return link_from(work, platform, number, folder, err);
}

int platform_link(const struct work *work, struct platform *platform, size_t number,
                  struct error *err)
{
    for (size_t i = 0; i < platform->elsewhere_paths.count; i++) {
        const char *path = platform->elsewhere_paths.items[i];
        if (path[0] != '\0' && link_place(work, platform, number, path, err) < 0)
            return error_wrap(err, "%s", path);
    }
    return tree_sort(&platform->trees[number], err);
}
