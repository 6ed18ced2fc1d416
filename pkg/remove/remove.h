#ifndef INLAY_REMOVE_REMOVE_H
#define INLAY_REMOVE_REMOVE_H

#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "source/source.h"
#include "store/store.h"

/*
 * The use case: models out of an image. What remains is what it would be if they had never been
 * put in.
 */

/* Opens, for the caller to free, the repository in which an image's base is said to be. */
typedef int remove_open_fn(void *arg, const char *base_name, struct store **out, struct error *err);

struct remove_options {
    /* Required, `model_count`; `revision` is what the commit begins with, or NULL: every one. */
    const struct origin *models;
    size_t model_count;

    struct store *image;        /* required; holds the image */
    const char *image_version;  /* tag or digest; NULL: the only image there */
    struct store *target;       /* required; receives the result, may be `image` */
    const char *target_version; /* required: a tag */
    /* What it must show before, TAG_ANY: anything; NULL: what it showed at the beginning. */
    const struct tag_state *expected;

    remove_open_fn *open_base; /* NULL: the base is looked for in `image` and `target` alone */
    void *open_arg;

    unsigned jobs;                   /* blobs in flight; 0: 4 */
    const struct log *log;           /* may be NULL */
    const struct cancel *cancel;     /* may be NULL */
    const struct progress *progress; /* may be NULL */
    const struct sandbox *sandbox;   /* where layers are parsed; NULL: in this process */
};

struct remove_result {
    struct descriptor manifest; /* what the tag shows now */
    size_t layers_removed;      /* of models, the same one for several platforms counted once */
    uint64_t moved;             /* bytes that went to the target */
};

/*
 * Takes the models out of every platform that has them and tags the result in the target. Until
 * the last step the tag shows what it showed before; after a failure as well, but
 * ERROR_UNCERTAIN. ERROR_CONFLICT if that is not what is expected. Where no model
 * remains and the base's own documents can be had, the result are those, byte for byte.
 * ERROR_NOT_FOUND, listing those that it has, for a model that the image does not have;
 * ERROR_USAGE for a revision that is not the beginning of one commit, of 7 hex digits or more.
 */
int remove_run(const struct remove_options *options, struct remove_result *result,
               struct error *err) MUST_CHECK;

#endif
