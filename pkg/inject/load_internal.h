#ifndef INLAY_INJECT_LOAD_INTERNAL_H
#define INLAY_INJECT_LOAD_INTERNAL_H

#include "image/image.h"
#include "store/store.h"

/* A document of a store with what it stands for: one image for Linux, or an index of several. */
struct loaded {
    struct document document;
    struct image *image;         /* NULL for an index; may be edited in place */
    struct buf config;           /* of the image, as it arrived */
    struct index_entry *entries; /* of an index */
    struct loaded **children;    /* one an entry; NULL: neither an image for Linux nor an index */
    size_t entry_count;
};

enum loaded_extent {
    LOADED_WHOLE,    /* every image of an index has to be there */
    LOADED_IN_REACH, /* an image or index that is not found is left NULL */
};

/* The image as people name it: "oci:DIR:1", "r.example/app@sha256:…". Caller frees. */
char *loaded_title(const struct store *store, const char *version);

/* Reads manifests and configs, of nested indexes too; no layer. The caller frees *out. */
int loaded_open(struct store *store, const char *version, enum loaded_extent extent,
                struct loaded **out, struct error *err) MUST_CHECK;
void loaded_free(struct loaded *loaded);
CLEANUP_FREE(loaded)

/*
 * The document and all that is loaded below it, children before parents and otherwise in the order
 * of their indexes: *out is an array of *count, which the caller frees.
 */
void loaded_list(struct loaded *loaded, struct loaded ***out, size_t *count);

#endif
