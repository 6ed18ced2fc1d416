#include "store/store_internal.h"

#include <string.h>

struct memory_blob {
    struct digest digest;
    struct buf bytes; /* never changes, so a reader needs no lock */
};

/* A manifest, under its digest or under a tag. */
struct memory_version {
    char *name; /* the tag, or the text of the digest */
    bool is_tag;
    struct descriptor what;
    struct buf bytes;
};

struct memory {
    struct store base;
    pthread_mutex_t lock; /* guards the following */
    struct memory_blob *blobs;
    size_t blob_count;
    struct memory_version *versions;
    size_t version_count;
};

struct memory_blob_writer {
    struct writer base;
    struct memory *memory;
    const struct digest *digest; /* borrowed; filled by the time of finish */
    struct buf bytes;
};

static struct memory *memory_of(struct store *store)
{
    return CONTAINER_OF(store, struct memory, base);
}

/* The lock is held. */
static struct memory_blob *find_blob(struct memory *memory, const struct digest *digest)
{
    for (size_t i = 0; i < memory->blob_count; i++)
        if (digest_equal(&memory->blobs[i].digest, digest))
            return &memory->blobs[i];
    return NULL;
}

/* The lock is held. */
static struct memory_version *find_version(struct memory *memory, const char *name)
{
    for (size_t i = 0; i < memory->version_count; i++)
        if (strcmp(memory->versions[i].name, name) == 0)
            return &memory->versions[i];
    return NULL;
}

/* The one image that all tags name, or NULL. The lock is held. */
static struct memory_version *find_only(struct memory *memory)
{
    struct memory_version *only = NULL;

    for (size_t i = 0; i < memory->version_count; i++) {
        struct memory_version *version = &memory->versions[i];
        if (version->is_tag && only != NULL &&
            !digest_equal(&version->what.digest, &only->what.digest))
            return NULL;
        if (version->is_tag)
            only = version;
    }
    return only;
}

static int memory_read_manifest(struct store *store, const char *version, struct buf *out,
                                struct descriptor *what, struct error *err)
{
    struct memory *memory = memory_of(store);
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    pthread_mutex_lock(&memory->lock);
    struct memory_version *found =
        version != NULL ? find_version(memory, version) : find_only(memory);
    if (found != NULL) {
        buf_clear(out);
        buf_add(out, buf_text(&found->bytes), found->bytes.size);
        *what = found->what;
    }
    for (size_t i = 0; i < memory->version_count; i++)
        if (memory->versions[i].is_tag)
            strings_add(&names, memory->versions[i].name);
    pthread_mutex_unlock(&memory->lock);
    if (found != NULL)
        return 0;
    version_refuse(version, &names, err);
    return error_wrap(err, "'%s'", store->name);
}

static int memory_open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                            uint64_t length, struct reader **out, struct error *err)
{
    struct memory *memory = memory_of(store);
    struct buf bytes = BUF_INIT; /* borrowed from the blob */

    pthread_mutex_lock(&memory->lock);
    const struct memory_blob *found = find_blob(memory, &blob->digest);
    if (found != NULL)
        bytes = found->bytes;
    pthread_mutex_unlock(&memory->lock);
    if (found == NULL)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no blob '%s'", store->name,
                         digest_format(&blob->digest).text);
    uint64_t left = offset < bytes.size ? bytes.size - offset : 0;
    *out = memory_reader_new(left > 0 ? bytes.data + offset : "",
                             (size_t)(length < left ? length : left));
    return 0;
}

static int memory_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                           struct error *err)
{
    struct memory *memory = memory_of(store);

    (void)err;
    pthread_mutex_lock(&memory->lock);
    *out = find_blob(memory, &blob->digest) != NULL;
    pthread_mutex_unlock(&memory->lock);
    return 0;
}

static int memory_blob_write(struct writer *writer, const void *data, size_t size,
                             struct error *err)
{
    (void)err;
    buf_add(&CONTAINER_OF(writer, struct memory_blob_writer, base)->bytes, data, size);
    return 0;
}

