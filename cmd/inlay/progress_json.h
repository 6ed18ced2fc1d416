#ifndef INLAY_PROGRESS_JSON_H
#define INLAY_PROGRESS_JSON_H

#include "core/progress_view.h"

#include <jansson.h>

/* How far a run is, as --progress json tells it (docs/json.md); caller owns it. */
json_t *progress_to_json(const struct progress_view *view);

#endif
