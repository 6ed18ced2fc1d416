#include "rootfs/rootfs_internal.h"

#include <stdalign.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)256 * 1024)
#define MEMORY_LIMIT ((size_t)512 * 1024 * 1024)
#define ENTRY_LIMIT ((size_t)5 * 1000 * 1000)

/* What a path may have besides. */
struct listing_more {
    const char *target;
    const char *content;
    const struct listing_hashes *hashes;
    const struct xattr *xattrs;
    size_t xattr_count;
    uint64_t offset;
    int64_t time_s;
    uint32_t time_ns;
};

/* Memory that lives as long as the listing. */
struct listing_block {
    struct listing_block *next;
    size_t used;
    size_t size;
    max_align_t data[];
};

struct listing *listing_new(void)
{
    struct listing *listing = xcalloc(1, sizeof(*listing));

    listing->memory_limit = MEMORY_LIMIT;
    listing->entry_limit = ENTRY_LIMIT;
    return listing;
}

void listing_free(struct listing *listing)
{
    if (listing == NULL || atomic_fetch_sub(&listing->shares, 1) > 0)
        return;
    while (listing->blocks != NULL) {
        struct listing_block *next = listing->blocks->next;
        free(listing->blocks);
        listing->blocks = next;
    }
    free(listing->records);
    free(listing->whiteouts.paths);
    free(listing->opaque.paths);
    free(listing);
}

struct listing *listing_share(struct listing *listing)
{
    atomic_fetch_add(&listing->shares, 1);
    return listing;
}

/* `alignment` is a power of two, 1 for text: most of a listing is names, without gaps between. */
static void *listing_allocate(struct listing *listing, size_t size, size_t alignment)
{
    struct listing_block *block = listing->blocks;
    size_t begin = block != NULL ? (block->used + alignment - 1) & ~(alignment - 1) : 0;

    if (block == NULL || begin > block->size || block->size - begin < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = xcalloc(1, sizeof(*block) + room);
        block->size = room;
        block->next = listing->blocks;
        listing->blocks = block;
        begin = 0;
    }
    block->used = begin + size;
    return (char *)block->data + begin;
}

/* The copy is followed by a NUL. */
static char *listing_copy(struct listing *listing, const void *data, size_t size)
{
    char *copy = listing_allocate(listing, size + 1, 1);

    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

static const char *listing_copy_text(struct listing *listing, const char *text)
{
    return text != NULL ? listing_copy(listing, text, strlen(text)) : NULL;
}

static int listing_grow(struct listing *listing, size_t memory, struct error *err)
{
    size_t count = listing->count + listing->whiteouts.count + listing->opaque.count;

    if (count >= listing->entry_limit)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it holds more than %zu files, the most that are "
                         "listed of one layer",
                         listing->entry_limit);
    if (!size_add(listing->memory, memory, &listing->memory) ||
        listing->memory > listing->memory_limit)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the list of its files needs more than the %zu MiB that are given to one "
                         "layer",
                         listing->memory_limit / (size_t)MIB);
    return 0;
}

static bool has_more(const struct listing_entry *entry)
{
    return entry->target != NULL || entry->content != NULL || entry->hashes != NULL ||
           entry->xattr_count > 0 ||
           (entry->type == ROOTFS_FOLDER && (entry->time_s != 0 || entry->time_ns != 0));
}

/* The folder's path is counted as if each entry had its own. */
static size_t entry_memory(const struct listing_entry *entry)
{
    size_t memory = sizeof(struct listing_record) + strlen(entry->path) + 1;

    if (has_more(entry))
        memory += sizeof(struct listing_more);
    if (entry->target != NULL)
        memory += strlen(entry->target) + 1;
    if (entry->content != NULL)
        memory += (size_t)entry->size + 1;
    if (entry->hashes != NULL)
        memory += sizeof(*entry->hashes);
    for (size_t i = 0; i < entry->xattr_count; i++)
        memory += sizeof(*entry->xattrs) + strlen(entry->xattrs[i].name) + entry->xattrs[i].size;
    return memory;
}

static const struct listing_hashes *listing_copy_hashes(struct listing *listing,
                                                        const struct listing_entry *entry)
{
    if (entry->hashes == NULL)
        return NULL;
    struct listing_hashes *copy = listing_allocate(listing, sizeof(*copy), alignof(max_align_t));
    *copy = *entry->hashes;
    return copy;
}

