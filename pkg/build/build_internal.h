#ifndef INLAY_BUILD_BUILD_INTERNAL_H
#define INLAY_BUILD_BUILD_INTERNAL_H

#include "build/build_plan.h"

/* reuse.c: whether the shard of the rules has this layer. */
bool reuse_is_of_shard(const struct reuse_rules *rules, size_t number);
/* reuse.c: lets others find this layer, which the target has now. */
int layer_share(const struct build_request *request, const struct planned_layer *planned,
                const struct image_layer *layer, const struct cancel *cancel,
                struct error *err) MUST_CHECK;

/* build.c: what the image records of the layer, but for a signature. */
void planned_layer_describe(const struct planned_layer *planned, struct layer_record *out);

/* layer_take.c: how a layer comes to the target without its model. Everything is borrowed. */
struct layer_take {
    struct store *target;
    const struct log *log;
    const struct planned_layer *layer; /* LAYER_THERE or LAYER_COPIED */
    const struct cancel *cancel;       /* may be NULL */
    count_fn *count;                   /* required; of what is copied or read */
    void *count_arg;
    enum store_copied *how; /* becomes how it came there */
};

/*
 * Afterwards the target has it. A claim is checked: while it passes, if it does, else by reading it
 * where it is. *out is false, and a warning says why, if it is not what its recipe makes.
 */
int layer_take(const struct layer_take *take, bool *out, struct error *err) MUST_CHECK;

/* layer_memo.c: the memo of this machine, as far as layers go. */
enum layer_memo_kind {
    LAYER_MEMO_PROVEN, /* what this machine has built or checked */
    LAYER_MEMO_TOLD,   /* what earlier versions have met */
};

/* Fills blob, diff_id and recipe of `out`, which is to be released; false: nothing is remembered.
 * A `memo` of NULL remembers nothing. */
bool layer_memo_read(const char *memo, enum layer_memo_kind kind, const struct digest *recipe,
                     struct image_layer *out);
/* A memo that cannot be written is none. */
void layer_memo_write(const struct run_context *run, const struct image_layer *layer);

#endif
