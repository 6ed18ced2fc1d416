#ifndef INLAY_BUILD_REQUEST_H
#define INLAY_BUILD_REQUEST_H

#include "core/digest.h"
#include "core/run_context.h"
#include "core/signing_key.h"
#include "store/store.h"
#include "stream/stream.h"

/* Where layers go, and where they may come from. Everything is borrowed. */

/* An image somewhere. */
struct stored_image {
    struct store *store;
    const char *version; /* tag or digest; NULL: the only image there */
};

/*
 * Layers that need not be built, and layers that others need not build. Unless the rules say
 * otherwise, a record is believed if it is of what this machine has built or checked before, is in
 * the image that the target's tag shows, or is signed by a key of `trusted_keys`; a layer of which
 * anything else tells is read, once, and used if it is exactly what its recipe makes.
 */
struct reuse_rules {
    const struct stored_image *images; /* layers are taken from these, too */
    size_t image_count;
    struct store *layer_cache; /* keeps layers by their recipes, read and written; NULL: none */
    const struct signing_key *const *trusted_keys; /* that verify; `trusted_key_count` of them */
    size_t trusted_key_count;
    /*
     * Signs the records of this call's layers; then what the target's tag shows is not believed
     * for that alone. NULL: they are not signed.
     */
    const struct signing_key *signing_key;
    bool trusts_records;  /* believes every record, and reads no layer */
    bool checks_all;      /* believes none, and reads every layer; not with the above */
    unsigned shard;       /* builds every shard_count-th layer from this one on, from 0 */
    unsigned shard_count; /* 0: all layers, and then the image */
};

/* A layer that is known beforehand. */
struct expected_layer {
    const char *platform; /* that it is for */
    const char *model;    /* NULL: folders */
    struct digest recipe;
    struct digest diff_id; /* DIGEST_NONE: not known */
};

/* All layers that models get on one base, as long as it is this one. */
struct expected_layers {
    const char *by; /* who expects them, and what to do if they are others: for messages */
    const char *advice;
    struct digest base; /* of its manifest or index */
    const struct expected_layer *layers;
    size_t count;
};

/*
 * Whether the layer of this recipe, whose diff_id nobody knows, is packed into nothing so that it
 * is known, and this machine remembers it. `wants` NULL: none is.
 */
struct diff_ids_wanted {
    bool (*wants)(void *arg, const struct digest *recipe);
    void *arg;
};

/* What building goes by. */
struct build_request {
    struct stored_image target;      /* where the result goes, by its first tag; a store of NULL:
                                        nowhere,      and nothing is there; a version of NULL: no tag */
    const struct reuse_rules *reuse; /* required */
    const struct compression_choice *compression; /* required; of the models' layers */
    const struct run_context *run;                /* required */
};

#endif
