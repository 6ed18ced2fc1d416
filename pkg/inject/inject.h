#ifndef INLAY_INJECT_INJECT_H
#define INLAY_INJECT_INJECT_H

#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"
#include "layout/layout.h"
#include "oci/descriptor.h"
#include "oci/platform.h"
#include "plan/plan.h"
#include "source/source.h"
#include "store/store.h"
#include "stream/stream.h"

/*
 * The use case: models from sources, on top of an image in one store, into another store. Sees
 * sources and stores as interfaces only.
 */

/* Told how far it is; called from several threads. NULL functions are not called. */
struct inject_progress {
    void (*expect)(void *arg, uint64_t size); /* so many bytes more are to be dealt with */
    void (*moved)(void *arg, uint64_t size);  /* so many of them are */
    void *arg;
};

/* An image somewhere. */
struct inject_image {
    struct store *store;
    const char *version; /* tag or digest; NULL: the only image there */
};

struct inject_options {
    struct source *const *sources; /* required; where the models come from, `source_count` */
    size_t source_count;
    const struct layout *layout;     /* required; where the files lie in the image */
    const char *path;                /* the folder, for a layout that wants one; else NULL */
    struct plan_selection selection; /* which files; `weights` is decided by the layout */

    struct store *base;         /* required; holds the image to build on */
    const char *base_version;   /* tag or digest; NULL: the only image there */
    const char *base_name;      /* canonical reference of it; NULL if not in a registry */
    struct store *target;       /* required; receives the result; opened for writing */
    const char *target_version; /* a tag; NULL: an image without, where the store takes one */
    /* More tags for the same image, NULL-terminated; NULL: none. */
    const char *const *more_versions;

    const struct oci_platform *platforms; /* the images of an index that are wanted */
    size_t platform_count;                /* 0: all that are for Linux */
    bool no_index;                        /* one image only, without an index around it */
    bool keep_attestations;               /* those that stay true */
    bool force;                           /* layers above the limits that registries have, too */

    const struct inject_image *reuse_from; /* layers are taken from these, too */
    size_t reuse_count;
    struct store *layer_cache; /* keeps layers by their recipes, read and written; NULL: none */
    unsigned shard;            /* builds every shard_count-th layer from this one on, from 0 */
    unsigned shard_count;      /* 0: all layers, and then the image */

    const char *user; /* in place of the image's own, in the same forms; NULL: the image's */
    const char *home; /* in place of the home that the image gives this user; NULL: that one */
    /* In place of the folder that the environment makes the loader look in; NULL: that one. */
    const char *cache_dir;
    const struct tree_owner *owner; /* in place of the user; NULL: the user */
    bool group_writable;            /* group 0, which may write what the user may */
    const char *memo; /* folder for what is learned of bases' layers; NULL: nothing is kept */

    const char *const *environment; /* NAME=value to set; NULL-terminated; NULL: none */
    bool online;                    /* do not set HF_HUB_OFFLINE */
    const char *created;            /* RFC 3339 for history and config; NULL: the base's own */

    struct compression_choice compression;  /* of the models' layers; zero: none */
    unsigned jobs;                          /* layers in flight; 0: 4 */
    const struct log *log;                  /* may be NULL */
    const struct cancel *cancel;            /* may be NULL */
    const struct inject_progress *progress; /* may be NULL */
};

struct inject_result {
    struct descriptor manifest; /* what the tag shows now; of a shard nothing */
    uint64_t model_size;        /* bytes of model files that were moved */
    uint64_t base_size;         /* bytes of the base that were moved */
    size_t layers_built;
    size_t layers_reused;
};

/*
 * Adds the models to every Linux platform of the base and tags the result in the target. Until the
 * last step the tag shows what it showed before; after a failure as well. A shard leaves the tag
 * alone: it builds its layers, where a later run finds them.
 */
int inject_run(const struct inject_options *options, struct inject_result *result,
               struct error *err) MUST_CHECK;

#endif
