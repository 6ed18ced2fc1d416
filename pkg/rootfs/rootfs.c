#include "rootfs/rootfs_internal.h"

#include <inttypes.h>
#include <string.h>

struct rootfs {
    struct layers *layers;
    const struct rootfs_selection *selection;
};

int rootfs_open(const struct rootfs_options *options, struct rootfs **out, struct error *err)
{
    struct layers *layers = NULL;

    if (layers_open(options, &layers, err) < 0)
        return -1;
    if (options->known != NULL)
        layers_set_known(layers, options->known->layers);
    *out = xcalloc(1, sizeof(**out));
    (*out)->layers = layers;
    (*out)->selection = options->selection;
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
static struct rootfs_entry entry_of(const struct layers *layers, const struct found *found,
                                    char *path)
{
    struct rootfs_entry entry = {.path = path, .type = found->type, .removed = found->removed};

    if (found->entry != NULL || found->removed)
        entry.layer = layers_count(layers) - found->depth;
    if (found->entry == NULL) {
        entry.mode = found->type == ROOTFS_FOLDER ? 0755 : 0;
        return entry;
    }
    const struct listing_entry from = listing_view(found->entry);
    entry.mode = from.mode;
    entry.uid = from.uid;
    entry.gid = from.gid;
    entry.time_s = from.time_s;
    entry.time_ns = from.time_ns;
    entry.size = from.size;
    entry.target = from.type == ROOTFS_LINK ? xstrdup(from.target) : NULL;
    entry.xattr_count = from.xattr_count;
    entry.xattrs = xattrs_copy(from.xattrs, from.xattr_count);
    if (from.hashes != NULL) {
        entry.sha256 = from.hashes->sha256;
        entry.git_sha1 = from.hashes->git_sha1;
    }
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

/* `path` is taken over. */
static void way_add(struct way *way, const struct layers *layers, const struct found *found,
                    char *path)
{
    way->entries = xrealloc(way->entries, way->count + 1, sizeof(*way->entries));
    way->entries[way->count++] = entry_of(layers, found, path);
}

/* Ends what is being read ahead, and gives the entries away if all went well. */
static int way_give(struct way *way, struct layers *layers, int result, struct rootfs_entry **out,
                    size_t *count)
{
    layers_stop(layers);
    if (result < 0)
        return -1;
    *count = way->count;
    *out = TAKE(way->entries);
    way->count = 0;
    return 0;
}

static int walk(struct layers *layers, const char *path, struct way *way, struct error *err)
{
    CLEANUP(buf) struct buf canonical = BUF_INIT;
    struct found found = {.type = ROOTFS_FOLDER};

    if (resolve(layers, path, NULL, &canonical, err) < 0)
        return -1;
    for (const char *at = buf_text(&canonical); *at != '\0'; at += *at == '/') {
        at += strcspn(at, "/");
        CLEANUP(text)
        char *part = xstrndup(canonical.data, (size_t)(at - canonical.data));
        /* Nothing is in what is not there. */
        if (found.type != ROOTFS_ABSENT && lookup(layers, part, true, &found, err) < 0)
            return -1;
        way_add(way, layers, &found, TAKE(part));
    }
    return 0;
}

int rootfs_walk(struct rootfs *rootfs, const char *path, struct rootfs_entry **out, size_t *count,
                struct error *err)
{
    CLEANUP(way) struct way way = {NULL, 0};
    int result = walk(rootfs->layers, path, &way, err);

    if (way_give(&way, rootfs->layers, result, out, count) < 0)
        return error_wrap(err, "looking for '%s' in the image", path);
    return 0;
}

static int trace(struct layers *layers, const char *path, struct way *way, struct error *err)
{
    CLEANUP(strings) struct strings passed = STRINGS_INIT;
    CLEANUP(buf) struct buf canonical = BUF_INIT;
    struct found found;

    if (resolve(layers, path, &passed, &canonical, err) < 0)
        return -1;
    for (size_t i = 0; i < passed.count; i++) {
        if (lookup(layers, passed.items[i], true, &found, err) < 0)
            return -1;
        way_add(way, layers, &found, xstrdup(passed.items[i]));
    }
    if (lookup(layers, buf_text(&canonical), true, &found, err) < 0)
        return -1;
    way_add(way, layers, &found, buf_take(&canonical));
    return 0;
}

int rootfs_trace(struct rootfs *rootfs, const char *path, struct rootfs_entry **out, size_t *count,
                 struct error *err)
{
    CLEANUP(way) struct way way = {NULL, 0};
    int result = trace(rootfs->layers, path, &way, err);

    if (way_give(&way, rootfs->layers, result, out, count) < 0)
        return error_wrap(err, "looking for '%s' in the image", path);
    return 0;
}

int rootfs_find_root(struct rootfs *rootfs, struct rootfs_entry *out, struct error *err)
{
    struct found found;
    int result = lookup(rootfs->layers, "", true, &found, err);

    layers_stop(rootfs->layers);
    if (result < 0)
        return error_wrap(err, "looking for '/' in the image");
    *out = entry_of(rootfs->layers, &found, xstrdup(""));
    return 0;
}

/* The names that any layer has in the folder, down to the one that hides what is below. */
static int collect_names(struct layers *layers, const char *folder, struct strings *names,
                         struct error *err)
{
    CLEANUP(text) char *inside = xasprintf("%s/", folder);

    for (size_t depth = 0; depth < layers_count(layers); depth++) {
        const struct listing *listing = NULL;
        if (layers_get(layers, depth, &listing, err) < 0)
            return -1;
        listing_add_names(listing, folder, names);
        if (listing_hides(listing, inside))
            break;
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list(struct layers *layers, const char *path, struct way *way, struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(buf) struct buf folder = BUF_INIT;
    struct found found;

    if (resolve(layers, path, NULL, &folder, err) < 0 ||
        lookup(layers, buf_text(&folder), false, &found, err) < 0)
        return -1;
    if (found.type != ROOTFS_FOLDER)
        return error_set(err, ERROR_NOT_FOUND, "'/%s' is %s", buf_text(&folder),
                         found.type == ROOTFS_ABSENT ? "not there" : "no folder");
    if (collect_names(layers, buf_text(&folder), &names, err) < 0)
        return -1;
    if (names.count > 1)
        qsort(names.items, names.count, sizeof(*names.items), compare_names);
    for (size_t i = 0; i < names.count; i++) {
        if (i > 0 && strcmp(names.items[i - 1], names.items[i]) == 0)
            continue;
        CLEANUP(text)
        char *child =
            xasprintf("%s%s%s", buf_text(&folder), folder.size > 0 ? "/" : "", names.items[i]);
        if (lookup(layers, child, true, &found, err) < 0)
            return -1;
        if (found.type != ROOTFS_ABSENT)
            way_add(way, layers, &found, TAKE(child));
    }
    return 0;
}

int rootfs_list(struct rootfs *rootfs, const char *path, struct rootfs_entry **out, size_t *count,
                struct error *err)
{
    CLEANUP(way) struct way way = {NULL, 0};
    int result = list(rootfs->layers, path, &way, err);

    if (way_give(&way, rootfs->layers, result, out, count) < 0)
        return error_wrap(err, "listing '%s' in the image", path);
    return 0;
}

int rootfs_read_layer(struct rootfs *rootfs, size_t layer, struct error *err)
{
    const struct listing *listing = NULL;

    return layers_get(rootfs->layers, layers_count(rootfs->layers) - layer, &listing, err);
}

int rootfs_find_effect(struct rootfs *rootfs, size_t layer, const char *path,
                       enum rootfs_effect *out, char **where, struct error *err)
{
    const struct listing *listing = NULL;

    path += path[0] == '/';
    if (layers_get(rootfs->layers, layers_count(rootfs->layers) - layer, &listing, err) < 0)
        return -1;
    *out = listing_effect(listing, path, where);
    if (*out == ROOTFS_REMOVES)
        *where = xstrdup(path);
    return 0;
}

int rootfs_list_layer(struct rootfs *rootfs, size_t layer, struct rootfs_entry **out, size_t *count,
                      struct error *err)
{
    CLEANUP(way) struct way way = {NULL, 0};
    const struct listing *listing = NULL;
    size_t depth = layers_count(rootfs->layers) - layer;
    int result = layers_get(rootfs->layers, depth, &listing, err);

    if (result < 0)
        return way_give(&way, rootfs->layers, result, out, count);
    for (size_t i = 0; i < listing->count; i++) {
        const struct listing_record *entry = &listing->records[i];
        CLEANUP(buf) struct buf own = BUF_INIT;
        listing_format_path(entry, &own);
        if (own.size == 0)
            continue;
        const struct found found = {.type = entry->type, .entry = entry, .depth = depth};
        way_add(&way, rootfs->layers, &found, buf_take(&own));
    }
    return way_give(&way, rootfs->layers, 0, out, count);
}

int rootfs_hash_layer(struct rootfs *rootfs, size_t layer, struct error *err)
{
    return layers_hash(rootfs->layers, layers_count(rootfs->layers) - layer, err);
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
                         listing_view(found->entry).target);
    return 0;
}

static int read_file(struct layers *layers, const char *path, size_t limit, struct buf *out,
                     struct error *err)
{
    CLEANUP(buf) struct buf canonical = BUF_INIT;
    struct found found;

    if (resolve(layers, path, NULL, &canonical, err) < 0 ||
        lookup(layers, buf_text(&canonical), false, &found, err) < 0 ||
        check_file(&found, buf_text(&canonical), err) < 0)
        return -1;
    struct listing_entry entry = listing_view(found.entry);
    if (entry.size > limit)
        return error_set(err, ERROR_CORRUPT, "'/%s' has %" PRIu64 " bytes, expected %zu at most",
                         buf_text(&canonical), entry.size, limit);
    CLEANUP(text)
    char *source = xstrdup(entry.target != NULL ? entry.target : buf_text(&canonical));
    if (entry.content == NULL) {
        const struct scan_wanted wanted = {source, limit};
        const struct listing *listing = NULL;
        if (layers_read_again(layers, found.depth, &wanted, err) < 0 ||
            layers_get(layers, found.depth, &listing, err) < 0)
            return -1;
        found.entry = listing_find(listing, buf_text(&canonical));
        if (found.entry != NULL)
            entry = listing_view(found.entry);
    }
    if (found.entry == NULL || entry.content == NULL)
        return error_set(err, ERROR_INTERNAL, "'/%s' was read and has no content",
                         buf_text(&canonical));
    buf_clear(out);
    buf_add(out, entry.content, (size_t)entry.size);
    return 0;
}

int rootfs_read(struct rootfs *rootfs, const char *path, size_t limit, struct buf *out,
                struct error *err)
{
    int result = read_file(rootfs->layers, path, limit, out, err);

    layers_stop(rootfs->layers);
    return result < 0 ? error_wrap(err, "reading '%s' in the image", path) : 0;
}

static int find_content(struct layers *layers, const char *path, struct rootfs_content *out,
                        struct error *err)
{
    CLEANUP(buf) struct buf canonical = BUF_INIT;
    const struct listing *listing = NULL;
    struct found found;

    if (resolve(layers, path, NULL, &canonical, err) < 0 ||
        lookup(layers, buf_text(&canonical), false, &found, err) < 0 ||
        check_file(&found, buf_text(&canonical), err) < 0 ||
        layers_hash(layers, found.depth, err) < 0 ||
        layers_get(layers, found.depth, &listing, err) < 0)
        return -1;
    const struct listing_record *record = listing_find(listing, buf_text(&canonical));
    if (record == NULL || listing_view(record).hashes == NULL)
        return error_set(err, ERROR_INTERNAL, "'/%s' was read and has no digest",
                         buf_text(&canonical));
    const struct listing_entry entry = listing_view(record);
    if (entry.offset == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'/%s' is a sparse file, expected one without holes",
                         buf_text(&canonical));
    *out = (struct rootfs_content){
        .blob = *layers_blob(layers, found.depth),
        .offset = entry.offset,
        .size = entry.size,
        .is_plain = listing->is_plain,
        .sha256 = entry.hashes->sha256,
    };
    return 0;
}

int rootfs_find_content(struct rootfs *rootfs, const char *path, struct rootfs_content *out,
                        struct error *err)
{
    int result = find_content(rootfs->layers, path, out, err);

    layers_stop(rootfs->layers);
    return result < 0 ? error_wrap(err, "looking for '%s' in the image", path) : 0;
}

int rootfs_collect(struct rootfs *rootfs, rootfs_file_fn *give, void *arg, struct error *err)
{
    int result = collect(rootfs->layers, rootfs->selection, give, arg, err);

    layers_stop(rootfs->layers);
    return result;
}

bool rootfs_is_read(const struct rootfs *rootfs)
{
    return layers_are_read(rootfs->layers);
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

int rootfs_find_groups(struct rootfs *rootfs, const struct rootfs_user_request *request,
                       uint32_t **out, size_t *count, struct error *err)
{
    CLEANUP(buf) struct buf passwd_bytes = BUF_INIT;
    CLEANUP(buf) struct buf group_bytes = BUF_INIT;
    const struct buf *passwd = NULL, *group = NULL;

    if (user_has_groups(request) &&
        (read_names(rootfs, "/etc/passwd", &passwd_bytes, &passwd, err) < 0 ||
         read_names(rootfs, "/etc/group", &group_bytes, &group, err) < 0))
        return -1;
    user_find_groups(request, passwd, group, out, count);
    return 0;
}
