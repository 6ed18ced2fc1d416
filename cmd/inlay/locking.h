#ifndef INLAY_LOCKING_H
#define INLAY_LOCKING_H

#include "injection.h"
#include "models/listing.h"

/* How the lock of a project comes about: one listing for the models of all, and one a set. */

/*
 * Adds what the listing has of the models of the call, and what they load besides. One that the
 * lock has already stays as it is; a companion that is there gets more owners and files.
 */
void locking_add(struct lock *lock, const struct injection *injection,
                 const struct listing *listing);
/*
 * Adds the layers of the call, by what the listing has, on the base, and for the target if that can
 * be read. `before` may know what was built. As preview_run().
 */
int locking_add_layers(struct lock *lock, const struct lock *before, struct injection *injection,
                       const struct listing *listing, struct error *err) MUST_CHECK;
/* Drops companions that no model of the lock loads; those that are left go behind the models. */
void locking_tidy(struct lock *lock);

#endif
