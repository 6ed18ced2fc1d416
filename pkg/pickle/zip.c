#include "pickle/pickle_internal.h"

#include "core/text.h"

#include <string.h>

/* APPNOTE.TXT of PKWARE, sections 4.3 and 4.5. */
#define END_SIZE 22
#define END_SIGNATURE "PK\5\6"
#define COMMENT_MAX 65535
#define END64_SIZE 56
#define END64_SIGNATURE "PK\6\6"
#define LOCATOR_SIZE 20
#define LOCATOR_SIGNATURE "PK\6\7"
#define ENTRY_SIZE 46
#define ENTRY_SIGNATURE "PK\1\2"
#define LOCAL_SIZE 30
#define LOCAL_SIGNATURE "PK\3\4"
#define EXTRA64 1
#define EXTRA_NAME 0x7075 /* another name of the file, which Python's zipfile takes */

#define DIRECTORY_MAX (8 * MIB)
/* What is packed in an archive is unpacked into memory. */
#define PACKED_MAX (16 * MIB)
#define UNPACKED_MAX ((size_t)(64 * MIB))

#define METHOD_STORED 0
#define METHOD_DEFLATED 8

struct entry {
    char *name;
    unsigned method;
    uint64_t packed;   /* bytes in the archive */
    uint64_t unpacked; /* and of the content */
    uint64_t offset;   /* of its local header */
    bool has_other_name;
};

static void entry_release(struct entry *entry)
{
    free(entry->name);
}
CLEANUP_RELEASE(entry)

static uint64_t number_at(const char *bytes, size_t size)
{
    uint64_t number = 0;

    while (size > 0)
        number = number << 8 | (unsigned char)bytes[--size];
    return number;
}

/* Bytes that have to be in the file; *found false if they are not, or the limit is reached. */
static int read_extent(struct pickle_scan *scan, const struct pickle_input *in,
                       struct extent extent, struct buf *out, bool *found, struct error *err)
{
    uint64_t end = 0;

    buf_clear(out);
    *found = u64_add(extent.offset, extent.size, &end) && end <= in->size;
    return *found ? pickle_scan_read(scan, in, extent, out, found, err) : 0;
}

/* The end of an archive, as far as the tail of the file has it. */
struct zip_end {
    const char *record;
    uint64_t offset;     /* of the record in the file */
    const char *locator; /* of zip64; NULL: there is none */
    bool is_only;        /* a reader that looks in another way finds no other */
};

/* The directory by the record of zip64, which the locator before the end names. */
static int find_directory64(struct pickle_scan *scan, const struct pickle_input *in,
                            struct zip_end *end, struct extent *out, bool *found, struct error *err)
{
    CLEANUP(buf) struct buf record = BUF_INIT;
    uint64_t offset = number_at(end->locator + 8, 8);

    if (read_extent(scan, in, (struct extent){offset, END64_SIZE}, &record, found, err) < 0)
        return -1;
    *found = *found && memcmp(record.data, END64_SIGNATURE, 4) == 0;
    if (!*found)
        return 0;
    *out = (struct extent){number_at(record.data + 48, 8), number_at(record.data + 40, 8)};
    /* Some go by the locator, and some look right before it. */
    end->is_only = end->is_only && offset + END64_SIZE + LOCATOR_SIZE == end->offset;
    end->offset = offset;
    return 0;
}

/* The last end record whose comment reaches to the end of the file. */
static void find_end(const struct buf *tail, uint64_t start, struct zip_end *out)
{
    size_t count = 0;

    for (size_t at = tail->size - END_SIZE + 1; at-- > 0;) {
        const char *end = tail->data + at;
        if (memcmp(end, END_SIGNATURE, 4) != 0)
            continue;
        count++;
        if (out->record != NULL || number_at(end + 20, 2) != tail->size - at - END_SIZE)
            continue;
        out->record = end;
        out->offset = start + at;
        if (at >= LOCATOR_SIZE && memcmp(end - LOCATOR_SIZE, LOCATOR_SIGNATURE, 4) == 0)
            out->locator = end - LOCATOR_SIZE;
    }
    out->is_only = count == 1;
}

