#include "store/archive_internal.h"

#include <string.h>

/* A blob on its way into an archive. */
struct archive_writer {
    struct writer base;
    struct archive *archive;
    const struct digest *digest; /* borrowed; filled by the time of finish */
    struct digest expected;      /* what it was at the beginning */
    enum {
        WAY_DIRECT, /* an entry was begun: it is our turn */
        WAY_MEMORY, /* a small blob of a stream, until its digest and its kind are known */
        WAY_SPOOL,  /* a blob of a stream whose size is not yet known, into a file */
        WAY_DONE,   /* the archive has it, or has it by now */
    } way;
    struct buf held;
    int spool;
    char *name; /* of the entry; NULL: by its digest */
    uint64_t size;
    bool is_json;
};

static struct archive *archive_of(struct store *store)
{
    return CONTAINER_OF(store, struct archive, base);
}

/* The lock is held. */
static struct archived_blob *find_blob(struct archive *archive, const struct digest *digest)
{
    for (size_t i = 0; i < archive->blob_count; i++)
        if (digest_equal(&archive->blobs[i].digest, digest))
            return &archive->blobs[i];
    return NULL;
}

/* What there is of a blob; false if there is nothing. */
static bool look_up(struct archive *archive, const struct digest *digest, struct archived_blob *out)
{
    pthread_mutex_lock(&archive->lock);
    const struct archived_blob *found = find_blob(archive, digest);
    if (found != NULL)
        *out = *found;
    pthread_mutex_unlock(&archive->lock);
    return found != NULL;
}

const char *archive_find_name(struct archive *archive, const struct digest *digest)
{
    struct archived_blob blob = {.name = NULL};

    return look_up(archive, digest, &blob) ? blob.name : NULL;
}

static void note_blob(struct archive *archive, const struct digest *digest, const char *name,
                      const struct tar_range *range)
{
    pthread_mutex_lock(&archive->lock);
    archive->blobs = xrealloc(archive->blobs, archive->blob_count + 1, sizeof(*archive->blobs));
    archive->blobs[archive->blob_count++] =
        (struct archived_blob){.digest = *digest, .name = xstrdup(name), .range = *range};
    pthread_mutex_unlock(&archive->lock);
}

static int archive_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                            struct error *err)
{
    struct archived_blob found;

    (void)err;
    *out = look_up(archive_of(store), &blob->digest, &found) && found.range.size == blob->size;
    return 0;
}

static int archive_open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                             uint64_t length, struct reader **out, struct error *err)
{
    struct archive *archive = archive_of(store);
    struct archived_blob found;

    if (!look_up(archive, &blob->digest, &found))
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no blob '%s'", store->name,
                         digest_format(&blob->digest).text);
    if (!tar_out_is_file(archive->out))
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' is a stream: what was written to it cannot be read", store->name);
    *out = tar_out_read(archive->out, &found.range, offset, length);
    return 0;
}

static int blob_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct archive_writer *blob = CONTAINER_OF(writer, struct archive_writer, base);

    if (size > 0 && blob->size == 0)
        blob->is_json = *(const char *)data == '{';
    blob->size += size;
    switch (blob->way) {
    case WAY_DIRECT:
        return tar_out_write(blob->archive->out, data, size, err);
    case WAY_MEMORY:
        buf_add(&blob->held, data, size); /* the stage in front keeps to the announced size */
        return 0;
    case WAY_SPOOL:
        return fd_write(blob->spool, "a copy in the temporary folder", data, size, err);
    case WAY_DONE:
        break;
    }
    return 0;
}

/* Brings what was held back into the archive: an entry is begun, and has all its bytes. */
static int bring_held(struct archive_writer *blob, struct error *err)
{
    struct archive *archive = blob->archive;
    CLEANUP(reader) struct reader *reader = NULL;
    char part[65536];
    ssize_t got = 0;

    if (tar_out_begin(archive->out, blob->name, blob->size, err) < 0)
        return -1;
    enum { MEMORY, SPOOL } from = blob->way == WAY_MEMORY ? MEMORY : SPOOL;
    blob->way = WAY_DIRECT;
    if (from == MEMORY)
        return tar_out_write(archive->out, buf_text(&blob->held), blob->held.size, err);
    reader = fd_reader_new(blob->spool, "the copy in the temporary folder", 0, blob->size);
    while ((got = reader_read(reader, part, sizeof(part), err)) > 0)
        if (cancel_check(archive->cancel, err) < 0 ||
            tar_out_write(archive->out, part, (size_t)got, err) < 0)
            return -1;
    return got < 0 ? -1 : 0;
}

/* A stream cannot take back what has another digest than its entry's name says. */
static int check_expected(const struct archive_writer *blob, struct error *err)
{
    if (blob->expected.algorithm == DIGEST_NONE || digest_equal(&blob->expected, blob->digest))
        return 0;
    return error_set(err, ERROR_CORRUPT,
                     "a blob for '%s' has the digest %s, %s was announced; what it comes from has "
                     "changed in between",
                     blob->archive->base.name, digest_format(blob->digest).text,
                     digest_format(&blob->expected).text);
}

