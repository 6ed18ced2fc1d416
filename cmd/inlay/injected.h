#ifndef INLAY_INJECTED_H
#define INLAY_INJECTED_H

#include "inject/materials.h"
#include "oci/document.h"
#include "oci/reference.h"

/* What `inlay inject` tells of what it did. */

/* The members of its JSON document that are its own (docs/json.md); caller owns it. */
json_t *injected_to_json(const struct inject_result *result, const struct materials *materials);

/* What a run says at its end. Everything is borrowed. */
struct injected {
    const struct inject_result *result;
    const struct materials *materials;
    const struct reference *target; /* NULL: no image was written */
    const char *user;               /* --user; NULL: the image's */
    const char *home;               /* --home; NULL: the user's */
    uint64_t seconds;
};

/* What moved, a line a model, one a platform, and how to look at the result again. */
void injected_say(const struct injected *injected, const struct log *log);

#endif
