#include "placement/placement_internal.h"

#include "pack/folders.h"

#include <string.h>

void own_parts_read(const struct image *image, struct own_parts *out)
{
    *out = (struct own_parts){0};
    image_own_layers(image, &out->layers, &out->layer_count);
    image_own_folders(image, &out->folders, &out->folder_count);
    image_own_environment(image, &out->environment);
    image_own_start(image, &out->start);
    image_own_base_facts(image, &out->facts);
}

void own_parts_release(struct own_parts *own)
{
    image_layers_free(own->layers, own->layer_count);
    image_folders_free(own->folders, own->folder_count);
    image_base_facts_release(&own->facts);
    strings_release(&own->environment);
    container_start_release(&own->start);
    *own = (struct own_parts){0};
}

static void base_facts_copy(const struct image_base_facts *from, struct image_base_facts *to)
{
    *to = (struct image_base_facts){
        .chain_id = from->chain_id, .has_root = from->has_root, .root = from->root};
    image_base_facts_set_user(to, from);
    for (size_t i = 0; i < from->walk_count; i++)
        image_base_facts_add(to, &from->walks[i]);
}

void known_bases_add(struct known_bases *known, const struct own_parts *own)
{
    if (own->facts.chain_id.algorithm == DIGEST_NONE)
        return;
    known->items = xrealloc(known->items, known->count + 1, sizeof(*known->items));
    struct recorded_base *recorded = &known->items[known->count++];
    *recorded =
        (struct recorded_base){.folders = xcalloc(own->folder_count, sizeof(*recorded->folders))};
    base_facts_copy(&own->facts, &recorded->facts);
    for (size_t i = 0; i < own->folder_count; i++)
        image_folder_copy(&own->folders[i], &recorded->folders[recorded->folder_count++]);
}

void known_bases_release(struct known_bases *known)
{
    for (size_t i = 0; i < known->count; i++) {
        image_base_facts_release(&known->items[i].facts);
        image_folders_free(known->items[i].folders, known->items[i].folder_count);
    }
    free(known->items);
    *known = (struct known_bases){0};
}

static bool is_of_base(const struct recorded_base *recorded, const struct placement *placement)
{
    return digest_equal(&recorded->facts.chain_id, &placement->facts.chain_id);
}

static void note_user(struct placement *placement, const struct rootfs_user_request *request)
{
    CLEANUP(text) char *user = xstrdup(request->user != NULL ? request->user : "");
    CLEANUP(text) char *home = xstrdup(request->home != NULL ? request->home : "");
    const struct image_base_facts asked = {
        .user_asked = user,
        .home_asked = home,
        .uid = placement->user.uid,
        .gid = placement->user.gid,
        .home = placement->user.home,
        .user_from = placement->user.user_from,
        .home_from = placement->user.home_from,
    };

    image_base_facts_set_user(&placement->facts, &asked);
}

static bool recall_user(const struct image_base_facts *facts,
                        const struct rootfs_user_request *request, struct rootfs_user *out)
{
    if (facts->user_asked == NULL ||
        strcmp(facts->user_asked, request->user != NULL ? request->user : "") != 0 ||
        strcmp(facts->home_asked, request->home != NULL ? request->home : "") != 0)
        return false;
    *out = (struct rootfs_user){
        .uid = facts->uid,
        .gid = facts->gid,
        .home = xstrdup(facts->home),
        .user_from = xstrdup(facts->user_from),
        .home_from = xstrdup(facts->home_from),
    };
    return true;
}

int placing_recall_user(const struct placing *placing, const struct rootfs_user_request *request,
                        struct rootfs_user *out, struct error *err)
{
    const struct known_bases *known = placing->base->known;

    for (size_t i = 0; i < known->count; i++)
        if (is_of_base(&known->items[i], placing->out) &&
            recall_user(&known->items[i].facts, request, out))
            return 0;
    return rootfs_find_user(placing->base->rootfs, request, out, err);
}

int placing_find_home(const struct placing *placing, char **out, struct error *err)
{
    CLEANUP(rootfs_user) struct rootfs_user user = {.home = NULL};
    const struct rootfs_user_request request = {.user = image_user(placing->base->image)};

    if (placing_recall_user(placing, &request, &user, err) < 0)
        return -1;
    *out = TAKE(user.home);
    return 0;
}

