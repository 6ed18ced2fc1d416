#include "rootfs/rootfs_internal.h"

/* Gives the files of one layer that no layer above it hides or replaces. */
static int collect_layer(struct layers *layers, size_t depth,
                         const struct rootfs_selection *selection, rootfs_file_fn *give, void *arg,
                         struct error *err)
{
    CLEANUP(buf) struct buf path = BUF_INIT;
    const struct listing *listing = NULL;

    if (layers_get(layers, depth, &listing, err) < 0)
        return -1;
    for (size_t i = 0; i < listing->count; i++) {
        const struct listing_entry entry = listing_at(listing, i, &path);
        const struct rootfs_file file = {entry.path, entry.size, entry.content};
        struct found found;
        if (entry.type != ROOTFS_FILE || selection->choose(entry.path) == ROOTFS_IGNORED)
            continue;
        if (lookup(layers, entry.path, false, &found, err) < 0)
            return -1;
        if (found.entry == &listing->records[i] && give(arg, &file, err) < 0)
            return -1;
    }
    return 0;
}

int collect(struct layers *layers, const struct rootfs_selection *selection, rootfs_file_fn *give,
            void *arg, struct error *err)
{
    for (size_t depth = 0; depth < layers_count(layers); depth++)
        if (collect_layer(layers, depth, selection, give, arg, err) < 0)
            return -1;
    return 0;
}
