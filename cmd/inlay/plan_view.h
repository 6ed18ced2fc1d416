#ifndef INLAY_PLAN_VIEW_H
#define INLAY_PLAN_VIEW_H

#include "preview/preview.h"

/*
 * What `inlay plan` prints for people, on standard output. `may_mount`: bytes of the base may stay
 * where they are.
 */
void plan_view_print(const struct preview *preview, bool has_target, bool may_mount);

#endif
