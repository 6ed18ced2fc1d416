#ifndef INLAY_ROOTFS_ROOTFS_TEST_INTERNAL_H
#define INLAY_ROOTFS_ROOTFS_TEST_INTERNAL_H

#include "oci/media_type.h"
#include "rootfs/rootfs_internal.h"
#include "store/store.h"
#include "testing/folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* What the tests of this module share. Everything here fails the test by itself. */

#define CHECK(call_, err_) check_success(call_, &(err_), #call_)
/* The call must be refused with this kind and a text that holds `words_`; empties `err_`. */
#define CHECK_REFUSED(call_, err_, kind_, words_)                                                  \
    check_refused(call_, &(err_), kind_, words_, #call_)

static inline void check_success(int result, const struct error *err, const char *call)
{
    if (result < 0)
        fail_msg("%s: %s", call, err->text);
}

static inline void check_refused(int result, struct error *err, enum error_kind kind,
                                 const char *words, const char *call)
{
    if (result >= 0)
        fail_msg("%s went well, expected \"%s\"", call, words);
    if (err->kind != kind || strstr(err->text, words) == NULL)
        fail_msg("%s: kind %d, \"%s\"; expected kind %d, \"%s\"", call, (int)err->kind, err->text,
                 (int)kind, words);
    error_release(err);
}

/* One entry of a tar; what is left out is 0644 (folders: 0755), 0:0, and 1970. */
struct item {
    const char *name;
    char type; /* as in the header: '0' file, '1' hard link, '2' link, '5' folder, '6' fifo */
    unsigned mode;
    unsigned long uid;
    unsigned long gid;
    unsigned long time;
    const char *target;
    const char *data;
    size_t size;     /* of `data` */
    const char *pax; /* "key=value" for an extended header before it; NULL: none */
    size_t pax_size;
};

static inline void tar_pad(struct buf *tar)
{
    static const char zeros[512];

    if (tar->size % sizeof(zeros) > 0)
        buf_add(tar, zeros, sizeof(zeros) - tar->size % sizeof(zeros));
}

/* Fills a field of a header: octal digits with zeros in front, and a closing 0 byte. */
static inline void tar_number(char *field, size_t width, uint64_t value)
{
    for (size_t i = width - 1; i > 0; i--, value /= 8)
        field[i - 1] = (char)('0' + value % 8);
    assert_int_equal(value, 0);
}

/* A POSIX.1-1988 header, written by hand: not by the library that is to read it. */
static inline void tar_add_header(struct buf *tar, const struct item *item, size_t size)
{
    char header[512] = {0};
    unsigned sum = 0;

    assert_true(strlen(item->name) <= 100);
    memcpy(header, item->name, strlen(item->name));
    tar_number(header + 100, 8, item->mode);
    tar_number(header + 108, 8, item->uid);
    tar_number(header + 116, 8, item->gid);
    tar_number(header + 124, 12, size);
    tar_number(header + 136, 12, item->time);
    memset(header + 148, ' ', 8);
    header[156] = item->type;
    if (item->target != NULL)
        memcpy(header + 157, item->target, strlen(item->target));
    memcpy(header + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof(header); i++)
        sum += (unsigned char)header[i];
    tar_number(header + 148, 7, sum);
    buf_add(tar, header, sizeof(header));
}

static inline void tar_add_pax(struct buf *tar, const char *record, size_t size)
{
    static const struct item extended = {.name = "extended", .type = 'x', .mode = 0644};
    CLEANUP(buf) struct buf line = BUF_INIT;
    size_t total = size + 3; /* a digit, the space and the newline */

    while (true) {
        char number[24];
        snprintf(number, sizeof(number), "%zu", total);
        if (strlen(number) + size + 2 == total)
            break;
        total = strlen(number) + size + 2;
    }
    buf_addf(&line, "%zu ", total);
    buf_add(&line, record, size);
    buf_add_text(&line, "\n");
    tar_add_header(tar, &extended, line.size);
    buf_add(tar, line.data, line.size);
    tar_pad(tar);
}

static inline void tar_add(struct buf *tar, const struct item *item)
{
    size_t size = item->data != NULL ? item->size : 0;
    struct item copy = *item;

    if (item->pax != NULL)
        tar_add_pax(tar, item->pax, item->pax_size > 0 ? item->pax_size : strlen(item->pax));
    if (copy.type == '\0')
        copy.type = '0';
    if (copy.mode == 0)
        copy.mode = copy.type == '5' ? 0755 : 0644;
    tar_add_header(tar, &copy, size);
    if (size > 0)
        buf_add(tar, item->data, size);
    tar_pad(tar);
}

static inline void tar_end(struct buf *tar)
{
    static const char zeros[1024];

    buf_add(tar, zeros, sizeof(zeros));
}

/* One word of a layer's text, see layer_tar(). */
static inline void tar_add_word(struct buf *tar, char *word)
{
    struct item item = {.name = word};
    char *equals = strchr(word, '=');
    char *arrow = strstr(word, "->");
    char *colon = arrow == NULL && equals == NULL ? strchr(word, ':') : NULL;

    if (colon != NULL) {
        char *rest = colon + 1;
        *colon = '\0';
        item.mode = (unsigned)strtoul(rest, &rest, 8);
        item.uid = *rest == ':' ? strtoul(rest + 1, &rest, 10) : 0;
        item.gid = *rest == ':' ? strtoul(rest + 1, &rest, 10) : 0;
        item.time = *rest == ':' ? strtoul(rest + 1, &rest, 10) : 0;
        assert_int_equal(*rest, '\0');
    }
    if (word[strlen(word) - 1] == '/')
        item.type = '5';
    if (word[strlen(word) - 1] == '|') {
        word[strlen(word) - 1] = '\0';
        item.type = '6';
    }
    if (arrow != NULL) {
        *arrow = '\0';
        item.type = '2';
        item.target = arrow + 2;
    } else if (equals != NULL && equals[1] == '>') {
        *equals = '\0';
        item.type = '1';
        item.target = equals + 2;
    } else if (equals != NULL) {
        *equals = '\0';
        item.data = equals + 1;
        item.size = strlen(item.data);
    }
    tar_add(tar, &item);
}

/*
 * A tar from words between spaces: "a/" is a folder, "a" an empty file, "a=text" a file, "a|" a
 * fifo, "a->b" a link, "a=>b" a hard link; "a/:700:1000:1000:5" has mode, owner and time.
 */
static inline void layer_tar(const char *text, struct buf *out)
{
    CLEANUP(text) char *copy = xstrdup(text);

    for (char *at = copy; *at != '\0';) {
        size_t size = strcspn(at, " ");
        CLEANUP(text) char *word = xstrndup(at, size);
        at += size + strspn(at + size, " ");
        tar_add_word(out, word);
    }
    tar_end(out);
}

static inline la_ssize_t append(struct archive *archive, void *arg, const void *data, size_t size)
{
    (void)archive;
    buf_add(arg, data, size);
    return (la_ssize_t)size;
}

/* Packs with libarchive: "gzip" or "zstd"; NULL: not at all. The same bytes at any time. */
static inline void packed(const struct buf *plain, const char *filter, struct buf *out)
{
    if (filter == NULL) {
        buf_add(out, buf_text(plain), plain->size);
        return;
    }
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter_by_name(archive, filter), ARCHIVE_OK);
    if (strcmp(filter, "gzip") == 0) /* else its header holds the time */
        assert_int_equal(archive_write_set_filter_option(archive, "gzip", "timestamp", NULL),
                         ARCHIVE_OK);
    assert_int_equal(archive_write_set_bytes_in_last_block(archive, 1), ARCHIVE_OK);
    assert_int_equal(archive_write_open(archive, out, NULL, append, NULL), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(archive, buf_text(plain), plain->size), plain->size);
    archive_entry_free(entry);
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}