static int find_directory(struct pickle_scan *scan, const struct pickle_input *in,
                          struct extent *out, bool *found, struct error *err)
{
    uint64_t most = END_SIZE + COMMENT_MAX + LOCATOR_SIZE;
    uint64_t size = in->size < most ? in->size : most;
    CLEANUP(buf) struct buf tail = BUF_INIT;
    struct zip_end end = {.record = NULL};

    *found = size >= END_SIZE;
    if (!*found ||
        read_extent(scan, in, (struct extent){in->size - size, size}, &tail, found, err) < 0)
        return *found ? -1 : 0;
    if (*found)
        find_end(&tail, in->size - size, &end);
    *found = end.record != NULL;
    if (end.record == NULL)
        return 0;
    *out = (struct extent){number_at(end.record + 16, 4), number_at(end.record + 12, 4)};
    if (end.locator != NULL && find_directory64(scan, in, &end, out, found, err) < 0)
        return -1;
    uint64_t directory_end = 0;
    /* Python looks for the directory right before its end record, others where that says. */
    if (*found && (!end.is_only || !u64_add(out->offset, out->size, &directory_end) ||
                   directory_end != end.offset))
        pickle_scan_note_unread(scan, "it is a zip archive that some may read in another way");
    return 0;
}

/* Sizes and offset that do not fit into 32 bits stand in an extra field, in this order. */
static void read_extra64(const char *extra, size_t size, struct entry *entry)
{
    uint64_t *const fields[] = {&entry->unpacked, &entry->packed, &entry->offset};

    while (size >= 4) {
        size_t length = (size_t)number_at(extra + 2, 2);
        const char *at = extra + 4;
        if (length > size - 4)
            return;
        entry->has_other_name = entry->has_other_name || number_at(extra, 2) == EXTRA_NAME;
        if (number_at(extra, 2) == EXTRA64)
            for (size_t i = 0, left = length; i < ARRAY_SIZE(fields); i++) {
                if (*fields[i] != UINT32_MAX || left < 8)
                    continue;
                *fields[i] = number_at(at, 8);
                at += 8;
                left -= 8;
            }
        extra += 4 + length;
        size -= 4 + length;
    }
}

/* The entry at `at` of the directory, and moves behind it; false: it is damaged. */
static bool parse_entry(const struct buf *directory, size_t *at, struct entry *out)
{
    const char *bytes = directory->data + *at;
    size_t left = directory->size - *at;

    if (left < ENTRY_SIZE || memcmp(bytes, ENTRY_SIGNATURE, 4) != 0)
        return false;
    size_t name = (size_t)number_at(bytes + 28, 2);
    size_t extra = (size_t)number_at(bytes + 30, 2);
    size_t size = ENTRY_SIZE + name + extra + (size_t)number_at(bytes + 32, 2);
    if (size > left)
        return false;
    out->name = xstrndup(bytes + ENTRY_SIZE, name);
    out->method = (unsigned)number_at(bytes + 10, 2);
    out->packed = number_at(bytes + 20, 4);
    out->unpacked = number_at(bytes + 24, 4);
    out->offset = number_at(bytes + 42, 4);
    read_extra64(bytes + ENTRY_SIZE + name, extra, out);
    *at += size;
    return true;
}

static int scan_deflated(struct pickle_scan *scan, const struct pickle_input *in,
                         const struct entry *entry, uint64_t offset, struct error *err)
{
    CLEANUP(buf) struct buf packed = BUF_INIT;
    bool found = entry->packed <= PACKED_MAX;

    if (!found)
        pickle_scan_note_unread(scan, "'%s' in it is packed and larger than %llu MiB", entry->name,
                                (unsigned long long)(PACKED_MAX / MIB));
    if (!found ||
        read_extent(scan, in, (struct extent){offset, entry->packed}, &packed, &found, err) < 0)
        return found ? -1 : 0;
    CLEANUP(reader) struct reader *memory = memory_reader_new(buf_text(&packed), packed.size);
    CLEANUP(reader) struct reader *content = inflate_reader_new(memory, INFLATE_PLAIN);
    return pickle_scan_reader(scan, entry->name, content, UNPACKED_MAX, err);
}

