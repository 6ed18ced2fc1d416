#include "rootfs/rootfs_internal.h"

#include <stdalign.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)256 * 1024)
#define MEMORY_LIMIT ((size_t)512 * 1024 * 1024)
#define ENTRY_LIMIT ((size_t)5 * 1000 * 1000)

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
    free(listing->entries);
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

static size_t entry_memory(const struct listing_entry *entry)
{
    size_t memory = sizeof(*entry) + strlen(entry->path) + 1;

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

int listing_add(struct listing *listing, const struct listing_entry *entry, struct error *err)
{
    if (listing_grow(listing, entry_memory(entry), err) < 0)
        return -1;
    if (listing->count == listing->capacity) {
        listing->capacity = listing->capacity > 0 ? listing->capacity + listing->capacity / 2 : 64;
        listing->entries = xrealloc(listing->entries, listing->capacity, sizeof(*listing->entries));
    }
    struct listing_entry *added = &listing->entries[listing->count];
    *added = *entry;
    added->path = listing_copy_text(listing, entry->path);
    added->target = listing_copy_text(listing, entry->target);
    if (entry->content != NULL)
        added->content = listing_copy(listing, entry->content, (size_t)entry->size);
    added->hashes = listing_copy_hashes(listing, entry);
    added->xattrs = listing_copy_xattrs(listing, entry);
    added->order = listing->count++;
    return 0;
}

int listing_set_content(struct listing *listing, size_t number, const char *content,
                        struct error *err)
{
    struct listing_entry *entry = &listing->entries[number];

    if (listing_grow(listing, (size_t)entry->size + 1, err) < 0)
        return -1;
    entry->content = listing_copy(listing, content, (size_t)entry->size);
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

static int compare_entries(const void *a, const void *b)
{
    const struct listing_entry *left = a, *right = b;
    int result = strcmp(left->path, right->path);

    if (result != 0)
        return result;
    return left->order < right->order ? -1 : left->order > right->order;
}

static int compare_marks(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How many entries come before this path, or with this path before this order of arrival. */
static size_t entries_before(const struct listing *listing, const char *path, size_t order)
{
    const struct listing_entry key = {.path = path, .order = order};
    size_t low = 0, high = listing->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_entries(&listing->entries[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A hard link is what its target was when the link came. */
static void listing_link(const struct listing *listing, struct listing_entry *entry)
{
    size_t before = entries_before(listing, entry->target, entry->order);
    const struct listing_entry *found = before > 0 ? &listing->entries[before - 1] : NULL;

    entry->is_hard_link = false;
    if (found == NULL || strcmp(found->path, entry->target) != 0 || found->is_unresolved ||
        found->type == ROOTFS_FOLDER) {
        entry->is_unresolved = true;
        return;
    }
    const char *path = entry->path;
    const char *target =
        found->type == ROOTFS_FILE && found->target == NULL ? found->path : found->target;
    size_t order = entry->order;
    *entry = *found;
    entry->path = path;
    entry->target = target;
    entry->order = order;
}

/* In the order of their arrival, since a hard link may lead to an earlier one. */
static void listing_link_all(struct listing *listing)
{
    size_t *places = xcalloc(listing->count, sizeof(*places));

    for (size_t i = 0; i < listing->count; i++)
        places[listing->entries[i].order] = i;
    for (size_t i = 0; i < listing->count; i++) {
        struct listing_entry *entry = &listing->entries[places[i]];
        if (entry->is_hard_link)
            listing_link(listing, entry);
    }
    free(places);
}

/* What comes out of a memo, or from another process, is. */
static bool is_sorted(const struct listing *listing)
{
    for (size_t i = 1; i < listing->count; i++)
        if (compare_entries(&listing->entries[i - 1], &listing->entries[i]) > 0)
            return false;
    return true;
}

void listing_finish(struct listing *listing)
{
    size_t kept = 0;

    if (!is_sorted(listing))
        qsort(listing->entries, listing->count, sizeof(*listing->entries), compare_entries);
    if (listing->whiteouts.count > 0)
        qsort(listing->whiteouts.paths, listing->whiteouts.count, sizeof(char *), compare_marks);
    if (listing->opaque.count > 0)
        qsort(listing->opaque.paths, listing->opaque.count, sizeof(char *), compare_marks);
    listing_link_all(listing);
    for (size_t i = 0; i < listing->count; i++) {
        if (i + 1 < listing->count &&
            strcmp(listing->entries[i].path, listing->entries[i + 1].path) == 0)
            continue;
        listing->entries[kept++] = listing->entries[i];
    }
    listing->count = kept;
}

const struct listing_entry *listing_find(const struct listing *listing, const char *path)
{
    size_t at = entries_before(listing, path, 0);

    if (at == listing->count || strcmp(listing->entries[at].path, path) != 0)
        return NULL;
    return &listing->entries[at];
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
    size_t at = entries_before(listing, prefix, 0);

    return (at < listing->count &&
            strncmp(listing->entries[at].path, prefix, strlen(prefix)) == 0) ||
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
        const struct listing_entry *entry = listing_find(listing, above);
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

enum rootfs_effect listing_effect(const struct listing *listing, const char *folder,
                                  const char **where)
{
    const struct listing_entry *own = listing_find(listing, folder);
    CLEANUP(text) char *prefix = xasprintf("%s/", folder);

    *where = NULL;
    if (listing_hides(listing, folder) || marks_have(&listing->opaque, folder) ||
        (own != NULL && own->type != ROOTFS_FOLDER))
        return ROOTFS_REMOVES;
    for (size_t i = entries_before(listing, prefix, 0); i < listing->count && *where == NULL; i++) {
        if (strncmp(listing->entries[i].path, prefix, strlen(prefix)) != 0)
            break;
        if (listing->entries[i].type != ROOTFS_FOLDER)
            *where = listing->entries[i].path;
    }
    if (*where == NULL)
        *where = mark_below(&listing->whiteouts, prefix);
    if (*where == NULL)
        *where = mark_below(&listing->opaque, prefix);
    return *where != NULL ? ROOTFS_CHANGES : ROOTFS_KEEPS;
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
    size_t size = strlen(prefix);

    for (size_t i = entries_before(listing, prefix, 0); i < listing->count; i++) {
        if (strncmp(listing->entries[i].path, prefix, size) != 0)
            break;
        if (listing->entries[i].path[size] == '\0') /* the root */
            continue;
        add_name(names, listing->entries[i].path, size);
    }
    add_marks(&listing->whiteouts, prefix, names);
    add_marks(&listing->opaque, prefix, names);
}
