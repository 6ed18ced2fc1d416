#include "rootfs/rootfs_internal.h"

#include "core/text.h"

#include <string.h>

/* Changes with whatever a listing says of the same layer, so that older memos are ignored. */
#define MEMO_TITLE "inlay listing 2"
/* Records are written and read in parts of about this size, so that a listing is in memory once. */
#define PART_SIZE ((size_t)64 * 1024)
/* The largest content that is kept, and the fields around it. */
#define RECORD_LIMIT ((size_t)64 * 1024 * 1024)

/*
 * Behind the first line come records of fields, each field ended by a NUL:
 *   "w" PATH (whiteout), "q" PATH (opaque folder), or
 *   TYPE PATH MODE UID GID TIME TIME_NS SIZE TARGET XATTRS {NAME HEX}… HAS_CONTENT [CONTENT]
 * with TYPE "d", "f", "l", "o", or "h" for a hard link that leads out of its layer; numbers are
 * decimal, and an empty TARGET is none.
 *
 * What one process tells another has more: OFFSET SHA256 GIT_SHA1 in front of HAS_CONTENT, digests
 * in hex and empty if there are none, and behind all records "e" DIGEST, that of the tar.
 */
struct memo {
    const char *at;
    const char *end;
    bool is_short;     /* something goes on behind the end */
    struct told *told; /* NULL: it is a memo */
};

static int hash_part(void *arg, const char *data, size_t size, struct error *err)
{
    (void)err;
    hasher_add(arg, data, size);
    return 0;
}

/* The first line up to the digest of the records; the caller frees it. */
static char *title_prefix(const struct memo_key *key)
{
    return xasprintf(MEMO_TITLE " %s%s%s %s ", key->selection != NULL ? key->selection : "",
                     key->selection != NULL ? " " : "", digest_format(&key->content).text,
                     digest_format(&key->blob).text);
}

char *memo_format_title(const struct listing *listing, const struct memo_key *key)
{
    CLEANUP(text) char *prefix = title_prefix(key);
    CLEANUP(hasher) struct hasher *hasher = hasher_new(DIGEST_SHA256, SIZE_UNKNOWN);
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)!memo_give_records(listing, hash_part, hasher, &err); /* which cannot fail */
    struct digest digest = hasher_finish(hasher);
    return xasprintf("%s%s\n", prefix, digest_format(&digest).text);
}

