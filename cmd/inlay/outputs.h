#ifndef INLAY_OUTPUTS_H
#define INLAY_OUTPUTS_H

#include "options.h"

/*
 * Whether each file that a command writes beside its result, as --picture and --digest-file say, is
 * one of its own: none of the images and files that the command line names, and no other's.
 * ERROR_USAGE. What --provenance and --sbom may replace is looked at by attest_check().
 */
int outputs_check(const struct options *line, struct error *err) MUST_CHECK;

#endif
