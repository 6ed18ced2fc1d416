#ifndef INLAY_INJECT_INJECT_H
#define INLAY_INJECT_INJECT_H

#include "base/request.h"
#include "core/error.h"
#include "core/run_context.h"
#include "core/signing_key.h"
#include "models/request.h"
#include "oci/descriptor.h"
#include "placement/options.h"
#include "stream/stream.h"

/*
 * The use case: models from sources, on top of an image in one store, into another store. Sees
 * sources and stores as interfaces only. Everything in the options is borrowed.
 */

/* Where the result goes. */
struct inject_target {
    struct store *store; /* opened for writing; NULL for preview and export alone: nowhere */
    const char *version; /* a tag; NULL: an image without, where the store takes one */
    /* More tags for the same image, NULL-terminated; NULL: none. */
    const char *const *more_versions;
    bool force; /* layers above the limits that registries have, too */
    /*
     * What `version` must show before, as more_versions what they showed when the run began; NULL:
     * that for all of them; TAG_ANY: whatever they show.
     */
    const struct tag_state *expected;
};

/* An image somewhere. */
struct inject_image {
    struct store *store;
    const char *version; /* tag or digest; NULL: the only image there */
};

/*
 * Layers that need not be built, and layers that others need not build. Unless the options say
 * otherwise, a record is believed if it is of what this machine has built or checked before, is in
 * the image that target.version shows, or is signed by a key of `trusted_keys`; a layer of which
 * anything else tells is read, once, and used if it is exactly what its recipe makes.
 */
struct inject_reuse {
    const struct inject_image *images; /* layers are taken from these, too */
    size_t image_count;
    struct store *layer_cache; /* keeps layers by their recipes, read and written; NULL: none */
    const struct signing_key *const *trusted_keys; /* that verify; `trusted_key_count` of them */
    size_t trusted_key_count;
    /*
     * Signs the records of this call's layers; then what target.version shows is not believed for
     * that alone. NULL: they are not signed.
     */
    const struct signing_key *signing_key;
    bool trusts_records;  /* believes every record, and reads no layer */
    bool checks_all;      /* believes none, and reads every layer; not with the above */
    unsigned shard;       /* builds every shard_count-th layer from this one on, from 0 */
    unsigned shard_count; /* 0: all layers, and then the image */
};

/* A layer that is known beforehand. */
struct inject_expected_layer {
    const char *platform; /* that it is for */
    const char *model;    /* NULL: folders */
    struct digest recipe;
    struct digest diff_id; /* DIGEST_NONE: not known */
};

/* All layers that models get on one base, as long as it is this one. */
struct inject_expected {
    const char *by; /* who expects them, and what to do if they are others: for messages */
    const char *advice;
    struct digest base; /* of its manifest or index */
    const struct inject_expected_layer *layers;
    size_t count;
};

struct inject_options {
    struct models_request models;
    struct base_request base;
    struct inject_target target;
    struct inject_reuse reuse;
    struct placement_options placement;
    struct compression_choice compression;  /* of the models' layers; zero: none */
    const struct inject_expected *expected; /* a layer that is another: ERROR_CORRUPT; NULL: any */
    /*
     * preview_run(): whether the layer of this recipe, whose diff_id nobody knows, is packed into
     * nothing so that it is known, and this machine remembers it; NULL: none is.
     */
    bool (*wants_diff_id)(void *arg, const struct digest *recipe);
    void *wants_arg;
    const char *created; /* RFC 3339 for history and config; NULL: the base's own */
    struct run_context run;
};

struct inject_result {
    struct descriptor manifest; /* what the tag shows now; of a shard nothing */
    uint64_t model_size;        /* bytes of model files that were moved */
    uint64_t cached_size;       /* and those that caches of this machine had */
    uint64_t base_size;         /* bytes of the base that were moved */
    uint64_t spared_size;       /* bytes of models and base that were there, or were mounted */
    size_t layers_built;
    size_t layers_reused;
    size_t layers_mounted; /* of those that are reused: by the registry, from another repository */
};

/*
 * Adds the models to every Linux platform of the base and tags the result in the target. Until the
 * last step the tag shows what it showed before; after a failure as well, but ERROR_UNCERTAIN.
 * ERROR_CONFLICT if somebody else has moved it meanwhile. A shard leaves the tag alone: it builds
 * its layers, where a later run finds them. ERROR_CANCELED says which layers stay.
 */
int inject_run(const struct inject_options *options, struct inject_result *result,
               struct error *err) MUST_CHECK;

#endif