/* Who writes them down has them in any order; what is made of them shall not depend on that. */
static int compare_xattrs(const void *a, const void *b)
{
    const struct xattr *left = a, *right = b;

    return strcmp(left->name, right->name);
}

static const struct xattr *listing_copy_xattrs(struct listing *listing,
                                               const struct listing_entry *entry)
{
    if (entry->xattr_count == 0)
        return NULL;
    struct xattr *copies = listing_allocate(listing, entry->xattr_count * sizeof(*entry->xattrs),
                                            alignof(max_align_t));
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct xattr *xattr = &entry->xattrs[i];
        copies[i].name = listing_copy(listing, xattr->name, strlen(xattr->name));
        copies[i].value = listing_copy(listing, xattr->value, xattr->size);
        copies[i].size = xattr->size;
    }
    qsort(copies, entry->xattr_count, sizeof(*copies), compare_xattrs);
    return copies;
}

/* The copy of a folder's path that an entry before this one has, if it is among the last. */
static const char *listing_copy_folder(struct listing *listing, const char *path, size_t size)
{
    for (size_t i = 0; i < LISTING_FOLDERS; i++) {
        const struct listing_folder *folder = &listing->folders[i];
        if (folder->path != NULL && folder->size == size && memcmp(folder->path, path, size) == 0)
            return folder->path;
    }
    struct listing_folder *added = &listing->folders[listing->next_folder++ % LISTING_FOLDERS];
    *added = (struct listing_folder){listing_copy(listing, path, size), size};
    return added->path;
}

static struct listing_more *listing_new_more(struct listing *listing)
{
    struct listing_more *more = listing_allocate(listing, sizeof(*more), alignof(max_align_t));

    *more = (struct listing_more){.target = NULL};
    return more;
}

static struct listing_more *listing_copy_more(struct listing *listing,
                                              const struct listing_entry *entry)
{
    if (!has_more(entry))
        return NULL;
    struct listing_more *more = listing_new_more(listing);
    more->target = listing_copy_text(listing, entry->target);
    if (entry->content != NULL)
        more->content = listing_copy(listing, entry->content, (size_t)entry->size);
    more->hashes = listing_copy_hashes(listing, entry);
    more->xattrs = listing_copy_xattrs(listing, entry);
    more->xattr_count = entry->xattr_count;
    more->offset = entry->offset;
    if (entry->type == ROOTFS_FOLDER) {
        more->time_s = entry->time_s;
        more->time_ns = entry->time_ns;
    }
    return more;
}

int listing_add(struct listing *listing, const struct listing_entry *entry, struct error *err)
{
    const char *slash = strrchr(entry->path, '/');

    if (listing_grow(listing, entry_memory(entry), err) < 0)
        return -1;
    if (listing->count == listing->capacity) {
        listing->capacity = listing->capacity > 0 ? listing->capacity + listing->capacity / 2 : 64;
        listing->records = xrealloc(listing->records, listing->capacity, sizeof(*listing->records));
    }
    struct listing_record *added = &listing->records[listing->count];
    *added = (struct listing_record){
        .name = listing_copy_text(listing, slash != NULL ? slash + 1 : entry->path),
        .more = listing_copy_more(listing, entry),
        .size = entry->size,
        .uid = entry->uid,
        .gid = entry->gid,
        .order = (uint32_t)listing->count++,
        .mode = (uint16_t)entry->mode,
        .type = entry->type,
        .is_hard_link = entry->is_hard_link,
        .is_unresolved = entry->is_unresolved,
    };
    if (slash != NULL)
        added->folder = listing_copy_folder(listing, entry->path, (size_t)(slash - entry->path));
    return 0;
}

int listing_set_content(struct listing *listing, size_t number, const char *content,
                        struct error *err)
{
    struct listing_record *record = &listing->records[number];

    if (listing_grow(listing, sizeof(*record->more) + (size_t)record->size + 1, err) < 0)
        return -1;
    if (record->more == NULL)
        record->more = listing_new_more(listing);
    record->more->content = listing_copy(listing, content, (size_t)record->size);
    return 0;
}

static int listing_add_mark(struct listing *listing, struct listing_marks *marks, const char *path,
                            struct error *err)
{
    if (listing_grow(listing, sizeof(*marks->paths) + strlen(path) + 1, err) < 0)
        return -1;
    if ((marks->count & (marks->count - 1)) == 0) /* full at each power of two */
        marks->paths =
            xrealloc(marks->paths, marks->count > 0 ? 2 * marks->count : 1, sizeof(*marks->paths));
    marks->paths[marks->count++] = listing_copy_text(listing, path);
    return 0;
}

