#ifndef INLAY_STATEMENTS_H
#define INLAY_STATEMENTS_H

#include "options.h"
#include "provenance/provenance.h"
#include "store/store.h"

/* What is stated of an image: `inlay verify --provenance`. */
struct statements {
    struct statement *items;
    size_t count;
};

/*
 * Of the file that the option names, else all that are attached to the image. ERROR_NOT_FOUND if
 * there is none; those of other builders are passed over, with a line. Nothing if the option is
 * not given.
 */
int statements_read(const struct options *line, struct store *store, const char *version,
                    const struct log *log, struct statements *out, struct error *err) MUST_CHECK;
void statements_release(struct statements *statements);
CLEANUP_RELEASE(statements)

#endif
