#include "placement/placement_internal.h"

#include <string.h>

/*
 * Some loaders are told by a variable of their own to look elsewhere than in the Hub's cache, and
 * expect the same folders there. They get a link from there to the model's folder in the cache. A
 * model in a shared folder is linked from the place that its loader looks in, too: what depends on
 * that place is apart from the model's own tree then.
 */

/* Where links are added. */
static struct tree *links_of(struct placed_model *placed)
{
    return placed->links.place != NULL ? &placed->links : &placed->tree;
}

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

/* Whose the links are: the loader's user's, wherever they lead. */
static struct tree_owner owner_of(const struct home *home)
{
    struct tree_owner owner = {home->uid, home->gid};

    if (home->owner != NULL)
        owner = *home->owner;
    if (home->group_writable)
        owner.gid = 0;
    return owner;
}

static int add_link(const struct placing *placing, struct placed_model *placed, const char *folder,
                    const struct tree_entry *own, struct error *err)
{
    const char *name = strrchr(own->path, '/') != NULL ? strrchr(own->path, '/') + 1 : own->path;
    const struct tree_owner owner = owner_of(&placing->out->home);
    CLEANUP(text) char *path = path_join(folder, name);
    CLEANUP(path_walk) struct path_walk walk = {0};

    if (placing_walk(placing, path, placed->model->name, &walk, err) < 0)
        return -1;
    const struct rootfs_entry *last = &walk.entries[walk.count - 1];
    bool is_free = last->type == ROOTFS_ABSENT && strcmp(last->path, path) == 0;
    placed->needs_ancestors = placed->needs_ancestors || last->removed;
    if (!is_free) {
        notes_warn(
            placing->notes,
            "the base has a '/%s' of its own: applications that look there load that, and not "
            "the model",
            path);
        return 0;
    }
    tree_add(links_of(placed), &(struct tree_entry){
                                   .type = TREE_LINK,
                                   .path = xstrdup(path),
                                   .mode = 0777,
                                   .uid = owner.uid,
                                   .gid = owner.gid,
                                   .text = relative_path(folder, own->path),
                               });
    return 0;
}

/* The folder where the Hub's clients keep their locks for the model, beside its link. */
static int add_beside(const struct placing *placing, struct placed_model *placed,
                      const char *folder, const struct tree_entry *own, struct error *err)
{
    const char *name = name_in(placed_model_looks(placed) + 1, own->path, 2);
    CLEANUP(text) char *path = path_join(folder, name);
    struct tree_entry beside = *own;
    struct tree_entry above = {
        .type = TREE_FOLDER,
        .path = xstrndup(path, strlen(folder) + (folder[0] != '\0') + strcspn(name, "/")),
        .mode = 0755,
        .uid = placing->out->home.uid,
        .gid = placing->out->home.group_writable ? 0 : placing->out->home.gid,
        .above = true,
    };
    int result = placing_place_entry(placing, placed, &above, err);

    free(above.path);
    if (result < 0)
        return -1;
    beside.path = path;
    if (placing_place_entry(placing, placed, &beside, err) < 0)
        return -1;
    beside.path = xstrdup(path);
    tree_add(links_of(placed), &beside);
    return 0;
}

static int link_from(const struct placing *placing, struct placed_model *placed, const char *folder,
                     struct error *err)
{
    const struct tree *model = &placed->tree;
    const struct tree *around = links_of(placed);
    size_t counts[] = {model->count, around->count}; /* before there are more */
    int result = 0;

    for (size_t i = 0; i < counts[0] && result == 0; i++) {
        const struct tree_entry own = model->entries[i];
        if (own.type == TREE_FOLDER && name_in(model->place + 1, own.path, 1) != NULL)
            result = add_link(placing, placed, folder, &own, err);
    }
    for (size_t i = 0; i < counts[1] && result == 0; i++) {
        const struct tree_entry own = around->entries[i];
        const char *beside = name_in(around->place + 1, own.path, 2);
        if (own.type == TREE_FOLDER && beside != NULL && beside[0] == '.')
            result = add_beside(placing, placed, folder, &own, err);
    }
    return result;
}

/* Another model that has its folder, or a link to that, where this one's link would be. */
static const char *find_holder(const struct placing *placing, const struct placed_model *placed,
                               const char *place)
{
    const char *id = NULL;
    enum origin_kind kind = origin_from_record(placed->model->name, &id);
    CLEANUP(text) char *folder = layout_folder(placed->model->layout, place, kind, id);

    return placing_find_holder(placing, placed, folder + 1);
}

