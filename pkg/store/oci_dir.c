#include "store/store_internal.h"

#include "core/file.h"
#include "oci/member.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static struct oci_dir *oci_dir_of(struct store *store)
{
    return CONTAINER_OF(store, struct oci_dir, base);
}

char *oci_dir_blob_path(const struct oci_dir *dir, const struct digest *digest)
{
    return xasprintf("%s/blobs/%s/%s", dir->path, digest_algorithm_name(digest->algorithm),
                     digest_format_hex(digest).text);
}

/* What a run that was killed may have left does not count. */
static int is_empty(const char *path, bool *out, struct error *err)
{
    DIR *folder = opendir(path);
    bool empty = true;
    const struct dirent *entry;

    if (folder == NULL)
        return error_set_errno(err, errno, "opening the folder '%s'", path);
    while (empty && (entry = readdir(folder)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                text_starts_with(entry->d_name, ".inlay-");
    closedir(folder);
    *out = empty;
    return 0;
}

/* What a layout has of its own; a link in its place could lead out of the folder. */
static int check_links(const struct oci_dir *dir, struct error *err)
{
    static const char *const names[] = {"oci-layout", "index.json", "blobs", "blobs/sha256",
                                        "blobs/sha512"};
    struct stat status;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(text) char *path = xasprintf("%s/%s", dir->path, names[i]);
        if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
            return error_set(err, ERROR_CORRUPT,
                             "'%s' is a symlink, which could lead out of the folder; expected a "
                             "layout without links",
                             path);
    }
    return 0;
}

int oci_dir_inspect(const struct oci_dir *dir, enum oci_dir_state *out, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/oci-layout", dir->path);
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct stat status;
    bool empty = false;

    if (stat(dir->path, &status) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return error_set_errno(err, errno, "opening '%s'", dir->path);
        *out = OCI_DIR_MISSING;
        return 0;
    }
    if (!S_ISDIR(status.st_mode)) {
        *out = OCI_DIR_OTHER;
        return 0;
    }
    if (is_empty(dir->path, &empty, err) < 0)
        return -1;
    if (empty) {
        *out = OCI_DIR_EMPTY;
        return 0;
    }
    if (check_links(dir, err) < 0)
        return -1;
    /* Read after that: in a folder that becomes a layout just now, this file is the first. */
    if (file_read(path, OCI_LAYOUT_LIMIT, &bytes, err) < 0) {
        if (err->kind != ERROR_NOT_FOUND)
            return -1;
        error_release(err);
        *out = OCI_DIR_OTHER;
        return 0;
    }
    if (oci_layout_check(&bytes, err) < 0)
        return error_wrap(err, "'%s'", dir->base.name);
    *out = OCI_DIR_LAYOUT;
    return 0;
}

/* Nothing to read is no defect: it may be the folder that somebody made for the result. */
static int check_readable(const struct oci_dir *dir, struct error *err)
{
    enum oci_dir_state state = OCI_DIR_MISSING;

    if (oci_dir_inspect(dir, &state, err) < 0)
        return -1;
    switch (state) {
    case OCI_DIR_MISSING:
        return error_set(err, ERROR_NOT_FOUND, "the folder '%s' does not exist", dir->path);
    case OCI_DIR_EMPTY:
        return error_set(err, ERROR_NOT_FOUND, "the folder '%s' is empty", dir->path);
    case OCI_DIR_OTHER:
        return error_set(err, ERROR_CORRUPT,
                         "'%s' is not an OCI image layout: it has no file 'oci-layout'", dir->path);
    case OCI_DIR_LAYOUT:
        break;
    }
    return 0;
}

int oci_dir_read_index(const struct oci_dir *dir, json_t **out, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/index.json", dir->path);
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    if (file_read(path, DOCUMENT_LIMIT, &bytes, err) < 0) {
        if (err->kind == ERROR_NOT_FOUND)
            return error_set(err, ERROR_CORRUPT,
                             "'%s' is an incomplete OCI image layout: it has no file 'index.json'",
                             dir->path);
        return -1;
    }
    if (oci_index_parse(&bytes, out, err) < 0)
        return error_wrap(err, "'%s'", dir->base.name);
    return 0;
}

/* 0 if the blob is a regular file; links could lead out of the layout and are refused. */
static int stat_blob(const struct oci_dir *dir, const struct digest *digest, const char *path,
                     struct stat *out, struct error *err)
{
    if (check_links(dir, err) < 0)
        return -1;
    if (lstat(path, out) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return error_set(err, ERROR_NOT_FOUND, "'%s' has no blob '%s'", dir->base.name,
                             digest_format(digest).text);
        return error_set_errno(err, errno, "opening '%s'", path);
    }
    if (!S_ISREG(out->st_mode))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' is not a regular file, as a blob of a layout must be", path);
    return 0;
}

static int check_blob_size(const char *path, uint64_t size, uint64_t expected, struct error *err)
{
    if (size != expected)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' has %" PRIu64 " bytes, its descriptor says %" PRIu64, path, size,
                         expected);
    return 0;
}

