#include "store/store.h"

#include "core/ahead.h"
#include "core/nearest.h"
#include "store/store_internal.h"

#include <inttypes.h>
#include <string.h>

#define NAME_SHOWN_MAX 200 /* bytes */

/* Whoever opens a reference has one. */
static int refuse_none(const struct reference *reference, const struct store_context *context,
                       struct store **out, struct error *err)
{
    (void)reference;
    (void)context;
    (void)out;
    return error_set(err, ERROR_INTERNAL, "no image is named, and a store is to be opened for it");
}

int store_open(const struct reference *reference, const struct store_context *context,
               struct store **out, struct error *err)
{
#define OPENER_ROW(constant, opener, ...) [constant] = opener##_open,
    static store_opener *const openers[] = {
        [REFERENCE_NONE] = refuse_none,
        REFERENCE_KINDS(OPENER_ROW)[REFERENCE_SCRATCH] = scratch_open,
    };

    return openers[reference->kind](reference, context, out, err);
}

int store_open_target(const struct reference *reference, const struct store_context *context,
                      struct store **out, struct error *err)
{
#define TARGET_OPENER_ROW(constant, opener, ...) [constant] = opener##_open_target,
    static store_opener *const openers[] = {
        [REFERENCE_NONE] = refuse_none,
        REFERENCE_KINDS(TARGET_OPENER_ROW)[REFERENCE_SCRATCH] = scratch_open_target,
    };

    return openers[reference->kind](reference, context, out, err);
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    char *name = store->name; /* what is still on its way names it in its errors */
    store->ops->free(store);
    free(name);
}

bool version_is_digest(const char *version, struct digest *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is a tag, or neither */

    return digest_parse(version, out, &ignored) == 0;
}

int version_describe(const struct buf *bytes, const char *media_type, const struct digest *expected,
                     struct descriptor *out, struct error *err)
{
    bool is_expected = expected->algorithm != DIGEST_NONE;
    struct digest found =
        digest_of(is_expected ? expected->algorithm : DIGEST_SHA256, buf_text(bytes), bytes->size);

    if (is_expected && !digest_equal(&found, expected))
        return error_set(err, ERROR_CORRUPT, "%s was asked for, and the bytes have the digest %s",
                         digest_format(expected).text, digest_format(&found).text);
    return descriptor_set(out, media_type, &found, bytes->size, err);
}

/* A name may be an archive's, of any size; it is cut where a character ends. */
static char *shorten(const char *name)
{
    size_t size = strnlen(name, NAME_SHOWN_MAX + 1);

    if (size <= NAME_SHOWN_MAX)
        return xstrdup(name);
    for (size = NAME_SHOWN_MAX; size > 0 && ((unsigned char)name[size] & 0xc0) == 0x80;)
        size--;
    return xasprintf("%.*s…", (int)size, name);
}

char *version_format_near(const char *version, const struct strings *names)
{
    struct nearest nearest = nearest_begin(version);

    nearest.by_parts = false; /* "1" is in every second tag */
    for (size_t i = 0; i < names->count; i++)
        nearest_consider(&nearest, names->items[i]);
    return nearest_format(&nearest);
}

int version_refuse(const char *version, const struct strings *names, struct error *err)
{
    static const size_t most = 20;
    CLEANUP(buf) struct buf list = BUF_INIT;

    for (size_t i = 0; i < names->count && i < most; i++) {
        CLEANUP(text) char *name = shorten(names->items[i]);
        buf_addf(&list, "%s'%s'", i > 0 ? ", " : "", name);
    }
    if (names->count > most)
        buf_addf(&list, " and %zu more", names->count - most);
    if (names->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "it holds no image");
    if (version == NULL)
        return error_set(err, ERROR_USAGE, "it holds several images; name one of %s",
                         buf_text(&list));
    CLEANUP(text) char *wanted = shorten(version);
    CLEANUP(text) char *near = version_format_near(version, names);
    return error_set(err, ERROR_NOT_FOUND, "it has no image '%s'%s; there is %s", wanted, near,
                     buf_text(&list));
}

int store_read_document(struct store *store, const char *version, struct document *out,
                        struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor what = DESCRIPTOR_INIT;

    if (store->ops->read_manifest(store, version, &bytes, &what, err) < 0)
        return -1;
    if (document_parse(&bytes, &what, out, err) < 0)
        return error_wrap(err, "reading '%s' of '%s'",
                          version != NULL ? version : digest_format(&what.digest).text,
                          store->name);
    return 0;
}

static int read_blob_once(struct store *store, const struct descriptor *blob, struct buf *out,
                          struct error *err)
{
    CLEANUP(reader) struct reader *raw = NULL;
    struct digest_text name = digest_format(&blob->digest);

    if (store->ops->open_blob(store, blob, 0, SIZE_UNKNOWN, &raw, err) < 0)
        return -1;
    CLEANUP(reader)
    struct reader *verified = verify_reader_new(raw, name.text, blob->size, &blob->digest);
    if (reader_read_all(verified, DOCUMENT_LIMIT, out, err) < 0)
        return error_wrap(err, "'%s'", store->name);
    return 0;
}

