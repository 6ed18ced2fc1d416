#include "rootfs/rootfs_internal.h"

#include <string.h>

/* Records are written in parts of about this size. What they are says memo.c. */
#define PART_SIZE ((size_t)64 * 1024)

/* ROOTFS_ABSENT never occurs. */
static const char *const type_names[] = {[ROOTFS_ABSENT] = "",
                                         [ROOTFS_FOLDER] = "d",
                                         [ROOTFS_FILE] = "f",
                                         [ROOTFS_LINK] = "l",
                                         [ROOTFS_OTHER] = "o"};

const char *memo_type_name(enum rootfs_type type)
{
    return type_names[type];
}

static void add_field(struct buf *out, const char *text)
{
    buf_add(out, text, strlen(text) + 1);
}

/* Six of these for each of many entries: by hand, that is a quarter of what printf needs. */
static void add_number(struct buf *out, uint64_t number)
{
    char digits[24];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    buf_add(out, digits + at, sizeof(digits) - at);
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

static void add_digest(struct buf *out, const struct digest *digest)
{
    add_field(out, digest->algorithm != DIGEST_NONE ? digest_format_hex(digest).text : "");
}

static void add_told(struct buf *out, const struct listing_entry *entry)
{
    static const struct listing_hashes none = {DIGEST_INIT, DIGEST_INIT};
    const struct listing_hashes *hashes = entry->hashes != NULL ? entry->hashes : &none;

    add_number(out, entry->offset);
    add_digest(out, &hashes->sha256);
    add_digest(out, &hashes->git_sha1);
}

static void add_entry(struct buf *out, const struct listing_entry *entry, bool is_told)
{
    add_field(out, entry->is_unresolved ? "h" : type_names[entry->type]);
    add_field(out, entry->path);
    add_number(out, entry->mode);
    add_number(out, entry->uid);
    add_number(out, entry->gid);
    if (entry->time_s < 0)
        buf_add_text(out, "-");
    add_number(out, entry->time_s < 0 ? -(uint64_t)entry->time_s : (uint64_t)entry->time_s);
    add_number(out, entry->time_ns);
    add_number(out, entry->size);
    add_field(out, entry->target != NULL ? entry->target : "");
    add_number(out, entry->xattr_count);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        add_field(out, entry->xattrs[i].name);
        add_hex(out, entry->xattrs[i].value, entry->xattrs[i].size);
    }
    if (is_told)
        add_told(out, entry);
    add_field(out, entry->content != NULL ? "1" : "0");
    if (entry->content != NULL) {
        buf_add(out, entry->content, (size_t)entry->size);
        buf_add(out, "", 1);
    }
}

/* Hands on what has gathered, once it is enough. */
static int give_part(struct buf *part, size_t enough, memo_part_fn *give, void *arg,
                     struct error *err)
{
    if (part->size < enough)
        return 0;
    if (give(arg, buf_text(part), part->size, err) < 0)
        return -1;
    buf_clear(part);
    return 0;
}

static int give_marks(const struct listing_marks *marks, const char *type, memo_part_fn *give,
                      void *arg, struct error *err)
{
    CLEANUP(buf) struct buf part = BUF_INIT;

    for (size_t i = 0; i < marks->count; i++) {
        add_field(&part, type);
        add_field(&part, marks->paths[i]);
        if (give_part(&part, PART_SIZE, give, arg, err) < 0)
            return -1;
    }
    return give_part(&part, 0, give, arg, err);
}

static int give_records(const struct listing *listing, bool is_told, memo_part_fn *give, void *arg,
                        struct error *err)
{
    CLEANUP(buf) struct buf part = BUF_INIT;
    CLEANUP(buf) struct buf path = BUF_INIT;

    for (size_t i = 0; i < listing->count; i++) {
        const struct listing_entry entry = listing_at(listing, i, &path);
        add_entry(&part, &entry, is_told);
        if (give_part(&part, PART_SIZE, give, arg, err) < 0)
            return -1;
    }
    if (give_part(&part, 0, give, arg, err) < 0 ||
        give_marks(&listing->whiteouts, "w", give, arg, err) < 0)
        return -1;
    return give_marks(&listing->opaque, "q", give, arg, err);
}

int memo_give_records(const struct listing *listing, memo_part_fn *give, void *arg,
                      struct error *err)
{
    return give_records(listing, false, give, arg, err);
}

int told_give(const struct listing *listing, const struct digest *digest, memo_part_fn *give,
              void *arg, struct error *err)
{
    CLEANUP(buf) struct buf end = BUF_INIT;

    add_field(&end, "e");
    add_field(&end, digest_format(digest).text);
    if (give_records(listing, true, give, arg, err) < 0)
        return -1;
    return give(arg, buf_text(&end), end.size, err);
}
