#ifndef INLAY_OCI_MEMBER_H
#define INLAY_OCI_MEMBER_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Known members of documents that engines read with Go's encoding/json. It takes a name in any
 * case, and of several members with the same name in any case the last one counts. Names of
 * annotations, labels and the like are not known names and are compared exactly.
 */

/* The member `name` that counts; NULL if there is none. Borrowed. */
json_t *member_get(const json_t *object, const char *name);
/* The same for a text. null counts as absent, as it does for Go; NULL if it is not a text. */
const char *member_text(const json_t *object, const char *name);
/* A string's text; NULL for everything else, numbers that the library cannot hold included. */
const char *json_text(const json_t *json);

/*
 * The name of a member, without what marks that the same name comes again: `name` itself if it does
 * not, which is then the member that counts.
 */
const char *json_plain_name(const char *name);

/* Sets the member that counts, under the name that it has there; else adds it. Takes `value`. */
void member_set_new(json_t *object, const char *name, json_t *value);
/* Removes the member in every case; false if there was none. */
bool member_del(json_t *object, const char *name);

/*
 * Makes one member of several that Go would read into one object: each adds to those before it.
 * null resets a map (annotations, labels), and changes nothing in a struct.
 */
void member_unify(json_t *object, const char *name, bool is_map);

#endif
