#ifndef INLAY_TESTING_STRICT_STORE_H
#define INLAY_TESTING_STRICT_STORE_H

/* A store that is as strict as registries are, and says what was written. */

#include "testing/bench.h"

/*
 * A store in memory that notes what is written, in order, and is as strict as registries are: a
 * manifest whose parts are not there is refused.
 */
struct strict {
    struct store base;
    struct store *behind;
    struct strings written; /* texts of digests, and tags */
    pthread_mutex_t lock;   /* of `written` and `open` */
    size_t open;            /* blobs being written */
    size_t most_open;
    const char *refused; /* a version that is not taken; NULL: none */
    uint64_t most;       /* bytes of a blob; 0: any */
    bool finished;
};

struct strict_writer {
    struct writer base;
    struct writer *behind;
    struct strict *strict;
    const struct digest *digest;
};

static inline struct strict *strict_of(struct store *store)
{
    return CONTAINER_OF(store, struct strict, base);
}

static inline void note(struct strict *strict, const char *text)
{
    pthread_mutex_lock(&strict->lock);
    strings_add(&strict->written, text);
    pthread_mutex_unlock(&strict->lock);
}

static inline int strict_read_manifest(struct store *store, const char *version, struct buf *out,
                                       struct descriptor *what, struct error *err)
{
    struct store *behind = strict_of(store)->behind;

    return behind->ops->read_manifest(behind, version, out, what, err);
}

static inline int strict_open_blob(struct store *store, const struct descriptor *blob,
                                   uint64_t offset, uint64_t length, struct reader **out,
                                   struct error *err)
{
    struct store *behind = strict_of(store)->behind;

    return behind->ops->open_blob(behind, blob, offset, length, out, err);
}

static inline int strict_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                                  struct error *err)
{
    return store_has_blob(strict_of(store)->behind, blob, out, err);
}

static inline int strict_blob_write(struct writer *writer, const void *data, size_t size,
                                    struct error *err)
{
    return writer_write(CONTAINER_OF(writer, struct strict_writer, base)->behind, data, size, err);
}

static inline int strict_blob_finish(struct writer *writer, struct error *err)
{
    struct strict_writer *blob = CONTAINER_OF(writer, struct strict_writer, base);

    if (writer_finish(blob->behind, err) < 0)
        return -1;
    note(blob->strict, digest_format(blob->digest).text);
    return 0;
}

static inline void strict_blob_free(struct writer *writer)
{
    struct strict_writer *blob = CONTAINER_OF(writer, struct strict_writer, base);

    pthread_mutex_lock(&blob->strict->lock);
    blob->strict->open--;
    pthread_mutex_unlock(&blob->strict->lock);
    writer_free(blob->behind);
    free(blob);
}

static inline int strict_create_blob(struct store *store, uint64_t size,
                                     const struct digest *digest, struct writer **out,
                                     struct error *err)
{
    static const struct writer_ops ops = {
        .write = strict_blob_write, .finish = strict_blob_finish, .free = strict_blob_free};
    struct strict *strict = strict_of(store);
    struct writer *behind = NULL;

    if (strict->behind->ops->create_blob(strict->behind, size, digest, &behind, err) < 0)
        return -1;
    pthread_mutex_lock(&strict->lock);
    if (++strict->open > strict->most_open)
        strict->most_open = strict->open;
    pthread_mutex_unlock(&strict->lock);
    struct strict_writer *blob = xcalloc(1, sizeof(*blob));
    *blob = (struct strict_writer){{&ops}, behind, strict, digest};
    *out = &blob->base;
    return 0;
}

/* Is what a document mentions there? */
static inline int check_parts(struct strict *strict, const struct document *document,
                              struct error *err)
{
    CLEANUP(document) struct document child = DOCUMENT_INIT;
    struct descriptor *children = NULL;
    size_t count = 0;
    bool there = true;
    int result = document_children(document, &children, &count, err);

    for (size_t i = 0; i < count && result == 0; i++) {
        bool manifest = media_type_is_manifest(children[i].media_type) ||
                        media_type_is_index(children[i].media_type);
        if (document->is_index && manifest)
            result = store_read_document(strict->behind, digest_format(&children[i].digest).text,
                                         &child, err);
        else
            result = store_has_blob(strict->behind, &children[i], &there, err);
        if (result == 0 && !there)
            result = error_set(err, ERROR_NOT_FOUND, "%s is mentioned and not there",
                               digest_format(&children[i].digest).text);
    }
    free(children);
    return result;
}

static inline int strict_write_manifest(struct store *store, const char *version,
                                        const char *media_type, const struct buf *manifest,
                                        struct error *err)
{
    struct strict *strict = strict_of(store);
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor what = {.size = manifest->size};

    if (strict->refused != NULL && strcmp(strict->refused, version) == 0)
        return error_set(err, ERROR_DENIED, "'%s' may not be written", version);
    buf_add(&bytes, buf_text(manifest), manifest->size);
    memcpy(what.media_type, media_type, strlen(media_type) + 1);
    what.digest = digest_of(DIGEST_SHA256, buf_text(manifest), manifest->size);
    if (document_parse(&bytes, &what, &document, err) < 0 ||
        check_parts(strict, &document, err) < 0)
        return -1;
    note(strict, version);
    return store_write_manifest(strict->behind, version, media_type, manifest, err);
}

static inline int strict_probe_write(struct store *store, struct error *err)
{
    (void)store;
    (void)err;
    return 0;
}

static inline int strict_check_blob_size(const struct store *store, uint64_t size,
                                         struct error *err)
{
    uint64_t most = strict_of((struct store *)(uintptr_t)store)->most;

    if (most > 0 && size > most)
        return error_set(err, ERROR_UNSUPPORTED, "it would be too large");
    return 0;
}

static inline int strict_finish(struct store *store, struct error *err)
{
    (void)err;
    strict_of(store)->finished = true;
    return 0;
}

static inline void strict_free(struct store *store)
{
    struct strict *strict = strict_of(store);

    store_free(strict->behind);
    strings_release(&strict->written);
    pthread_mutex_destroy(&strict->lock);
    free(strict);
}

static inline struct store *new_strict(void)
{
    static const struct store_ops ops = {
        .read_manifest = strict_read_manifest,
        .open_blob = strict_open_blob,
        .has_blob = strict_has_blob,
        .create_blob = strict_create_blob,
        .write_manifest = strict_write_manifest,
        .probe_write = strict_probe_write,
        .check_blob_size = strict_check_blob_size,
        .finish = strict_finish,
        .free = strict_free,
    };
    struct strict *strict = xcalloc(1, sizeof(*strict));

    strict->base.ops = &ops;
    strict->base.name = xstrdup("strict");
    strict->behind = store_new_memory();
    pthread_mutex_init(&strict->lock, NULL);
    return &strict->base;
}

#endif
