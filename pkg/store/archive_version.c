#include "store/archive_internal.h"

#include <string.h>

/* The manifests of an archive that is being written; they are small, and stay in memory. */

static struct archive *archive_of(struct store *store)
{
    return CONTAINER_OF(store, struct archive, base);
}

/* The lock is held. */
static struct archived_version *find_version(struct archive *archive, const char *name)
{
    for (size_t i = 0; i < archive->version_count; i++)
        if (strcmp(archive->versions[i].name, name) == 0)
            return &archive->versions[i];
    return NULL;
}

static bool is_root(const struct archived_version *version)
{
    return version->is_tag || version->is_root;
}

/* The one image that the archive shows, or NULL. The lock is held. */
static struct archived_version *find_only(struct archive *archive)
{
    struct archived_version *only = NULL;

    for (size_t i = 0; i < archive->version_count; i++) {
        struct archived_version *version = &archive->versions[i];
        if (is_root(version) && only != NULL &&
            !digest_equal(&version->what.digest, &only->what.digest))
            return NULL;
        if (is_root(version))
            only = version;
    }
    if (only == NULL && archive->version_count > 0)
        only = &archive->versions[archive->version_count - 1];
    return only;
}

int archive_visit_roots(struct archive *archive, archive_visit_fn *visit, void *arg,
                        struct error *err)
{
    bool has_any = false;

    for (size_t i = 0; i < archive->version_count; i++) {
        if (!is_root(&archive->versions[i]))
            continue;
        has_any = true;
        if (visit(arg, &archive->versions[i], err) < 0)
            return -1;
    }
    if (has_any || archive->version_count == 0)
        return 0;
    return visit(arg, &archive->versions[archive->version_count - 1], err);
}

int archive_read_manifest(struct store *store, const char *version, struct buf *out,
                          struct descriptor *what, struct error *err)
{
    struct archive *archive = archive_of(store);
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    pthread_mutex_lock(&archive->lock);
    const struct archived_version *found =
        version != NULL ? find_version(archive, version) : find_only(archive);
    if (found != NULL) {
        buf_clear(out);
        buf_add(out, buf_text(&found->bytes), found->bytes.size);
        *what = found->what;
    }
    for (size_t i = 0; i < archive->version_count; i++)
        if (is_root(&archive->versions[i]))
            strings_add(&names, archive->versions[i].name);
    pthread_mutex_unlock(&archive->lock);
    if (found != NULL)
        return 0;
    version_refuse(version, &names, err);
    return error_wrap(err, "'%s'", store->name);
}

/* The last that is written under its digest comes last. The lock is held. */
static void set_version(struct archive *archive, const struct archived_version *new,
                        const struct buf *bytes)
{
    struct archived_version *version = find_version(archive, new->name);

    if (version != NULL && (version->is_tag || new->is_tag)) {
        version->what = new->what;
        buf_clear(&version->bytes);
        buf_add(&version->bytes, buf_text(bytes), bytes->size);
        return;
    }
    struct archived_version moved = *new;
    if (version != NULL) {
        moved = *version;
        moved.is_root = moved.is_root || new->is_root;
        size_t behind = (size_t)(archive->versions + archive->version_count - (version + 1));
        memmove(version, version + 1, behind * sizeof(*version));
        archive->version_count--;
    } else {
        moved.name = xstrdup(new->name);
        buf_add(&moved.bytes, buf_text(bytes), bytes->size);
    }
    archive->versions =
        xrealloc(archive->versions, archive->version_count + 1, sizeof(*archive->versions));
    archive->versions[archive->version_count++] = moved;
}

/* As a blob, if the archive keeps manifests so. */
static int keep_manifest(struct archive *archive, const struct descriptor *what,
                         const struct buf *bytes, struct error *err)
{
    CLEANUP(writer) struct writer *writer = NULL;
    struct store *store = &archive->base;
    bool is_there = false;

    if (!archive->form->keeps_manifests)
        return 0;
    if (store->ops->has_blob(store, what, &is_there, err) < 0)
        return -1;
    if (is_there)
        return 0;
    if (store->ops->create_blob(store, bytes->size, &what->digest, &writer, err) < 0 ||
        writer_write(writer, buf_text(bytes), bytes->size, err) < 0)
        return -1;
    return writer_finish(writer, err);
}

int archive_write_manifest(struct store *store, const char *version, const char *media_type,
                           const struct buf *manifest, struct error *err)
{
    struct archive *archive = archive_of(store);
    struct digest digest = DIGEST_INIT;
    bool is_tag = version != NULL && !version_is_digest(version, &digest);
    struct archived_version new = {.is_tag = is_tag, .is_root = version == NULL};

    if (version_describe(manifest, media_type, &digest, &new.what, err) < 0)
        return -1;
    if (archive->form->check_manifest != NULL &&
        archive->form->check_manifest(archive, &new.what, manifest, err) < 0)
        return error_wrap(err, "writing to '%s'", store->name);
    if (keep_manifest(archive, &new.what, manifest, err) < 0)
        return -1;
    CLEANUP(text) char *text = xstrdup(digest_format(&new.what.digest).text);
    pthread_mutex_lock(&archive->lock);
    new.name = text;
    new.is_tag = false;
    set_version(archive, &new, manifest);
    CLEANUP(text) char *tag = is_tag ? xstrdup(version) : NULL;
    if (is_tag) {
        new.name = tag;
        new.is_tag = true;
        set_version(archive, &new, manifest);
    }
    pthread_mutex_unlock(&archive->lock);
    return 0;
}

int archive_check_version(struct store *store, const char *version, struct error *err)
{
    struct digest digest = DIGEST_INIT;

    if (version == NULL || version_is_digest(version, &digest))
        return 0;
    return archive_of(store)->form->check_version(version, err);
}
