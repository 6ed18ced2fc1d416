#include "inject/passing_internal.h"

#include "core/workers.h"
#include "oci/media_type.h"

#include <inttypes.h>
#include <string.h>

#define JOBS_DEFAULT 4

/* Images have some dozens of manifests of some KiB; what has more is made to fill the memory. */
#define MANIFESTS_MAX ((size_t)(64 * MIB))

/* An index in an index is rare, and one in that has not been seen; a chain of them is an attack. */
#define DEPTH_MAX 4

/* Where documents are being read from. */
struct descent {
    struct passing *passing;
    struct store *from;
    unsigned depth;
};

void passing_release(struct passing *passing)
{
    for (size_t i = 0; i < passing->manifest_count; i++)
        document_release(&passing->manifests[i]);
    free(passing->manifests);
    free(passing->blobs);
    *passing = (struct passing){.target = NULL};
}

void passing_add_blob(struct passing *passing, const struct descriptor *blob, struct store *from)
{
    if (media_type_is_foreign_layer(blob->media_type))
        return;
    for (size_t i = 0; i < passing->blob_count; i++)
        if (digest_equal(&passing->blobs[i].blob.digest, &blob->digest))
            return;
    passing->blobs = xrealloc(passing->blobs, passing->blob_count + 1, sizeof(*passing->blobs));
    passing->blobs[passing->blob_count++] = (struct passed_blob){*blob, from};
    if (!u64_add(passing->blob_size, blob->size, &passing->blob_size))
        passing->blob_size = UINT64_MAX; /* descriptors may say anything; nobody has so much */
}

/* What an entry says of its manifest has to be so, or readers would differ on what it is. */
static int check_entry(const struct descriptor *entry, const struct descriptor *found,
                       struct error *err)
{
    if (strcmp(entry->media_type, found->media_type) != 0)
        return error_set(err, ERROR_CORRUPT, "it is '%s', its entry in the index says '%s'",
                         found->media_type, entry->media_type);
    if (entry->size != found->size)
        return error_set(err, ERROR_CORRUPT,
                         "it has %" PRIu64 " bytes, its entry in the index says %" PRIu64,
                         found->size, entry->size);
    return 0;
}

int passing_read_entry(struct store *from, const struct descriptor *entry, struct document *out,
                       struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest_text version = digest_format(&entry->digest);

    if (store_read_document(from, version.text, &document, err) < 0)
        return -1;
    if (check_entry(entry, &document.descriptor, err) < 0)
        return error_wrap(err, "%s", version.text);
    document_release(out);
    *out = document;
    document = (struct document)DOCUMENT_INIT;
    return 0;
}

static bool is_known(const struct passing *passing, const struct digest *digest)
{
    for (size_t i = 0; i < passing->manifest_count; i++)
        if (digest_equal(&passing->manifests[i].descriptor.digest, digest))
            return true;
    return false;
}

static int add_below(const struct descent *descent, const struct document *document,
                     struct error *err);

static int add_manifest(const struct descent *descent, const struct descriptor *entry,
                        struct error *err)
{
    struct passing *passing = descent->passing;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest_text version = digest_format(&entry->digest);

    if (is_known(passing, &entry->digest))
        return 0;
    if (cancel_check(passing->cancel, err) < 0 ||
        store_read_document(descent->from, version.text, &document, err) < 0)
        return -1;
    if (check_entry(entry, &document.descriptor, err) < 0 || add_below(descent, &document, err) < 0)
        return error_wrap(err, "%s", version.text);
    passing->manifest_size += document.bytes.size; /* each is a fraction of what may be */
    if (passing->manifest_size > MANIFESTS_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "its manifests have more than %zu bytes together",
                         MANIFESTS_MAX);
    passing->manifests =
        xrealloc(passing->manifests, passing->manifest_count + 1, sizeof(*passing->manifests));
    passing->manifests[passing->manifest_count++] = document;
    document = (struct document)DOCUMENT_INIT;
    return 0;
}

static int add_entry(const struct descent *descent, const struct descriptor *entry,
                     struct error *err)
{
    if (media_type_is_manifest(entry->media_type) || media_type_is_index(entry->media_type))
        return add_manifest(descent, entry, err);
    passing_add_blob(descent->passing, entry, descent->from);
    return 0;
}

static int add_below(const struct descent *descent, const struct document *document,
                     struct error *err)
{
    struct descent below = *descent;
    struct descriptor *children = NULL;
    size_t count = 0;
    int result = 0;

    if (document->is_index && below.depth++ == DEPTH_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "more than %d indexes one in another", DEPTH_MAX);
    if (document_children(document, &children, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count && result == 0; i++) {
        if (document->is_index)
            result = add_entry(&below, &children[i], err);
        else
            passing_add_blob(descent->passing, &children[i], descent->from);
    }
    free(children);
    if (!document->is_index)
        descent->passing->foreign_count +=
            json_array_size(json_object_get(document->json, "layers")) + 1 - count;
    return result;
}

int passing_add_below(struct passing *passing, const struct document *document, struct store *from,
                      struct error *err)
{
    struct descent descent = {.passing = passing, .from = from};

    return add_below(&descent, document, err);
}

int passing_add_entry(struct passing *passing, const struct descriptor *entry, struct store *from,
                      struct error *err)
{
    struct descent descent = {.passing = passing, .from = from};

    return add_entry(&descent, entry, err);
}

static void tell_moved(const struct passing *passing, uint64_t size)
{
    const struct inject_progress *progress = passing->progress;

    if (progress != NULL && progress->moved != NULL)
        progress->moved(progress->arg, size);
}

static void count_moved(void *arg, uint64_t size)
{
    struct passing *passing = arg;

    atomic_fetch_add(&passing->moved, size);
    tell_moved(passing, size);
}

static int copy_blob(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    static const char *const words[] = {[STORE_WAS_THERE] = "already there",
                                        [STORE_MOUNTED] = "mounted",
                                        [STORE_STREAMED] = "sent"};
    struct passing *passing = arg;
    const struct passed_blob *passed = &passing->blobs[number];
    struct store_copy_options copy = {
        .cancel = cancel,
        .count = count_moved,
        .count_arg = passing,
    };
    enum store_copied how;

    if (store_copy_blob(passed->from, passing->target, &passed->blob, &copy, &how, err) < 0)
        return -1;
    if (how != STORE_STREAMED)
        tell_moved(passing, passed->blob.size);
    log_debug(passing->log, "%s: %s", digest_format(&passed->blob.digest).text, words[how]);
    return 0;
}

int passing_copy_blobs(struct passing *passing, struct error *err)
{
    const struct inject_progress *progress = passing->progress;
    unsigned jobs = passing->jobs > 0 ? passing->jobs : JOBS_DEFAULT;

    if (passing->blob_count == 0)
        return 0;
    if (progress != NULL && progress->expect != NULL)
        progress->expect(progress->arg, passing->blob_size);
    return workers_run(passing->target->sequential ? 1 : jobs, passing->blob_count, copy_blob,
                       passing, passing->cancel, err);
}

int passing_write_manifests(const struct passing *passing, struct error *err)
{
    for (size_t i = 0; i < passing->manifest_count; i++) {
        const struct document *document = &passing->manifests[i];
        struct digest_text digest = digest_format(&document->descriptor.digest);
        if (cancel_check(passing->cancel, err) < 0 ||
            store_write_manifest(passing->target, digest.text, document->descriptor.media_type,
                                 &document->bytes, err) < 0)
            return -1;
    }
    return 0;
}