int store_read_blob(struct store *store, const struct descriptor *blob, struct buf *out,
                    struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    if (blob->size > DOCUMENT_LIMIT)
        return error_set(
            err, ERROR_CORRUPT, "blob '%s' of '%s' has %" PRIu64 " bytes, expected %zu at most",
            digest_format(&blob->digest).text, store->name, blob->size, DOCUMENT_LIMIT);
    int result = read_blob_once(store, blob, &bytes, err);
    if (result < 0 && err->kind == ERROR_CORRUPT) { /* it may have been changed on the way */
        buf_clear(&bytes);
        error_release(err);
        result = read_blob_once(store, blob, &bytes, err);
    }
    if (result < 0)
        return -1;
    buf_release(out);
    *out = bytes;
    bytes = (struct buf)BUF_INIT;
    return 0;
}

int store_has_blob(struct store *store, const struct descriptor *blob, bool *out, struct error *err)
{
    return store->ops->has_blob(store, blob, out, err);
}

int store_check_blob_size(const struct store *store, uint64_t size, struct error *err)
{
    return store->ops->check_blob_size != NULL ? store->ops->check_blob_size(store, size, err) : 0;
}

/* Sending so much takes no longer than asking for it, where asking is a round trip. */
#define SMALL_BLOB ((size_t)64 * KIB)

/* Digest and the writer of the store, with threads of their own, as one that owns both. */
struct blob_writer {
    struct writer base;
    struct writer *stage;
    struct writer *target;
    struct descriptor *blob; /* borrowed; told at the end */
    struct digest digest;
    uint64_t size;
    uint64_t announced; /* SIZE_UNKNOWN: any size will do */
    uint64_t passed;
};

static int blob_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct blob_writer *blob = CONTAINER_OF(writer, struct blob_writer, base);

    if (size == 0)
        return 0;
    if (blob->announced - blob->passed < size)
        return error_set(err, ERROR_CORRUPT, "a blob of %" PRIu64 " bytes has more than that",
                         blob->announced);
    blob->passed += size;
    return writer_write(blob->stage, data, size, err);
}

static int blob_room(struct writer *writer, char **data, size_t *size, struct error *err)
{
    struct blob_writer *blob = CONTAINER_OF(writer, struct blob_writer, base);

    return writer_room(blob->stage, data, size, err);
}

static int blob_finish(struct writer *writer, struct error *err)
{
    struct blob_writer *blob = CONTAINER_OF(writer, struct blob_writer, base);

    if (blob->announced != SIZE_UNKNOWN && blob->announced != blob->passed)
        return error_set(err, ERROR_CORRUPT,
                         "a blob of %" PRIu64 " bytes ends after %" PRIu64 " bytes",
                         blob->announced, blob->passed);
    if (writer_finish(blob->stage, err) < 0)
        return -1;
    blob->blob->digest = blob->digest;
    blob->blob->size = blob->size;
    return 0;
}

static void blob_free(struct writer *writer)
{
    struct blob_writer *blob = CONTAINER_OF(writer, struct blob_writer, base);

    writer_free(blob->stage);
    writer_free(blob->target);
    free(blob);
}

int store_create_blob(struct store *store, uint64_t size, struct descriptor *blob,
                      struct writer **out, struct error *err)
{
    static const struct writer_ops ops = {
        .room = blob_room, .write = blob_write, .finish = blob_finish, .free = blob_free};
    struct blob_writer *new;

    if (store->digest_first && (blob->digest.algorithm == DIGEST_NONE || blob->size != size))
        return error_set(err, ERROR_INTERNAL,
                         "a blob for '%s' needs its digest and size beforehand", store->name);
    new = xcalloc(1, sizeof(*new));
    new->base.ops = &ops;
    new->blob = blob;
    new->announced = size;
    if (store->digest_first)
        new->digest = blob->digest;
    if (store->ops->create_blob(store, size, &new->digest, &new->target, err) < 0) {
        free(new);
        return -1;
    }
    new->stage = async_digest_writer_new(new->target, DIGEST_SHA256, &new->digest, &new->size);
    *out = &new->base;
    return 0;
}

void store_set_replay(const struct store *store, struct writer *blob,
                      const struct blob_replay *replay)
{
    const struct blob_writer *writer = CONTAINER_OF(blob, struct blob_writer, base);

    if (store->ops->set_replay != NULL)
        store->ops->set_replay(writer->target, replay);
}

static int write_blob_once(struct store *store, const struct buf *bytes, struct descriptor *blob,
                           struct error *err)
{
    CLEANUP(writer) struct writer *writer = NULL;

    if (store_create_blob(store, bytes->size, blob, &writer, err) < 0 ||
        writer_write(writer, buf_text(bytes), bytes->size, err) < 0)
        return -1;
    return writer_finish(writer, err);
}

/* Whether a blob is there, asked while it is being opened for writing. */
struct presence {
    struct store *store;
    const struct descriptor *blob;
    bool is_there;
};

static int look_for_blob(void *arg, struct error *err)
{
    struct presence *presence = arg;

    return store_has_blob(presence->store, presence->blob, &presence->is_there, err);
}