/* An obstacle there costs the link alone: the model is found in its place. */
static int link_place(const struct placing *placing, struct placed_model *placed, const char *path,
                      struct error *err)
{
    struct tree *tree = &placed->tree;
    const char *const places[] = {tree->place, placed_model_looks(placed)};
    CLEANUP(tree) struct tree above = TREE_INIT;
    CLEANUP(text) char *folder = NULL;
    CLEANUP(error) struct error why = ERROR_INIT;

    above.place = xstrdup(path);
    tree_add_above(&above, &placing->out->home);
    if (placing_add_ancestors(placing, placed, &above, &folder, &why) < 0) {
        if (why.kind != ERROR_UNSUPPORTED)
            return error_move(err, &why);
        notes_warn(placing->notes, "no link to the model from %s: %s", path, why.text);
        return 0;
    }
    CLEANUP(text) char *absolute = xasprintf("/%s", folder);
    if (strcmp(absolute, tree->place) == 0 || strings_has(&tree->also, absolute))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (!path_is_inside(absolute, places[i]))
            continue;
        notes_warn(placing->notes, "no link to the model from %s, which lies in %s itself", path,
                   places[i]);
        return 0;
    }
    const char *holder = find_holder(placing, placed, absolute);
    if (holder != NULL) {
        notes_warn(placing->notes,
                   "no link to the model from %s, where '%s' lies as another loader has it", path,
                   holder);
        return 0;
    }
    strings_add(&tree->also, absolute);
    return link_from(placing, placed, folder, err);
}

static bool has_path(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->entries[i].path, path) == 0)
            return true;
    return false;
}

/* The loader looks in the shared folder itself: what the model has there needs no link. */
static void drop_links(struct placed_model *placed)
{
    struct tree *links = &placed->links;
    size_t kept = 0;

    for (size_t i = 0; i < links->count; i++) {
        if (!has_path(&placed->tree, links->entries[i].path)) {
            links->entries[kept++] = links->entries[i];
            continue;
        }
        free(links->entries[i].path);
        free(links->entries[i].text);
    }
    links->count = kept;
}

/* Here an obstacle is one: the loader would not find the model. */
static int check_free(const struct placing *placing, struct placed_model *placed, const char *path,
                      struct error *err)
{
    CLEANUP(path_walk) struct path_walk walk = {0};

    if (placing_walk(placing, path, placed->model->name, &walk, err) < 0)
        return -1;
    const struct rootfs_entry *last = &walk.entries[walk.count - 1];
    placed->needs_ancestors = placed->needs_ancestors || last->removed;
    if (last->type == ROOTFS_ABSENT && strcmp(last->path, path) == 0)
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "the base has a '/%s' of its own, where a link to the shared model has to be; "
                     "remove it from the base, or leave --shared out",
                     path);
}

/* Gives the links between two canonical places their targets. */
static int link_shared(const struct placing *placing, struct placed_model *placed,
                       struct error *err)
{
    struct tree *links = &placed->links;
    const char *shared = placed->tree.place + 1;

    if (strcmp(links->place, placed->tree.place) == 0) {
        drop_links(placed);
        return 0;
    }
    for (size_t i = 0; i < links->count; i++) {
        struct tree_entry *link = &links->entries[i];
        if (link->type != TREE_LINK)
            continue;
        if (check_free(placing, placed, link->path, err) < 0)
            return -1;
        const char *below = link->path + strlen(links->place + 1) + (links->place[1] != '\0');
        CLEANUP(text) char *target = path_join(shared, below);
        const char *slash = strrchr(link->path, '/');
        CLEANUP(text)
        char *folder =
            xstrndup(link->path, slash != NULL ? (size_t)(slash - link->path) : (size_t)0);
        link->text = relative_path(folder, target);
    }
    strings_add(&placed->tree.also, links->place);
    return 0;
}

static int link_model(const struct placing *placing, struct placed_model *placed, struct error *err)
{
    if (placed->links.place != NULL && link_shared(placing, placed, err) < 0)
        return -1;
    for (size_t i = 0; i < placed->alternates.paths.count; i++) {
        const char *path = placed->alternates.paths.items[i];
        if (path[0] != '\0' && link_place(placing, placed, path, err) < 0)
            return error_wrap(err, "%s", path);
    }
    return tree_sort(links_of(placed), err);
}

int placing_link_models(const struct placing *placing, struct error *err)
{
    for (size_t i = 0; i < placing->out->model_count; i++) {
        struct placed_model *placed = &placing->out->models[i];
        if (link_model(placing, placed, err) < 0)
            return error_wrap(err, "'%s'", placed->model->name);
    }
    return 0;
}
