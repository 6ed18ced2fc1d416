#ifndef INLAY_INJECT_INJECT_H
#define INLAY_INJECT_INJECT_H

#include "base/request.h"
#include "build/request.h"
#include "core/error.h"
#include "models/request.h"
#include "oci/descriptor.h"
#include "placement/options.h"

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

struct inject_options {
    struct models_request models;
    struct base_request base;
    struct inject_target target;
    struct reuse_rules reuse;
    struct placement_options placement;
    struct compression_choice compression;  /* of the models' layers; zero: none */
    const struct expected_layers *expected; /* a layer that is another: ERROR_CORRUPT; NULL: any */
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
