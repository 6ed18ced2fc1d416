#ifndef INLAY_BUILD_LAYER_ORDER_H
#define INLAY_BUILD_LAYER_ORDER_H

#include "build/build_plan.h"

/* What one image gets its layers of. All borrowed. */
struct layer_order {
    const struct own_parts *own; /* what the base carried */
    const struct placement *placement;
    const struct platform_cut *cut;
    const struct build_plan *plan;
};

/*
 * The layers that an image gets, those that stay included, from the bottom up: model by model,
 * whatever the order in which they were named or injected, so that the same models on the same
 * base are the same image; the folders last. A layer that models share is there for each of them,
 * and counts where it is first. `built` has one a layer of the plan. The caller frees the array,
 * not the texts.
 */
struct image_layer *layer_order_built(const struct layer_order *order,
                                      const struct image_layer *built, size_t *count);
/*
 * The same before they are built: until then its recipe's digest stands for the diff_id of a layer
 * of the plan, whose `kind` is NULL.
 */
struct image_layer *layer_order_planned(const struct layer_order *order, size_t *count);

#endif
