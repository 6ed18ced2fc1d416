#ifndef INLAY_RESULT_H
#define INLAY_RESULT_H

#include "core/error.h"
#include "oci/descriptor.h"
#include "oci/document.h"
#include "options.h"

/* What a command that writes an image says of it on standard output. Everything is borrowed. */
struct result {
    const struct options *options;
    const struct reference *target;    /* with the first of its tags; the others are in `options` */
    struct store *store;               /* where that is */
    const struct descriptor *manifest; /* NULL: no image was written */
    json_t *more; /* for --json: an object with the members that this command has besides */
};

/*
 * Prints "TARGET@sha256:…" for each tag, or one JSON document (docs/json.md): on standard output,
 * or on standard error if the image itself goes to standard output; or adds it to `out` unless that
 * is NULL. Then writes the files that the options name (result_files.h). ERROR_LOCAL.
 */
int result_say(const struct result *result, struct buf *out, struct error *err) MUST_CHECK;

#endif
