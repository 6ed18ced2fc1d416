#ifndef INLAY_COMPLETIONS_H
#define INLAY_COMPLETIONS_H

#include "core/buf.h"

/* What a word at the cursor may become, and of which kind paths complete it. */

enum completion_paths {
    COMPLETION_NO_PATHS,
    COMPLETION_FILES,   /* the shell completes the word as the path of a file */
    COMPLETION_FOLDERS, /* the same of a folder */
};

struct completions {
    const char *word;           /* the value that is being typed, as far as it is there */
    const char *head;           /* what stands before it in the same word: "--layout="; or "" */
    const char *const *presets; /* files with presets that the command line names; NULL: none */
    const char *project;        /* the project file that the command line names; NULL: none */
    enum completion_paths paths;
    struct buf lines; /* "TEXT\tABOUT\n", TEXT with the head */
};

/* Adds a candidate, if what is typed begins it; of `about` a line that a terminal has room for. */
void completions_add(struct completions *completions, const char *text, const char *about);
/* The same of each of the words, which have spaces between them. */
void completions_add_words(struct completions *completions, const char *words);

/*
 * Paths below what is typed behind `prefix`; nothing if that does not begin the word. Folders end
 * with '/'; files are left out unless `files`. Names with control characters are left out.
 */
void completions_add_paths(struct completions *completions, const char *prefix, bool files);
/* "oci:DIR", and behind a layout's colon its tags; without a prefix the layouts in this folder. */
void completions_add_layouts(struct completions *completions);

/*
 * A value by what the help calls it: `argument` of the option (NULL: of none), such as FILE, IMAGE
 * or MODEL. Nothing for what cannot be known.
 */
void completions_add_values(struct completions *completions, const char *option,
                            const char *argument);

#endif
