#ifndef INLAY_PICTURE_VIEW_H
#define INLAY_PICTURE_VIEW_H

#include "core/secrets.h"
#include "inspect/inspect.h"
#include "options.h"
#include "preview/preview.h"

/* `--picture FILE` of commands: FILE ends in .svg or .html. */

/* Whether the file could be written, before anything is read. Nothing without the option. */
int picture_view_check(const struct options *options, struct error *err) MUST_CHECK;
/*
 * Writes it without the secrets, in place of a file that is there, if the option was given, and
 * says so.
 */
int picture_view_of_image(const struct options *options, const struct inspect_result *result,
                          struct secrets *secrets, const struct log *log,
                          struct error *err) MUST_CHECK;
int picture_view_of_plan(const struct options *options, const struct reference *base,
                         const struct preview *preview, struct secrets *secrets,
                         const struct log *log, struct error *err) MUST_CHECK;

#endif
