#include "rootfs/rootfs_internal.h"

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
#define GIT_SHA1_HEX 40

/* One tar being listed. */
struct scan {
    const struct scan_request *request;
    struct archive *archive;
    struct hasher *hasher; /* NULL: nobody asks */
    struct headers *headers;
    struct listing *listing;
    struct error *err; /* what the stream said, since the callback can only say that it did */
    bool is_broken;
    size_t kept;
    bool has_first; /* `part` has the first bytes, which libarchive is yet to be given */
    bool is_padded; /* what the tar lacks at its end was made up */
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
    headers_free(scan->headers);
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
    if (scan->hasher != NULL)
        hasher_add(scan->hasher, scan->part, scan->part_size);
    return headers_add(scan->headers, scan->part, scan->part_size, err);
}

/* The last file need not be padded to whole blocks for an engine, as libarchive wants it. */
static size_t scan_pad(struct scan *scan)
{
    size_t padding = scan->is_padded ? 0 : headers_padding(scan->headers);

    scan->is_padded = true;
    memset(scan->part, 0, padding);
    return padding;
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
    return (la_ssize_t)(scan->part_size > 0 ? scan->part_size : scan_pad(scan));
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
    if (scan->archive == NULL)
        out_of_memory();
    if (scan->archive == NULL || archive_read_support_format_tar(scan->archive) != ARCHIVE_OK)
        return error_set(err, ERROR_INTERNAL, "libarchive does not read tar");
    if (archive_read_open(scan->archive, scan, NULL, scan_give, NULL) != ARCHIVE_OK)
        return scan_refuse(scan, err);
    return 0;
}

/* Is the content to be kept? */
static bool scan_wants(const struct scan *scan, const char *path, uint64_t size)
{
    const struct scan_wanted *wanted = &scan->request->wanted;
    const char *base = name_base(path);

    if (wanted->path != NULL && strcmp(wanted->path, path) == 0)
        return size <= wanted->limit;
    if (selection_keeps(scan->request->selection, scan->request->linked, path, size))
        return scan->kept + size <= scan->request->selection->layer_limit;
    if (scan->kept + size > KEPT_LIMIT)
        return false;
    if (scan->request->hash_contents && size <= ROOTFS_TINY_FILE)
        return true;
    return (strcmp(base, "passwd") == 0 || strcmp(base, "group") == 0) && size <= ROOTFS_SMALL_FILE;
}

/* What a file's content goes into, piece by piece. */
struct content {
    const char *path;
    uint64_t size;   /* as the header says it */
    struct buf kept; /* all of it, if it is to be kept */
    bool is_kept;
    struct hasher *sha256; /* NULL: not wanted */
    struct hasher *git_sha1;
};

static void content_release(struct content *content)
{
    buf_release(&content->kept);
    hasher_free(content->sha256);
    hasher_free(content->git_sha1);
    *content = (struct content){.path = NULL};
}
CLEANUP_RELEASE(content)

static struct content content_init(const struct scan *scan, const struct listing_entry *entry)
{
    struct content content = {
        .path = entry->path,
        .size = entry->size,
        .is_kept = scan_wants(scan, entry->path, entry->size),
    };

    if (!scan->request->hash_contents)
        return content;
    content.sha256 = hasher_new(DIGEST_SHA256, entry->size);
    /* The Hub keeps larger files by their SHA-256 alone. */
    if (entry->size <= ROOTFS_GIT_FILE || text_is_hex(name_base(entry->path), GIT_SHA1_HEX))
        content.git_sha1 = hasher_new(DIGEST_GIT_SHA1, entry->size);
    return content;
}

static void content_add(struct content *content, const void *data, size_t size)
{
    if (content->is_kept)
        buf_add(&content->kept, data, size);
    if (content->sha256 != NULL)
        hasher_add(content->sha256, data, size);
    if (content->git_sha1 != NULL)
        hasher_add(content->git_sha1, data, size);
}

static int scan_content(struct scan *scan, struct content *content, struct error *err)
{
    char part[16 * 1024];
    uint64_t total = 0;
    la_ssize_t got;

    if (!content->is_kept && content->sha256 == NULL)
        return 0; /* libarchive goes on to the next header */
    while ((got = archive_read_data(scan->archive, part, sizeof(part))) > 0) {
        total += (uint64_t)got;
        if (total > content->size)
            break;
        content_add(content, part, (size_t)got);
    }
    if (got < 0 && got != ARCHIVE_WARN)
        return scan_refuse(scan, err);
    if (total != content->size)
        return error_set(err, ERROR_CORRUPT, "'%s' has %" PRIu64 " bytes%s, expected %" PRIu64,
                         content->path, total, got > 0 ? " or more" : "", content->size);
    scan->kept += content->kept.size;
    return 0;
}

