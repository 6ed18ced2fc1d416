#include "rootfs/rootfs_internal.h"

#include <inttypes.h>
#include <string.h>

/*
 * libarchive takes tars that no engine takes, and does not tell the type of a header. umoci 0.4.7,
 * dockerd 20.10, containerd 1.6 and containers/storage all read by Go's archive/tar, unpack the
 * types of POSIX.1-1988 but for '7', and refuse any other: the sparse files of GNU tar's own format
 * (type 'S') among them, while those of pax are unpacked. They refuse as well what follows a single
 * block of zeros. So the headers are looked at as they pass, by Go's rules.
 */

#define BLOCK ((size_t)512)
#define NAME_SIZE 100
#define SIZE_AT 124
#define NUMBER_SIZE ((size_t)12)
#define SUM_AT 148
#define SUM_SIZE ((size_t)8)
#define TYPE_AT 156
/* Of the records before a header; what is larger is left to libarchive. */
#define RECORDS_LIMIT ((size_t)MIB)

struct headers {
    unsigned char block[BLOCK];
    size_t filled;     /* of the block */
    uint64_t offset;   /* how many bytes have passed */
    uint64_t payload;  /* of the last header, yet to come */
    size_t padding;    /* behind that */
    uint64_t position; /* of the member that has begun */
    bool has_begun;
    bool is_pax; /* the payload is records for the next header */
    struct buf records;
    bool has_size; /* a record says the size of the next payload */
    uint64_t size;
    bool has_zeros;             /* the last block was zeros */
    bool has_ended;             /* with two such blocks, or nothing is understood any more */
    struct tar_member *members; /* that were not asked for yet, from `first` on */
    size_t first;
    size_t count;
    size_t capacity;
};

struct headers *headers_new(void)
{
    return xcalloc(1, sizeof(struct headers));
}

void headers_free(struct headers *headers)
{
    if (headers == NULL)
        return;
    buf_release(&headers->records);
    free(headers->members);
    free(headers);
}

bool header_number(const unsigned char *field, size_t size, uint64_t *out)
{
    uint64_t number = 0;
    size_t i = 0;

    if (field[0] == 0x80) { /* base 256, as GNU tar has it; with other bits it is negative */
        for (i = 1; i < size; i++) {
            if (number > INT64_MAX >> 8)
                return false;
            number = number << 8 | field[i];
        }
        *out = number;
        return true;
    }
    while (i < size && (field[i] == ' ' || field[i] == '\0'))
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
        if (number > INT64_MAX >> 3)
            return false;
        number = number << 3 | (uint64_t)(field[i] - '0');
    }
    *out = number;
    return i == size || field[i] == '\0' || field[i] == ' ';
}

/* The sum of the bytes, signed or not, with spaces where it stands itself. */
static bool has_right_sum(const unsigned char *block)
{
    uint64_t stated = 0;
    int64_t sum = 0, signed_sum = 0;

    if (!header_number(block + SUM_AT, SUM_SIZE, &stated))
        return false;
    for (size_t i = 0; i < BLOCK; i++) {
        unsigned char byte = i - SUM_AT < SUM_SIZE ? ' ' : block[i];
        sum += byte;
        signed_sum += byte < 128 ? byte : byte - 256;
    }
    return stated <= INT32_MAX && ((int64_t)stated == sum || (int64_t)stated == signed_sum);
}

static bool is_zeros(const unsigned char *block)
{
    return block[0] == 0 && memcmp(block, block + 1, BLOCK - 1) == 0;
}

/* One record, "LENGTH KEY=VALUE\n"; 0 if it is none, else its length. */
static size_t read_record(struct headers *headers, const char *at, size_t size)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;
    const char *space = memchr(at, ' ', size);
    uint64_t length = 0;

    if (space == NULL)
        return 0;
    CLEANUP(text) char *number = xstrndup(at, (size_t)(space - at));
    if (parse_u64(number, size, &length, &ignored) < 0 || length < (size_t)(space - at) + 2 ||
        at[length - 1] != '\n')
        return 0;
    CLEANUP(text) char *record = xstrndup(space + 1, (size_t)length - (size_t)(space - at) - 2);
    if (text_starts_with(record, "size="))
        headers->has_size =
            parse_u64(record + strlen("size="), INT64_MAX, &headers->size, &ignored) == 0;
    return (size_t)length;
}

static void read_records(struct headers *headers)
{
    const char *at = buf_text(&headers->records);
    size_t left = headers->records.size;

    headers->is_pax = false;
    headers->has_size = false;
    while (left > 0 && !headers->has_ended) {
        size_t length = read_record(headers, at, left);
        headers->has_ended = length == 0;
        at += length;
        left -= length;
    }
}

