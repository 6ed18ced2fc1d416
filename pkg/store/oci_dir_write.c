#include "store/store_internal.h"

#include "core/draft.h"
#include "core/file.h"
#include "core/temporary.h"
#include "oci/media_type.h"
#include "oci/member.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_POLL_MS 20u
#define LOCK_PATIENCE_MS 60000u

struct oci_dir_blob {
    struct writer base;
    struct oci_dir *dir;
    const struct digest *digest; /* borrowed; filled by the time of finish */
    struct draft draft;
};

static struct oci_dir *oci_dir_of(struct store *store)
{
    return CONTAINER_OF(store, struct oci_dir, base);
}

static bool exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

/* *out is what a lock of the folder is held by. */
static int open_folder(const struct oci_dir *dir, int *out, struct error *err)
{
    int fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOTDIR)
        return error_set(err, ERROR_USAGE, "'%s' is not a folder", dir->path);
    if (fd < 0)
        return error_set_errno(err, errno, "opening the folder '%s'", dir->path);
    *out = fd;
    return 0;
}

/*
 * One writer of index.json at a time, on this machine at least, until `fd` is closed. Some network
 * file systems cannot lock a folder; there it goes on without.
 */
static int lock_folder(const struct oci_dir *dir, int fd, struct error *err)
{
    for (unsigned waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited_ms += LOCK_POLL_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            log_debug(dir->log, "'%s' cannot be locked; going on without", dir->path);
            return 0;
        }
        if (waited_ms > LOCK_PATIENCE_MS)
            return error_set(err, ERROR_LOCAL,
                             "'%s' has been locked by another program for a minute", dir->path);
        if (cancel_wait(dir->cancel, LOCK_POLL_MS, err) < 0)
            return -1;
    }
    return 0;
}

static int write_index(const struct oci_dir *dir, const json_t *index, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/index.json", dir->path);
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    json_to_buf(index, &bytes);
    return file_replace(path, buf_text(&bytes), bytes.size, err);
}

static int check_writable_kind(const struct oci_dir *dir, enum oci_dir_state *state,
                               struct error *err)
{
    if (oci_dir_inspect(dir, state, err) < 0)
        return -1;
    if (*state == OCI_DIR_OTHER)
        return error_set(err, ERROR_USAGE,
                         "'%s' is not an OCI image layout and not an empty folder; name another",
                         dir->path);
    return 0;
}

/* What killed runs have left, where no nameless file can be had. */
static void sweep(const struct oci_dir *dir)
{
    static const char *const folders[] = {"", "/blobs/sha256", "/blobs/sha512"};

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        CLEANUP(text) char *path = xasprintf("%s%s", dir->path, folders[i]);
        draft_sweep(path);
    }
}

/*
 * The folder becomes a layout without images: 'oci-layout' first, so that the next run recognises
 * what a killed one has left.
 */
static int prepare(struct oci_dir *dir, struct error *err)
{
    CLEANUP(text) char *layout = xasprintf("%s/oci-layout", dir->path);
    CLEANUP(text) char *index = xasprintf("%s/index.json", dir->path);
    CLEANUP(text) char *blobs = xasprintf("%s/blobs/sha256", dir->path);
    CLEANUP(fd) int lock = -1;
    enum oci_dir_state state = OCI_DIR_MISSING;

    if (atomic_load(&dir->is_prepared))
        return 0;
    if (file_make_folders(dir->path, err) < 0 || open_folder(dir, &lock, err) < 0 ||
        lock_folder(dir, lock, err) < 0 || check_writable_kind(dir, &state, err) < 0)
        return -1;
    if (state != OCI_DIR_LAYOUT &&
        file_replace(layout, OCI_LAYOUT_FILE, strlen(OCI_LAYOUT_FILE), err) < 0)
        return -1;
    if (file_make_folders(blobs, err) < 0)
        return -1;
    if (!exists(index)) {
        json_auto_t *empty = oci_index_new();
        if (write_index(dir, empty, err) < 0)
            return -1;
    }
    sweep(dir);
    atomic_store(&dir->is_prepared, true);
    return 0;
}

static int oci_dir_blob_write(struct writer *writer, const void *data, size_t size,
                              struct error *err)
{
    struct oci_dir_blob *blob = CONTAINER_OF(writer, struct oci_dir_blob, base);
    CLEANUP(text) char *name = xasprintf("a blob to '%s'", blob->dir->path);

    return fd_write(blob->draft.fd, name, data, size, err);
}

static int oci_dir_blob_finish(struct writer *writer, struct error *err)
{
    struct oci_dir_blob *blob = CONTAINER_OF(writer, struct oci_dir_blob, base);
    CLEANUP(text) char *path = oci_dir_blob_path(blob->dir, blob->digest);
    CLEANUP(text)
    char *folder =
        xasprintf("%s/blobs/%s", blob->dir->path, digest_algorithm_name(blob->digest->algorithm));

    if (blob->digest->algorithm != DIGEST_SHA256 && file_make_folders(folder, err) < 0)
        return -1;
    return draft_publish(&blob->draft, path, err);
}

static void oci_dir_blob_free(struct writer *writer)
{
    struct oci_dir_blob *blob = CONTAINER_OF(writer, struct oci_dir_blob, base);

    draft_release(&blob->draft);
    free(blob);
}

