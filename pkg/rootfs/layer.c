#include "rootfs/rootfs_internal.h"

#include "store/store.h"

#include <string.h>

static int read_once(const struct layer_request *request, const struct strings *linked,
                     struct listing **out, struct error *err)
{
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
    struct reader *counted = count_reader_new(stored, request->count, request->count_arg);
    CLEANUP(reader)
    struct reader *verified = verify_reader_new(counted, name.text, blob->size, &blob->digest);
    CLEANUP(reader) struct reader *plain = unpack_reader_new(verified);
    const struct scan_request scan = {
        .plain = plain,
        .algorithm = layer->is_artifact ? DIGEST_SHA256 : layer->diff_id.algorithm,
        .hash_contents = layer->hash_contents,
        .wanted = request->wanted,
        .selection = request->selection,
        .linked = linked,
        .cancel = request->cancel,
    };
    if (scan_tar(&scan, &listing, &found, err) < 0)
        return -1;
    if (!layer->is_artifact && !digest_equal(&found, &layer->diff_id)) {
        error_set(err, ERROR_CORRUPT, "'%s' unpacks to the digest %s, the image's config says %s",
                  name.text, digest_format(&found).text, digest_format(&layer->diff_id).text);
        return -1;
    }
    listing->is_plain = digest_equal(&found, &blob->digest);
    *out = TAKE(listing);
    return 0;
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
    for (size_t i = 0; i < listing->count; i++) {
        const struct listing_entry *entry = &listing->entries[i];
        if (entry->type == ROOTFS_FILE && entry->target != NULL && entry->content == NULL &&
            !entry->is_unresolved && entry->size <= selection->file_limit &&
            selection->choose(entry->path) == ROOTFS_KEPT)
            strings_add(out, entry->target);
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