static struct listing_hashes content_hashes(const struct content *content)
{
    struct listing_hashes hashes = {.sha256 = hasher_finish(content->sha256)};

    if (content->git_sha1 != NULL)
        hashes.git_sha1 = hasher_finish(content->git_sha1);
    return hashes;
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

static enum rootfs_type header_type(const struct tar_member *member, struct archive_entry *header)
{
    /* libarchive takes a file for a folder by the '/' behind its name. */
    if (archive_entry_hardlink(header) != NULL || (member != NULL && member->type == '0'))
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

static int header_attributes(struct scan *scan, struct archive_entry *header,
                             struct listing_entry *entry, struct error *err)
{
    int64_t uid = archive_entry_uid(header);
    int64_t gid = archive_entry_gid(header);
    int64_t size = archive_entry_size(header);
    long time_ns = archive_entry_mtime_nsec(header);
    const struct tar_member *member =
        headers_find(scan->headers, (uint64_t)archive_read_header_position(scan->archive));

    if (uid < 0 || uid > ID_MAX || gid < 0 || gid > ID_MAX)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' belongs to %" PRId64 ":%" PRId64 ", expected ids up to %" PRId64,
                         entry->path, uid, gid, ID_MAX);
    entry->type = header_type(member, header);
    entry->mode = (uint32_t)archive_entry_perm(header) & 07777;
    entry->uid = (uint32_t)uid;
    entry->gid = (uint32_t)gid;
    entry->time_s = archive_entry_mtime(header);
    entry->time_ns = time_ns > 0 && time_ns < 1000000000 ? (uint32_t)time_ns : 0;
    entry->size = entry->type == ROOTFS_FILE && size > 0 ? (uint64_t)size : 0;
    if (member != NULL && member->size == entry->size) /* a sparse file has other bytes there */
        entry->offset = member->content;
    return 0;
}

/* `header` is not changed, only read through functions that do not promise it. */
static int scan_entry(struct scan *scan, const char *path, struct archive_entry *header,
                      struct error *err)
{
    const char *hard_link = archive_entry_hardlink(header);
    CLEANUP(content) struct content content = {.path = NULL};
    CLEANUP(buf) struct buf source = BUF_INIT;
    struct listing_entry entry = {.path = path, .is_hard_link = hard_link != NULL};
    struct listing_hashes hashes;
    struct xattr *xattrs = NULL;

    if (header_attributes(scan, header, &entry, err) < 0 ||
        (*path == '\0' && name_check_root(entry.type, err) < 0))
        return -1;
    if (hard_link != NULL && name_clean_source(hard_link, &source, err) < 0)
        return error_wrap(err, "the hard link '%s'", path);
    entry.target = entry.type == ROOTFS_LINK ? archive_entry_symlink(header) : NULL;
    if (hard_link != NULL)
        entry.target = buf_text(&source);
    if (entry.type == ROOTFS_LINK &&
        (entry.target == NULL || *entry.target == '\0' || strlen(entry.target) > ROOTFS_PATH_MAX))
        return error_set(err, ERROR_CORRUPT, "the link '%s' has no target, or one that is too long",
                         path);
    if (entry.type == ROOTFS_FILE && hard_link == NULL) {
        content = content_init(scan, &entry);
        if (scan_content(scan, &content, err) < 0)
            return -1;
        entry.content = content.is_kept ? buf_text(&content.kept) : NULL;
    }
    if (content.sha256 != NULL) {
        hashes = content_hashes(&content);
        entry.hashes = &hashes;
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
    bool is_mark = false;

    if (name == NULL)
        return error_set(err, ERROR_CORRUPT, "it has a file without a name");
    if (name_clean(name, &path, err) < 0)
        return -1;
    if (name_is_mark(scan->listing, buf_text(&path), &is_mark, err) < 0)
        return -1;
    if (is_mark)
        return 0;
    return scan_entry(scan, buf_text(&path), header, err);
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
    if (request->algorithm != DIGEST_NONE)
        scan->hasher = hasher_new(request->algorithm, SIZE_UNKNOWN);
    scan->headers = headers_new();
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
    *digest = scan->hasher != NULL ? hasher_finish(scan->hasher) : (struct digest)DIGEST_INIT;
    *out = TAKE(scan->listing);
    return 0;
}
