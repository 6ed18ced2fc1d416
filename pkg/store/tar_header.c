#include "store/archive_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE ((size_t)100)
/* From here on eleven octal digits do not do. */
#define OCTAL_LIMIT (8 * GIB)

/* The fields of a header (POSIX pax, "ustar Interchange Format"). */
struct ustar {
    char name[NAME_SIZE];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link_name[100];
    char magic[6];
    char version[2];
    char uname[32];
    char gname[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155];
    char padding[12];
};

_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

/* Octal digits that fill the field but for its NUL. */
static void set_octal(char *field, size_t size, uint64_t value)
{
    field[size - 1] = '\0';
    for (size_t i = size - 1; i > 0; i--) {
        field[i - 1] = (char)('0' + (value & 7));
        value >>= 3;
    }
}

/* Where octal digits do not do: big-endian, the first bit set, as GNU tar and all readers have it.
 */
static void set_size(char *field, size_t size, uint64_t value)
{
    if (value < OCTAL_LIMIT) {
        set_octal(field, size, value);
        return;
    }
    for (size_t i = size; i > 0; i--) {
        field[i - 1] = (char)(value & 0xff);
        value >>= 8;
    }
    field[0] = (char)0x80;
}

static void add_header(const char *name, char type, uint64_t size, struct buf *out)
{
    struct ustar header = {.type = type, .magic = "ustar", .version = {'0', '0'}};
    unsigned sum = 0;

    memcpy(header.name, name, strnlen(name, NAME_SIZE));
    set_octal(header.mode, sizeof(header.mode), 0644);
    set_octal(header.uid, sizeof(header.uid), 0);
    set_octal(header.gid, sizeof(header.gid), 0);
    set_size(header.size, sizeof(header.size), size);
    set_octal(header.mtime, sizeof(header.mtime), TAR_TIME);
    set_octal(header.device_major, sizeof(header.device_major), 0);
    set_octal(header.device_minor, sizeof(header.device_minor), 0);
    memset(header.checksum, ' ', sizeof(header.checksum));
    for (size_t i = 0; i < sizeof(header); i++)
        sum += ((const unsigned char *)&header)[i];
    set_octal(header.checksum, sizeof(header.checksum) - 1, sum); /* six digits, NUL, space */
    buf_add(out, &header, sizeof(header));
}

/* "LENGTH path=NAME\n", where LENGTH counts its own digits. */
static void add_pax_path(const char *name, struct buf *out)
{
    static const char zeros[TAR_BLOCK] = {0};
    size_t rest = strlen(" path=\n") + strlen(name);
    size_t size = rest;
    CLEANUP(buf) struct buf record = BUF_INIT;

    while (record.size != size) {
        size = rest + (size_t)snprintf(NULL, 0, "%zu", size);
        buf_clear(&record);
        buf_addf(&record, "%zu path=%s\n", size, name);
    }
    add_header("PaxHeader", 'x', size, out);
    buf_add(out, buf_text(&record), size);
    buf_add(out, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

void tar_header(const char *name, uint64_t size, struct buf *out)
{
    if (strlen(name) > NAME_SIZE)
        add_pax_path(name, out);
    add_header(name, '0', size, out);
}
