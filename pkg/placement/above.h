#ifndef INLAY_PLACEMENT_ABOVE_H
#define INLAY_PLACEMENT_ABOVE_H

#include "core/notes.h"
#include "image/image.h"
#include "rootfs/rootfs.h"

/*
 * Layers of others that lie above inlay's, in an image that was built on one with models. A model
 * that stays in the image is put on top of them: what they delete must not come back by that.
 */

/*
 * Opens the tree of the image as it is, for above_check(). `options` without layers; *out stays
 * NULL if inlay's layers are on top.
 */
int above_open(const struct image *image, const struct rootfs_options *options, struct rootfs **out,
               struct error *err) MUST_CHECK;

/*
 * Marks those of the image's own layers in *deleted, an array of `count`, whose model a layer
 * above removes; of those that `leaves` says of nothing is asked. ERROR_UNSUPPORTED if a layer
 * above changes a part of a model that stays, or a link to it.
 */
struct above_models {
    const struct image_layer *own;
    size_t count;
    size_t layer_count; /* of the image as it was opened */
    const bool *leaves;
    struct notes *notes;
};
int above_check(struct rootfs *rootfs, const struct above_models *models, bool *deleted,
                struct error *err) MUST_CHECK;

#endif
