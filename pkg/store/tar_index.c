#include "store/archive_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_SIZE ((size_t)64 * 1024)
/* An archive of images has some hundreds; each costs memory. */
#define ENTRIES_MAX ((size_t)200000)
#define NAME_BYTES_MAX ((size_t)4096)
#define LINKS_MAX 16

enum tar_type {
    TAR_FILE,
    TAR_SPARSE,
    TAR_SYMLINK,   /* relative to the folder it is in */
    TAR_HARD_LINK, /* relative to the top */
    TAR_FOLDER,
    TAR_OTHER,
};

struct tar_entry {
    char *name; /* clean */
    char *link; /* as it is written; NULL: no link */
    enum tar_type type;
    struct tar_range range;
    size_t number; /* in the order of the tar */
};

struct tar_index {
    int fd;
    char *name;
    uint64_t size;
    struct tar_entry *entries; /* sorted by name, then by number */
    size_t count;
};

/* One tar being listed. */
struct listing {
    struct tar_index *index;
    struct archive *archive;
    const struct cancel *cancel;
    uint64_t offset; /* where libarchive is to read next */
    locale_t locale;
    locale_t before;
    char part[PART_SIZE];
};

void tar_index_free(struct tar_index *index)
{
    if (index == NULL)
        return;
    for (size_t i = 0; i < index->count; i++) {
        free(index->entries[i].name);
        free(index->entries[i].link);
    }
    free(index->entries);
    fd_cleanup(&index->fd);
    free(index->name);
    free(index);
}

/*
 * Joins `folder` (clean, NULL: the top) and `name` to a path without "." and "..". False if it
 * leads out of the tar.
 */
static bool clean_path(const char *folder, const char *name, struct buf *out)
{
    const char *at = name;

    buf_clear(out);
    if (name[0] == '/')
        return false;
    if (folder != NULL)
        buf_add_text(out, folder);
    while (*at != '\0') {
        size_t size = strcspn(at, "/");
        if (size == 2 && strncmp(at, "..", 2) == 0) {
            const char *text = buf_text(out);
            const char *slash = strrchr(text, '/');
            if (out->size == 0)
                return false;
            CLEANUP(text) char *parent = xstrndup(text, slash != NULL ? (size_t)(slash - text) : 0);
            buf_clear(out);
            buf_add_text(out, parent);
        } else if (size > 0 && !(size == 1 && *at == '.')) {
            if (out->size > 0)
                buf_add_text(out, "/");
            buf_add(out, at, size);
        }
        at += size;
        at += *at == '/';
    }
    return true;
}

/* A name with ".." anywhere, even where it stays inside: no tool writes those. */
static bool has_dot_dot(const char *name)
{
    for (const char *at = name; *at != '\0';) {
        size_t size = strcspn(at, "/");
        if (size == 2 && strncmp(at, "..", 2) == 0)
            return true;
        at += size;
        at += *at == '/';
    }
    return false;
}

static la_ssize_t listing_give(struct archive *archive, void *arg, const void **data)
{
    struct listing *listing = arg;
    ssize_t got;

    do {
        got = pread(listing->index->fd, listing->part, PART_SIZE, (off_t)listing->offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        archive_set_error(archive, errno, "%s", "the file cannot be read");
        return ARCHIVE_FATAL;
    }
    listing->offset += (uint64_t)got;
    *data = listing->part;
    return got;
}

static la_int64_t listing_skip(struct archive *archive, void *arg, la_int64_t request)
{
    struct listing *listing = arg;
    uint64_t left = listing->index->size - listing->offset;

    (void)archive;
    if (request < 0 || listing->offset > listing->index->size)
        return 0;
    if ((uint64_t)request > left)
        request = (la_int64_t)left;
    listing->offset += (uint64_t)request;
    return request;
}

static enum tar_type type_of(struct archive_entry *header)
{
    if (archive_entry_hardlink(header) != NULL)
        return TAR_HARD_LINK;
    switch (archive_entry_filetype(header)) {
    case AE_IFREG:
        return archive_entry_sparse_count(header) > 0 ? TAR_SPARSE : TAR_FILE;
    case AE_IFLNK:
        return TAR_SYMLINK;
    case AE_IFDIR:
        return TAR_FOLDER;
    default:
        return TAR_OTHER;
    }
}

/* Where the bytes of the entry whose header was read just now are; they have to be there. */
static int find_range(const struct listing *listing, const char *name, struct archive_entry *header,
                      struct tar_range *out, struct error *err)
{
    const struct tar_index *index = listing->index;
    la_int64_t offset = archive_filter_bytes(listing->archive, 0);
    la_int64_t size = archive_entry_size(header);
    uint64_t end = 0;

    if (offset < 0 || size < 0 || !u64_add((uint64_t)offset, (uint64_t)size, &end))
        return error_set(err, ERROR_CORRUPT, "'%s': '%s' has an impossible size", index->name,
                         name);
    if (end > index->size)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' is cut short: it has %" PRIu64 " bytes, and '%s' in it ends at "
                         "%" PRIu64,
                         index->name, index->size, name, end);
    *out = (struct tar_range){(uint64_t)offset, (uint64_t)size};
    return 0;
}