static void add_member(struct headers *headers, char type)
{
    if (headers->first > 0 && headers->count == headers->capacity) {
        headers->count -= headers->first;
        memmove(headers->members, headers->members + headers->first,
                headers->count * sizeof(*headers->members));
        headers->first = 0;
    }
    if (headers->count == headers->capacity) {
        headers->capacity = headers->capacity > 0 ? 2 * headers->capacity : 64;
        headers->members = xrealloc(headers->members, headers->capacity, sizeof(*headers->members));
    }
    headers->members[headers->count++] = (struct tar_member){
        .position = headers->position,
        .content = headers->offset,
        .size = headers->payload,
        .type = type,
    };
}

static int refuse_type(const unsigned char *block, struct error *err)
{
    char name[NAME_SIZE + 1] = {0};

    memcpy(name, block, NAME_SIZE);
    if (block[TYPE_AT] == 'S')
        return error_set(err, ERROR_CORRUPT,
                         "'%s' is a sparse file in the form of GNU tar, which container engines do "
                         "not unpack; make the layer without --sparse, or with --format=posix",
                         name);
    return error_set(err, ERROR_CORRUPT,
                     "'%s' has the type 0x%02x, which container engines do not unpack, expected "
                     "files, folders, links, devices and fifos",
                     name, block[TYPE_AT]);
}

/* A member's own header, whose payload may be told by what came before. */
static int add_own(struct headers *headers, struct error *err)
{
    char type = (char)headers->block[TYPE_AT];

    if (type != '\0' && strchr("0123456", type) == NULL)
        return refuse_type(headers->block, err);
    if (headers->has_size)
        headers->payload = headers->size;
    if (type != '\0' && type != '0') /* whatever the header says */
        headers->payload = 0;
    add_member(headers, type);
    headers->has_begun = false;
    headers->has_size = false;
    return 0;
}

static int add_header(struct headers *headers, struct error *err)
{
    const unsigned char *block = headers->block;
    char type = (char)block[TYPE_AT];

    if (is_zeros(block)) {
        headers->has_ended = headers->has_zeros;
        headers->has_zeros = true;
        return 0;
    }
    if (headers->has_zeros)
        return error_set(
            err, ERROR_CORRUPT,
            "one block of zeros comes before byte %" PRIu64 " of the tar, and more "
            "behind it, which container engines refuse; expected two blocks at its end",
            headers->offset - BLOCK);
    headers->has_ended =
        !has_right_sum(block) || !header_number(block + SIZE_AT, NUMBER_SIZE, &headers->payload);
    if (headers->has_ended) /* libarchive says what is wrong with it */
        return 0;
    if (!headers->has_begun)
        headers->position = headers->offset - BLOCK;
    headers->has_begun = true;
    headers->is_pax = type == 'x';
    if ((type == '\0' || strchr("xgLK", type) == NULL) && add_own(headers, err) < 0)
        return -1;
    headers->padding = (size_t)(-headers->payload % BLOCK);
    buf_clear(&headers->records);
    if (headers->is_pax && headers->payload == 0)
        read_records(headers);
    return 0;
}

static size_t add_payload(struct headers *headers, const char *data, size_t size)
{
    size_t part = headers->payload < size ? (size_t)headers->payload : size;

    if (headers->is_pax && headers->records.size + part > RECORDS_LIMIT)
        headers->has_ended = true;
    else if (headers->is_pax)
        buf_add(&headers->records, data, part);
    headers->payload -= part;
    if (headers->is_pax && headers->payload == 0)
        read_records(headers);
    return part;
}

/* The next bytes up to where something else begins; *part of them. */
static int add_part(struct headers *headers, const char *data, size_t size, size_t *part,
                    struct error *err)
{
    if (headers->payload > 0) {
        *part = add_payload(headers, data, size);
        headers->offset += *part;
        return 0;
    }
    if (headers->padding > 0) {
        *part = headers->padding < size ? headers->padding : size;
        headers->padding -= *part;
        headers->offset += *part;
        return 0;
    }
    *part = BLOCK - headers->filled < size ? BLOCK - headers->filled : size;
    memcpy(headers->block + headers->filled, data, *part);
    headers->filled = (headers->filled + *part) % BLOCK;
    headers->offset += *part;
    return headers->filled == 0 ? add_header(headers, err) : 0;
}

int headers_add(struct headers *headers, const char *data, size_t size, struct error *err)
{
    while (size > 0 && !headers->has_ended) {
        size_t part = 0;
        if (add_part(headers, data, size, &part, err) < 0)
            return -1;
        data += part;
        size -= part;
    }
    return 0;
}

size_t headers_padding(const struct headers *headers)
{
    bool is_behind_payload = !headers->has_ended && headers->payload == 0 && headers->filled == 0;

    return is_behind_payload ? headers->padding : 0;
}

const struct tar_member *headers_find(struct headers *headers, uint64_t position)
{
    while (headers->first < headers->count && headers->members[headers->first].position < position)
        headers->first++;
    if (headers->first == headers->count || headers->members[headers->first].position != position)
        return NULL;
    return &headers->members[headers->first];
}