/* What index.json says of a version; the size is SIZE_UNKNOWN if it does not mention it. */
static int find_manifest(const struct oci_dir *dir, const char *version, struct descriptor *out,
                         struct error *err)
{
    json_auto_t *index = NULL;
    struct descriptor found = {.size = SIZE_UNKNOWN};

    if (oci_dir_read_index(dir, &index, err) < 0)
        return -1;
    if (version == NULL || !version_is_digest(version, &found.digest)) {
        if (oci_index_find(index, version, &found, err) < 0)
            return error_wrap(err, "'%s'", dir->base.name);
    } else {
        struct digest digest = found.digest;
        (void)oci_index_find_digest(index, &digest, &found); /* else a child of an index */
    }
    *out = found;
    return 0;
}

static int oci_dir_read_manifest(struct store *store, const char *version, struct buf *out,
                                 struct descriptor *what, struct error *err)
{
    struct oci_dir *dir = oci_dir_of(store);
    struct descriptor found = DESCRIPTOR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct stat status;

    if (check_readable(dir, err) < 0 || find_manifest(dir, version, &found, err) < 0)
        return -1;
    CLEANUP(text) char *path = oci_dir_blob_path(dir, &found.digest);
    if (stat_blob(dir, &found.digest, path, &status, err) < 0) {
        if (err->kind == ERROR_NOT_FOUND && found.size != SIZE_UNKNOWN)
            err->kind = ERROR_CORRUPT; /* index.json says that it is there */
        return -1;
    }
    if (found.size != SIZE_UNKNOWN &&
        check_blob_size(path, (uint64_t)status.st_size, found.size, err) < 0)
        return -1;
    if (file_read(path, DOCUMENT_LIMIT, &bytes, err) < 0)
        return -1;
    if (version_describe(&bytes, found.media_type, &found.digest, what, err) < 0)
        return error_wrap(err, "'%s'", path);
    buf_release(out);
    *out = bytes;
    bytes = (struct buf)BUF_INIT;
    return 0;
}

/*
 * A layout that is just being made has no index.json for a moment: no tags, where one is to be
 * written. (Whoever reads an image from there is told that it is incomplete.)
 */
static int oci_dir_read_tag(struct store *store, const char *version, struct tag_state *out,
                            struct error *err)
{
    struct oci_dir *dir = oci_dir_of(store);
    CLEANUP(text) char *index = xasprintf("%s/index.json", dir->path);
    enum oci_dir_state state = OCI_DIR_MISSING;
    struct stat status;

    if (oci_dir_inspect(dir, &state, err) < 0)
        return -1;
    if (state == OCI_DIR_LAYOUT && lstat(index, &status) < 0 && errno == ENOENT) {
        *out = (struct tag_state){.kind = TAG_NONE};
        return 0;
    }
    return tag_state_read(store, version, out, err);
}

