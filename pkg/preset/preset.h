#ifndef INLAY_PRESET_PRESET_H
#define INLAY_PRESET_PRESET_H

#include "core/notes.h"
#include "plan/origin.h"

/*
 * Short names for what people have in their code, such as "whisper:base": where its files are, with
 * which checksums, which of them the loader reads, and the layout that its loader wants. The
 * program has a list in it, presets.json; files of the same format (docs/presets.schema.json) add
 * to it. Once read, a list is not changed, and several threads may look into it.
 */

/* One thing to fetch; a preset has one and more. */
struct preset_item {
    char *text;              /* the origin as it is written there, checksum included */
    struct origin origin;    /* a model, or the URL of one file with its SHA-256 */
    struct strings include;  /* globs of files that the loader reads, and fails without */
    struct strings optional; /* globs of files that it reads where there are some */
};

struct preset {
    char *name;             /* "FAMILY:NAME", or one word */
    struct strings aliases; /* other names, of the same form */
    char *summary;          /* one line */
    char *layout;           /* what --layout takes */
    char *evidence;         /* where sources and checksums were read; NULL: not said */
    char *file;             /* that it was read from; NULL: the program's own list */
    struct preset_item *items;
    size_t item_count;
};

/* Sorted by the bytes of their names; no name or alias stands twice. */
struct presets {
    struct preset *items;
    size_t count;
};

#define PRESETS_INIT                                                                               \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/*
 * The program's own, and those of `files` (NULL-terminated; NULL: none). Where a name stands again
 * in a later file, that one counts, and a note says so. ERROR_NOT_FOUND or ERROR_LOCAL for a file
 * that cannot be read, ERROR_CORRUPT for one that is no list of presets, with file and place,
 * ERROR_UNSUPPORTED for one in a newer format. `out` is PRESETS_INIT.
 */
int presets_read(const char *const *files, struct notes *notes, struct presets *out,
                 struct error *err) MUST_CHECK;
void presets_release(struct presets *presets);
CLEANUP_RELEASE(presets)

/*
 * The preset of this name or alias in *out, which belongs to the list; NULL if `text` names
 * something else. ERROR_USAGE, with the nearest names, if it looks like a preset's name and is
 * none.
 */
int presets_find(const struct presets *presets, const char *text, const struct preset **out,
                 struct error *err) MUST_CHECK;

/* Whether the word is in its name, an alias, its summary, its layout or an origin, in any case. */
bool preset_matches(const struct preset *preset, const char *word);

#endif
