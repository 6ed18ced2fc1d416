#ifndef INLAY_INJECT_TREE_LAYERS_INTERNAL_H
#define INLAY_INJECT_TREE_LAYERS_INTERNAL_H

#include "image/image.h"
#include "rootfs/rootfs.h"

/*
 * The layers of an image as rootfs_open() takes them, with what the manifest says of their tables
 * of contents, which stays the image's: *out is an array of *count that the caller frees.
 */
int tree_layers(const struct image *image, struct rootfs_layer **out, size_t *count,
                struct error *err) MUST_CHECK;

#endif
