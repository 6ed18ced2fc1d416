#include "rootfs/rootfs_internal.h"

#include <inttypes.h>
#include <string.h>

struct rootfs {
    struct layers *layers;
};

int rootfs_open(const struct rootfs_options *options, struct rootfs **out, struct error *err)
{
    struct layers *layers = NULL;

    if (layers_open(options, &layers, err) < 0)
        return -1;
    *out = xcalloc(1, sizeof(**out));
    (*out)->layers = layers;
    return 0;
}

void rootfs_free(struct rootfs *rootfs)
{
    if (rootfs == NULL)
        return;
    layers_free(rootfs->layers);
    free(rootfs);
}

void rootfs_entry_release(struct rootfs_entry *entry)
{
    xattrs_free(entry->xattrs, entry->xattr_count);
    free(entry->target);
    free(entry->path);
    *entry = (struct rootfs_entry){.path = NULL};
}

void rootfs_entries_free(struct rootfs_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rootfs_entry_release(&entries[i]);
    free(entries);
}

/* What the finder knows becomes the caller's; `path` is taken over. */
static struct rootfs_entry entry_of(const struct found *found, char *path)
{
    const struct listing_entry *from = found->entry;
    struct rootfs_entry entry = {.path = path, .type = found->type, .removed = found->removed};

    if (from == NULL) {
        entry.mode = found->type == ROOTFS_FOLDER ? 0755 : 0;
        return entry;
    }
    entry.mode = from->mode;
    entry.uid = from->uid;
    entry.gid = from->gid;
    entry.time_s = from->time_s;
    entry.time_ns = from->time_ns;
    entry.size = from->size;
    entry.target = from->type == ROOTFS_LINK ? xstrdup(from->target) : NULL;
    entry.xattr_count = from->xattr_count;
    entry.xattrs = xattrs_copy(from->xattrs, from->xattr_count);
    return entry;
}

struct way {
    struct rootfs_entry *entries;
    size_t count;
};

static void way_release(struct way *way)
{
    rootfs_entries_free(way->entries, way->count);
    *way = (struct way){NULL, 0};
}
CLEANUP_RELEASE(way)

static int walk(struct layers *layers, const char *path, struct way *way, struct error *err)
{
    CLEANUP(buf) struct buf canonical = BUF_INIT;
    struct found found = {.type = ROOTFS_FOLDER};

    if (resolve(layers, path, &canonical, err) < 0)
        return -1;
    for (const char *at = buf_text(&canonical); *at != '\0'; at += *at == '/') {
        at += strcspn(at, "/");
        CLEANUP(text)
        char *part = xstrndup(canonical.data, (size_t)(at - canonical.data));
        /* Nothing is in what is not there. */
        if (found.type != ROOTFS_ABSENT && lookup(layers, part, true, &found, err) < 0)
            return -1;
        way->entries = xrealloc(way->entries, way->count + 1, sizeof(*way->entries));
        way->entries[way->count++] = entry_of(&found, TAKE(part));
    }
    return 0;
}

int rootfs_walk(struct rootfs *rootfs, const char *path, struct rootfs_entry **out, size_t *count,
                struct error *err)
{
    CLEANUP(way) struct way way = {NULL, 0};
    int result = walk(rootfs->layers, path, &way, err);

    layers_stop(rootfs->layers);
    if (result < 0)
        return error_wrap(err, "looking for '%s' in the image", path);
    *count = way.count;
    *out = TAKE(way.entries);
    way.count = 0;
    return 0;
}

/* Only a regular file can be read. */
static int check_file(const struct found *found, const char *path, struct error *err)
{
    switch (found->type) {
    case ROOTFS_ABSENT:
        return error_set(err, ERROR_NOT_FOUND, "'/%s' is not there", path);
    case ROOTFS_FOLDER:
        return error_set(err, ERROR_UNSUPPORTED, "'/%s' is a folder, expected a file", path);
    case ROOTFS_LINK: /* resolve() leaves none */
    case ROOTFS_OTHER:
        return error_set(err, ERROR_UNSUPPORTED,
                         "'/%s' is a special file, expected an ordinary one", path);
    case ROOTFS_FILE:
        break;
    }
    if (found->entry->is_unresolved)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'/%s' is a hard link to '/%s', which its layer does not hold", path,
                         found->entry->target);
    return 0;
}

static int read_file(struct layers *layers, const char *path, size_t limit, struct buf *out,
                     struct error *err)
{
    CLEANUP(buf) struct buf canonical = BUF_INIT;
    struct found found;

    if (resolve(layers, path, &canonical, err) < 0 ||
        lookup(layers, buf_text(&canonical), false, &found, err) < 0 ||
        check_file(&found, buf_text(&canonical), err) < 0)
        return -1;
    const struct listing_entry *entry = found.entry;
    if (entry->size > limit)
        return error_set(err, ERROR_CORRUPT, "'/%s' has %" PRIu64 " bytes, expected %zu at most",
                         entry->path, entry->size, limit);
    CLEANUP(text) char *source = xstrdup(entry->target != NULL ? entry->target : entry->path);
    if (entry->content == NULL) {
        const struct scan_wanted wanted = {source, limit};
        const struct listing *listing = NULL;
        if (layers_read_again(layers, found.depth, &wanted, err) < 0 ||
            layers_get(layers, found.depth, &listing, err) < 0)
            return -1;
        entry = listing_find(listing, buf_text(&canonical));
    }
    if (entry == NULL || entry->content == NULL)
        return error_set(err, ERROR_INTERNAL, "'/%s' was read and has no content",
                         buf_text(&canonical));
    buf_clear(out);
    buf_add(out, entry->content, (size_t)entry->size);
    return 0;
}

int rootfs_read(struct rootfs *rootfs, const char *path, size_t limit, struct buf *out,
                struct error *err)
{
    int result = read_file(rootfs->layers, path, limit, out, err);

    layers_stop(rootfs->layers);
    return result < 0 ? error_wrap(err, "reading '%s' in the image", path) : 0;
}

uint64_t rootfs_fetched(const struct rootfs *rootfs)
{
    return layers_fetched(rootfs->layers);
}

size_t rootfs_remembered(const struct rootfs *rootfs)
{
    return layers_remembered(rootfs->layers);
}

/* *out is NULL if the image has no such file. */
static int read_names(struct rootfs *rootfs, const char *path, struct buf *bytes,
                      const struct buf **out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    *out = NULL;
    if (rootfs_read(rootfs, path, ROOTFS_SMALL_FILE, bytes, &why) < 0)
        return why.kind == ERROR_NOT_FOUND ? 0 : error_move(err, &why);
    *out = bytes;
    return 0;
}

int rootfs_find_user(struct rootfs *rootfs, const struct rootfs_user_request *request,
                     struct rootfs_user *out, struct error *err)
{
    CLEANUP(buf) struct buf passwd_bytes = BUF_INIT;
    CLEANUP(buf) struct buf group_bytes = BUF_INIT;
    const struct buf *passwd = NULL, *group = NULL;

    if (user_needs_passwd(request) &&
        read_names(rootfs, "/etc/passwd", &passwd_bytes, &passwd, err) < 0)
        return -1;
    if (user_needs_group(request) &&
        read_names(rootfs, "/etc/group", &group_bytes, &group, err) < 0)
        return -1;
    return user_find(request, passwd, group, out, err);
}
