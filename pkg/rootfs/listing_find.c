#include "rootfs/rootfs_internal.h"

#include <string.h>

/* A path in two parts, with a '/' between them. */
struct split {
    const char *folder; /* NULL: there is but a name */
    size_t folder_size;
    const char *name;
};

static struct split split_path(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return (struct split){.name = path};
    return (struct split){path, (size_t)(slash - path), slash + 1};
}

static struct split split_record(const struct listing_record *record)
{
    return (struct split){
        .folder = record->folder,
        .folder_size = record->folder != NULL ? strlen(record->folder) : 0,
        .name = record->name,
    };
}

/* The byte of a path at a place that is not behind its end. */
static unsigned char split_byte(const struct split *split, size_t at)
{
    if (split->folder == NULL)
        return (unsigned char)split->name[at];
    if (at < split->folder_size)
        return (unsigned char)split->folder[at];
    return at == split->folder_size ? '/' : (unsigned char)split->name[at - split->folder_size - 1];
}

static int compare_splits(const struct split *a, const struct split *b)
{
    size_t common = a->folder_size < b->folder_size ? a->folder_size : b->folder_size;
    int result = common > 0 ? memcmp(a->folder, b->folder, common) : 0;

    if (result != 0)
        return result;
    if (a->folder != NULL && b->folder != NULL && a->folder_size == b->folder_size)
        return strcmp(a->name, b->name);
    for (size_t at = common;; at++) {
        unsigned char left = split_byte(a, at), right = split_byte(b, at);
        if (left != right)
            return left < right ? -1 : 1;
        if (left == '\0')
            return 0;
    }
}

int listing_compare(const struct listing_record *a, const struct listing_record *b)
{
    if (a->folder == b->folder)
        return strcmp(a->name, b->name);
    const struct split left = split_record(a), right = split_record(b);
    return compare_splits(&left, &right);
}

void listing_format_path(const struct listing_record *record, struct buf *out)
{
    buf_clear(out);
    if (record->folder != NULL) {
        buf_add_text(out, record->folder);
        buf_add_text(out, "/");
    }
    buf_add_text(out, record->name);
}

struct listing_entry listing_at(const struct listing *listing, size_t number, struct buf *path)
{
    struct listing_entry entry = listing_view(&listing->records[number]);

    listing_format_path(&listing->records[number], path);
    entry.path = buf_text(path);
    return entry;
}

