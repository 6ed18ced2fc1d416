#ifndef INLAY_PRESET_INTERNAL_H
#define INLAY_PRESET_INTERNAL_H

#include "preset/preset.h"

/* presets.json, which the build puts into the program. */
extern const unsigned char preset_builtin[];
extern const size_t preset_builtin_size;

/*
 * Parses a list and adds it to `out` in the order in which it stands there; nothing is added after
 * a failure. `file` is NULL for the program's own list.
 */
int presets_parse(const char *text, size_t size, const char *file, struct presets *out,
                  struct error *err) MUST_CHECK;

void preset_release(struct preset *preset);
CLEANUP_RELEASE(preset)
/* "FAMILY:NAME", or one word, of the characters that these have. */
bool preset_name_has_form(const char *name);
/* Has this name or alias. */
bool preset_is_named(const struct preset *preset, const char *name);

#endif
