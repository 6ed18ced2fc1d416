#include "rootfs/rootfs_internal.h"

#include "store/store.h"

#include <string.h>

/* Bytes of a blob, of which progress is told. */
struct counting {
    const struct layer_request *request;
    uint64_t left; /* that it was not told of yet */
};

static void count_read(void *arg, uint64_t size)
{
    struct counting *counting = arg;
    uint64_t part = size < counting->left ? size : counting->left;

    counting->left -= part;
    counting->request->count(counting->request->count_arg, size);
    progress_moved(counting->request->progress, part);
}

static int read_blob(struct counting *counting, const struct strings *linked, struct listing **out,
                     struct error *err)
{
    const struct layer_request *request = counting->request;
    const struct rootfs_layer *layer = request->layer;
    const struct descriptor *blob = &layer->blob;
    struct store *store = request->store;
    CLEANUP(reader) struct reader *stored = NULL;
    CLEANUP(listing) struct listing *listing = NULL;
    struct digest_text name = digest_format(&blob->digest);
    struct digest found = DIGEST_INIT;

    if (store->ops->open_blob(store, blob, 0, SIZE_UNKNOWN, &stored, err) < 0)
        return -1;
    CLEANUP(reader)
    struct reader *counted = count_reader_new(stored, count_read, counting);
    CLEANUP(reader)
    struct reader *verified = verify_reader_new(counted, name.text, blob->size, &blob->digest);
    /* What is verified as the blob is verified as the tar then, and need not be hashed twice. */
    bool is_tar = !layer->is_artifact && digest_equal(&blob->digest, &layer->diff_id);
    const struct scan_request scan = {
        .algorithm = layer->is_artifact ? DIGEST_SHA256
                     : is_tar           ? DIGEST_NONE
                                        : layer->diff_id.algorithm,
        .hash_contents = layer->hash_contents,
        .wanted = request->wanted,
        .selection = request->selection,
        .linked = linked,
        .cancel = request->cancel,
    };
    if (scan_apart(request->sandbox, &scan, verified, &listing, &found, err) < 0)
        return -1;
    if (is_tar)
        found = blob->digest;
    if (!layer->is_artifact && !digest_equal(&found, &layer->diff_id)) {
        error_set(err, ERROR_CORRUPT, "'%s' unpacks to the digest %s, the image's config says %s",
                  name.text, digest_format(&found).text, digest_format(&layer->diff_id).text);
        return -1;
    }
    listing->is_plain = digest_equal(&found, &blob->digest);
    *out = TAKE(listing);
    return 0;
}

/* A part that is not read, after a failure, is dealt with, too. */
static int read_once(const struct layer_request *request, const struct strings *linked,
                     struct listing **out, struct error *err)
{
    const struct descriptor *blob = &request->layer->blob;
    struct counting counting = {request, blob->size};
    CLEANUP(text) char *title = xasprintf("reading %s", digest_format(&blob->digest).text);

    progress_begin(request->progress, title, blob->size);
    progress_expect(request->progress, blob->size);
    int result = read_blob(&counting, linked, out, err);
    progress_spared(request->progress, counting.left);
    progress_end(request->progress);
    return result;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * The sources of hard links whose content is selected by the name of the link, and not by that of
 * the source, which came before it.
 */
static void find_linked(const struct rootfs_selection *selection, const struct listing *listing,
                        struct strings *out)
{
    CLEANUP(buf) struct buf path = BUF_INIT;

    for (size_t i = 0; i < listing->count; i++) {
        const struct listing_entry entry = listing_at(listing, i, &path);
        if (entry.type == ROOTFS_FILE && entry.target != NULL && entry.content == NULL &&
            !entry.is_unresolved && entry.size <= selection->file_limit &&
            selection->choose(entry.path) == ROOTFS_KEPT)
            strings_add(out, entry.target);
    }
    if (out->count > 1)
        qsort(out->items, out->count, sizeof(*out->items), compare_paths);
}

int layer_read(const struct layer_request *request, struct listing **out, struct error *err)
{
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(strings) struct strings linked = STRINGS_INIT;

    if (read_once(request, NULL, &listing, err) < 0)
        return -1;
    if (request->selection != NULL)
        find_linked(request->selection, listing, &linked);
    if (linked.count > 0) {
        listing_free(TAKE(listing));
        if (read_once(request, &linked, &listing, err) < 0)
            return -1;
    }
    *out = TAKE(listing);
    return 0;
}

bool selection_keeps(const struct rootfs_selection *selection, const struct strings *linked,
                     const char *path, uint64_t size)
{
    if (selection == NULL || size > selection->file_limit)
        return false;
    return selection->choose(path) == ROOTFS_KEPT ||
           (linked != NULL && linked->count > 0 &&
            bsearch(&path, linked->items, linked->count, sizeof(path), compare_paths) != NULL);
}
