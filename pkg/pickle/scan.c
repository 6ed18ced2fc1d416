#include "pickle/pickle_internal.h"

#include "core/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HEAD_SIZE 512
#define UNPACKED_MAX ((size_t)(64 * MIB))
#define NAME_SHOWN 200

static const char *extension_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash != NULL ? slash + 1 : path, '.');

    return dot != NULL ? dot : "";
}

/* Cuts one of these endings off the name, in any case; false: it has none. */
static bool cut_ending(char *name, const char *const *endings)
{
    size_t size = strlen(name);

    for (; *endings != NULL; endings++) {
        size_t length = strlen(*endings);
        if (size < length || !text_equal_fold(name + size - length, *endings))
            continue;
        name[size - length] = '\0';
        return true;
    }
    return false;
}

bool pickle_is_suspect(const char *path)
{
    static const char *const packed[] = {".gz",   ".bz2", ".xz", ".zst", ".zstd", ".lz4",
                                         ".lzma", ".zip", ".z",  ".tar", NULL};
    static const char *const endings[] = {
        ".bin",         ".pt",     ".pth",      ".th",    ".ckpt",        ".pt2",   ".ptl",
        ".torchscript", ".ot",     ".mar",      ".pkl",   ".p",           ".pk",    ".pck",
        ".pckl",        ".pickle", ".dill",     ".sav",   ".cloudpickle", ".npy",   ".npz",
        ".h5",          ".hdf5",   ".joblib",   ".keras", ".nemo",        ".model", ".pdparams",
        ".pdopt",       ".distcp", ".metadata", NULL};
    const char *slash = strrchr(path, '/');
    CLEANUP(text) char *name = xstrdup(slash != NULL ? slash + 1 : path);

    cut_ending(name, packed);
    return cut_ending(name, endings);
}

void pickle_scan_note_unread(struct pickle_scan *scan, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    if (scan->findings->unread != NULL)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        out_of_memory();
    va_end(arguments);
    text_mask(text);
    scan->findings->unread = text;
}

void pickle_scan_add(struct pickle_scan *scan, const char *name, enum pickle_verdict verdict)
{
    struct pickle_findings *findings = scan->findings;
    CLEANUP(text) char *shown = xasprintf("%.*s", NAME_SHOWN, name);

    text_mask(shown);
    for (size_t i = 0; i < findings->count; i++) {
        struct pickle_import *import = &findings->imports[i];
        if (strcmp(import->name, shown) != 0)
            continue;
        /* Two names may be the same as far as they are shown. */
        if (verdict > import->verdict)
            import->verdict = verdict;
        return;
    }
    if (findings->count == PICKLE_IMPORTS_MAX) {
        pickle_scan_note_unread(scan, "it imports more than %zu names", PICKLE_IMPORTS_MAX);
        return;
    }
    findings->imports =
        xrealloc(findings->imports, findings->count + 1, sizeof(*findings->imports));
    findings->imports[findings->count++] = (struct pickle_import){TAKE(shown), verdict};
}

void pickle_scan_add_import(struct pickle_scan *scan, const char *module, const char *name)
{
    CLEANUP(text) char *full = xasprintf("%s.%s", module, name);

    pickle_scan_add(scan, full, pickle_judge(module, name));
}

int pickle_scan_read(struct pickle_scan *scan, const struct pickle_input *in, struct extent extent,
                     struct buf *out, bool *found, struct error *err)
{
    size_t before = out->size;

    *found = extent.size <= scan->left;
    if (!*found) {
        pickle_scan_note_unread(scan, "more than %llu MiB of it would have to be read",
                                (unsigned long long)(PICKLE_READ_MAX / MIB));
        return 0;
    }
    scan->left -= extent.size;
    if (in->read(in->arg, extent.offset, (size_t)extent.size, out, err) < 0)
        return -1;
    *found = out->size - before == extent.size;
    return 0;
}

/* A part of a file as a file. */
struct part {
    const struct pickle_input *whole;
    uint64_t offset;
};

static int part_read(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    const struct part *part = arg;

    return part->whole->read(part->whole->arg, part->offset + offset, size, out, err);
}

int pickle_scan_part(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                     uint64_t offset, uint64_t size, struct error *err)
{
    struct part part = {in, offset};
    const struct pickle_input input = {size, part_read, &part};
    uint64_t end = 0;

    if (!u64_add(offset, size, &end) || end > in->size) {
        pickle_scan_note_unread(scan, "'%s' in it goes beyond its end", path);
        return 0;
    }
    return pickle_scan_file(scan, path, &input, err);
}

static int memory_read(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    const struct buf *bytes = arg;

    (void)err;
    buf_add(out, buf_text(bytes) + offset, size);
    return 0;
}

int pickle_scan_reader(struct pickle_scan *scan, const char *path, struct reader *content,
                       size_t limit, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    if (reader_read_all(content, limit, &bytes, &why) < 0) {
        pickle_scan_note_unread(scan, "what is packed in it cannot be unpacked: %s", why.text);
        if (bytes.size == 0)
            return 0;
    }
    const struct pickle_input input = {bytes.size, memory_read, &bytes};
    struct pickle_scan inner = {scan->findings, 4 * (uint64_t)limit, scan->depth};
    return pickle_scan_file(&inner, path, &input, err);
}