int listing_add_whiteout(struct listing *listing, const char *path, struct error *err)
{
    return listing_add_mark(listing, &listing->whiteouts, path, err);
}

int listing_add_opaque(struct listing *listing, const char *path, struct error *err)
{
    return listing_add_mark(listing, &listing->opaque, path, err);
}

struct listing_entry listing_view(const struct listing_record *record)
{
    static const struct listing_more nothing = {.target = NULL};
    const struct listing_more *more = record->more != NULL ? record->more : &nothing;

    return (struct listing_entry){
        .target = more->target,
        .content = more->content,
        .hashes = more->hashes,
        .size = record->size,
        .offset = more->offset,
        .time_s = more->time_s,
        .time_ns = more->time_ns,
        .mode = record->mode,
        .uid = record->uid,
        .gid = record->gid,
        .type = record->type,
        .is_hard_link = record->is_hard_link,
        .is_unresolved = record->is_unresolved,
        .xattrs = more->xattrs,
        .xattr_count = more->xattr_count,
    };
}

static int compare_records(const void *a, const void *b)
{
    const struct listing_record *left = a, *right = b;
    int result = listing_compare(left, right);

    if (result != 0)
        return result;
    return left->order < right->order ? -1 : left->order > right->order;
}

static int compare_marks(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the last entry of this path says that came before this order; NULL if none did. */
static const struct listing_record *find_before(const struct listing *listing, const char *path,
                                                uint32_t order)
{
    size_t end = listing_entries_before(listing, path, order);
    CLEANUP(buf) struct buf found = BUF_INIT;

    if (end == 0)
        return NULL;
    listing_format_path(&listing->records[end - 1], &found);
    return strcmp(buf_text(&found), path) == 0 ? &listing->records[end - 1] : NULL;
}

/* A hard link is what its target was when the link came; it has `more`, with the target. */
static void listing_link(const struct listing *listing, struct listing_record *record)
{
    static const struct listing_more nothing = {.target = NULL};
    struct listing_more *more = record->more;
    const struct listing_record *found = find_before(listing, more->target, record->order);

    record->is_hard_link = false;
    if (found == NULL || found->is_unresolved || found->type == ROOTFS_FOLDER) {
        record->is_unresolved = true;
        return;
    }
    const char *target = more->target;
    const struct listing_record own = *record;
    *more = found->more != NULL ? *found->more : nothing;
    if (found->type == ROOTFS_FILE && more->target == NULL)
        more->target = target;
    *record = *found;
    record->folder = own.folder;
    record->name = own.name;
    record->order = own.order;
    record->more = more;
}

static bool has_hard_links(const struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        if (listing->records[i].is_hard_link)
            return true;
    return false;
}

/* In the order of their arrival, since a hard link may lead to an earlier one. */
static void listing_link_all(struct listing *listing)
{
    if (!has_hard_links(listing))
        return;
    uint32_t *places = xcalloc(listing->count, sizeof(*places));

    for (size_t i = 0; i < listing->count; i++)
        places[listing->records[i].order] = (uint32_t)i;
    for (size_t i = 0; i < listing->count; i++) {
        struct listing_record *record = &listing->records[places[i]];
        if (record->is_hard_link)
            listing_link(listing, record);
    }
    free(places);
}

/* What comes out of a memo, or from another process, is. */
static bool is_sorted(const struct listing *listing)
{
    for (size_t i = 1; i < listing->count; i++)
        if (compare_records(&listing->records[i - 1], &listing->records[i]) > 0)
            return false;
    return true;
}

void listing_finish(struct listing *listing)
{
    size_t kept = 0;

    if (!is_sorted(listing))
        qsort(listing->records, listing->count, sizeof(*listing->records), compare_records);
    if (listing->whiteouts.count > 0)
        qsort(listing->whiteouts.paths, listing->whiteouts.count, sizeof(char *), compare_marks);
    if (listing->opaque.count > 0)
        qsort(listing->opaque.paths, listing->opaque.count, sizeof(char *), compare_marks);
    listing_link_all(listing);
    for (size_t i = 0; i < listing->count; i++) {
        if (i + 1 < listing->count &&
            listing_compare(&listing->records[i], &listing->records[i + 1]) == 0)
            continue;
        listing->records[kept++] = listing->records[i];
    }
    listing->count = kept;
}
