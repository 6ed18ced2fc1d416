#ifndef INLAY_ATTEST_H
#define INLAY_ATTEST_H

#include "inject/materials.h"
#include "injection.h"

/* What `inlay inject` says of its result to others: --provenance, --sbom. */

/* Whether it is wanted, in any form. */
bool attest_is_wanted(const struct options *line);
/*
 * Whether it can go where it is wanted: TARGET, which a project may name, has a place for it, and
 * files can be written and are none of the images'. The call is parsed; makes no request.
 * ERROR_USAGE; ERROR_LOCAL for a file.
 */
int attest_check(const struct injection *injection, struct error *err) MUST_CHECK;
/*
 * Attaches the documents to the image, or writes them to files, when its tags are there. An error
 * says that the image is published all the same.
 */
int attest_write(const struct injection *injection, const struct inject_result *result,
                 const struct materials *materials, struct error *err) MUST_CHECK;

#endif
