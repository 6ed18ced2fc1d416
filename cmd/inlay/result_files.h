#ifndef INLAY_RESULT_FILES_H
#define INLAY_RESULT_FILES_H

#include "result.h"

/* What a command that writes an image says of it in files: for scripts, for BuildKit's users, for
 * CI systems (docs/json.md). */

/*
 * Whether the files that the options name can be written, before anything else is done: --ci knows
 * where to, and a shard, which writes no image, has nothing to say. ERROR_USAGE, ERROR_LOCAL.
 */
int result_files_check(const struct options *options, const struct reference *target,
                       struct error *err) MUST_CHECK;
/*
 * Writes them; `names` are those of the tags, one and more. An error says that the image is
 * published all the same.
 */
int result_files_write(const struct result *result, const struct strings *names,
                       struct error *err) MUST_CHECK;

#endif
