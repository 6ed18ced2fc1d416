#ifndef INLAY_STATEMENTS_H
#define INLAY_STATEMENTS_H

#include "oci/reference.h"
#include "options.h"
#include "provenance/provenance.h"
#include "store/store.h"

/* What is stated of an image: `inlay verify --provenance`. */
struct statements {
    struct statement *items;
    size_t count;
    struct strings names; /* of each: "'FILE'", or the digest of what is attached */
};

/*
 * Of the file that the option names, else all that are attached to the image. ERROR_NOT_FOUND if
 * there is none; those of other builders are passed over, with a line. ERROR_UNSUPPORTED where an
 * image has no manifest of its own digest: in a Docker archive or engine. Nothing if the option is
 * not given. `store` is that of `reference`.
 */
int statements_read(const struct options *line, const struct reference *reference,
                    struct store *store, const struct log *log, struct statements *out,
                    struct error *err) MUST_CHECK;
void statements_release(struct statements *statements);
CLEANUP_RELEASE(statements)

#endif
