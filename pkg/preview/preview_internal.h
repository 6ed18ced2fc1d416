#ifndef INLAY_PREVIEW_PREVIEW_INTERNAL_H
#define INLAY_PREVIEW_PREVIEW_INTERNAL_H

#include "build/build_plan.h"
#include "preview/preview.h"

/* preview_stack.c: the layers of image `number` of the base, and of the result. */
int preview_fill_stack(const struct base_platform *platform, const struct placement *placement,
                       const struct build_plan *plan, size_t number, struct preview_platform *out,
                       struct error *err) MUST_CHECK;
/* Whether all that the layer has is of one owner, and of whom. */
void preview_find_owner(const struct recipe *recipe, struct preview_owner *out);

#endif
