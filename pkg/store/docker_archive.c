#include "store/docker_internal.h"

#include <string.h>

static struct docker_images *images_of(struct store *store)
{
    return CONTAINER_OF(store, struct docker_images, base);
}

static int refuse_other(const struct docker_images *images, const struct tar_index *tar,
                        struct error *err)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the question is only whether it is there */
    struct tar_range range;
    bool is_oci = tar_index_find(tar, "oci-layout", &range, &ignored) == 0;
    bool is_old = tar_index_find(tar, "repositories", &range, &ignored) == 0;

    return error_set(
        err, ERROR_CORRUPT, "'%s' is not a Docker archive: it has no file 'manifest.json'%s%s%s",
        images->subject, is_oci ? "; try 'oci-archive:" : "", is_oci ? images->subject : "",
        is_oci   ? "'"
        : is_old ? " (Docker before 1.10 wrote none; save the image again)"
                 : "");
}

static int load(struct docker_images *images, struct error *err)
{
    CLEANUP(tar_index) struct tar_index *tar = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    int fd = -1;

    if (images->tar != NULL)
        return 0;
    if (images->open(images->arg, &fd, err) < 0 ||
        tar_index_open(fd, images->subject, images->cancel, &tar, err) < 0)
        return -1;
    if (tar_index_load(tar, "manifest.json", DOCUMENT_LIMIT, &bytes, err) < 0)
        return err->kind == ERROR_NOT_FOUND ? refuse_other(images, tar, err) : -1;
    if (docker_images_parse(&bytes, &images->images, &images->count, err) < 0)
        return error_wrap(err, "'%s'", images->subject);
    images->tar = TAKE(tar);
    return 0;
}

/* At the first use the archive is opened, by one thread, while others wait. It keeps the turn. */
static int enter(struct docker_images *images, struct error *err)
{
    if (ticket_lock_take(&images->ticket, images->cancel, err) < 0)
        return -1;
    if (load(images, err) == 0)
        return 0;
    ticket_lock_give(&images->ticket);
    return -1;
}

static void refuse_version(const struct docker_images *images, const char *version,
                           struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    for (size_t i = 0; i < images->count; i++) {
        const struct docker_image *image = &images->images[i];
        for (size_t k = 0; k < image->tags.count; k++)
            strings_add(&names, image->tags.items[k]);
        if (image->tags.count == 0)
            strings_addf(&names, "@%zu", i);
    }
    version_refuse(version, &names, err);
    error_wrap(err, "'%s'", images->base.name);
}

/* Names are compared as Docker reads them: "app" is "docker.io/library/app:latest". */
static bool has_tag(const struct docker_image *image, const char *version)
{
    for (size_t i = 0; i < image->tags.count; i++) {
        CLEANUP(error) struct error ignored = ERROR_INIT; /* what is no name is not asked for */
        CLEANUP(text) char *name = NULL;
        if (strcmp(image->tags.items[i], version) == 0)
            return true;
        if (docker_name_parse(image->tags.items[i], &name, &ignored) == 0 &&
            strcmp(name, version) == 0)
            return true;
    }
    return false;
}

/* By the digest of the manifest that we give it, or by its config's, which is the image's id. */
static int find_digest(struct docker_images *images, const struct digest *digest, size_t *out,
                       struct error *err)
{
    for (size_t i = 0; i < images->count; i++) {
        struct docker_image *image = &images->images[i];
        if (docker_image_describe(images, image, err) < 0)
            return -1;
        if (digest_equal(&image->what.digest, digest) ||
            digest_equal(&image->config_blob.digest, digest)) {
            *out = i;
            break;
        }
    }
    return 0;
}

/* The number of a version; images->count if there is none. */
static int find_number(struct docker_images *images, const char *version, size_t *out,
                       struct error *err)
{
    struct digest digest = DIGEST_INIT;
    uint64_t number = 0;

    *out = images->count;
    if (version == NULL || (images->asked != NULL && strcmp(version, images->asked) == 0)) {
        if (images->count == 1)
            *out = 0; /* whatever its name */
        return 0;
    }
    if (version[0] == '@') {
        if (parse_u64(version + 1, SIZE_MAX, &number, err) < 0)
            return -1;
        if (number < images->count)
            *out = (size_t)number;
        return 0;
    }
    if (version_is_digest(version, &digest))
        return find_digest(images, &digest, out, err);
    for (size_t i = 0; i < images->count && *out == images->count; i++)
        if (has_tag(&images->images[i], version))
            *out = i;
    return 0;
}

