#include "store/archive_internal.h"

#include <inttypes.h>
#include <string.h>

/* An OCI image layout in a tar, as it is read (image-spec, image-layout.md). */
struct oci_archive {
    struct store base;
    char *path;                  /* "-" for standard input */
    const struct cancel *cancel; /* borrowed; may be NULL */
    struct ticket_lock ticket;   /* who has it owns the following, which never change once set */
    struct tar_index *tar;
    json_t *index;
};

static struct oci_archive *oci_archive_of(struct store *store)
{
    return CONTAINER_OF(store, struct oci_archive, base);
}

static int refuse_other(const struct oci_archive *archive, const struct tar_index *tar,
                        const char *missing, struct error *err)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the question is only whether it is there */
    struct tar_range range;
    bool is_docker = tar_index_find(tar, "manifest.json", &range, &ignored) == 0;

    return error_set(err, ERROR_CORRUPT, "'%s' is not an OCI archive: it has no file '%s'%s%s%s",
                     archive->path, missing, is_docker ? "; try 'docker-archive:" : "",
                     is_docker ? archive->path : "", is_docker ? "'" : "");
}

/* Loads a file of the layout without which it is none. */
static int load_part(const struct oci_archive *archive, const struct tar_index *tar,
                     const char *name, size_t limit, struct buf *out, struct error *err)
{
    if (tar_index_load(tar, name, limit, out, err) == 0)
        return 0;
    return err->kind == ERROR_NOT_FOUND ? refuse_other(archive, tar, name, err) : -1;
}

static int load(struct oci_archive *archive, struct error *err)
{
    CLEANUP(tar_index) struct tar_index *tar = NULL;
    CLEANUP(buf) struct buf layout = BUF_INIT;
    CLEANUP(buf) struct buf index = BUF_INIT;
    int fd = -1;

    if (archive->tar != NULL)
        return 0;
    if (spool_open(archive->path, archive->cancel, &fd, err) < 0 ||
        tar_index_open(fd, archive->path, archive->cancel, &tar, err) < 0 ||
        load_part(archive, tar, "oci-layout", OCI_LAYOUT_LIMIT, &layout, err) < 0 ||
        load_part(archive, tar, "index.json", DOCUMENT_LIMIT, &index, err) < 0)
        return -1;
    if (oci_layout_check(&layout, err) < 0 || oci_index_parse(&index, &archive->index, err) < 0)
        return error_wrap(err, "'%s'", archive->base.name);
    archive->tar = TAKE(tar);
    return 0;
}

/* At the first use the tar is listed, by one thread, while others wait. */
static int prepare(struct oci_archive *archive, struct error *err)
{
    if (ticket_lock_take(&archive->ticket, archive->cancel, err) < 0)
        return -1;
    int result = load(archive, err);
    ticket_lock_give(&archive->ticket);
    return result;
}

static int find_blob(const struct oci_archive *archive, const struct digest *digest,
                     struct tar_range *out, struct error *err)
{
    CLEANUP(text)
    char *name = xasprintf("blobs/%s/%s", digest_algorithm_name(digest->algorithm),
                           digest_format_hex(digest).text);

    if (tar_index_find(archive->tar, name, out, err) == 0)
        return 0;
    if (err->kind == ERROR_NOT_FOUND)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no blob '%s'", archive->base.name,
                         digest_format(digest).text);
    return -1;
}

static int check_size(const struct oci_archive *archive, const struct digest *digest, uint64_t size,
                      uint64_t expected, struct error *err)
{
    if (size != expected)
        return error_set(err, ERROR_CORRUPT,
                         "'%s': blob '%s' has %" PRIu64 " bytes, its descriptor says %" PRIu64,
                         archive->base.name, digest_format(digest).text, size, expected);
    return 0;
}

/* What index.json says of a version; the size is SIZE_UNKNOWN if it does not mention it. */
static int find_manifest(const struct oci_archive *archive, const char *version,
                         struct descriptor *out, struct error *err)
{
    struct descriptor found = {.size = SIZE_UNKNOWN};

