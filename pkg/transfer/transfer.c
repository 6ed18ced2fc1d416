#include "transfer/transfer.h"

#include "core/workers.h"
#include "oci/media_type.h"
#include "oci/member.h"

#include <inttypes.h>
#include <string.h>

/* Images have some dozens of manifests of some KiB; what has more is made to fill the memory. */
#define MANIFESTS_MAX ((size_t)(64 * MIB))

/* Indexes one in another, more than that, are refused: two have been seen. */
#define DEPTH_MAX 4

/* Where documents are being read from. */
struct descent {
    struct transfer *transfer;
    struct store *from;
    unsigned depth;
};

void transfer_release(struct transfer *transfer)
{
    for (size_t i = 0; i < transfer->manifest_count; i++)
        document_release(&transfer->manifests[i]);
    free(transfer->manifests);
    free(transfer->blobs);
    *transfer = (struct transfer){.target = NULL};
}

void transfer_add_blob(struct transfer *transfer, const struct descriptor *blob, struct store *from)
{
    if (media_type_is_foreign_layer(blob->media_type))
        return;
    for (size_t i = 0; i < transfer->blob_count; i++)
        if (digest_equal(&transfer->blobs[i].blob.digest, &blob->digest))
            return;
    transfer->blobs = xrealloc(transfer->blobs, transfer->blob_count + 1, sizeof(*transfer->blobs));
    transfer->blobs[transfer->blob_count++] = (struct transfer_blob){*blob, from};
    if (!u64_add(transfer->blob_size, blob->size, &transfer->blob_size))
        transfer->blob_size = UINT64_MAX; /* descriptors may say anything; nobody has so much */
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

int transfer_read_entry(struct store *from, const struct descriptor *entry, struct document *out,
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

static bool is_known(const struct transfer *transfer, const struct digest *digest)
{
    for (size_t i = 0; i < transfer->manifest_count; i++)
        if (digest_equal(&transfer->manifests[i].descriptor.digest, digest))
            return true;
    return false;
}

static int add_below(const struct descent *descent, const struct document *document,
                     struct error *err);

static int add_manifest(const struct descent *descent, const struct descriptor *entry,
                        struct error *err)
{
    struct transfer *transfer = descent->transfer;
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest_text version = digest_format(&entry->digest);

    if (is_known(transfer, &entry->digest))
        return 0;
    if (cancel_check(transfer->cancel, err) < 0 ||
        store_read_document(descent->from, version.text, &document, err) < 0)
        return -1;
    if (check_entry(entry, &document.descriptor, err) < 0 || add_below(descent, &document, err) < 0)
        return error_wrap(err, "%s", version.text);
    transfer->manifest_size +=
        document.bytes.size; /* cannot overflow: each is at most DOCUMENT_LIMIT */
    if (transfer->manifest_size > MANIFESTS_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "its manifests have more than %zu bytes together",
                         MANIFESTS_MAX);
    transfer->manifests =
        xrealloc(transfer->manifests, transfer->manifest_count + 1, sizeof(*transfer->manifests));
    transfer->manifests[transfer->manifest_count++] = document;
    document = (struct document)DOCUMENT_INIT;
    return 0;
}

static int add_entry(const struct descent *descent, const struct descriptor *entry,
                     struct error *err)
{
    if (media_type_is_manifest(entry->media_type) || media_type_is_index(entry->media_type))
        return add_manifest(descent, entry, err);
    transfer_add_blob(descent->transfer, entry, descent->from);
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
            transfer_add_blob(descent->transfer, &children[i], descent->from);
    }
    free(children);
    if (!document->is_index)
        descent->transfer->foreign_count +=
            json_array_size(member_get(document->json, "layers")) + 1 - count;
    return result;
}

int transfer_add_below(struct transfer *transfer, const struct document *document,
                       struct store *from, struct error *err)
{
    struct descent descent = {.transfer = transfer, .from = from};

    return add_below(&descent, document, err);
}

int transfer_add_entry(struct transfer *transfer, const struct descriptor *entry,
                       struct store *from, struct error *err)
{
    struct descent descent = {.transfer = transfer, .from = from};

    return add_entry(&descent, entry, err);
}

static void count_moved(void *arg, uint64_t size)
{
    struct transfer *transfer = arg;

    atomic_fetch_add(&transfer->moved, size);
    progress_moved(transfer->progress, size);
}

/* What is known of it; NULL: nothing. */
static const struct blob_lookup *find_lookup(const struct transfer *transfer,
                                             const struct descriptor *blob)
{
    const struct blob_lookups *looked = transfer->looked;

    for (size_t i = 0; looked != NULL && i < looked->count; i++)
        if (looked->items[i].is_told && digest_equal(&looked->items[i].blob.digest, &blob->digest))
            return &looked->items[i];
    return NULL;
}

static enum store_presence presence_of(const struct blob_lookup *lookup)
{
    if (lookup == NULL)
        return STORE_IS_ASKED;
    if (lookup->is_there)
        return STORE_HAS_IT;
    return lookup->is_refused ? STORE_CANNOT_MOUNT : STORE_LACKS_IT;
}

int transfer_copy_blob(struct transfer *transfer, size_t number, const struct cancel *cancel,
                       struct error *err)
{
    static const char *const words[] = {[STORE_WAS_THERE] = "already there",
                                        [STORE_MOUNTED] = "mounted",
                                        [STORE_STREAMED] = "sent"};
    const struct transfer_blob *passed = &transfer->blobs[number];
    const struct blob_lookup *lookup = find_lookup(transfer, &passed->blob);
    struct store_copy_options copy = {
        .cancel = cancel,
        .log = transfer->log,
        .count = count_moved,
        .count_arg = transfer,
        .presence = presence_of(lookup),
    };
    enum store_copied how;

    progress_begin(transfer->progress, digest_format(&passed->blob.digest).text, passed->blob.size);
    int result = store_copy_blob(passed->from, transfer->target, &passed->blob, &copy, &how, err);
    progress_end(transfer->progress);
    if (result < 0)
        return -1;
    if (how != STORE_STREAMED)
        progress_spared(transfer->progress, passed->blob.size);
    if (lookup != NULL && lookup->is_mounted)
        how = STORE_MOUNTED;
    log_debug(transfer->log, "%s: %s", digest_format(&passed->blob.digest).text, words[how]);
    return 0;
}

static int run_job(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    return transfer_copy_blob(arg, number, cancel, err);
}

int transfer_copy_blobs(struct transfer *transfer, struct error *err)
{
    if (transfer->blob_count == 0)
        return 0;
    progress_expect(transfer->progress, transfer->blob_size);
    return workers_run(transfer->target->sequential ? 1 : transfer->jobs, transfer->blob_count,
                       run_job, transfer, transfer->cancel, err);
}

int transfer_write_manifests(const struct transfer *transfer, struct error *err)
{
    for (size_t i = 0; i < transfer->manifest_count; i++) {
        const struct document *document = &transfer->manifests[i];
        struct digest_text digest = digest_format(&document->descriptor.digest);
        if (cancel_check(transfer->cancel, err) < 0 ||
            store_write_manifest(transfer->target, digest.text, document->descriptor.media_type,
                                 &document->bytes, err) < 0)
            return -1;
    }
    return 0;
}