static int list_entry(struct listing *listing, struct archive_entry *header, struct error *err)
{
    struct tar_index *index = listing->index;
    const char *name = archive_entry_pathname(header);
    const char *link = archive_entry_hardlink(header);
    struct tar_entry entry = {.type = type_of(header), .number = index->count};
    CLEANUP(buf) struct buf clean = BUF_INIT;

    if (name == NULL || strlen(name) > NAME_BYTES_MAX)
        return error_set(err, ERROR_CORRUPT, "'%s' has an entry without a usable name",
                         index->name);
    if (name[0] == '/' || has_dot_dot(name) || !clean_path(NULL, name, &clean))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' holds the name '%s', which leads out of it; expected relative names "
                         "without '..'",
                         index->name, name);
    if (index->count == ENTRIES_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' has more than %zu entries", index->name,
                         ENTRIES_MAX);
    if (entry.type == TAR_FILE && find_range(listing, name, header, &entry.range, err) < 0)
        return -1;
    if (link == NULL)
        link = archive_entry_symlink(header);
    entry.name = xstrdup(buf_text(&clean));
    entry.link = link != NULL ? xstrdup(link) : NULL;
    index->entries = xrealloc(index->entries, index->count + 1, sizeof(*index->entries));
    index->entries[index->count++] = entry;
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct tar_entry *one = a;
    const struct tar_entry *two = b;
    int order = strcmp(one->name, two->name);

    if (order != 0)
        return order;
    return one->number < two->number ? -1 : one->number > two->number;
}

/* libarchive's own words. */
static int listing_refuse(const struct listing *listing, struct error *err)
{
    const char *words = archive_error_string(listing->archive);

    return error_set(err, ERROR_CORRUPT, "'%s' is not a tar, or a damaged one: %s",
                     listing->index->name, words != NULL ? words : "libarchive gives no reason");
}

static int list_all(struct listing *listing, struct error *err)
{
    struct archive_entry *header = NULL;
    int status;

    listing->archive = archive_read_new();
    if (listing->archive == NULL)
        out_of_memory();
    if (listing->archive == NULL ||
        archive_read_support_format_tar(listing->archive) != ARCHIVE_OK ||
        archive_read_set_skip_callback(listing->archive, listing_skip) != ARCHIVE_OK ||
        archive_read_set_read_callback(listing->archive, listing_give) != ARCHIVE_OK ||
        archive_read_set_callback_data(listing->archive, listing) != ARCHIVE_OK)
        return error_set(err, ERROR_INTERNAL, "libarchive does not read tar");
    if (archive_read_open1(listing->archive) != ARCHIVE_OK)
        return listing_refuse(listing, err);
    while ((status = archive_read_next_header(listing->archive, &header)) == ARCHIVE_OK ||
           status == ARCHIVE_WARN)
        if (cancel_check(listing->cancel, err) < 0 || list_entry(listing, header, err) < 0)
            return -1;
    return status == ARCHIVE_EOF ? 0 : listing_refuse(listing, err);
}

/* In the locale "C" libarchive hands names on as they are. */
static int list_in_locale(struct tar_index *index, const struct cancel *cancel, struct error *err)
{
    struct listing *listing = xcalloc(1, sizeof(*listing));
    locale_t locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
    int result;

    listing->index = index;
    listing->cancel = cancel;
    if (locale == (locale_t)0) {
        result = error_set(err, ERROR_LOCAL, "this machine has no C locale");
    } else {
        locale_t before = uselocale(locale);
        result = list_all(listing, err);
        archive_read_free(listing->archive);
        uselocale(before);
        freelocale(locale);
    }
    free(listing);
    return result;
}

