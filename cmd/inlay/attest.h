#ifndef INLAY_ATTEST_H
#define INLAY_ATTEST_H

#include "inject/materials.h"
#include "injection.h"

/* What `inlay inject` says of its result to others: --provenance, --sbom. */

/* Whether it is wanted, in any form. */
bool attest_is_wanted(const struct options *line);
/* Whether it can go where it is wanted; makes no request. ERROR_USAGE. */
int attest_check(const struct options *line, struct error *err) MUST_CHECK;
/*
 * Attaches the documents to the image, or writes them to files, when its tags are there. An error
 * says that the image is published all the same.
 */
int attest_write(const struct injection *injection, const struct inject_result *result,
                 const struct materials *materials, struct error *err) MUST_CHECK;

#endif
