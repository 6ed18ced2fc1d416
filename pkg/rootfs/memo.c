#include "rootfs/rootfs_internal.h"

#include "core/file.h"
#include "core/text.h"

#include <inttypes.h>
#include <string.h>

#define MEMO_TITLE "inlay listing 1"
#define MEMO_LIMIT ((size_t)1024 * 1024 * 1024)

/*
 * Behind the first line come records of fields, each field ended by a NUL:
 *   "w" PATH (whiteout), "q" PATH (opaque folder), or
 *   TYPE PATH MODE UID GID TIME TIME_NS SIZE TARGET XATTRS {NAME HEX}… HAS_CONTENT [CONTENT]
 * with TYPE "d", "f", "l", "o", or "h" for a hard link that leads out of its layer; numbers are
 * decimal, and an empty TARGET is none.
 */
struct memo {
    const char *at;
    const char *end;
};

/* ROOTFS_ABSENT never occurs. */
static const char *const type_names[] = {[ROOTFS_ABSENT] = "",
                                         [ROOTFS_FOLDER] = "d",
                                         [ROOTFS_FILE] = "f",
                                         [ROOTFS_LINK] = "l",
                                         [ROOTFS_OTHER] = "o"};

static void add_field(struct buf *out, const char *text)
{
    buf_add(out, text, strlen(text) + 1);
}

static void add_number(struct buf *out, uint64_t number)
{
    buf_addf(out, "%" PRIu64, number);
    buf_add(out, "", 1);
}

static void add_hex(struct buf *out, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        const char pair[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        buf_add(out, pair, sizeof(pair));
    }
    buf_add(out, "", 1);
}

static void add_entry(struct buf *out, const struct listing_entry *entry)
{
    add_field(out, entry->is_unresolved ? "h" : type_names[entry->type]);
    add_field(out, entry->path);
    add_number(out, entry->mode);
    add_number(out, entry->uid);
    add_number(out, entry->gid);
    buf_addf(out, "%" PRId64, entry->time_s);
    buf_add(out, "", 1);
    add_number(out, entry->time_ns);
    add_number(out, entry->size);
    add_field(out, entry->target != NULL ? entry->target : "");
    add_number(out, entry->xattr_count);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        add_field(out, entry->xattrs[i].name);
        add_hex(out, entry->xattrs[i].value, entry->xattrs[i].size);
    }
    add_field(out, entry->content != NULL ? "1" : "0");
    if (entry->content != NULL) {
        buf_add(out, entry->content, (size_t)entry->size);
        buf_add(out, "", 1);
    }
}

static void add_marks(struct buf *out, const char *type, const struct listing_marks *marks)
{
    for (size_t i = 0; i < marks->count; i++) {
        add_field(out, type);
        add_field(out, marks->paths[i]);
    }
}

static char *format_title(const struct digest *diff_id, const char *records, size_t size)
{
    struct digest digest = digest_of(DIGEST_SHA256, records, size);

    return xasprintf(MEMO_TITLE " %s %s\n", digest_format(diff_id).text,
                     digest_format(&digest).text);
}

void memo_format(const struct listing *listing, const struct digest *diff_id, struct buf *out)
{
    CLEANUP(buf) struct buf records = BUF_INIT;

    for (size_t i = 0; i < listing->count; i++)
        add_entry(&records, &listing->entries[i]);
    add_marks(&records, "w", &listing->whiteouts);
    add_marks(&records, "q", &listing->opaque);
    CLEANUP(text) char *title = format_title(diff_id, buf_text(&records), records.size);
    buf_add_text(out, title);
    buf_add(out, buf_text(&records), records.size);
}

static int memo_text(struct memo *memo, const char **out, struct error *err)
{
    const char *nul =
        memo->at < memo->end ? memchr(memo->at, '\0', (size_t)(memo->end - memo->at)) : NULL;

    if (nul == NULL)
        return error_set(err, ERROR_CORRUPT, "the memo ends in the middle");
    *out = memo->at;
    memo->at = nul + 1;
    return 0;
}

