#ifndef INLAY_FOLDERS_VIEW_H
#define INLAY_FOLDERS_VIEW_H

#include "inspect/inspect.h"
#include "picture/picture.h"

/* The folders of an image down to its models, for pictures and terminals. */

/* What the records of one platform say of it; arranged. `out` is empty before. */
void folders_view_of_image(const struct inspect_result *result, size_t platform,
                           struct picture_tree *out);
/*
 * The same of all platforms: those whose folders are alike are told once, under their names. As
 * wide as the terminal; branches are drawn with the characters that the locale has.
 */
void folders_view_print(const struct inspect_result *result);

#endif
