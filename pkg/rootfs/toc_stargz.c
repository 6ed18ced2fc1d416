#include "rootfs/toc_internal.h"

#include <inttypes.h>
#include <string.h>

#define LEGACY_SIZE ((size_t)47)
#define OFFSET_DIGITS 16
#define MEMBER_NAME "stargz.index.json"
#define TAR_BLOCK 512

/*
 * An empty gzip member whose extra field says where the table is: 16 hex digits and "STARGZ". In
 * the older form, of 47 bytes, the field lacks the four bytes that RFC 1952 wants before its data.
 */
static bool footer_is_at(const unsigned char *bytes, const char *field, size_t field_size)
{
    static const unsigned char magic[] = {0x1f, 0x8b, 8, 4}; /* gzip, deflate, an extra field */
    static const unsigned char tail[] = {1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
    const unsigned char *at = bytes + 10; /* behind time, flags and system, which may be any */

    return memcmp(bytes, magic, sizeof(magic)) == 0 && memcmp(at, field, field_size) == 0 &&
           memcmp(at + field_size + OFFSET_DIGITS, "STARGZ", 6) == 0 &&
           memcmp(at + field_size + OFFSET_DIGITS + 6, tail, sizeof(tail)) == 0;
}

static bool parse_hex(const unsigned char *digits, uint64_t *out)
{
    uint64_t number = 0;

    for (size_t i = 0; i < OFFSET_DIGITS; i++) {
        unsigned char digit = digits[i];
        if (digit >= '0' && digit <= '9')
            number = number << 4 | (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            number = number << 4 | (uint64_t)(digit - 'a' + 10);
        else
            return false;
    }
    *out = number;
    return true;
}

int stargz_parse_footer(const unsigned char *bytes, size_t size, uint64_t *offset,
                        size_t *footer_size, struct error *err)
{
    static const char field[] = {26, 0, 'S', 'G', 22, 0};
    static const char legacy_field[] = {22, 0};
    size_t found = 0;
    uint64_t begin = 0;

    if (size >= STARGZ_FOOTER_MAX &&
        footer_is_at(bytes + size - STARGZ_FOOTER_MAX, field, sizeof(field)))
        found = STARGZ_FOOTER_MAX;
    else if (size >= LEGACY_SIZE &&
             footer_is_at(bytes + size - LEGACY_SIZE, legacy_field, sizeof(legacy_field)))
        found = LEGACY_SIZE;
    /* The digits come before "STARGZ" and the 13 bytes of nothing. */
    if (found == 0 || !parse_hex(bytes + size - 13 - 6 - OFFSET_DIGITS, &begin) || begin == 0)
        return error_set(err, ERROR_UNSUPPORTED, "the blob does not end with a footer of eStargz");
    *offset = begin;
    *footer_size = found;
    return 0;
}

/* The first `left` bytes of what another reader gives. */
struct member_reader {
    struct reader base;
    struct reader *next; /* borrowed */
    uint64_t left;
};

static ssize_t member_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct member_reader *member = CONTAINER_OF(reader, struct member_reader, base);

    if (member->left == 0)
        return 0;
    ssize_t part =
        reader_read(member->next, data, member->left < size ? (size_t)member->left : size, err);
    if (part == 0)
        return error_set(err, ERROR_CORRUPT, "the table ends %" PRIu64 " bytes early",
                         member->left);
    if (part > 0)
        member->left -= (uint64_t)part;
    return part;
}

static void member_free(struct reader *reader)
{
    free(CONTAINER_OF(reader, struct member_reader, base));
}

int stargz_open_member(struct reader *tar, uint64_t *size, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {member_read, member_free};
    CLEANUP(buf) struct buf header = BUF_INIT;
    uint64_t found = 0;

    if (reader_read_exactly(tar, 0, TAR_BLOCK, &header, err) < 0)
        return error_wrap(err, "the table's tar");
    /* Name, size and type are where every tar has them (POSIX.1-1988). */
    const char *data = header.data;
    if (memcmp(data, MEMBER_NAME, sizeof(MEMBER_NAME)) != 0 ||
        (data[156] != '0' && data[156] != '\0') ||
        !header_number((const unsigned char *)data + 124, 12, &found))
        return error_set(err, ERROR_CORRUPT, "its footer leads to something else than '%s'",
                         MEMBER_NAME);
    struct member_reader *member = xcalloc(1, sizeof(*member));
    member->base.ops = &ops;
    member->next = tar;
    member->left = found;
    *size = found;
    *out = &member->base;
    return 0;
}