int tar_index_open(int fd, const char *name, const struct cancel *cancel, struct tar_index **out,
                   struct error *err)
{
    CLEANUP(tar_index) struct tar_index *index = xcalloc(1, sizeof(*index));
    struct stat status;

    index->fd = fd;
    index->name = xstrdup(name);
    if (fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "reading '%s'", name);
    index->size = (uint64_t)status.st_size;
    if (list_in_locale(index, cancel, err) < 0)
        return -1;
    if (index->count > 1)
        qsort(index->entries, index->count, sizeof(*index->entries), compare_entries);
    *out = TAKE(index);
    return 0;
}

/* The last entry of that clean name; NULL if there is none. */
static const struct tar_entry *find_entry(const struct tar_index *index, const char *name)
{
    size_t low = 0;
    size_t high = index->count;

    while (low < high) { /* the first that is behind `name` */
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->entries[middle].name, name) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || strcmp(index->entries[low - 1].name, name) != 0)
        return NULL;
    return &index->entries[low - 1];
}

/* Where the link leads, clean, in `path`, which holds where it is. */
static int follow(const struct tar_index *index, const struct tar_entry *entry, struct buf *path,
                  struct error *err)
{
    const char *slash = strrchr(entry->name, '/');
    CLEANUP(text)
    char *folder = slash != NULL && entry->type == TAR_SYMLINK
                       ? xstrndup(entry->name, (size_t)(slash - entry->name))
                       : NULL;

    if (entry->link == NULL || !clean_path(folder, entry->link, path))
        return error_set(err, ERROR_CORRUPT, "'%s': '%s' is a link to '%s', which leads out of it",
                         index->name, entry->name, entry->link != NULL ? entry->link : "");
    return 0;
}

int tar_index_find(const struct tar_index *index, const char *name, struct tar_range *out,
                   struct error *err)
{
    CLEANUP(buf) struct buf path = BUF_INIT;
    const struct tar_entry *entry = NULL;

    if (!clean_path(NULL, name, &path))
        return error_set(err, ERROR_CORRUPT, "'%s' asks for '%s', which leads out of it",
                         index->name, name);
    for (int hops = 0; hops <= LINKS_MAX; hops++) {
        entry = find_entry(index, buf_text(&path));
        if (entry == NULL && hops == 0)
            return error_set(err, ERROR_NOT_FOUND, "'%s' has no file '%s'", index->name, name);
        if (entry == NULL)
            return error_set(err, ERROR_CORRUPT, "'%s': '%s' is a link to '%s', which is not there",
                             index->name, name, buf_text(&path));
        if (entry->type == TAR_FILE) {
            *out = entry->range;
            return 0;
        }
        if (entry->link == NULL)
            return error_set(err, ERROR_CORRUPT, "'%s': '%s' is not a %s file", index->name,
                             entry->name,
                             entry->type == TAR_SPARSE ? "plain (it is a sparse)" : "regular");
        if (follow(index, entry, &path, err) < 0)
            return -1;
    }
    return error_set(err, ERROR_CORRUPT, "'%s': '%s' is a link to itself", index->name, name);
}

struct reader *tar_index_read(const struct tar_index *index, const struct tar_range *range,
                              uint64_t offset, uint64_t length)
{
    uint64_t left = offset < range->size ? range->size - offset : 0;

    return fd_reader_new(index->fd, index->name, range->offset + offset,
                         length < left ? length : left);
}

int tar_index_load(const struct tar_index *index, const char *name, size_t limit, struct buf *out,
                   struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct tar_range range = {0, 0};

    if (tar_index_find(index, name, &range, err) < 0)
        return -1;
    if (range.size > limit)
        return error_set(err, ERROR_CORRUPT,
                         "'%s': '%s' has %" PRIu64 " bytes, expected %zu at most", index->name,
                         name, range.size, limit);
    reader = tar_index_read(index, &range, 0, SIZE_UNKNOWN);
    if (reader_read_all(reader, limit, &bytes, err) < 0)
        return -1;
    buf_release(out);
    *out = bytes;
    bytes = (struct buf)BUF_INIT;
    return 0;
}
