#ifndef INLAY_INJECTED_H
#define INLAY_INJECTED_H

#include "inject/materials.h"
#include "oci/document.h"

/* What `inlay inject` tells of what it did. */

/* The members of its JSON document that are its own (docs/json.md); caller owns it. */
json_t *injected_to_json(const struct inject_result *result, const struct materials *materials);

#endif
