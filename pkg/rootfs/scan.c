#include "rootfs/rootfs_internal.h"

#include "core/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <string.h>

#define PART_SIZE ((size_t)128 * 1024)
/* Of contents in one layer; what is beyond is read again should it be asked for. */
#define KEPT_LIMIT ((size_t)16 * 1024 * 1024)
#define ID_MAX INT64_C(4294967294) /* the kernel's -1 is no id */

/* One tar being listed. */
struct scan {
    const struct scan_request *request;
    struct archive *archive;
    struct hasher *hasher;
    struct listing *listing;
    struct error *err; /* what the stream said, since the callback can only say that it did */
    bool is_broken;
    size_t kept;
    bool has_first; /* `part` has the first bytes, which libarchive is yet to be given */
    size_t part_size;
    locale_t locale;
    locale_t before;
    char part[PART_SIZE];
};

static void scan_free(struct scan *scan)
{
    if (scan == NULL)
        return;
    archive_read_free(scan->archive);
    hasher_free(scan->hasher);
    listing_free(scan->listing);
    if (scan->locale != (locale_t)0) {
        uselocale(scan->before);
        freelocale(scan->locale);
    }
    free(scan);
}
CLEANUP_FREE(scan)

/* Reads and hashes the next bytes of the stream into `part`; 0 at its end. */
static int scan_pull(struct scan *scan, struct error *err)
{
    const struct scan_request *request = scan->request;

    if (cancel_check(request->cancel, err) < 0)
        return -1;
    ssize_t size = reader_read(request->plain, scan->part, sizeof(scan->part), err);
    if (size < 0)
        return -1;
    scan->part_size = (size_t)size;
    hasher_add(scan->hasher, scan->part, scan->part_size);
    return 0;
}

static la_ssize_t scan_give(struct archive *archive, void *arg, const void **data)
{
    struct scan *scan = arg;

    if (!scan->has_first && scan_pull(scan, scan->err) < 0) {
        scan->is_broken = true;
        archive_set_error(archive, EIO, "see the stream");
        return ARCHIVE_FATAL;
    }
    scan->has_first = false;
    *data = scan->part;
    return (la_ssize_t)scan->part_size;
}

/* libarchive's own words, unless the stream behind it has said what happened. */
static int scan_refuse(const struct scan *scan, struct error *err)
{
    const char *words = archive_error_string(scan->archive);

    if (scan->is_broken)
        return -1;
    return error_set(err, ERROR_CORRUPT, "it is not a tar that can be read: %s",
                     words != NULL ? words : "libarchive gives no reason");
}

static int scan_open(struct scan *scan, struct error *err)
{
    /* In "C" libarchive hands names on as they are; in UTF-8 it would compose their letters. */
    scan->locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
    if (scan->locale == (locale_t)0)
        return error_set(err, ERROR_LOCAL, "this machine has no C locale");
    scan->before = uselocale(scan->locale);
    scan->archive = archive_read_new();
    if (scan->archive == NULL || archive_read_support_format_tar(scan->archive) != ARCHIVE_OK)
        return error_set(err, ERROR_INTERNAL, "libarchive does not read tar");
    if (archive_read_open(scan->archive, scan, NULL, scan_give, NULL) != ARCHIVE_OK)
        return scan_refuse(scan, err);
    return 0;
}

/* `name` without what says nothing: "/./etc//passwd" is "etc/passwd", and "./" is "". */
static int clean_path(const char *name, struct buf *out, struct error *err)
{
    const char *at = name;

    if (strlen(name) > ROOTFS_PATH_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it names a path of %zu bytes, expected %zu at most", strlen(name),
                         ROOTFS_PATH_MAX);
    while (*at != '\0') {
        size_t size = strcspn(at, "/");
        if (size == 2 && strncmp(at, "..", 2) == 0)
            return error_set(err, ERROR_UNSUPPORTED, "it names '%s', expected a path without '..'",
                             name);
        if (size > 0 && !(size == 1 && *at == '.')) {
            if (out->size > 0)
                buf_add_text(out, "/");
            buf_add(out, at, size);
        }
        at += size;
        at += *at == '/';
    }
    return 0;
}