static int memo_number(struct memo *memo, uint64_t max, uint64_t *out, struct error *err)
{
    const char *text = "";

    if (memo_text(memo, &text, err) < 0)
        return -1;
    if (parse_u64(text, max, out, err) < 0) {
        err->kind = ERROR_CORRUPT;
        return -1;
    }
    return 0;
}

static int memo_u32(struct memo *memo, uint32_t max, uint32_t *out, struct error *err)
{
    uint64_t number = 0;

    if (memo_number(memo, max, &number, err) < 0)
        return -1;
    *out = (uint32_t)number;
    return 0;
}

static int memo_time(struct memo *memo, int64_t *out, struct error *err)
{
    bool is_negative = memo->at < memo->end && *memo->at == '-';
    uint64_t number = 0;

    memo->at += is_negative;
    if (memo_number(memo, INT64_MAX, &number, err) < 0)
        return -1;
    *out = is_negative ? -(int64_t)number : (int64_t)number;
    return 0;
}

static int hex_digit(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static int memo_hex(struct memo *memo, struct buf *out, struct error *err)
{
    const char *text = "";

    if (memo_text(memo, &text, err) < 0)
        return -1;
    for (; *text != '\0'; text += 2) {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return error_set(err, ERROR_CORRUPT, "the memo has a value that is not hex");
        const char byte = (char)(high << 4 | low);
        buf_add(out, &byte, 1);
    }
    return 0;
}

/* Offsets of values in `values` become pointers once it grows no more. */
static int memo_xattrs(struct memo *memo, struct listing_entry *entry, struct xattr *xattrs,
                       struct buf *values, struct error *err)
{
    size_t at = 0;

    for (size_t i = 0; i < entry->xattr_count; i++) {
        const char *name = "";
        size_t before = values->size;
        if (memo_text(memo, &name, err) < 0 || memo_hex(memo, values, err) < 0)
            return -1;
        xattrs[i].name = (char *)(uintptr_t)name;
        xattrs[i].size = values->size - before;
    }
    buf_add(values, "", 1); /* so that there is memory to point into */
    for (size_t i = 0; i < entry->xattr_count; i++) {
        xattrs[i].value = values->data + at;
        at += xattrs[i].size;
    }
    entry->xattrs = xattrs;
    return 0;
}

static int memo_content(struct memo *memo, struct listing_entry *entry, struct error *err)
{
    uint32_t has_content = 0;

    if (memo_u32(memo, 1, &has_content, err) < 0)
        return -1;
    if (has_content == 0)
        return 0;
    if (entry->type != ROOTFS_FILE || entry->size >= (uint64_t)(memo->end - memo->at) ||
        memo->at[entry->size] != '\0')
        return error_set(err, ERROR_CORRUPT, "the memo has less of a file than it says");
    entry->content = memo->at;
    memo->at += entry->size + 1;
    return 0;
}

static int memo_type(const char *text, struct listing_entry *entry, struct error *err)
{
    entry->is_unresolved = strcmp(text, "h") == 0;
    entry->type = ROOTFS_FILE;
    if (entry->is_unresolved)
        return 0;
    for (size_t i = ROOTFS_FOLDER; i < ARRAY_SIZE(type_names); i++)
        if (strcmp(text, type_names[i]) == 0) {
            entry->type = (enum rootfs_type)i;
            return 0;
        }
    return error_set(err, ERROR_CORRUPT, "the memo has a record of the kind '%s'", text);
}

static int memo_entry(struct memo *memo, const char *type, struct listing *listing,
                      struct error *err)
{
    CLEANUP(buf) struct buf values = BUF_INIT;
    struct listing_entry entry = {.path = NULL};
    uint64_t xattr_count = 0;

    if (memo_type(type, &entry, err) < 0 || memo_text(memo, &entry.path, err) < 0 ||
        memo_u32(memo, 07777, &entry.mode, err) < 0 ||
        memo_u32(memo, UINT32_MAX, &entry.uid, err) < 0 ||
        memo_u32(memo, UINT32_MAX, &entry.gid, err) < 0 ||
        memo_time(memo, &entry.time_s, err) < 0 ||
        memo_u32(memo, 999999999, &entry.time_ns, err) < 0 ||
        memo_number(memo, INT64_MAX, &entry.size, err) < 0 ||
        memo_text(memo, &entry.target, err) < 0 ||
        memo_number(memo, ROOTFS_XATTRS_MAX, &xattr_count, err) < 0)
        return -1;
    if (*entry.target == '\0')
        entry.target = NULL;
    if ((entry.type == ROOTFS_LINK || entry.is_unresolved) && entry.target == NULL)
        return error_set(err, ERROR_CORRUPT, "the memo has a link without a target");
    entry.xattr_count = (size_t)xattr_count;
    struct xattr *xattrs = xcalloc(entry.xattr_count, sizeof(*xattrs));
    int result = memo_xattrs(memo, &entry, xattrs, &values, err);
    if (result == 0)
        result = memo_content(memo, &entry, err);
    if (result == 0)
        result = listing_add(listing, &entry, err);
    free(xattrs);
    return result;
}

static int memo_record(struct memo *memo, struct listing *listing, struct error *err)
{
    const char *type = "", *path = "";

    if (memo_text(memo, &type, err) < 0)
        return -1;
    if (strcmp(type, "w") != 0 && strcmp(type, "q") != 0)
        return memo_entry(memo, type, listing, err);
    if (memo_text(memo, &path, err) < 0)
        return -1;
    return *type == 'w' ? listing_add_whiteout(listing, path, err)
                        : listing_add_opaque(listing, path, err);
}

int memo_parse_records(const char *data, size_t size, struct listing **out, struct error *err)
{
    CLEANUP(listing) struct listing *listing = listing_new();
    struct memo memo = {data, data + size};

    while (memo.at < memo.end)
        if (memo_record(&memo, listing, err) < 0)
            return -1;
    listing_finish(listing);
    *out = TAKE(listing);
    return 0;
}

int memo_parse(const struct buf *bytes, const struct digest *diff_id, struct listing **out,
               struct error *err)
{
    const char *data = buf_text(bytes);
    const char *newline = memchr(data, '\n', bytes->size);

    if (newline == NULL)
        return error_set(err, ERROR_CORRUPT, "the memo has no first line");
    size_t title_size = (size_t)(newline - data) + 1;
    CLEANUP(text)
    char *title = format_title(diff_id, data + title_size, bytes->size - title_size);
    if (strlen(title) != title_size || memcmp(title, data, title_size) != 0)
        return error_set(err, ERROR_CORRUPT,
                         "the memo is of another version, of another layer, or damaged");
    return memo_parse_records(data + title_size, bytes->size - title_size, out, err);
}

static char *memo_path(const char *folder, const struct digest *diff_id)
{
    return xasprintf("%s/layers/%s", folder, digest_format_hex(diff_id).text);
}

int memo_load(const char *folder, const struct digest *diff_id, struct listing **out,
              struct error *err)
{
    CLEANUP(text) char *path = memo_path(folder, diff_id);
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    if (file_read(path, MEMO_LIMIT, &bytes, err) < 0)
        return -1;
    if (memo_parse(&bytes, diff_id, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    return 0;
}

int memo_save(const char *folder, const struct digest *diff_id, const struct listing *listing,
              struct error *err)
{
    CLEANUP(text) char *path = memo_path(folder, diff_id);
    CLEANUP(text) char *layers = xasprintf("%s/layers", folder);
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    memo_format(listing, diff_id, &bytes);
    if (file_make_folders(layers, err) < 0)
        return -1;
    return file_replace(path, bytes.data, bytes.size, err);
}
