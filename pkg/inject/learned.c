#include "inject/folders_internal.h"
#include "inject/inject_internal.h"

#include <string.h>

/*
 * What was learned of a base is noted in the image that is made of it. Whoever injects into the
 * same base again, on another machine, need not read its layers: the note is in the base, if that
 * has been injected into before, or in the image that the target's tag shows. It is believed as
 * far as the image is that has it, and for the same layers only.
 */

void work_recollect(struct work *work, const struct image *image)
{
    CLEANUP(image_learned) struct image_learned learned = {0};

    image_own_learned(image, &learned);
    if (learned.chain_id.algorithm == DIGEST_NONE)
        return;
    work->recollections =
        xrealloc(work->recollections, work->recollection_count + 1, sizeof(*work->recollections));
    struct recollection *out = &work->recollections[work->recollection_count++];
    *out = (struct recollection){.learned = learned};
    learned = (struct image_learned){0};
    image_own_folders(image, &out->folders, &out->folder_count);
}

static bool is_of_base(const struct recollection *recollection, const struct platform *platform)
{
    return digest_equal(&recollection->learned.chain_id, &platform->learned.chain_id);
}

static void note_user(struct platform *platform, const struct rootfs_user_request *request)
{
    CLEANUP(text) char *user = xstrdup(request->user != NULL ? request->user : "");
    CLEANUP(text) char *home = xstrdup(request->home != NULL ? request->home : "");
    const struct image_learned asked = {
        .user_asked = user,
        .home_asked = home,
        .uid = platform->user.uid,
        .gid = platform->user.gid,
        .home = platform->user.home,
        .user_from = platform->user.user_from,
        .home_from = platform->user.home_from,
    };

    image_learned_set_user(&platform->learned, &asked);
}

static bool recall_user(const struct image_learned *learned,
                        const struct rootfs_user_request *request, struct rootfs_user *out)
{
    if (learned->user_asked == NULL ||
        strcmp(learned->user_asked, request->user != NULL ? request->user : "") != 0 ||
        strcmp(learned->home_asked, request->home != NULL ? request->home : "") != 0)
        return false;
    *out = (struct rootfs_user){
        .uid = learned->uid,
        .gid = learned->gid,
        .home = xstrdup(learned->home),
        .user_from = xstrdup(learned->user_from),
        .home_from = xstrdup(learned->home_from),
    };
    return true;
}

int platform_find_user(const struct work *work, struct platform *platform,
                       const struct rootfs_user_request *request, struct error *err)
{
    bool known = false;

    for (size_t i = 0; i < work->recollection_count && !known; i++)
        known = is_of_base(&work->recollections[i], platform) &&
                recall_user(&work->recollections[i].learned, request, &platform->user);
    if (!known && rootfs_find_user(platform->rootfs, request, &platform->user, err) < 0)
        return -1;
    /* Only the image's own user is a property of the image. */
    if (work->options->user == NULL && work->options->home == NULL)
        note_user(platform, request);
    else if (digest_equal(&platform->own_learned.chain_id, &platform->learned.chain_id))
        image_learned_set_user(&platform->learned, &platform->own_learned);
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
static bool recall_way(const struct image_way *way, const char *path, struct image_way *out)
{
    const char *more = behind(path, way->path + 1);
    bool is_whole = way->existing == count_parts(way->canonical);

    if (more == NULL)
        more = behind(path, way->canonical);
    if (more == NULL || (*more != '\0' && is_whole))
        return false;
    *out = (struct image_way){
        .canonical = xasprintf("%s%s", way->canonical, more),
        .existing = way->existing,
        .removed = way->removed,
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
static bool entries_of(const struct image_way *way, const struct recollection *from, bool wants_all,
                       struct rootfs_entry **out, size_t *count)
{
    size_t parts = count_parts(way->canonical);
    struct rootfs_entry *entries = xcalloc(parts, sizeof(*entries));
    const char *end = way->canonical;

    for (size_t i = 0; i < parts; i++) {
        end = strchrnul(end + (i > 0), '/');
        char *path = xstrndup(way->canonical, (size_t)(end - way->canonical));
        if (i >= way->existing) {
            entries[i] =
                (struct rootfs_entry){.path = path, .type = ROOTFS_ABSENT, .removed = way->removed};
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

static bool recall(const struct recollection *from, const char *path, bool wants_all,
                   struct rootfs_entry **out, size_t *count)
{
    bool known = false;

    for (size_t i = 0; i < from->learned.way_count && !known; i++) {
        struct image_way way;
        if (!recall_way(&from->learned.ways[i], path, &way))
            continue;
        known = entries_of(&way, from, wants_all, out, count);
        image_way_release(&way);
    }
    return known;
}

/*
 * A way that is one model's is noted only as far as it is not plain from the folder above it, which
 * is: where the base has that one.
 */
static void note_way(struct platform *platform, const char *path, const char *model,
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
    struct image_way way = {
        .path = asked,
        .canonical = canonical,
        .existing = existing,
        .removed = removed,
        .model = owner,
    };
    image_learned_add(&platform->learned, &way);
}

void way_release(struct way *way)
{
    rootfs_entries_free(way->entries, way->count);
    *way = (struct way){0};
}

int platform_walk(const struct work *work, struct platform *platform, const char *path,
                  const char *model, struct way *out, struct error *err)
{
    struct way way = {0};
    bool known = false;

    path += path[0] == '/';
    for (size_t i = 0; i < work->recollection_count && !known; i++)
        known = is_of_base(&work->recollections[i], platform) &&
                recall(&work->recollections[i], path, model == NULL, &way.entries, &way.count);
    if (!known && rootfs_walk(platform->rootfs, path, &way.entries, &way.count, err) < 0)
        return -1;
    note_way(platform, path, model, way.entries, way.count);
    *out = way;
    return 0;
}

bool platform_makes_folder(const struct platform *platform, const char *path)
{
    for (size_t i = 0; i < platform->learned.way_count; i++) {
        const struct image_way *way = &platform->learned.ways[i];
        if (behind(way->canonical, path) != NULL && count_parts(path) <= way->existing)
            return false;
    }
    return true;
}

void platform_keep_learned(const struct work *work, struct platform *platform)
{
    const struct image_learned *own = &platform->own_learned;

    if (!digest_equal(&own->chain_id, &platform->learned.chain_id))
        return;
    for (size_t i = 0; i < platform->own_count; i++)
        for (size_t k = 0; k < own->way_count; k++)
            if (!work_replaces(work, platform, &platform->own[i]) &&
                way_is_needed(&own->ways[k], &platform->own[i].record))
                image_learned_add(&platform->learned, &own->ways[k]);
}
