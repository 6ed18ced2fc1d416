#ifndef INLAY_PLAN_CONTENTS_H
#define INLAY_PLAN_CONTENTS_H

#include "plan/plan.h"

/*
 * The small files of a model by which its loader decides what to load. They are read before
 * anything else of it, and what is decided by them is decided from these values alone.
 */

/* A file above it is not looked at. */
#define PLAN_CONTENT_MAX MIB
/* Of one model at most; those nearest to the root count. */
#define PLAN_CONTENTS_MAX ((size_t)64)

struct plan_content {
    char *path; /* as in the plan */
    char *text; /* its bytes, as they came; a NUL behind them is not counted */
    size_t size;
};

struct plan_contents {
    struct plan_content *items; /* sorted by path */
    size_t count;
};

#define PLAN_CONTENTS_INIT                                                                         \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/* Whether it is such a file, by name, by at most two folders above it, and by size. */
bool plan_wants_content(const struct plan_file *file);
/*
 * The wanted files of a plan, sorted by path; PLAN_CONTENTS_MAX at most. They are the plan's; the
 * caller frees the array.
 */
const struct plan_file **plan_wanted_contents(const struct plan *plan, size_t *count);

/* Copies a file's bytes to its place in the order; not twice the same path. */
void plan_contents_add(struct plan_contents *contents, const char *path, const void *data,
                       size_t size);
/* NULL if it is not there. */
const struct plan_content *plan_contents_find(const struct plan_contents *contents,
                                              const char *path);
void plan_contents_release(struct plan_contents *contents);
CLEANUP_RELEASE(plan_contents)

#endif
