#ifndef INLAY_OCI_MODEL_OCI_MODEL_H
#define INLAY_OCI_MODEL_OCI_MODEL_H

#include "source/source.h"
#include "store/store.h"

/*
 * Models that a store has, as a source: artifacts of ModelPack (CNCF model-spec), KitOps and
 * Docker, artifacts whose layers have names, and images with files below /models, as KServe's
 * modelcars. `source` and `store` do not know each other; this module knows both.
 */

struct sandbox;

struct oci_model_options {
    struct store *store;         /* required; taken over */
    const char *version;         /* what the store is asked for; NULL: the only one there is */
    const struct origin *origin; /* required; copied */
    const struct cancel *cancel; /* may be NULL */
    const struct log *log;       /* may be NULL */
    struct prefetch_pool *pool;  /* borrowed; NULL: one connection a file */
    struct cache *cache;         /* borrowed; NULL: nothing is kept */
    /* Where layers are listed; borrowed; NULL: in this process. Their files are read in this one.
     */
    const struct sandbox *sandbox;
};

/*
 * Makes no request. source_list() pins the origin to the SHA-256 of the manifest; of an index to
 * that of the image or artifact that is taken out of it: the image for linux/amd64, else the first
 * one for Linux, else the only artifact. Layers that are files by themselves are known by their
 * descriptors; tars are read once to be listed, and again by whoever opens their files. An image is
 * read whole. ERROR_UNSUPPORTED for what holds no model: an image without /models, layers without
 * names, encrypted and foreign layers, links that lead out.
 */
struct source *oci_model_adopt(const struct oci_model_options *options);

#endif