int placing_find_user(const struct placing *placing, const struct rootfs_user_request *request,
                      struct error *err)
{
    if (placing_recall_user(placing, request, &placing->out->user, err) < 0)
        return -1;
    /* Only the image's own user is a property of the image. */
    if (placing->options->user == NULL && placing->options->home == NULL)
        note_user(placing->out, request);
    else if (digest_equal(&placing->base->own->facts.chain_id, &placing->out->facts.chain_id))
        image_base_facts_set_user(&placing->out->facts, &placing->base->own->facts);
    return 0;
}

#define ENTERED_BY_ALL 0111

int placing_find_root(const struct placing *placing, struct error *err)
{
    CLEANUP(rootfs_entry) struct rootfs_entry root = {.path = NULL};
    struct image_base_facts *facts = &placing->out->facts;
    struct rootfs *rootfs = placing->base->rootfs;
    bool is_known = false;

    for (size_t i = 0; i < placing->base->known->count && !facts->has_root; i++) {
        const struct recorded_base *recorded = &placing->base->known->items[i];
        if (!is_of_base(recorded, placing->out))
            continue;
        is_known = true;
        facts->has_root = recorded->facts.has_root;
        facts->root = recorded->facts.root;
    }
    /* No layer is read for it where nothing else was asked of the layers. */
    bool is_read = rootfs_fetched(rootfs) > 0 || rootfs_remembered(rootfs) > 0;
    if (facts->has_root || (is_known && !is_read))
        return 0;
    if (rootfs_find_root(rootfs, &root, err) < 0)
        return -1;
    facts->has_root = (root.mode & ENTERED_BY_ALL) != ENTERED_BY_ALL;
    if (facts->has_root)
        facts->root = (struct image_root){root.mode, root.uid, root.gid};
    return 0;
}

static size_t count_parts(const char *path)
{
    size_t count = path[0] != '\0';

    for (; *path != '\0'; path++)
        count += *path == '/';
    return count;
}

/* What of `path` lies behind `folder`: "", "/more", or NULL if it is another path. */
static const char *behind(const char *path, const char *folder)
{
    size_t size = strlen(folder);

    if (strncmp(path, folder, size) != 0 || (path[size] != '\0' && path[size] != '/'))
        return NULL;
    return path + size;
}

/* Does this way answer for `path` (without leading '/'): as the same, or below what is absent? */
static bool recall_walk(const struct image_path_walk *walk, const char *path,
                        struct image_path_walk *out)
{
    const char *more = behind(path, walk->path + 1);
    bool is_whole = walk->existing == count_parts(walk->canonical);

    if (more == NULL)
        more = behind(path, walk->canonical);
    if (more == NULL || (*more != '\0' && is_whole))
        return false;
    *out = (struct image_path_walk){
        .canonical = xasprintf("%s%s", walk->canonical, more),
        .existing = walk->existing,
        .removed = walk->removed,
    };
    return true;
}

static const struct image_folder *find_folder(const struct image_folder *folders, size_t count,
                                              const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(folders[i].path, path) == 0)
            return &folders[i];
    return NULL;
}

static struct rootfs_entry entry_of(const struct image_folder *folder, char *path)
{
    struct rootfs_entry entry = {.path = path, .type = ROOTFS_FOLDER};

    if (folder == NULL)
        return entry;
    entry.mode = folder->mode;
    entry.uid = folder->uid;
    entry.gid = folder->gid;
    entry.time_s = folder->time_s;
    entry.time_ns = folder->time_ns;
    entry.xattrs = xattrs_copy(folder->xattrs, folder->xattr_count);
    entry.xattr_count = folder->xattr_count;
    return entry;
}

/*
 * The entries that rootfs_walk() would give for the way. False if a folder's attributes are wanted
 * and not there.
 */
static bool entries_of(const struct image_path_walk *walk, const struct recorded_base *from,
                       bool wants_all, struct rootfs_entry **out, size_t *count)
{
    size_t parts = count_parts(walk->canonical);
    struct rootfs_entry *entries = xcalloc(parts, sizeof(*entries));
    const char *end = walk->canonical;

    for (size_t i = 0; i < parts; i++) {
        end = strchrnul(end + (i > 0), '/');
        char *path = xstrndup(walk->canonical, (size_t)(end - walk->canonical));
        if (i >= walk->existing) {
            entries[i] = (struct rootfs_entry){
                .path = path, .type = ROOTFS_ABSENT, .removed = walk->removed};
            continue;
        }
        const struct image_folder *folder = find_folder(from->folders, from->folder_count, path);
        entries[i] = entry_of(folder, path);
        if (folder == NULL && wants_all) {
            rootfs_entries_free(entries, i + 1);
            return false;
        }
    }
    *out = entries;
    *count = parts;
    return true;
}

