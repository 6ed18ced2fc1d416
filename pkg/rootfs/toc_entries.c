#include "rootfs/toc_internal.h"

#include "json/parse.h"
#include "oci/member.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define ID_MAX UINT64_C(4294967294) /* the kernel's -1 is no id */

void toc_scan_init(struct toc_scan *scan, const struct scan_wanted *wanted,
                   const struct cancel *cancel)
{
    *scan = (struct toc_scan){.wanted = wanted, .cancel = cancel, .listing = listing_new()};
}

void toc_scan_release(struct toc_scan *scan)
{
    listing_free(TAKE(scan->listing));
    scan->content_count = 0;
}

/* 0 if it is not there. */
static int member_number(const json_t *entry, const char *key, uint64_t max, uint64_t *out,
                         struct error *err)
{
    const json_t *value = member_get(entry, key);

    *out = 0;
    if (value == NULL || json_is_null(value))
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > max)
        return error_set(err, ERROR_CORRUPT, "its '%s' is not a number up to %" PRIu64, key, max);
    *out = (uint64_t)json_integer_value(value);
    return 0;
}

static int member_u32(const json_t *entry, const char *key, uint64_t max, uint32_t *out,
                      struct error *err)
{
    uint64_t number = 0;

    if (member_number(entry, key, max, &number, err) < 0)
        return -1;
    *out = (uint32_t)number;
    return 0;
}

