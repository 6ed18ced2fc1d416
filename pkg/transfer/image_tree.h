#ifndef INLAY_TRANSFER_IMAGE_TREE_H
#define INLAY_TRANSFER_IMAGE_TREE_H

#include "image/image.h"
#include "store/store.h"

/* A document of a store with what it stands for: one image for Linux, or an index of several. */
struct image_tree {
    struct document document;
    struct image *image;          /* NULL for an index; may be edited in place */
    struct buf config;            /* of the image, as it arrived */
    struct index_entry *entries;  /* of an index */
    struct image_tree **children; /* one an entry; NULL: neither an image for Linux nor an index */
    size_t entry_count;
};

enum image_tree_extent {
    IMAGE_TREE_WHOLE,    /* every image of an index has to be there */
    IMAGE_TREE_IN_REACH, /* an image or index that is not found is left NULL */
};

/* The image as people name it: "oci:DIR:1", "r.example/app@sha256:…". Caller frees. */
char *image_tree_title(const struct store *store, const char *version);
/* Puts `what`, such as "the base", and that name before the error. Returns -1. */
int image_tree_wrap(const char *what, const struct store *store, const char *version,
                    struct error *err);

/* Reads manifests and configs, of nested indexes too; no layer. The caller frees *out. */
int image_tree_open(struct store *store, const char *version, enum image_tree_extent extent,
                    struct image_tree **out, struct error *err) MUST_CHECK;
/* The same; *is_missing says of a failure whether it is that there is no such version. */
int image_tree_find(struct store *store, const char *version, enum image_tree_extent extent,
                    struct image_tree **out, bool *is_missing, struct error *err) MUST_CHECK;
void image_tree_free(struct image_tree *loaded);
CLEANUP_FREE(image_tree)

/*
 * The document and all that is loaded below it, children before parents and otherwise in the order
 * of their indexes: *out is an array of *count, which the caller frees.
 */
void image_tree_list(struct image_tree *loaded, struct image_tree ***out, size_t *count);

#endif