/* Finds and describes the image of a version; with NULL the only one. */
static int find_image(struct docker_images *images, const char *version, size_t *out,
                      struct error *err)
{
    if (find_number(images, version, out, err) < 0)
        return -1;
    if (*out < images->count)
        return docker_image_describe(images, &images->images[*out], err);
    refuse_version(images, version, err);
    return -1;
}

static int docker_read_manifest(struct store *store, const char *version, struct buf *out,
                                struct descriptor *what, struct error *err)
{
    struct docker_images *images = images_of(store);
    size_t number = 0;

    if (enter(images, err) < 0)
        return -1;
    int result = find_image(images, version, &number, err);
    if (result == 0) {
        const struct docker_image *image = &images->images[number];
        buf_clear(out);
        buf_add(out, buf_text(&image->manifest), image->manifest.size);
        *what = image->what;
    }
    ticket_lock_give(&images->ticket);
    return result;
}

/* The blobs are those of the images whose manifests were read. */
static int find_blob(struct docker_images *images, const struct descriptor *blob, bool *is_there,
                     struct tar_range *out, struct error *err)
{
    if (enter(images, err) < 0)
        return -1;
    *is_there = false;
    for (size_t i = 0; i < images->blob_count && !*is_there; i++) {
        const struct docker_blob *one = &images->blobs[i];
        *is_there = digest_equal(&one->digest, &blob->digest) && one->range.size == blob->size;
        if (*is_there)
            *out = one->range;
    }
    ticket_lock_give(&images->ticket);
    return 0;
}

static int docker_open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                            uint64_t length, struct reader **out, struct error *err)
{
    struct docker_images *images = images_of(store);
    struct tar_range range = {0, 0};
    bool is_there = false;

    if (find_blob(images, blob, &is_there, &range, err) < 0)
        return -1;
    if (!is_there)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no blob '%s'", store->name,
                         digest_format(&blob->digest).text);
    *out = tar_index_read(images->tar, &range, offset, length);
    return 0;
}

static int docker_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                           struct error *err)
{
    struct tar_range range;

    return find_blob(images_of(store), blob, out, &range, err);
}

static int docker_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                              struct writer **out, struct error *err)
{
    (void)size;
    (void)digest;
    (void)out;
    return archive_refuse_write(store, err);
}

static int docker_write_manifest(struct store *store, const char *version, const char *media_type,
                                 const struct buf *manifest, struct error *err)
{
    (void)version;
    (void)media_type;
    (void)manifest;
    return archive_refuse_write(store, err);
}

static void docker_free(struct store *store)
{
    struct docker_images *images = images_of(store);

    docker_images_free(images->images, images->count);
    free(images->blobs);
    tar_index_free(images->tar);
    ticket_lock_release(&images->ticket);
    free(images->subject);
    free(images->asked);
    if (images->free_arg != NULL)
        images->free_arg(images->arg);
    free(images);
}

struct store *docker_images_new(const struct docker_source *source)
{
    static const struct store_ops ops = {
        .read_manifest = docker_read_manifest,
        .open_blob = docker_open_blob,
        .has_blob = docker_has_blob,
        .create_blob = docker_create_blob,
        .write_manifest = docker_write_manifest,
        .probe_write = archive_refuse_write,
        .free = docker_free,
    };
    struct docker_images *images = xcalloc(1, sizeof(*images));

    images->base.ops = &ops;
    images->base.name = xstrdup(source->name);
    images->subject = xstrdup(source->subject);
    images->asked = source->asked != NULL ? xstrdup(source->asked) : NULL;
    images->open = source->open;
    images->arg = source->arg;
    images->free_arg = source->free_arg;
    images->cancel = source->cancel;
    ticket_lock_init(&images->ticket);
    return &images->base;
}

/* A file, or standard input. */
struct archive_path {
    char *path;
    const struct cancel *cancel; /* borrowed; may be NULL */
};

static int path_open(void *arg, int *fd, struct error *err)
{
    const struct archive_path *path = arg;

    return spool_open(path->path, path->cancel, fd, err);
}

static void path_free(void *arg)
{
    struct archive_path *path = arg;

    free(path->path);
    free(path);
}

int docker_archive_open(const struct reference *reference, const struct store_context *context,
                        struct store **out, struct error *err)
{
    struct archive_path *path = xcalloc(1, sizeof(*path));
    CLEANUP(text) char *name = xasprintf("docker-archive:%s", reference->path);
    struct docker_source source = {
        .name = name,
        .subject = reference->path,
        .open = path_open,
        .arg = path,
        .free_arg = path_free,
        .cancel = context->cancel,
    };

    (void)err;
    *path = (struct archive_path){xstrdup(reference->path), context->cancel};
    *out = docker_images_new(&source);
    return 0;
}
