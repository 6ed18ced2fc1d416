#ifndef INLAY_CORE_NEAREST_H
#define INLAY_CORE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Of the names that there are, those that may have been meant by one that there is not. Borrows all
 * of them.
 */

#define NEAREST_MAX 3

struct nearest {
    const char *typed;
    size_t worst;  /* the text_distance() above which a name is not near any more */
    bool by_parts; /* a name that holds what was typed is as near as can be, and one that is held by
                      it is near still */
    const char *names[NEAREST_MAX]; /* those that are nearest, all alike; the first of them */
    size_t distance;                /* theirs */
    size_t count;
};

/* With parts, and a third of what was typed may be wrong. */
struct nearest nearest_begin(const char *typed);
/* An empty name is never near. */
void nearest_consider(struct nearest *nearest, const char *name);
/* "; near it: a, b", for the end of a complaint, and "" if nothing is near. Caller frees. */
char *nearest_format(const struct nearest *nearest);
/* The same with `prefix` before each name: "--". Caller frees. */
char *nearest_format_with(const struct nearest *nearest, const char *prefix);

#endif