/* All of a file that is packed, unpacked into memory. */
static int scan_packed(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                       bool is_zlib, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    bool found = in->size <= PICKLE_READ_MAX;

    if (!found)
        pickle_scan_note_unread(scan, "it is packed, and larger than %llu MiB",
                                (unsigned long long)(PICKLE_READ_MAX / MIB));
    if (!found || pickle_scan_read(scan, in, (struct extent){0, in->size}, &bytes, &found, err) < 0)
        return found ? -1 : 0;
    CLEANUP(reader) struct reader *memory = memory_reader_new(buf_text(&bytes), bytes.size);
    CLEANUP(reader)
    struct reader *content =
        is_zlib ? inflate_reader_new(memory, INFLATE_ZLIB) : unpack_reader_new(memory);
    return pickle_scan_reader(scan, path, content, UNPACKED_MAX, err);
}

/* RFC 1950, of the windows that zlib makes. */
static bool is_zlib(const struct buf *head)
{
    const unsigned char *bytes = (const unsigned char *)buf_text(head);

    return head->size >= 2 && bytes[0] == 0x78 && (bytes[0] << 8 | bytes[1]) % 31 == 0;
}

/*
 * The sum of a tar header's bytes, its own field as blanks; Python's tarfile takes signed bytes as
 * well, and the number in any of int()'s spellings.
 */
static bool is_tar(const struct buf *head)
{
    int sum = 0;
    int signed_sum = 0;
    int wanted = 0;

    if (head->size < HEAD_SIZE || head->data[0] == '\0')
        return false;
    for (size_t i = 0; i < HEAD_SIZE; i++) {
        sum += i >= 148 && i < 156 ? ' ' : (unsigned char)head->data[i];
        signed_sum += i >= 148 && i < 156 ? ' ' : (signed char)head->data[i];
    }
    for (size_t at = 148; at < 156 && head->data[at] != '\0'; at++)
        if (head->data[at] >= '0' && head->data[at] <= '7')
            wanted = wanted * 8 + (head->data[at] - '0');
    return wanted == sum || wanted == signed_sum || memcmp(head->data + 257, "ustar", 5) == 0;
}

static bool begins(const struct buf *head, const char *magic, size_t size)
{
    return head->size >= size && memcmp(buf_text(head), magic, size) == 0;
}

/* What is packed in a way that nothing here unpacks. */
static bool is_foreign(const struct buf *head)
{
    static const struct {
        const char *magic;
        size_t size;
    } foreign[] = {
        {"BZh", 3},
        {"\xfd"
         "7zXZ",
         5},
        {"\x04\x22\x4d\x18", 4},
        {"\x5d\0", 2}, /* LZMA alone, of any size of its dictionary */
        {"ZF0x", 4},   /* joblib before 0.10 */
    };

    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
        if (begins(head, foreign[i].magic, foreign[i].size))
            return true;
    return false;
}

/* HDF5 may have 512 bytes and more of anything before it, so that its name has to do. */
static bool may_be_hdf5(const char *path)
{
    return text_equal_fold(extension_of(path), ".h5") ||
           text_equal_fold(extension_of(path), ".hdf5");
}

static int scan_content(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                        const struct buf *head, struct error *err)
{
    bool is_hdf5 = begins(head, "\x89HDF\r\n\x1a\n", 8);

    /* An archive without a member begins with its end; Keras takes what has an end anywhere. */
    if (begins(head, "PK\3\4", 4) || begins(head, "PK\5\6", 4) ||
        (!is_hdf5 && text_equal_fold(extension_of(path), ".keras")))
        return pickle_scan_zip(scan, path, in, err);
    if (begins(head, "\x93NUMPY", 6))
        return pickle_scan_npy(scan, path, in, err);
    if (strcmp(path, "config.json") == 0)
        return pickle_scan_keras_config(scan, in, err);
    if ((is_hdf5 || may_be_hdf5(path)) && pickle_scan_hdf5(scan, in, err) < 0)
        return -1;
    /* A pickle of text may begin with a tar's header: it is looked at as both. */
    if (is_tar(head) && pickle_scan_tar(scan, in, err) < 0)
        return -1;
    if (text_equal_fold(extension_of(path), ".nemo") && !is_tar(head) &&
        !begins(head, "\x1f\x8b", 2))
        pickle_scan_note_unread(scan, "it is no tar archive");
    if (begins(head, "\x1f\x8b\x08", 3) || begins(head, "\x28\xb5\x2f\xfd", 4) || is_zlib(head))
        return scan_packed(scan, path, in, is_zlib(head), err);
    if (!is_foreign(head))
        return is_hdf5 ? 0 : pickle_scan_pickles(scan, in, false, err);
    pickle_scan_note_unread(scan, "it is packed with bzip2, xz, lzma, lz4 or an old joblib");
    scan->findings->runs_code = true;
    return 0;
}

int pickle_scan_file(struct pickle_scan *scan, const char *path, const struct pickle_input *in,
                     struct error *err)
{
    size_t size = in->size < HEAD_SIZE ? (size_t)in->size : HEAD_SIZE;
    CLEANUP(buf) struct buf head = BUF_INIT;
    bool found = false;

    if (scan->depth == PICKLE_DEPTH_MAX) {
        pickle_scan_note_unread(scan, "it is an archive in an archive in an archive");
        return 0;
    }
    if (pickle_scan_read(scan, in, (struct extent){0, size}, &head, &found, err) < 0)
        return -1;
    if (!found)
        return 0;
    scan->depth++;
    int result = scan_content(scan, path, in, &head, err);
    scan->depth--;
    return result;
}

int pickle_scan(const char *path, const struct pickle_input *in, struct pickle_findings *out,
                struct error *err)
{
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;
    struct pickle_scan scan = {&findings, PICKLE_READ_MAX, 0};

    if (pickle_scan_file(&scan, path, in, err) < 0)
        return -1;
    pickle_findings_release(out);
    *out = findings;
    findings = (struct pickle_findings)PICKLE_FINDINGS_INIT;
    return 0;
}