    if (version == NULL || !version_is_digest(version, &found.digest)) {
        if (oci_index_find(archive->index, version, &found, err) < 0)
            return error_wrap(err, "'%s'", archive->base.name);
    } else {
        struct digest digest = found.digest;
        (void)oci_index_find_digest(archive->index, &digest, &found); /* else a child of an index */
    }
    *out = found;
    return 0;
}

static int oci_archive_read_manifest(struct store *store, const char *version, struct buf *out,
                                     struct descriptor *what, struct error *err)
{
    struct oci_archive *archive = oci_archive_of(store);
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor found = DESCRIPTOR_INIT;
    struct tar_range range = {0, 0};

    if (prepare(archive, err) < 0 || find_manifest(archive, version, &found, err) < 0)
        return -1;
    if (find_blob(archive, &found.digest, &range, err) < 0) {
        if (err->kind == ERROR_NOT_FOUND && found.size != SIZE_UNKNOWN)
            err->kind = ERROR_CORRUPT; /* index.json says that it is there */
        return -1;
    }
    if (found.size != SIZE_UNKNOWN &&
        check_size(archive, &found.digest, range.size, found.size, err) < 0)
        return -1;
    reader = tar_index_read(archive->tar, &range, 0, SIZE_UNKNOWN);
    if (reader_read_all(reader, DOCUMENT_LIMIT, &bytes, err) < 0 ||
        version_describe(&bytes, found.media_type, &found.digest, what, err) < 0)
        return error_wrap(err, "'%s'", archive->base.name);
    buf_release(out);
    *out = bytes;
    bytes = (struct buf)BUF_INIT;
    return 0;
}

static int oci_archive_open_blob(struct store *store, const struct descriptor *blob,
                                 uint64_t offset, uint64_t length, struct reader **out,
                                 struct error *err)
{
    struct oci_archive *archive = oci_archive_of(store);
    struct tar_range range = {0, 0};

    if (prepare(archive, err) < 0 || find_blob(archive, &blob->digest, &range, err) < 0 ||
        check_size(archive, &blob->digest, range.size, blob->size, err) < 0)
        return -1;
    *out = tar_index_read(archive->tar, &range, offset, length);
    return 0;
}

static int oci_archive_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                                struct error *err)
{
    struct oci_archive *archive = oci_archive_of(store);
    struct tar_range range = {0, 0};
    bool is_there;

    if (prepare(archive, err) < 0)
        return -1;
    is_there = find_blob(archive, &blob->digest, &range, err) == 0;
    if (!is_there && err->kind != ERROR_NOT_FOUND)
        return -1;
    error_release(err);
    *out = is_there && range.size == blob->size;
    return 0;
}

static int oci_archive_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                                   struct writer **out, struct error *err)
{
    (void)size;
    (void)digest;
    (void)out;
    return archive_refuse_write(store, err);
}

static int oci_archive_write_manifest(struct store *store, const char *version,
                                      const char *media_type, const struct buf *manifest,
                                      struct error *err)
{
    (void)version;
    (void)media_type;
    (void)manifest;
    return archive_refuse_write(store, err);
}

static void oci_archive_free(struct store *store)
{
    struct oci_archive *archive = oci_archive_of(store);

    tar_index_free(archive->tar);
    json_decref(archive->index);
    ticket_lock_release(&archive->ticket);
    free(archive->path);
    free(archive);
}

int oci_archive_open(const struct reference *reference, const struct store_context *context,
                     struct store **out, struct error *err)
{
    static const struct store_ops ops = {
        .read_manifest = oci_archive_read_manifest,
        .open_blob = oci_archive_open_blob,
        .has_blob = oci_archive_has_blob,
        .create_blob = oci_archive_create_blob,
        .write_manifest = oci_archive_write_manifest,
        .probe_write = archive_refuse_write,
        .free = oci_archive_free,
    };
    struct oci_archive *archive = xcalloc(1, sizeof(*archive));

    (void)err;
    archive->base.ops = &ops;
    archive->base.name = xasprintf("oci-archive:%s", reference->path);
    archive->path = xstrdup(reference->path);
    archive->cancel = context->cancel;
    ticket_lock_init(&archive->ticket);
    *out = &archive->base;
    return 0;
}