size_t listing_entries_before(const struct listing *listing, const char *path, uint32_t order)
{
    const struct split key = split_path(path);
    size_t low = 0, high = listing->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct listing_record *record = &listing->records[middle];
        const struct split split = split_record(record);
        int result = compare_splits(&split, &key);
        if (result < 0 || (result == 0 && record->order < order))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct listing_record *listing_find(const struct listing *listing, const char *path)
{
    const struct split key = split_path(path);
    size_t at = listing_entries_before(listing, path, 0);

    if (at == listing->count)
        return NULL;
    const struct split found = split_record(&listing->records[at]);
    return compare_splits(&found, &key) == 0 ? &listing->records[at] : NULL;
}

/* `prefix` is "" or ends with a '/', as no folder's path begins. */
static bool begins_with(const struct listing_record *record, const char *prefix)
{
    size_t size = strlen(prefix);

    if (size == 0)
        return true;
    size_t folder_size = record->folder != NULL ? strlen(record->folder) : 0;
    if (folder_size >= size)
        return memcmp(record->folder, prefix, size) == 0;
    return record->folder != NULL && folder_size == size - 1 &&
           memcmp(record->folder, prefix, folder_size) == 0;
}

static size_t marks_before(const struct listing_marks *marks, const char *path)
{
    size_t low = 0, high = marks->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(marks->paths[middle], path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool marks_have(const struct listing_marks *marks, const char *path)
{
    size_t at = marks_before(marks, path);

    return at < marks->count && strcmp(marks->paths[at], path) == 0;
}

static bool marks_start_with(const struct listing_marks *marks, const char *prefix)
{
    size_t at = marks_before(marks, prefix);

    return at < marks->count && strncmp(marks->paths[at], prefix, strlen(prefix)) == 0;
}

bool listing_implies(const struct listing *listing, const char *path)
{
    CLEANUP(text) char *prefix = xasprintf("%s/", path);
    size_t at = listing_entries_before(listing, prefix, 0);

    return (at < listing->count && begins_with(&listing->records[at], prefix)) ||
           marks_start_with(&listing->whiteouts, prefix) || marks_have(&listing->opaque, path) ||
           marks_start_with(&listing->opaque, prefix);
}

bool listing_hides(const struct listing *listing, const char *path)
{
    CLEANUP(text) char *above = xstrdup(path);

    if (marks_have(&listing->whiteouts, path))
        return true;
    for (char *slash = strrchr(above, '/'); slash != NULL; slash = strrchr(above, '/')) {
        *slash = '\0';
        const struct listing_record *entry = listing_find(listing, above);
        if ((entry != NULL && entry->type != ROOTFS_FOLDER) ||
            marks_have(&listing->whiteouts, above) || marks_have(&listing->opaque, above))
            return true;
    }
    return marks_have(&listing->opaque, "");
}

/* The first mark below a folder; NULL if there is none. */
static const char *mark_below(const struct listing_marks *marks, const char *prefix)
{
    size_t at = marks_before(marks, prefix);

    return marks_start_with(marks, prefix) ? marks->paths[at] : NULL;
}

/* The first entry below a folder that is no folder itself; NULL if there is none. */
static const struct listing_record *file_below(const struct listing *listing, const char *prefix)
{
    for (size_t i = listing_entries_before(listing, prefix, 0); i < listing->count; i++) {
        const struct listing_record *record = &listing->records[i];
        if (!begins_with(record, prefix))
            return NULL;
        if (record->type != ROOTFS_FOLDER)
            return record;
    }
    return NULL;
}

enum rootfs_effect listing_effect(const struct listing *listing, const char *folder, char **where)
{
    const struct listing_record *own = listing_find(listing, folder);
    CLEANUP(text) char *prefix = xasprintf("%s/", folder);
    CLEANUP(buf) struct buf path = BUF_INIT;

    *where = NULL;
    if (listing_hides(listing, folder) || marks_have(&listing->opaque, folder) ||
        (own != NULL && own->type != ROOTFS_FOLDER))
        return ROOTFS_REMOVES;
    const struct listing_record *file = file_below(listing, prefix);
    const char *mark = mark_below(&listing->whiteouts, prefix);
    if (mark == NULL)
        mark = mark_below(&listing->opaque, prefix);
    if (file != NULL)
        listing_format_path(file, &path);
    else if (mark != NULL)
        buf_add_text(&path, mark);
    else
        return ROOTFS_KEEPS;
    *where = buf_take(&path);
    return ROOTFS_CHANGES;
}

/* `path` begins with the folder, of which it says the name of a child. */
static void add_name(struct strings *names, const char *path, size_t prefix)
{
    size_t size = strcspn(path + prefix, "/");
    const char *last = names->count > 0 ? names->items[names->count - 1] : NULL;

    if (last == NULL || strncmp(last, path + prefix, size) != 0 || last[size] != '\0')
        strings_addf(names, "%.*s", (int)size, path + prefix);
}

static void add_marks(const struct listing_marks *marks, const char *prefix, struct strings *names)
{
    size_t size = strlen(prefix);

    for (size_t i = marks_before(marks, prefix); i < marks->count; i++) {
        if (strncmp(marks->paths[i], prefix, size) != 0)
            return;
        if (marks->paths[i][size] != '\0')
            add_name(names, marks->paths[i], size);
    }
}

void listing_add_names(const struct listing *listing, const char *folder, struct strings *names)
{
    CLEANUP(text) char *prefix = xasprintf("%s%s", folder, *folder != '\0' ? "/" : "");
    CLEANUP(buf) struct buf path = BUF_INIT;
    size_t size = strlen(prefix);

    for (size_t i = listing_entries_before(listing, prefix, 0); i < listing->count; i++) {
        if (!begins_with(&listing->records[i], prefix))
            break;
        const struct listing_entry entry = listing_at(listing, i, &path);
        if (entry.path[size] != '\0') /* the root */
            add_name(names, entry.path, size);
    }
    add_marks(&listing->whiteouts, prefix, names);
    add_marks(&listing->opaque, prefix, names);
}