/* The last part of a clean path. */
static const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The bookkeeping of AUFS, which is no part of any tree: a part that begins with ".wh..wh.". */
static bool path_is_bookkeeping(const char *path)
{
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (text_starts_with(at, ".wh..wh."))
            return true;
    }
    return false;
}

/* The last part of `path` begins with ".wh.". */
static int scan_whiteout(struct scan *scan, const struct buf *path, struct error *err)
{
    const char *base = path_base(path->data);
    const char *name = base + strlen(".wh.");
    size_t folder_size = (size_t)(base - path->data);
    CLEANUP(buf) struct buf target = BUF_INIT;

    buf_add(&target, path->data, folder_size > 0 ? folder_size - 1 : 0);
    if (path_is_bookkeeping(buf_text(&target)))
        return 0;
    if (strcmp(base, ".wh..wh..opq") == 0)
        return listing_add_opaque(scan->listing, buf_text(&target), err);
    if (path_is_bookkeeping(base))
        return 0;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return error_set(err, ERROR_CORRUPT, "it has the whiteout '%s', which names no file",
                         path->data);
    buf_addf(&target, folder_size > 0 ? "/%s" : "%s", name);
    return listing_add_whiteout(scan->listing, buf_text(&target), err);
}

static bool scan_wants(const struct scan *scan, const char *path, uint64_t size)
{
    const struct scan_wanted *wanted = &scan->request->wanted;
    const char *base = path_base(path);

    if (wanted->path != NULL && strcmp(wanted->path, path) == 0)
        return size <= wanted->limit;
    return (strcmp(base, "passwd") == 0 || strcmp(base, "group") == 0) &&
           size <= ROOTFS_SMALL_FILE && scan->kept + size <= KEPT_LIMIT;
}

static int scan_content(struct scan *scan, const char *path, uint64_t size, struct buf *out,
                        struct error *err)
{
    char part[4096];
    la_ssize_t got;

    while ((got = archive_read_data(scan->archive, part, sizeof(part))) > 0)
        if (buf_add_limited(out, part, (size_t)got, (size_t)size, err) < 0)
            return error_wrap(err, "reading '%s'", path);
    if (got < 0 && got != ARCHIVE_WARN)
        return scan_refuse(scan, err);
    if (out->size != size)
        return error_set(err, ERROR_CORRUPT, "'%s' ends after %zu bytes, expected %" PRIu64, path,
                         out->size, size);
    scan->kept += out->size;
    return 0;
}

/* Fills `entry` with an array that the caller frees, of what stays the header's. */
static int header_xattrs(struct archive_entry *header, struct listing_entry *entry,
                         struct xattr **out, struct error *err)
{
    const char *name;
    const void *value;
    size_t size;
    int count = archive_entry_xattr_reset(header);

    if (count > ROOTFS_XATTRS_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' has %d extended attributes, expected %d at most", entry->path, count,
                         ROOTFS_XATTRS_MAX);
    struct xattr *xattrs = xcalloc((size_t)count, sizeof(*xattrs));
    while (archive_entry_xattr_next(header, &name, &value, &size) == ARCHIVE_OK) {
        size_t at = 0;
        while (at < entry->xattr_count && strcmp(xattrs[at].name, name) != 0)
            at++; /* of the same name the last one wins */
        xattrs[at] = (struct xattr){(char *)(uintptr_t)name, (void *)(uintptr_t)value, size};
        entry->xattr_count += at == entry->xattr_count;
    }
    entry->xattrs = xattrs;
    *out = xattrs;
    return 0;
}

static enum rootfs_type header_type(struct archive_entry *header)
{
    if (archive_entry_hardlink(header) != NULL)
        return ROOTFS_FILE;
    switch (archive_entry_filetype(header)) {
    case AE_IFREG:
        return ROOTFS_FILE;
    case AE_IFDIR:
        return ROOTFS_FOLDER;
    case AE_IFLNK:
        return ROOTFS_LINK;
    default:
        return ROOTFS_OTHER;
    }
}

static int header_attributes(struct archive_entry *header, struct listing_entry *entry,
                             struct error *err)
{
    int64_t uid = archive_entry_uid(header);
    int64_t gid = archive_entry_gid(header);
    int64_t size = archive_entry_size(header);
    long time_ns = archive_entry_mtime_nsec(header);