static int scan_entry(struct pickle_scan *scan, const struct pickle_input *in,
                      const struct entry *entry, struct error *err)
{
    CLEANUP(buf) struct buf header = BUF_INIT;
    bool found = false;

    if (read_extent(scan, in, (struct extent){entry->offset, LOCAL_SIZE}, &header, &found, err) < 0)
        return -1;
    if (!found || memcmp(header.data, LOCAL_SIGNATURE, 4) != 0) {
        pickle_scan_note_unread(scan, "'%s' in it is not where the archive says", entry->name);
        return 0;
    }
    uint64_t offset = entry->offset + LOCAL_SIZE + number_at(header.data + 26, 2) +
                      number_at(header.data + 28, 2);
    if (entry->method == METHOD_STORED)
        return pickle_scan_part(scan, entry->name, in, offset, entry->packed, err);
    if (entry->method == METHOD_DEFLATED)
        return scan_deflated(scan, in, entry, offset, err);
    pickle_scan_note_unread(scan, "'%s' in it is packed by method %u", entry->name, entry->method);
    return 0;
}

/* The directory's entries, and what of them is looked at. */
struct listing {
    struct buf bytes;
    bool takes_all; /* names do not say what is loaded */
};

static void listing_release(struct listing *listing)
{
    buf_release(&listing->bytes);
}
CLEANUP_RELEASE(listing)

static bool ends_with_fold(const char *text, const char *end)
{
    size_t size = strlen(text);

    return size >= strlen(end) && text_equal_fold(text + size - strlen(end), end);
}

/*
 * torch and Keras open members by name. numpy.load() takes every member that begins as an array,
 * whatever it is called; only archives that are torch's are not looked through for that.
 */
static bool takes_all(const char *path, const struct buf *directory)
{
    if (ends_with_fold(path, ".npz") || ends_with_fold(path, ".npy"))
        return true;
    if (ends_with_fold(path, ".keras"))
        return false;
    for (size_t at = 0; at < directory->size;) {
        CLEANUP(entry) struct entry entry = {.name = NULL};
        if (!parse_entry(directory, &at, &entry) || text_ends_with(entry.name, "/data.pkl"))
            return false;
    }
    return true;
}

static bool is_wanted(const struct listing *listing, const char *name)
{
    return listing->takes_all || pickle_is_suspect(name) || strcmp(name, "config.json") == 0;
}

static int scan_entries(struct pickle_scan *scan, const struct pickle_input *in,
                        const struct listing *listing, struct error *err)
{
    for (size_t at = 0; at < listing->bytes.size;) {
        CLEANUP(entry) struct entry entry = {.name = NULL};
        if (!parse_entry(&listing->bytes, &at, &entry)) {
            pickle_scan_note_unread(scan, "it is a zip archive whose directory is damaged");
            return 0;
        }
        if (entry.has_other_name)
            pickle_scan_note_unread(scan, "'%s' in it has a second name", entry.name);
        if (is_wanted(listing, entry.name) && scan_entry(scan, in, &entry, err) < 0)
            return -1;
    }
    return 0;
}

int pickle_scan_zip(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                    struct error *err)
{
    CLEANUP(listing) struct listing listing = {BUF_INIT, false};
    struct extent directory = {0, 0};
    bool found = false;

    if (find_directory(scan, in, &directory, &found, err) < 0)
        return -1;
    found = found && directory.size <= DIRECTORY_MAX;
    if (found && read_extent(scan, in, directory, &listing.bytes, &found, err) < 0)
        return -1;
    if (!found) {
        pickle_scan_note_unread(scan, "it is a zip archive whose directory cannot be read");
        return 0;
    }
    listing.takes_all = takes_all(path, &listing.bytes);
    return scan_entries(scan, in, &listing, err);
}
