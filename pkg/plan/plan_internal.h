#ifndef INLAY_PLAN_INTERNAL_H
#define INLAY_PLAN_INTERNAL_H

#include "plan/plan.h"

/*
 * What the name of a file says of the weights in it. Weights of one family in one folder are
 * copies of each other: they differ in format and in variant alone.
 */
enum weights_format {
    WEIGHTS_SAFETENSORS,
    WEIGHTS_PYTORCH, /* what PyTorch loaders take if there is no safetensors file */
    WEIGHTS_TWIN,    /* a pickle that is named like a safetensors file */
    WEIGHTS_FOREIGN, /* of other frameworks, and the publishers' original formats */
};

struct weights {
    char *family;
    const char *variant; /* "fp16", …; "": none. Not owned */
    enum weights_format format;
    bool is_index; /* the list of a model's shards, not weights themselves */
    bool is_whole; /* of a model that works alone, unlike an adapter's */
};

#define WEIGHTS_INIT                                                                               \
    {                                                                                              \
        NULL, "", WEIGHTS_FOREIGN, false, false                                                    \
    }

/* `name` is without folders. False if it is not a name of weights; *out is then unchanged. */
bool weights_parse(const char *name, struct weights *out);
void weights_release(struct weights *weights);
CLEANUP_RELEASE(weights)

/* Cuts a shard's number, "-00001-of-00007", off the end; false if there is none. */
bool shard_cut(char *stem);

/* The last part of a path. */
const char *path_name(const char *path);

/*
 * Clears keep[i] of files that are second copies of the same weights or left over from training.
 * Looks only at files with keep[i] set.
 */
void automatic_choose(const struct plan *plan, enum plan_weights weights, bool *keep);

/* ERROR_UNSUPPORTED, listing them, if several GGUF quantisations of a model are kept. */
int gguf_check(const struct plan *plan, const bool *keep, struct error *err) MUST_CHECK;

#endif
