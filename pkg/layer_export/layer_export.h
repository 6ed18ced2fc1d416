#ifndef INLAY_LAYER_EXPORT_LAYER_EXPORT_H
#define INLAY_LAYER_EXPORT_LAYER_EXPORT_H

#include "base/request.h"
#include "build/request.h"
#include "core/text.h"
#include "models/request.h"
#include "placement/options.h"

/* The use case: the layers that injecting would add to an image, as files for other tools. */

/* Everything in it is borrowed. */
struct layer_options {
    struct models_request models;
    struct base_request base; /* of one image, whose attestations are not looked at */
    struct placement_options placement;
    struct compression_choice compression;  /* of the models' layers; zero: none */
    const struct expected_layers *expected; /* a layer that is another: ERROR_CORRUPT; NULL: any */
    bool
        with_folders; /* the layer that states the folders above the models, as the base has them */
    const char *output; /* required: a file; "-" is standard output */
    struct run_context run;
};

struct layer_file {
    char *path;   /* "-": standard output */
    char *kind;   /* "large", "medium", "small", "folders", "way" */
    char *model;  /* "org/name"; NULL for "folders" */
    char *commit; /* NULL for "folders" */
    char *media_type;
    struct digest digest;  /* of the file */
    struct digest diff_id; /* of the tar in it; of a plain one the same */
    struct digest recipe;
    uint64_t size;
    struct digest table; /* of an eStargz layer, for whoever appends it; else DIGEST_NONE */
    uint64_t tar_size;   /* of the same: unpacked */
};

struct layer_result {
    struct layer_file *files; /* from the bottom up */
    size_t count;
    struct strings environment; /* NAME=value that injecting would set in the image */
};

#define LAYER_RESULT_INIT                                                                          \
    {                                                                                              \
        NULL, 0, STRINGS_INIT                                                                      \
    }

void layer_result_release(struct layer_result *result);
CLEANUP_RELEASE(layer_result)

/*
 * Writes the layers for one image, byte for byte those that injecting would add to it: one into
 * `output`, several into files with a number before the last extension of it, in the order in which
 * they are appended. The files take their names together, at the end; after a failure those that
 * were there are what they were. ERROR_USAGE, before a byte of a model moves, if the base has more
 * than one image, or standard output would have to take more than one layer. Fills `out`, which is
 * LAYER_RESULT_INIT.
 */
int layer_run(const struct layer_options *options, struct layer_result *out,
              struct error *err) MUST_CHECK;

#endif