static bool recall(const struct recorded_base *from, const char *path, bool wants_all,
                   struct rootfs_entry **out, size_t *count)
{
    bool known = false;

    for (size_t i = 0; i < from->facts.walk_count && !known; i++) {
        struct image_path_walk walk;
        if (!recall_walk(&from->facts.walks[i], path, &walk))
            continue;
        known = entries_of(&walk, from, wants_all, out, count);
        image_path_walk_release(&walk);
    }
    return known;
}

/*
 * A path that is one model's is recorded only if the folder above it exists in the base; otherwise
 * the record of that one answers for it.
 */
static void note_walk(struct placement *placement, const char *path, const char *model,
                      const struct rootfs_entry *entries, size_t count)
{
    size_t existing = 0;
    bool removed = false;

    while (existing < count && entries[existing].type != ROOTFS_ABSENT)
        existing++;
    for (size_t i = existing; i < count; i++)
        removed = removed || entries[i].removed;
    if (model != NULL && existing + 1 < count)
        return;
    CLEANUP(text) char *asked = xasprintf("/%s", path);
    CLEANUP(text) char *owner = model != NULL ? xstrdup(model) : NULL;
    CLEANUP(text) char *canonical = xstrdup(count > 0 ? entries[count - 1].path : "");
    struct image_path_walk walk = {
        .path = asked,
        .canonical = canonical,
        .existing = existing,
        .removed = removed,
        .model = owner,
    };
    image_base_facts_add(&placement->facts, &walk);
}

void path_walk_release(struct path_walk *walk)
{
    rootfs_entries_free(walk->entries, walk->count);
    *walk = (struct path_walk){0};
}

/* `path` has no leading '/'; with `wants_all` every folder comes with its attributes. */
static int walk_path(const struct placing *placing, const char *path, bool wants_all,
                     struct path_walk *out, struct error *err)
{
    const struct known_bases *known = placing->base->known;

    for (size_t i = 0; i < known->count; i++)
        if (is_of_base(&known->items[i], placing->out) &&
            recall(&known->items[i], path, wants_all, &out->entries, &out->count))
            return 0;
    return rootfs_walk(placing->base->rootfs, path, &out->entries, &out->count, err);
}

int placing_resolve(const struct placing *placing, const char *path, char **out, struct error *err)
{
    CLEANUP(path_walk) struct path_walk walk = {0};

    if (walk_path(placing, path + (path[0] == '/'), false, &walk, err) < 0)
        return -1;
    *out = xasprintf("/%s", walk.count > 0 ? walk.entries[walk.count - 1].path : "");
    return 0;
}

int placing_walk(const struct placing *placing, const char *path, const char *model,
                 struct path_walk *out, struct error *err)
{
    struct path_walk walk = {0};

    path += path[0] == '/';
    if (walk_path(placing, path, model == NULL, &walk, err) < 0)
        return -1;
    note_walk(placing->out, path, model, walk.entries, walk.count);
    *out = walk;
    return 0;
}

bool placement_makes_folder(const struct placement *placement, const char *path)
{
    for (size_t i = 0; i < placement->facts.walk_count; i++) {
        const struct image_path_walk *walk = &placement->facts.walks[i];
        if (behind(walk->canonical, path) != NULL && count_parts(path) <= walk->existing)
            return false;
    }
    return true;
}

void placing_keep_facts(const struct placing *placing)
{
    const struct image_base_facts *own = &placing->base->own->facts;

    if (!digest_equal(&own->chain_id, &placing->out->facts.chain_id))
        return;
    for (size_t i = 0; i < placing->base->own->layer_count; i++)
        for (size_t k = 0; k < own->walk_count; k++)
            if (!placement_replaces(placing->out, &placing->base->own->layers[i]) &&
                walk_is_needed(&own->walks[k], &placing->base->own->layers[i].record))
                image_base_facts_add(&placing->out->facts, &own->walks[k]);
}