#define LAYERS_MAX 60

/* An image in memory, in a store that watches how its layers are opened and can misbehave. */
struct image {
    struct store base;
    struct store *inner;
    struct rootfs_layer layers[LAYERS_MAX];
    struct digest stored[LAYERS_MAX]; /* which blob is given for the layer */
    size_t count;
    bool is_endless[LAYERS_MAX];        /* gives zeros, slowly, and never ends */
    enum error_kind refuse[LAYERS_MAX]; /* how opening it fails, `refusals` times */
    size_t refusals;
    size_t together; /* opening waits until so many were opened */
    atomic_size_t opened[LAYERS_MAX];
    atomic_size_t running; /* how many are being opened now, and were at most */
    atomic_size_t peak;
};

static inline size_t image_opened(const struct image *image)
{
    size_t count = 0;

    for (size_t i = 0; i < image->count; i++)
        count += image->opened[i];
    return count;
}

static inline ssize_t endless_read(struct reader *reader, void *data, size_t size,
                                   struct error *err)
{
    (void)reader;
    if (cancel_wait(NULL, 1, err) < 0)
        return -1;
    memset(data, 0, size);
    return (ssize_t)size;
}

static inline void endless_free(struct reader *reader)
{
    free(reader);
}

static inline void image_watch(struct image *image)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    size_t running = atomic_fetch_add(&image->running, 1) + 1;
    size_t peak = atomic_load(&image->peak);

    while (peak < running && !atomic_compare_exchange_weak(&image->peak, &peak, running))
        continue;
    for (unsigned waited = 0; waited < 10000 && image_opened(image) < image->together; waited++)
        CHECK(cancel_wait(NULL, 1, &err), err);
    CHECK(cancel_wait(NULL, 2, &err), err);
    atomic_fetch_sub(&image->running, 1);
}