/* Whether this entry, which has no name, is a manifest that speaks of the subject. */
static bool is_referrer(struct store *store, const json_t *entry, const struct digest *subject,
                        const char *artifact_type)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what cannot be read speaks of nothing */
    struct descriptor what = DESCRIPTOR_INIT;

    return referrer_is_of_type(entry, artifact_type) &&
           descriptor_from_json(entry, &what, &ignored) == 0 &&
           store_read_document(store, digest_format(&what.digest).text, &document, &ignored) == 0 &&
           referrer_is_about(document.json, subject);
}

/* A layout has no such list but its index.json; each entry is a manifest there. */
static int oci_dir_list_referrers(struct store *store, const struct digest *subject,
                                  const char *artifact_type, json_t **out, struct error *err)
{
    struct oci_dir *dir = oci_dir_of(store);
    json_auto_t *index = NULL;
    size_t i;
    json_t *entry;

    if (check_readable(dir, err) < 0 || oci_dir_read_index(dir, &index, err) < 0)
        return -1;
    json_t *list = oci_index_new();
    json_array_foreach(member_get(index, "manifests"), i, entry)
    {
        if (is_referrer(store, entry, subject, artifact_type))
            (void)oci_index_add_entry(list, entry);
    }
    *out = list;
    return 0;
}

static int oci_dir_open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                             uint64_t length, struct reader **out, struct error *err)
{
    struct oci_dir *dir = oci_dir_of(store);
    CLEANUP(text) char *path = oci_dir_blob_path(dir, &blob->digest);
    struct stat status;

    if (stat_blob(dir, &blob->digest, path, &status, err) < 0 ||
        check_blob_size(path, (uint64_t)status.st_size, blob->size, err) < 0)
        return -1;
    return file_reader_open(path, offset, length, out, err);
}

/* A file of another size is none: what is written under its name takes its place. */
static int oci_dir_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                            struct error *err)
{
    struct oci_dir *dir = oci_dir_of(store);
    CLEANUP(text) char *path = oci_dir_blob_path(dir, &blob->digest);
    struct stat status;

    if (check_links(dir, err) < 0)
        return -1;
    if (lstat(path, &status) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return error_set_errno(err, errno, "looking for '%s'", path);
        *out = false;
        return 0;
    }
    *out = S_ISREG(status.st_mode) && (uint64_t)status.st_size == blob->size;
    return 0;
}

static void oci_dir_free(struct store *store)
{
    struct oci_dir *dir = oci_dir_of(store);

    free(dir->path);
    free(dir);
}

int oci_dir_open(const struct reference *reference, const struct store_context *context,
                 struct store **out, struct error *err)
{
    static const struct store_ops ops = {
        .read_manifest = oci_dir_read_manifest,
        .read_tag = oci_dir_read_tag,
        .open_blob = oci_dir_open_blob,
        .has_blob = oci_dir_has_blob,
        .create_blob = oci_dir_create_blob,
        .write_manifest = oci_dir_write_manifest,
        .write_tag = oci_dir_write_tag,
        .list_referrers = oci_dir_list_referrers,
        .write_referrer = oci_dir_write_referrer,
        .probe_write = oci_dir_probe_write,
        .free = oci_dir_free,
    };
    struct oci_dir *dir = xcalloc(1, sizeof(*dir));

    (void)err;
    dir->base.ops = &ops;
    dir->base.keeps_referrers = true;
    dir->base.name = xasprintf("oci:%s", reference->path);
    dir->path = xstrdup(reference->path);
    dir->cancel = context->cancel;
    dir->log = context->log;
    *out = &dir->base;
    return 0;
}

/* The folder is made when something is written to it. */
int oci_dir_open_target(const struct reference *reference, const struct store_context *context,
                        struct store **out, struct error *err)
{
    return oci_dir_open(reference, context, out, err);
}