int oci_dir_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                        struct writer **out, struct error *err)
{
    static const struct writer_ops ops = {
        .write = oci_dir_blob_write, .finish = oci_dir_blob_finish, .free = oci_dir_blob_free};
    struct oci_dir *dir = oci_dir_of(store);
    CLEANUP(text) char *folder = xasprintf("%s/blobs/sha256", dir->path);
    struct draft draft = DRAFT_INIT;

    (void)size;
    if (prepare(dir, err) < 0 || draft_create(folder, &draft, err) < 0)
        return -1;
    struct oci_dir_blob *blob = xcalloc(1, sizeof(*blob));
    blob->base.ops = &ops;
    blob->dir = dir;
    blob->digest = digest;
    blob->draft = draft;
    *out = &blob->base;
    return 0;
}

/* What the tag shows in this index; an entry that says nothing usable is none. */
static struct tag_state find_state(const json_t *index, const char *tag)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;
    struct descriptor found = DESCRIPTOR_INIT;

    if (oci_index_find(index, tag, &found, &ignored) < 0)
        return (struct tag_state){.kind = TAG_NONE};
    return (struct tag_state){.kind = TAG_IMAGE, .digest = found.digest};
}

static int set_tag(const struct oci_dir *dir, const char *tag, const struct descriptor *image,
                   const struct tag_state *expected, struct error *err)
{
    CLEANUP(fd) int lock = -1;
    json_auto_t *index = NULL;

    if (open_folder(dir, &lock, err) < 0 || lock_folder(dir, lock, err) < 0 ||
        oci_dir_read_index(dir, &index, err) < 0)
        return -1;
    struct tag_state found = find_state(index, tag);
    if (!oci_index_set(index, tag, image))
        return 0;
    if (tag_state_check(&dir->base, tag, expected, &found, err) < 0)
        return -1;
    return write_index(dir, index, err);
}

int oci_dir_write_manifest(struct store *store, const char *version, const char *media_type,
                           const struct buf *manifest, struct error *err)
{
    static const struct tag_state any = {.kind = TAG_ANY};

    return oci_dir_write_tag(store, version, media_type, manifest, &any, err);
}

int oci_dir_write_tag(struct store *store, const char *version, const char *media_type,
                      const struct buf *manifest, const struct tag_state *expected,
                      struct error *err)
{
    struct oci_dir *dir = oci_dir_of(store);
    struct digest digest = DIGEST_INIT;
    bool is_tag = !version_is_digest(version, &digest);
    struct descriptor image = DESCRIPTOR_INIT;
    CLEANUP(writer) struct writer *writer = NULL;

    if (version_describe(manifest, media_type, &digest, &image, err) < 0)
        return -1;
    if (oci_dir_create_blob(store, manifest->size, &image.digest, &writer, err) < 0 ||
        writer_write(writer, buf_text(manifest), manifest->size, err) < 0 ||
        writer_finish(writer, err) < 0)
        return -1;
    return is_tag ? set_tag(dir, version, &image, expected, err) : 0;
}

int oci_dir_write_referrer(struct store *store, const struct digest *subject, const json_t *entry,
                           const struct buf *manifest, bool *is_listed, struct error *err)
{
    struct oci_dir *dir = oci_dir_of(store);
    const char *version = member_text(entry, "digest");
    CLEANUP(fd) int lock = -1;
    json_auto_t *index = NULL;

    (void)subject; /* the manifest names it */
    if (oci_dir_write_manifest(store, version, MEDIA_TYPE_OCI_MANIFEST, manifest, err) < 0 ||
        open_folder(dir, &lock, err) < 0 || lock_folder(dir, lock, err) < 0 ||
        oci_dir_read_index(dir, &index, err) < 0)
        return -1;
    *is_listed = true;
    return oci_index_add_entry(index, entry) ? write_index(dir, index, err) : 0;
}

static int probe_folder(const char *path, struct error *err)
{
    CLEANUP(draft) struct draft draft = DRAFT_INIT;

    return draft_create(path, &draft, err);
}

/*
 * Tries the last folder on the way to `path` that is there. Nothing is made, as nothing could be
 * removed then: another run may have begun to use it.
 */
static int probe_missing(const char *path, struct error *err)
{
    CLEANUP(text) char *part = xstrdup(path);
    const char *folder = part;
    struct stat status;

    while (lstat(folder, &status) < 0) {
        char *slash = strrchr(part, '/');
        if (errno != ENOENT)
            return error_set_errno(err, errno, "creating the folder '%s'", path);
        if (slash == NULL || slash == part)
            folder = slash == NULL ? "." : "/";
        else
            *slash = '\0';
    }
    if (probe_folder(folder, err) < 0)
        return error_wrap(err, "creating the folder '%s'", path);
    return 0;
}

int oci_dir_probe_write(struct store *store, struct error *err)
{
    static const char *const folders[] = {"", "/blobs", "/blobs/sha256"};
    struct oci_dir *dir = oci_dir_of(store);
    enum oci_dir_state state = OCI_DIR_MISSING;

    if (check_writable_kind(dir, &state, err) < 0)
        return -1;
    if (state == OCI_DIR_MISSING)
        return probe_missing(dir->path, err);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        CLEANUP(text) char *path = xasprintf("%s%s", dir->path, folders[i]);
        if ((i == 0 || exists(path)) && probe_folder(path, err) < 0)
            return -1;
    }
    return 0;
}
