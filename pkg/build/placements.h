#ifndef INLAY_BUILD_PLACEMENTS_H
#define INLAY_BUILD_PLACEMENTS_H

#include "base/base.h"
#include "placement/placement.h"

/* pkg/placement for every platform. */

/* All borrowed. */
struct arrangement {
    const struct placement_options *options;
    const struct base *base;
    const struct models *models;
    const struct known_bases *known;
    const struct cancel *cancel;   /* may be NULL */
    const struct sandbox *sandbox; /* as run_context has it */
};

struct placements {
    struct placement *items; /* one a platform; borrow from the arrangement */
    size_t count;
};

/* Fails as placement_find(), and says which platform it was; then *out is what it was. */
int placements_find(const struct arrangement *arrangement, struct placements *out,
                    struct notes *notes, struct error *err) MUST_CHECK;
void placements_release(struct placements *placements);
CLEANUP_RELEASE(placements)

#endif