static inline int image_open_blob(struct store *store, const struct descriptor *blob,
                                  uint64_t offset, uint64_t length, struct reader **out,
                                  struct error *err)
{
    static const struct reader_ops endless_ops = {endless_read, endless_free};
    struct image *image = CONTAINER_OF(store, struct image, base);
    struct descriptor stored = *blob;
    size_t number = 0;

    while (number < image->count &&
           !digest_equal(&image->layers[number].blob.digest, &blob->digest))
        number++;
    assert_true(number < image->count);
    size_t before = atomic_fetch_add(&image->opened[number], 1);
    image_watch(image);
    if (before < image->refusals && image->refuse[number] != ERROR_NONE)
        return error_set(err, image->refuse[number], "the store refuses");
    if (image->is_endless[number]) {
        *out = xcalloc(1, sizeof(**out));
        (*out)->ops = &endless_ops;
        return 0;
    }
    stored.digest = image->stored[number];
    return image->inner->ops->open_blob(image->inner, &stored, offset, length, out, err);
}

static inline void image_init(struct image *image)
{
    static const struct store_ops ops = {.open_blob = image_open_blob};

    memset(image, 0, sizeof(*image));
    image->base.ops = &ops;
    image->base.name = xstrdup("counting");
    image->inner = store_new_memory();
}

static inline void image_release(struct image *image)
{
    store_free(image->inner);
    free(image->base.name);
}
CLEANUP_RELEASE(image)

static inline struct rootfs_layer *image_add_bytes(struct image *image, const struct buf *blob,
                                                   const struct digest *diff_id)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_layer *layer = &image->layers[image->count++];

    assert_true(image->count <= LAYERS_MAX);
    CHECK(descriptor_set(&layer->blob, MEDIA_TYPE_OCI_LAYER "+gzip", diff_id, 0, &err), err);
    CHECK(store_write_blob(image->inner, blob, &layer->blob, &err), err);
    layer->diff_id = *diff_id;
    image->stored[image->count - 1] = layer->blob.digest;
    return layer;
}

static inline struct rootfs_layer *image_add_tar(struct image *image, const struct buf *tar,
                                                 const char *filter)
{
    CLEANUP(buf) struct buf blob = BUF_INIT;
    struct digest diff_id = digest_of(DIGEST_SHA256, buf_text(tar), tar->size);

    packed(tar, filter, &blob);
    return image_add_bytes(image, &blob, &diff_id);
}

/* On top of the layers so far; packed in one of the three ways, by turns. */
static inline struct rootfs_layer *image_add(struct image *image, const char *text)
{
    static const char *const filters[] = {NULL, "gzip", "zstd"};
    CLEANUP(buf) struct buf tar = BUF_INIT;

    layer_tar(text, &tar);
    return image_add_tar(image, &tar, filters[image->count % ARRAY_SIZE(filters)]);
}

static inline struct rootfs *image_rootfs(struct image *image, unsigned jobs, const char *memo)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs *rootfs = NULL;
    const struct rootfs_options options = {
        .store = &image->base,
        .layers = image->layers,
        .layer_count = image->count,
        .memo = memo,
        .jobs = jobs,
    };

    CHECK(rootfs_open(&options, &rootfs, &err), err);
    return rootfs;
}

/* Entries as text: "usr d755 0:0 0, usr/x f644 1:2 0, usr/x/y -". */
static inline void entries_format(const struct rootfs_entry *entries, size_t count, struct buf *out)
{
    static const char letters[] = {[ROOTFS_ABSENT] = '-',
                                   [ROOTFS_FOLDER] = 'd',
                                   [ROOTFS_FILE] = 'f',
                                   [ROOTFS_LINK] = 'l',
                                   [ROOTFS_OTHER] = 'o'};

    for (size_t i = 0; i < count; i++) {
        const struct rootfs_entry *entry = &entries[i];
        buf_addf(out, "%s%s %c", i > 0 ? ", " : "", entry->path, letters[entry->type]);
        if (entry->type != ROOTFS_ABSENT)
            buf_addf(out, "%o %u:%u %ld", entry->mode, entry->uid, entry->gid, (long)entry->time_s);
    }
}

static inline void check_walk(struct rootfs *rootfs, const char *path, const char *expected)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    CHECK(rootfs_walk(rootfs, path, &entries, &count, &err), err);
    entries_format(entries, count, &text);
    rootfs_entries_free(entries, count);
    if (strcmp(buf_text(&text), expected) != 0)
        fail_msg("'%s' is \"%s\", expected \"%s\"", path, buf_text(&text), expected);
}

#endif
