#include "pickle/pickle_internal.h"

#include <string.h>

#define HEADER_MAX ((uint64_t)(1 * MIB))
#define HEAD_SIZE 12
#define DIGITS "0123456789"

/*
 * A header is a dictionary of Python, and numpy.load() takes it in any spelling: 'de\x73cr' is a
 * key, and 'object', 'O8' and '|\x4f' are types with objects. What runs nothing is told by the one
 * spelling that numpy.save() has for arrays of numbers and texts.
 */

/* Moves over `text` if it is next. */
static bool take(const char **at, const char *text)
{
    bool is_next = text_starts_with(*at, text);

    *at += is_next ? strlen(text) : 0;
    return is_next;
}

/* '<f4', '|S10', '<U3', '<M8[ns]': a byte order, a letter of what is no object, a size, a unit. */
static bool take_type(const char **at)
{
    if (!take(at, "'"))
        return false;
    *at += **at != '\0' && strchr("<>|=", **at) != NULL ? 1 : 0;
    if (**at == '\0' || strchr("biufcSUVMm?", **at) == NULL)
        return false;
    *at += 1;
    *at += strspn(*at, DIGITS);
    if (take(at, "[")) {
        *at += strspn(*at, DIGITS "abcdefghijklmnopqrstuvwxyzDMWY");
        if (!take(at, "]"))
            return false;
    }
    return take(at, "'");
}

/* (3, 4), and (3L,) of Python 2. */
static bool take_shape(const char **at)
{
    if (!take(at, "("))
        return false;
    *at += strspn(*at, DIGITS "L, ");
    return take(at, ")");
}

/* ('name', '<f4') or ('name', '<f4', (2,)). */
static bool take_field(const char **at)
{
    if (!take(at, "('"))
        return false;
    *at += strcspn(*at, "'\\\n");
    return take(at, "', ") && take_type(at) && (!take(at, ", ") || take_shape(at)) && take(at, ")");
}

static bool take_fields(const char **at)
{
    if (!take(at, "["))
        return false;
    do {
        if (!take_field(at))
            return false;
    } while (take(at, ", "));
    return take(at, "]");
}

static bool is_plain(const struct buf *header)
{
    const char *at = buf_text(header);
    const char *end = at + header->size;

    if (!take(&at, "{'descr': ") || !(*at == '[' ? take_fields(&at) : take_type(&at)) ||
        !take(&at, ", 'fortran_order': ") || !(take(&at, "False") || take(&at, "True")) ||
        !take(&at, ", 'shape': ") || !take_shape(&at) || !(take(&at, ", }") || take(&at, "}")))
        return false;
    at += strspn(at, " ");
    return at == end || (*at == '\n' && at + 1 == end);
}

int pickle_scan_npy(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                    struct error *err)
{
    CLEANUP(buf) struct buf head = BUF_INIT;
    CLEANUP(buf) struct buf header = BUF_INIT;
    bool found = in->size >= HEAD_SIZE;

    if (!found)
        pickle_scan_note_unread(scan, "its header is damaged");
    if (!found || pickle_scan_read(scan, in, (struct extent){0, HEAD_SIZE}, &head, &found, err) < 0)
        return found ? -1 : 0;
    if (!found)
        return 0;
    const unsigned char *bytes = (const unsigned char *)buf_text(&head);
    uint64_t start = bytes[6] == 1 ? 10 : HEAD_SIZE;
    uint64_t size = bytes[8] | (uint64_t)bytes[9] << 8;
    if (bytes[6] != 1)
        size |= (uint64_t)bytes[10] << 16 | (uint64_t)bytes[11] << 24;
    if (size > HEADER_MAX || start + size > in->size) {
        pickle_scan_note_unread(scan, "its header is damaged");
        return 0;
    }
    if (pickle_scan_read(scan, in, (struct extent){start, size}, &header, &found, err) < 0)
        return -1;
    if (!found || is_plain(&header))
        return 0;
    scan->findings->runs_code = true;
    return pickle_scan_part(scan, path, in, start + size, in->size - start - size, err);
}