static int blob_finish(struct writer *writer, struct error *err)
{
    struct archive_writer *blob = CONTAINER_OF(writer, struct archive_writer, base);
    struct archive *archive = blob->archive;
    struct archived_blob found;
    struct tar_range range = {0, 0};

    if (check_expected(blob, err) < 0)
        return -1;
    if (blob->way == WAY_DONE)
        return 0;
    if (blob->name == NULL)
        blob->name = archive->form->blob_name(blob->digest, blob->is_json);
    if (blob->way != WAY_DIRECT && tar_out_take(archive->out, err) < 0)
        return -1;
    if (look_up(archive, blob->digest, &found)) { /* the same from another thread */
        if (blob->way != WAY_DIRECT)
            tar_out_give(archive->out);
        else if (tar_out_is_file(archive->out))
            tar_out_drop(archive->out);
        else if (tar_out_end(archive->out, blob->name, &range, err) < 0)
            return -1;
        blob->way = WAY_DONE;
        return 0;
    }
    if (blob->way != WAY_DIRECT && bring_held(blob, err) < 0)
        return -1;
    int result = tar_out_end(archive->out, blob->name, &range, err);
    blob->way = WAY_DONE;
    if (result == 0)
        note_blob(archive, blob->digest, blob->name, &range);
    return result;
}

static void blob_free(struct writer *writer)
{
    struct archive_writer *blob = CONTAINER_OF(writer, struct archive_writer, base);

    if (blob->way == WAY_DIRECT)
        tar_out_drop(blob->archive->out);
    fd_cleanup(&blob->spool);
    buf_release(&blob->held);
    free(blob->name);
    free(blob);
}

/*
 * In a stream the header comes first. Where a blob's name need not be its digest, small ones wait
 * in memory for it, since a config is among them, and those without a size in a file.
 */
static int choose_way(struct archive_writer *blob, uint64_t size, struct error *err)
{
    struct archive *archive = blob->archive;
    bool is_known = blob->expected.algorithm != DIGEST_NONE;
    bool is_stream = !tar_out_is_file(archive->out);
    struct archived_blob found;

    if (is_stream && !archive->form->keeps_manifests && size <= DOCUMENT_LIMIT) {
        blob->way = WAY_MEMORY;
        return 0;
    }
    if (is_stream && size == SIZE_UNKNOWN) {
        blob->way = WAY_SPOOL;
        return temporary_create(&blob->spool, err);
    }
    if (tar_out_take(archive->out, err) < 0)
        return -1;
    if (is_known && look_up(archive, &blob->expected, &found)) {
        tar_out_give(archive->out);
        return 0;
    }
    if (is_known)
        blob->name = archive->form->blob_name(&blob->expected, false);
    else if (is_stream)
        blob->name = xasprintf("%u.tar", ++archive->numbers); /* it is our turn */
    if (tar_out_begin(archive->out, blob->name, size, err) < 0)
        return -1;
    blob->way = WAY_DIRECT;
    if (!is_stream)
        free(TAKE(blob->name));
    return 0;
}

static int archive_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                               struct writer **out, struct error *err)
{
    static const struct writer_ops ops = {
        .write = blob_write, .finish = blob_finish, .free = blob_free};
    struct archive_writer *blob = xcalloc(1, sizeof(*blob));

    blob->base.ops = &ops;
    blob->archive = archive_of(store);
    blob->digest = digest;
    blob->expected = *digest;
    blob->spool = -1;
    blob->way = WAY_DONE;
    if (choose_way(blob, size, err) < 0) {
        blob_free(&blob->base);
        return -1;
    }
    *out = &blob->base;
    return 0;
}

static int archive_probe_write(struct store *store, struct error *err)
{
    return tar_out_probe(archive_of(store)->out, err);
}

static void archive_free(struct store *store)
{
    struct archive *archive = archive_of(store);

    tar_out_free(archive->out);
    for (size_t i = 0; i < archive->blob_count; i++)
        free(archive->blobs[i].name);
    for (size_t i = 0; i < archive->version_count; i++) {
        free(archive->versions[i].name);
        buf_release(&archive->versions[i].bytes);
    }
    free(archive->blobs);
    free(archive->versions);
    if (archive->free_arg != NULL)
        archive->free_arg(archive->arg);
    pthread_mutex_destroy(&archive->lock);
    free(archive);
}

static int archive_finish(struct store *store, struct error *err)
{
    struct archive *archive = archive_of(store);

    if (archive->version_count == 0)
        return error_set(err, ERROR_INTERNAL, "'%s' is to be finished without an image",
                         store->name);
    if (archive->form->close(archive, err) < 0)
        return -1;
    if (tar_out_finish(archive->out, err) == 0)
        return 0;
    return archive->settle != NULL ? archive->settle(archive, err) : -1;
}

struct store *archive_new(const struct archive_form *form, const struct tar_target *target,
                          void (*free_arg)(void *arg))
{
    static const struct store_ops ops = {
        .read_manifest = archive_read_manifest,
        .open_blob = archive_open_blob,
        .has_blob = archive_has_blob,
        .create_blob = archive_create_blob,
        .write_manifest = archive_write_manifest,
        .probe_write = archive_probe_write,
        .check_version = archive_check_version,
        .finish = archive_finish,
        .free = archive_free,
    };
    struct archive *archive = xcalloc(1, sizeof(*archive));

    archive->base.ops = &ops;
    archive->base.name = xstrdup(target->name);
    archive->form = form;
    archive->out = tar_out_new(target);
    archive->cancel = target->cancel;
    archive->arg = target->arg;
    archive->free_arg = free_arg;
    archive->base.digest_first = form->keeps_manifests && !tar_out_is_file(archive->out);
    archive->base.single_image = form->single_image;
    archive->base.sequential = true;
    pthread_mutex_init(&archive->lock, NULL);
    return &archive->base;
}
