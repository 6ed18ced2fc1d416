#ifndef INLAY_PRESET_LIST_H
#define INLAY_PRESET_LIST_H

#include "options.h"
#include "preset/preset.h"

/*
 * The presets that a command line can name: the program's, and those of its --presets. As
 * presets_read(); ERROR_USAGE for a layout that is not known in one of these files.
 */
int preset_list_read(const struct options *line, struct notes *notes, struct presets *out,
                     struct error *err) MUST_CHECK;

#endif