/* "" if it is not there. */
static int entry_text(const json_t *entry, const char *key, const char **out, struct error *err)
{
    const json_t *value = member_get(entry, key);

    *out = "";
    if (value == NULL || json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return error_set(err, ERROR_CORRUPT, "its '%s' is not a string", key);
    *out = json_string_value(value);
    /* What writers of JSON put in place of bytes that are no UTF-8. */
    if (strstr(*out, "\xef\xbf\xbd") != NULL)
        return error_set(err, ERROR_UNSUPPORTED,
                         "its '%s' is '%s', which may stand for other bytes", key, *out);
    return 0;
}

static int entry_type(const char *name, struct listing_entry *entry, struct error *err)
{
    static const struct {
        const char *name;
        enum rootfs_type type;
    } types[] = {
        {"dir", ROOTFS_FOLDER},    {"reg", ROOTFS_FILE},   {"symlink", ROOTFS_LINK},
        {"hardlink", ROOTFS_FILE}, {"char", ROOTFS_OTHER}, {"block", ROOTFS_OTHER},
        {"fifo", ROOTFS_OTHER},
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcmp(types[i].name, name) == 0) {
            entry->type = types[i].type;
            entry->is_hard_link = strcmp(name, "hardlink") == 0;
            return 0;
        }
    return error_set(err, ERROR_CORRUPT, "its 'type' is '%s'", name);
}

static int entry_attributes(const json_t *json, struct listing_entry *entry, struct error *err)
{
    const char *time = "";
    uint64_t mode = 0;

    if (member_number(json, "mode", INT64_MAX, &mode, err) < 0 ||
        member_u32(json, "uid", ID_MAX, &entry->uid, err) < 0 ||
        member_u32(json, "gid", ID_MAX, &entry->gid, err) < 0 ||
        member_number(json, "size", INT64_MAX, &entry->size, err) < 0 ||
        entry_text(json, "modtime", &time, err) < 0)
        return -1;
    entry->mode = (uint32_t)(mode & 07777);
    if (entry->type != ROOTFS_FILE)
        entry->size = 0;
    return *time != '\0' ? toc_parse_time(time, &entry->time_s, &entry->time_ns, err) : 0;
}

static int entry_target(const json_t *json, struct listing_entry *entry, struct buf *source,
                        struct error *err)
{
    const char *target = "";

    if (entry_text(json, "linkName", &target, err) < 0)
        return -1;
    if (entry->is_hard_link) {
        if (name_clean_source(target, source, err) < 0)
            return -1;
        entry->target = buf_text(source);
    }
    if (entry->type != ROOTFS_LINK)
        return 0;
    if (*target == '\0' || strlen(target) > ROOTFS_PATH_MAX)
        return error_set(err, ERROR_CORRUPT,
                         "it is a link without a target, or with one that is "
                         "too long");
    entry->target = target;
    return 0;
}

/* Names stay the JSON's, values go to `values`. */
static int entry_xattrs(json_t *json, struct xattr *xattrs, struct buf *values, struct error *err)
{
    const char *name;
    json_t *value;
    size_t count = 0, at = 0;

    json_object_foreach(json, name, value)
    {
        size_t before = values->size;
        if (!json_is_string(value))
            return error_set(err, ERROR_CORRUPT, "its attribute '%s' is not a string", name);
        if (toc_parse_base64(json_string_value(value), values, err) < 0)
            return -1;
        xattrs[count++] =
            (struct xattr){.name = (char *)(uintptr_t)name, .size = values->size - before};
    }
    buf_add(values, "", 1); /* so that there is memory to point into */
    for (size_t i = 0; i < count; i++) {
        xattrs[i].value = values->data + at;
        at += xattrs[i].size;
    }
    return 0;
}

/* Adds a folder, with its attributes. */
static int add_folder(struct toc_scan *scan, const json_t *json, struct listing_entry *entry,
                      struct error *err)
{
    json_t *names = member_get(json, "xattrs");
    CLEANUP(buf) struct buf values = BUF_INIT;
    size_t count = json_object_size(names);

    if (count > ROOTFS_XATTRS_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it has %zu extended attributes, expected %d at most", count,
                         ROOTFS_XATTRS_MAX);
    struct xattr *xattrs = xcalloc(count, sizeof(*xattrs));
    int result = entry_xattrs(names, xattrs, &values, err);
    entry->xattrs = xattrs;
    entry->xattr_count = count;
    if (result == 0)
        result = listing_add(scan->listing, entry, err);
    free(xattrs);
    return result;
}

static bool scan_wants(const struct toc_scan *scan, const struct listing_entry *entry)
{
    const struct scan_wanted *wanted = scan->wanted;

    if (entry->type != ROOTFS_FILE || entry->is_hard_link)
        return false;
    if (wanted->path != NULL && strcmp(wanted->path, entry->path) == 0)
        return entry->size <= wanted->limit;
    return (strcmp(entry->path, "etc/passwd") == 0 || strcmp(entry->path, "etc/group") == 0) &&
           entry->size <= ROOTFS_SMALL_FILE;
}

/* Notes where the content is of the entry that is added next. */
static int add_content(struct toc_scan *scan, const json_t *json, struct error *err)
{
    struct toc_content *content = &scan->contents[scan->content_count];
    const char *digest = "";

    if (scan->content_count == ARRAY_SIZE(scan->contents))
        return error_set(err, ERROR_UNSUPPORTED, "it is there more than once");
    *content = (struct toc_content){.number = scan->listing->count};
    if (member_number(json, "offset", INT64_MAX, &content->offset, err) < 0 ||
        member_number(json, "endOffset", INT64_MAX, &content->end, err) < 0 ||
        member_number(json, "innerOffset", INT64_MAX, &content->inner, err) < 0 ||
        entry_text(json, "digest", &digest, err) < 0)
        return -1;
    if (*digest == '\0')
        return error_set(err, ERROR_UNSUPPORTED, "the table has no digest of its content");
    if (digest_parse(digest, &content->digest, err) < 0)
        return -1;
    if (content->offset == 0 || (content->end != 0 && content->end <= content->offset))
        return error_set(err, ERROR_CORRUPT, "its content is nowhere");
    scan->content_count++;
    scan->is_open = content->end == 0;
    return 0;
}

/*
 * Chunks of a file follow its entry, and then comes what is behind it in the blob: there its
 * content ends, unless the table says it itself.
 */
static int close_content(struct toc_scan *scan, const json_t *json, struct error *err)
{
    uint64_t offset = 0;

    if (!scan->is_open)
        return 0;
    if (member_number(json, "offset", INT64_MAX, &offset, err) < 0)
        return -1;
    struct toc_content *last = &scan->contents[scan->content_count - 1];
    if (offset <= last->offset)
        return 0;
    last->end = offset;
    scan->is_open = false;
    return 0;
}

static int add_entry(struct toc_scan *scan, const json_t *json, struct listing_entry *entry,
                     struct error *err)
{
    CLEANUP(buf) struct buf source = BUF_INIT;

    if (entry_attributes(json, entry, err) < 0 || entry_target(json, entry, &source, err) < 0)
        return -1;
    if (entry->type == ROOTFS_FOLDER)
        return add_folder(scan, json, entry, err);
    bool is_wanted = scan_wants(scan, entry);
    if (is_wanted && entry->size == 0)
        entry->content = "";
    else if (is_wanted && add_content(scan, json, err) < 0)
        return -1;
    return listing_add(scan->listing, entry, err);
}

/* What is there by this name: a file, a whiteout, or nothing. */
static int scan_named(struct toc_scan *scan, const json_t *json, const char *name, const char *type,
                      struct error *err)
{
    CLEANUP(buf) struct buf path = BUF_INIT;
    struct listing_entry entry = {.path = NULL};
    bool is_mark = false;

    if (name_clean(name, &path, err) < 0 || entry_type(type, &entry, err) < 0)
        return -1;
    if ((path.size == 0 && name_check_root(entry.type, err) < 0) ||
        name_is_mark(scan->listing, buf_text(&path), &is_mark, err) < 0)
        return -1;
    entry.path = buf_text(&path);
    return is_mark ? 0 : add_entry(scan, json, &entry, err);
}

static int scan_object(struct toc_scan *scan, const json_t *json, struct error *err)
{
    const char *name = "", *type = "";

    if (entry_text(json, "name", &name, err) < 0 || entry_text(json, "type", &type, err) < 0)
        return error_wrap(err, "an entry of the table");
    if (strcmp(type, "chunk") == 0) /* more of the file before it */
        return 0;
    if (close_content(scan, json, err) < 0 || scan_named(scan, json, name, type, err) < 0)
        return error_wrap(err, "the table's entry '%s'", name);
    return 0;
}

int toc_scan_entry(struct toc_scan *scan, const char *json, size_t size, struct error *err)
{
    static const struct json_rules rules = {.name = "an entry of the table",
                                            .flags = JSON_REJECT_DUPLICATES};
    json_auto_t *entry = NULL;

    if (json_parse(json, size, &rules, &entry, err) < 0)
        return -1;
    return scan_object(scan, entry, err);
}

int toc_scan_entries(struct toc_scan *scan, struct reader *json, struct error *err)
{
    CLEANUP(cutter) struct cutter *cutter = cutter_new(json, scan->cancel);
    const struct buf *entry = NULL;

    do {
        if (cutter_next(cutter, &entry, err) < 0)
            return -1;
        if (entry != NULL && toc_scan_entry(scan, entry->data, entry->size, err) < 0)
            return -1;
    } while (entry != NULL);
    return 0;
}
