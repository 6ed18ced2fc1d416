#ifndef INLAY_STORE_DOCKER_INTERNAL_H
#define INLAY_STORE_DOCKER_INTERNAL_H

#include "store/archive_internal.h"

/*
 * What `docker save` writes, as it is read: a tar with manifest.json, which lists images by names
 * of files (Docker image specification v1.2), in the old form and, since Docker 25, in the new. It
 * has no manifest as registries know it; each image is given one of schema 2, or an OCI one if a
 * layer is packed with zstd, always the same bytes for the same image.
 */

/* An image of manifest.json. */
struct docker_image {
    char *config;                  /* name of a file */
    struct strings tags;           /* "app:1" */
    struct strings layers;         /* names of files, from the bottom up */
    struct descriptor config_blob; /* this and the following once it is described */
    struct buf manifest;
    struct descriptor what;
};

struct docker_blob {
    struct digest digest;
    struct tar_range range;
};

struct docker_images {
    struct store base;
    char *subject; /* the file, or the engine; for messages */
    char *asked;   /* the version that is the only image, whatever its name; NULL: none */
    int (*open)(void *arg, int *fd, struct error *err);
    void *arg;
    void (*free_arg)(void *arg);
    const struct cancel *cancel; /* borrowed; may be NULL */
    struct ticket_lock ticket;   /* who has it owns the following; `tar` never changes once set */
    struct tar_index *tar;
    struct docker_image *images;
    size_t count;
    struct docker_blob *blobs; /* of the images that are described */
    size_t blob_count;
};

/* Parses manifest.json; *out is an array of *count for docker_images_free(). */
int docker_images_parse(const struct buf *bytes, struct docker_image **out, size_t *count,
                        struct error *err) MUST_CHECK;
void docker_images_free(struct docker_image *images, size_t count);
/* Fills in manifest and blobs of an image, unless that was done before; it is our turn. */
int docker_image_describe(struct docker_images *images, struct docker_image *image,
                          struct error *err) MUST_CHECK;

#endif
