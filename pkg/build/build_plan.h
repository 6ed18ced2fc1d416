#ifndef INLAY_BUILD_BUILD_PLAN_H
#define INLAY_BUILD_BUILD_PLAN_H

#include "build/known.h"
#include "build/layer_fate.h"
#include "build/placements.h"
#include "build/request.h"
#include "pack/pack.h"
#include "transfer/transfer.h"

/* Which layers there have to be, and where each is had. Values; for one thread. */

/* The recipes of a model in one platform. */
struct model_cut {
    struct recipe *recipes; /* from the bottom up */
    size_t recipe_count;
    struct recipe links;     /* above them; empty: there are none */
    struct recipe ancestors; /* below them, where the placement needs it; else empty */
    struct tree_entry *ancestor_entries;
};

struct platform_cut {
    struct model_cut *models;
    size_t model_count;
    struct tree_entry *folder_entries;
    struct recipe folders; /* on top of all models */
};

/* One layer to be had, however many platforms want it. */
struct planned_layer {
    const struct recipe *recipe;
    const struct placed_model *placed; /* NULL: folders */
    enum layer_fate fate;
    struct store *from;       /* LAYER_COPIED */
    struct store *claimed_by; /* whose record says so; NULL: nobody's */
    struct descriptor blob;   /* unless it is built */
    struct digest diff_id;
    struct layer_table table;
    bool is_claim;  /* it has to be checked before it is used */
    bool is_proven; /* this machine has built or checked it */
};

/* "model.safetensors of org/name", "small files of org/name", "folders". Caller frees. */
char *planned_layer_title(const struct planned_layer *layer);
/* Says which layer the error is about; returns -1. */
int planned_layer_wrap(const struct planned_layer *layer, struct error *err);

struct build_plan {
    struct platform_cut *platforms; /* as in the base */
    size_t platform_count;
    struct planned_layer *layers; /* each recipe once */
    size_t layer_count;
    struct transfer others;   /* what the base has and the result mentions */
    const struct store *base; /* where that is; borrowed */
};

/*
 * Cuts the trees; every layer is LAYER_BUILT so far. Reads what the base's index passes on.
 * ERROR_UNSUPPORTED if runtimes do not take as many layers. *out, which is filled on success,
 * borrows from all that it is made of.
 */
int build_plan_cut(const struct build_request *request, const struct base *base,
                   const struct placements *placements, struct build_plan *out,
                   struct error *err) MUST_CHECK;
/* reuse.c: looks for the layers that need not be built, several at a time. Reads no layer. */
int build_plan_find(const struct build_request *request, const struct known *known,
                    struct build_plan *plan, struct error *err) MUST_CHECK;
/* ERROR_UNSUPPORTED if the target is known to refuse a layer for its size. */
int build_plan_check_sizes(const struct build_plan *plan, const struct store *target,
                           struct error *err) MUST_CHECK;
/* The number of the layer of this recipe; layer_count if it is not in the plan. */
size_t build_plan_find_recipe(const struct build_plan *plan, const struct digest *recipe);
/* The same of a recipe that is in the plan. */
size_t build_plan_number(const struct build_plan *plan, const struct recipe *recipe);
void build_plan_release(struct build_plan *plan);
CLEANUP_RELEASE(build_plan)

/*
 * diff_ids.c: fills out[i] of each layer of the plan that exists, or that this machine has built or
 * packed before, or that is wanted; else it is DIGEST_NONE. Those that are wanted are packed,
 * several at a time, as the only ones of which model files are read.
 */
int diff_ids_find(const struct run_context *run, const struct diff_ids_wanted *wanted,
                  const struct build_plan *plan, struct digest *out, struct error *err) MUST_CHECK;

/*
 * expected.c: ERROR_CORRUPT if other layers are expected on this base; NULL: any. That they are
 * for another base goes to `log`.
 */
int expected_check_plan(const struct expected_layers *expected, const struct base *base,
                        const struct build_plan *plan, const struct log *log,
                        struct error *err) MUST_CHECK;
int expected_check_layer(const struct expected_layers *expected, const struct base *base,
                         const struct planned_layer *layer, const struct digest *diff_id,
                         struct error *err) MUST_CHECK;

#endif
