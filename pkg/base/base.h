#ifndef INLAY_BASE_BASE_H
#define INLAY_BASE_BASE_H

#include "base/request.h"
#include "core/notes.h"
#include "core/run_context.h"
#include "placement/placement.h"
#include "transfer/image_tree.h"

/*
 * What the base is, and what of it the result has: its documents, and each image for Linux without
 * what inlay added before, which is kept beside it. An image is always its base plus its models.
 */

/* One image of the base that gets the models. */
struct base_platform {
    struct image *image; /* without inlay's layers; owned by the base's tree */
    char *base_name;     /* what base.name and base.digest shall say; NULL: nothing */
    char *base_digest;
    struct own_parts own;  /* what it carried of an earlier run */
    struct rootfs *rootfs; /* its tree, without inlay's layers */
    struct rootfs *whole;  /* its tree with them; NULL: they are on top */
    size_t whole_count;    /* of its layers */
};

#define NO_PLATFORM SIZE_MAX

/* One document of the base, and whether the result has it. */
struct base_document {
    const struct image_tree *was;
    const struct index_entry *entry; /* that names it; NULL: none */
    size_t platform;                 /* of an image that gets the models; else NO_PLATFORM */
    bool *keeps;                     /* of an index: which of its entries stay */
    bool leaves;                     /* nothing of it is wanted */
};

/* The zero value is a base that has no image. */
struct base {
    struct store *store; /* where its blobs are; borrowed */
    struct image_tree *tree;
    struct base_document *documents; /* children before parents; the tag shows the last one */
    size_t document_count;
    struct base_platform *platforms;
    size_t platform_count;
};

/*
 * What was asked for, with what the target (NULL: nowhere) and the compression of the models'
 * layers have to say of it.
 */
struct base_request base_request_for(const struct base_request *asked, const struct store *target,
                                     const struct compression_choice *compression);

/*
 * Reads manifests and configs (image-spec, manifest.md and image-index.md), and no layer: trees of
 * files are opened, and read when they are asked. Borrows from `run` and the request's store as
 * long as `out` lives. ERROR_UNSUPPORTED for what cannot be built on, ERROR_NOT_FOUND for a
 * platform that it lacks, ERROR_USAGE if one image is wanted and there are more, and what the store
 * says. After a failure *out is empty. `out` belongs to one thread.
 */
int base_read(const struct base_request *request, const struct run_context *run, struct base *out,
              struct notes *notes, struct error *err) MUST_CHECK;
void base_release(struct base *base);
CLEANUP_RELEASE(base)

/* What of a model is looked for in the base, among what earlier runs have recorded. */
struct base_question {
    const char *name;
    const struct layout *layout; /* the loader */
    const char *ref;             /* the revision that it asks for; NULL: any */
    const char *pin;             /* the commit that this is; NULL: not known */
    bool wants_weights;
    bool wants_part;  /* folders of it, not the automatic choice */
    size_t all_files; /* of the automatic choice; SIZE_MAX: not known */
};

/* Whether every image of the base has it, as far as the records tell; of no image: no. */
bool base_has_model(const struct base *base, const struct base_question *question);

#endif