static int memory_blob_finish(struct writer *writer, struct error *err)
{
    struct memory_blob_writer *blob = CONTAINER_OF(writer, struct memory_blob_writer, base);
    struct memory *memory = blob->memory;

    (void)err;
    pthread_mutex_lock(&memory->lock);
    if (find_blob(memory, blob->digest) == NULL) {
        memory->blobs = xrealloc(memory->blobs, memory->blob_count + 1, sizeof(*memory->blobs));
        memory->blobs[memory->blob_count++] =
            (struct memory_blob){.digest = *blob->digest, .bytes = blob->bytes};
        blob->bytes = (struct buf)BUF_INIT;
    }
    pthread_mutex_unlock(&memory->lock);
    return 0;
}

static void memory_blob_free(struct writer *writer)
{
    struct memory_blob_writer *blob = CONTAINER_OF(writer, struct memory_blob_writer, base);

    buf_release(&blob->bytes);
    free(blob);
}

static int memory_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                              struct writer **out, struct error *err)
{
    static const struct writer_ops ops = {
        .write = memory_blob_write, .finish = memory_blob_finish, .free = memory_blob_free};
    struct memory_blob_writer *blob = xcalloc(1, sizeof(*blob));

    (void)size;
    (void)err;
    blob->base.ops = &ops;
    blob->memory = memory_of(store);
    blob->digest = digest;
    *out = &blob->base;
    return 0;
}

/* The lock is held. */
static void set_version(struct memory *memory, const char *name, bool is_tag,
                        const struct descriptor *what, const struct buf *bytes)
{
    struct memory_version *version = find_version(memory, name);

    if (version == NULL) {
        memory->versions =
            xrealloc(memory->versions, memory->version_count + 1, sizeof(*memory->versions));
        version = &memory->versions[memory->version_count++];
        *version = (struct memory_version){.name = xstrdup(name), .is_tag = is_tag};
    }
    version->what = *what;
    buf_clear(&version->bytes);
    buf_add(&version->bytes, buf_text(bytes), bytes->size);
}

static int memory_write_manifest(struct store *store, const char *version, const char *media_type,
                                 const struct buf *manifest, struct error *err)
{
    struct memory *memory = memory_of(store);
    struct digest digest = DIGEST_INIT;
    bool is_tag = !version_is_digest(version, &digest);
    struct descriptor what = DESCRIPTOR_INIT;

    if (version_describe(manifest, media_type, &digest, &what, err) < 0)
        return -1;
    pthread_mutex_lock(&memory->lock);
    set_version(memory, digest_format(&what.digest).text, false, &what, manifest);
    if (is_tag)
        set_version(memory, version, true, &what, manifest);
    pthread_mutex_unlock(&memory->lock);
    return 0;
}

static int memory_probe_write(struct store *store, struct error *err)
{
    (void)store;
    (void)err;
    return 0;
}

static void memory_free(struct store *store)
{
    struct memory *memory = memory_of(store);

    for (size_t i = 0; i < memory->blob_count; i++)
        buf_release(&memory->blobs[i].bytes);
    for (size_t i = 0; i < memory->version_count; i++) {
        free(memory->versions[i].name);
        buf_release(&memory->versions[i].bytes);
    }
    free(memory->blobs);
    free(memory->versions);
    pthread_mutex_destroy(&memory->lock);
    free(memory);
}

struct store *store_new_memory(void)
{
    static const struct store_ops ops = {
        .read_manifest = memory_read_manifest,
        .open_blob = memory_open_blob,
        .has_blob = memory_has_blob,
        .create_blob = memory_create_blob,
        .write_manifest = memory_write_manifest,
        .probe_write = memory_probe_write,
        .free = memory_free,
    };
    struct memory *memory = xcalloc(1, sizeof(*memory));

    memory->base.ops = &ops;
    memory->base.keeps_referrers = true;
    memory->base.name = xstrdup("memory");
    pthread_mutex_init(&memory->lock, NULL);
    return &memory->base;
}