/* The same where each question is a round trip: mostly it is not there. */
static int write_missing_blob(struct store *store, const struct buf *bytes, struct descriptor *blob,
                              struct error *err)
{
    const struct descriptor wanted = *blob;
    struct presence presence = {.store = store, .blob = &wanted};
    CLEANUP(ahead) struct ahead ahead = {.is_begun = false}; /* ends before what it fills */
    CLEANUP(writer) struct writer *writer = NULL;
    CLEANUP(error) struct error why = ERROR_INIT; /* it may be there all the same */

    ahead_begin(&ahead, look_for_blob, &presence, NULL);
    int opened = store_create_blob(store, bytes->size, blob, &writer, &why);
    if (ahead_join(&ahead, err) < 0)
        return -1;
    if (presence.is_there)
        return 0;
    if (opened < 0)
        return error_move(err, &why);
    if (writer_write(writer, buf_text(bytes), bytes->size, err) < 0)
        return -1;
    return writer_finish(writer, err);
}

static int write_unless_there(struct store *store, const struct buf *bytes, struct descriptor *blob,
                              struct error *err)
{
    bool is_there = false;

    if (store->is_remote)
        return write_missing_blob(store, bytes, blob, err);
    if (store_has_blob(store, blob, &is_there, err) < 0)
        return -1;
    return is_there ? 0 : write_blob_once(store, bytes, blob, err);
}

typedef int blob_write_fn(struct store *store, const struct buf *bytes, struct descriptor *blob,
                          struct error *err);

static int write_twice(struct store *store, const struct buf *bytes, struct descriptor *blob,
                       blob_write_fn *first, struct error *err)
{
    struct descriptor found = *blob;

    found.digest = digest_of(DIGEST_SHA256, buf_text(bytes), bytes->size);
    found.size = bytes->size;
    if (first(store, bytes, &found, err) < 0) {
        if (err->kind != ERROR_CORRUPT)
            return -1;
        error_release(err); /* other bytes have arrived: once more */
        if (write_blob_once(store, bytes, &found, err) < 0)
            return -1;
    }
    *blob = found;
    return 0;
}

int store_write_blob(struct store *store, const struct buf *bytes, struct descriptor *blob,
                     struct error *err)
{
    return write_twice(store, bytes, blob, write_unless_there, err);
}

int store_put_blob(struct store *store, const struct buf *bytes, struct descriptor *blob,
                   struct error *err)
{
    if (!store->is_remote || bytes->size > SMALL_BLOB)
        return store_write_blob(store, bytes, blob, err);
    return write_twice(store, bytes, blob, write_blob_once, err);
}

/* What holds where the store has no rule of its own. */
static int check_version(struct store *store, const char *version, struct error *err)
{
    struct digest digest;

    if (version == NULL)
        return error_set(err, ERROR_USAGE, "'%s' needs a tag: write '%s:TAG'", store->name,
                         store->name);
    if (!version_is_digest(version, &digest) && !reference_is_tag(version))
        return error_set(err, ERROR_USAGE, "'%s' is not a tag and not a digest", version);
    return 0;
}

int store_check_version(struct store *store, const char *version, struct error *err)
{
    int (*check)(struct store *, const char *, struct error *) = store->ops->check_version;

    return (check != NULL ? check : check_version)(store, version, err);
}

int store_write_manifest(struct store *store, const char *version, const char *media_type,
                         const struct buf *manifest, struct error *err)
{
    struct digest digest = DIGEST_INIT;
    struct descriptor ignored = DESCRIPTOR_INIT;

    if (store_check_version(store, version, err) < 0)
        return -1;
    if (version != NULL)
        (void)version_is_digest(version, &digest);
    if (version_describe(manifest, media_type, &digest, &ignored, err) < 0)
        return error_wrap(err, "writing a manifest to '%s'", store->name);
    return store->ops->write_manifest(store, version, media_type, manifest, err);
}

int store_probe_write(struct store *store, struct error *err)
{
    return store->ops->probe_write(store, err);
}

void store_expect_write(struct store *store)
{
    if (store->ops->expect_write != NULL)
        store->ops->expect_write(store);
}

bool store_may_mount(struct store *store, const struct store *from)
{
    return store->ops->may_mount != NULL && store->ops->may_mount(store, from);
}

void store_expect_blobs(struct store *store, unsigned count)
{
    if (store->ops->expect_blobs != NULL)
        store->ops->expect_blobs(store, count);
}

void store_write_later(struct store *store)
{
    if (store->ops->write_later != NULL)
        store->ops->write_later(store);
}

int store_settle(struct store *store, struct error *err)
{
    return store->ops->settle != NULL ? store->ops->settle(store, err) : 0;
}

size_t store_unsettled(struct store *store)
{
    return store->ops->unsettled != NULL ? store->ops->unsettled(store) : 0;
}

void store_drop_unused(struct store *store)
{
    if (store->ops->drop_unused != NULL)
        store->ops->drop_unused(store);
}

int store_finish(struct store *store, struct error *err)
{
    return store->ops->finish != NULL ? store->ops->finish(store, err) : 0;
}
