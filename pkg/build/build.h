#ifndef INLAY_BUILD_BUILD_H
#define INLAY_BUILD_BUILD_H

#include "build/build_plan.h"

/* Every layer and every blob of the base comes to the target. */

struct built_layers {
    struct image_layer *layers; /* one a planned layer; of a shard, those of others are empty */
    size_t count;
    uint64_t model_size;  /* bytes of model files that were moved */
    uint64_t cached_size; /* and those that caches of this machine had */
    uint64_t base_size;   /* bytes of the base that were moved */
    uint64_t spared_size; /* bytes of models and base that were there, or were mounted */
    size_t layers_built;
    size_t layers_reused;
    size_t layers_mounted; /* of those that are reused: by the registry, from another repository */
};

/*
 * One job a layer and one a blob of the base, `jobs` at a time; what another is claimed to have is
 * checked, and built if it is wrong, which changes its fate in `plan`. The target is required. The
 * layers that came before a failure stay where they are; ERROR_CANCELED says how many. *out is
 * filled on success, and says what each layer is by its record.
 */
int build_run(const struct build_request *request, struct build_plan *plan,
              struct built_layers *out, struct error *err) MUST_CHECK;
void built_layers_release(struct built_layers *built);
CLEANUP_RELEASE(built_layers)

#endif
