#ifndef INLAY_LOCK_JSON_H
#define INLAY_LOCK_JSON_H

#include "project/lock.h"

/*
 * Prints what `inlay lock --json` does (docs/json.md): the models of `after`, and how they differ
 * from those of `before`. `before` is `after` itself if nothing was written.
 */
void lock_print_json(const char *path, const struct lock *before, const struct lock *after);

#endif
