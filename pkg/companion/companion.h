#ifndef INLAY_COMPANION_COMPANION_H
#define INLAY_COMPANION_COMPANION_H

#include "plan/contents.h"

/*
 * What a model makes its loader ask for besides: other repositories of the Hub that its small files
 * name. Values only, no I/O; docs/companions.md has the table of what is read.
 */

/* More of them than any model has. */
#define COMPANIONS_MAX ((size_t)64)
/* Behind so many notes a last one tells how many more there are. */
#define COMPANION_NOTES_MAX ((size_t)20)

enum companion_kind {
    COMPANION_CODE,    /* Python files alone */
    COMPANION_SMALL,   /* a tokenizer, a config */
    COMPANION_WEIGHTS, /* a model */
};

/* "code", "tokenizer", "weights": for people and programs. */
const char *companion_kind_name(enum companion_kind kind);

struct companion {
    enum companion_kind kind;
    struct origin origin;    /* a model of the Hub */
    struct strings include;  /* globs; empty: the automatic choice */
    struct strings required; /* globs, of these or besides, each of which has to match */
    char *file;              /* that names it first, from the repository's root */
    char *key;               /* in that file: "auto_map.AutoModel" */
    char *reason;            /* one line for people: "code that transformers runs" */
    bool is_conditional;     /* some versions of its loader do not ask for it */
};

struct companions {
    struct companion *items; /* in the order in which they were found, each once, for all globs */
    size_t count;
    char *own_code;       /* file that names code of the model's own; NULL: none does */
    struct strings notes; /* one line each for people: what is named and cannot be followed */
};

#define COMPANIONS_INIT                                                                            \
    {                                                                                              \
        .notes = STRINGS_INIT                                                                      \
    }

/* Whether a file may name companions, by its path: then companions_find() wants its content. */
bool companion_reads(const char *path);
/*
 * Whether a repository with these files has what is asked for: all that is required, and of a whole
 * model something that may be weights.
 */
bool companion_is_in(const struct companion *companion, const struct strings *files);
/* The first file that names code, of the model's own or another's; NULL: none. Of `companions`. */
const char *companions_find_code(const struct companions *companions);

/*
 * `model` is its name on the Hub, so that what it says of itself is told from others; `files` are
 * the paths that are taken, sorted by their bytes, and of `contents` these alone count. A file that
 * cannot be read, or does not have the expected form, names nothing. ERROR_UNSUPPORTED above
 * COMPANIONS_MAX of them, or of the required globs of one.
 */
int companions_find(const char *model, const struct plan_contents *contents,
                    const struct strings *files, struct companions *out,
                    struct error *err) MUST_CHECK;
void companions_release(struct companions *companions);
CLEANUP_RELEASE(companions)

#endif