    if (uid < 0 || uid > ID_MAX || gid < 0 || gid > ID_MAX)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' belongs to %" PRId64 ":%" PRId64 ", expected ids up to %" PRId64,
                         entry->path, uid, gid, ID_MAX);
    entry->type = header_type(header);
    entry->mode = (uint32_t)archive_entry_perm(header) & 07777;
    entry->uid = (uint32_t)uid;
    entry->gid = (uint32_t)gid;
    entry->time_s = archive_entry_mtime(header);
    entry->time_ns = time_ns > 0 && time_ns < 1000000000 ? (uint32_t)time_ns : 0;
    entry->size = entry->type == ROOTFS_FILE && size > 0 ? (uint64_t)size : 0;
    return 0;
}

/* `header` is not changed, only read through functions that do not promise it. */
static int scan_entry(struct scan *scan, const char *path, struct archive_entry *header,
                      struct error *err)
{
    const char *hard_link = archive_entry_hardlink(header);
    CLEANUP(buf) struct buf content = BUF_INIT;
    CLEANUP(buf) struct buf source = BUF_INIT;
    struct listing_entry entry = {.path = path, .is_hard_link = hard_link != NULL};
    struct xattr *xattrs = NULL;

    if (header_attributes(header, &entry, err) < 0)
        return -1;
    if (hard_link != NULL && clean_path(hard_link, &source, err) < 0)
        return error_wrap(err, "the hard link '%s'", path);
    entry.target = entry.type == ROOTFS_LINK ? archive_entry_symlink(header) : NULL;
    if (hard_link != NULL)
        entry.target = buf_text(&source);
    if (entry.type == ROOTFS_LINK &&
        (entry.target == NULL || *entry.target == '\0' || strlen(entry.target) > ROOTFS_PATH_MAX))
        return error_set(err, ERROR_CORRUPT, "the link '%s' has no target, or one that is too long",
                         path);
    if (entry.type == ROOTFS_FILE && hard_link == NULL && scan_wants(scan, path, entry.size)) {
        if (scan_content(scan, path, entry.size, &content, err) < 0)
            return -1;
        entry.content = buf_text(&content);
    }
    if (entry.type == ROOTFS_FOLDER && header_xattrs(header, &entry, &xattrs, err) < 0)
        return -1;
    int result = listing_add(scan->listing, &entry, err);
    free(xattrs);
    return result;
}

static int scan_header(struct scan *scan, struct archive_entry *header, struct error *err)
{
    CLEANUP(buf) struct buf path = BUF_INIT;
    const char *name = archive_entry_pathname(header);

    if (name == NULL)
        return error_set(err, ERROR_CORRUPT, "it has a file without a name");
    if (clean_path(name, &path, err) < 0)
        return -1;
    if (path.size == 0) /* the root itself, of which runtimes take nothing */
        return 0;
    if (text_starts_with(path_base(path.data), ".wh."))
        return scan_whiteout(scan, &path, err);
    if (path_is_bookkeeping(path.data))
        return 0;
    return scan_entry(scan, path.data, header, err);
}

static int scan_headers(struct scan *scan, struct error *err)
{
    for (;;) {
        struct archive_entry *header = NULL;
        int status = archive_read_next_header(scan->archive, &header);
        if (status == ARCHIVE_EOF)
            return 0;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return scan_refuse(scan, err);
        if (scan_header(scan, header, err) < 0)
            return -1;
    }
}

int scan_tar(const struct scan_request *request, struct listing **out, struct digest *digest,
             struct error *err)
{
    CLEANUP(scan) struct scan *scan = xcalloc(1, sizeof(*scan));

    scan->request = request;
    scan->err = err;
    scan->hasher = hasher_new(request->algorithm, SIZE_UNKNOWN);
    scan->listing = listing_new();
    if (scan_pull(scan, err) < 0)
        return -1;
    scan->has_first = true;
    /* libarchive would not take an empty file for a tar; runtimes take it for an empty one. */
    if (scan->part_size > 0 && (scan_open(scan, err) < 0 || scan_headers(scan, err) < 0))
        return -1;
    while (scan->part_size > 0) /* what is behind the end of the tar */
        if (scan_pull(scan, err) < 0)
            return -1;
    listing_finish(scan->listing);
    *digest = hasher_finish(scan->hasher);
    *out = TAKE(scan->listing);
    return 0;
}