static int memo_text(struct memo *memo, const char **out, struct error *err)
{
    const char *nul =
        memo->at < memo->end ? memchr(memo->at, '\0', (size_t)(memo->end - memo->at)) : NULL;

    if (nul == NULL) {
        memo->is_short = true;
        return error_set(err, ERROR_CORRUPT, "the memo ends in the middle");
    }
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
    if (memo_number(memo, (uint64_t)INT64_MAX + is_negative, &number, err) < 0)
        return -1;
    *out = is_negative ? (int64_t)(0 - number) : (int64_t)number;
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

static int memo_digest(struct memo *memo, enum digest_algorithm algorithm, struct digest *out,
                       struct error *err)
{
    const char *text = "";

    if (memo_text(memo, &text, err) < 0)
        return -1;
    return *text != '\0' ? digest_parse_hex(algorithm, text, out, err) : 0;
}

static int memo_told(struct memo *memo, struct listing_entry *entry, struct listing_hashes *hashes,
                     struct error *err)
{
    if (memo->told == NULL)
        return 0;
    if (memo_number(memo, INT64_MAX, &entry->offset, err) < 0 ||
        memo_digest(memo, DIGEST_SHA256, &hashes->sha256, err) < 0 ||
        memo_digest(memo, DIGEST_GIT_SHA1, &hashes->git_sha1, err) < 0)
        return -1;
    entry->hashes = hashes->sha256.algorithm != DIGEST_NONE ? hashes : NULL;
    return told_check(entry, err);
}

static int memo_content(struct memo *memo, struct listing_entry *entry, struct error *err)
{
    uint32_t has_content = 0;

    if (memo_u32(memo, 1, &has_content, err) < 0)
        return -1;
    if (has_content == 0)
        return 0;
    memo->is_short = entry->size >= (uint64_t)(memo->end - memo->at);
    if (entry->type != ROOTFS_FILE || memo->is_short || memo->at[entry->size] != '\0')
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
    for (size_t i = ROOTFS_FOLDER; i <= ROOTFS_OTHER; i++)
        if (strcmp(text, memo_type_name((enum rootfs_type)i)) == 0) {
            entry->type = (enum rootfs_type)i;
            return 0;
        }
    return error_set(err, ERROR_CORRUPT, "the memo has a record of the kind '%s'", text);
}

static int memo_entry(struct memo *memo, const char *type, struct listing *listing,
                      struct error *err)
{
    CLEANUP(buf) struct buf values = BUF_INIT;
    struct listing_hashes hashes = {DIGEST_INIT, DIGEST_INIT};
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
        result = memo_told(memo, &entry, &hashes, err);
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
    if (memo->told != NULL && memo->told->has_ended)
        return error_set(err, ERROR_CORRUPT, "something is told behind the end");
    bool is_end = memo->told != NULL && strcmp(type, "e") == 0;
    if (!is_end && strcmp(type, "w") != 0 && strcmp(type, "q") != 0)
        return memo_entry(memo, type, listing, err);
    if (memo_text(memo, &path, err) < 0)
        return -1;
    if (is_end)
        return told_end(memo->told, path, err);
    if (memo->told != NULL && told_check_mark(path, err) < 0)
        return -1;
    return *type == 'w' ? listing_add_whiteout(listing, path, err)
                        : listing_add_opaque(listing, path, err);
}

/* As many records as there are whole ones; `at` is then at the first that is none. */
static int memo_records(struct memo *memo, struct listing *listing, struct error *err)
{
    while (memo->at < memo->end) {
        const char *begin = memo->at;
        memo->is_short = false;
        if (memo_record(memo, listing, err) < 0) {
            memo->at = begin;
            return -1;
        }
    }
    return 0;
}

int memo_parse_records(const char *data, size_t size, struct listing **out, struct error *err)
{
    CLEANUP(listing) struct listing *listing = listing_new();
    struct memo memo = {.at = data, .end = data + size};

    if (memo_records(&memo, listing, err) < 0)
        return -1;
    listing_finish(listing);
    *out = TAKE(listing);
    return 0;
}

/* The text of a memo on its way. */
struct window {
    struct reader *reader; /* borrowed */
    struct hasher *hasher; /* NULL: none is needed */
    struct told *told;     /* borrowed; NULL: it is a memo */
    struct buf bytes;      /* that were read and are not yet used */
    bool has_ended;
};

static void window_release(struct window *window)
{
    hasher_free(TAKE(window->hasher));
    buf_release(&window->bytes);
}
CLEANUP_RELEASE(window)

/* Takes `used` bytes away in front and adds what comes next behind. */
static int window_move(struct window *window, size_t used, struct error *err)
{
    CLEANUP(text) char *part = xcalloc(PART_SIZE, 1);
    struct buf *bytes = &window->bytes;

    bytes->size -= used;
    if (used > 0)
        memmove(bytes->data, bytes->data + used, bytes->size);
    ssize_t size = reader_read(window->reader, part, PART_SIZE, err);
    if (size < 0)
        return -1;
    window->has_ended = size == 0;
    if (window->hasher != NULL)
        hasher_add(window->hasher, part, (size_t)size);
    return buf_add_limited(bytes, part, (size_t)size, RECORD_LIMIT, err);
}

static int window_records(struct window *window, struct listing *listing, struct error *err)
{
    size_t used = 0;

    while (!window->has_ended) {
        if (window_move(window, used, err) < 0)
            return -1;
        const char *data = buf_text(&window->bytes);
        struct memo memo = {.at = data, .end = data + window->bytes.size, .told = window->told};
        int result = memo_records(&memo, listing, err);
        used = (size_t)(memo.at - data);
        if (result < 0 && (!memo.is_short || window->has_ended))
            return -1;
        error_release(err); /* of a record that goes on */
    }
    return 0;
}

/* The digest of the records, if the title is the layer's. */
static int read_title(struct reader *reader, const struct memo_key *key, struct digest *out,
                      struct error *err)
{
    CLEANUP(text) char *prefix = title_prefix(key);
    CLEANUP(buf) struct buf title = BUF_INIT;
    const struct digest any = digest_of(DIGEST_SHA256, "", 0);
    size_t size = strlen(prefix) + strlen(digest_format(&any).text) + 1;

    if (reader_read_exactly(reader, 0, size, &title, err) < 0)
        return -1;
    if (!text_starts_with(title.data, prefix) || title.data[size - 1] != '\n')
        return error_set(err, ERROR_CORRUPT, "the memo has another title");
    title.data[size - 1] = '\0';
    return digest_parse(title.data + strlen(prefix), out, err);
}

int memo_read(struct reader *reader, const struct memo_key *key, struct listing **out,
              struct error *err)
{
    CLEANUP(listing) struct listing *listing = listing_new();
    CLEANUP(window)
    struct window window = {.reader = reader, .hasher = hasher_new(DIGEST_SHA256, SIZE_UNKNOWN)};
    struct digest expected = DIGEST_INIT;
    bool is_right =
        read_title(reader, key, &expected, err) == 0 && window_records(&window, listing, err) == 0;

    if (!is_right && err->kind != ERROR_CORRUPT && err->kind != ERROR_UNSUPPORTED)
        return -1;
    struct digest found = hasher_finish(window.hasher);
    if (!is_right || !digest_equal(&found, &expected))
        return error_set(err, ERROR_CORRUPT,
                         "the memo is of another version, of another layer, or damaged");
    listing_finish(listing);
    *out = TAKE(listing);
    return 0;
}

int told_read(struct reader *reader, struct listing **out, struct digest *digest, struct error *err)
{
    CLEANUP(listing) struct listing *listing = listing_new();
    struct told told = {.digest = DIGEST_INIT};
    CLEANUP(window) struct window window = {.reader = reader, .told = &told};

    if (window_records(&window, listing, err) < 0)
        return -1;
    if (!told.has_ended)
        return error_set(err, ERROR_CORRUPT, "what is told has no end");
    listing_finish(listing);
    *digest = told.digest;
    *out = TAKE(listing);
    return 0;
}
