#ifndef INLAY_MODELS_COMPANION_DECISIONS_H
#define INLAY_MODELS_COMPANION_DECISIONS_H

#include "companion/companion.h"

/* What models make their loaders ask for besides, and what becomes of it. */

enum companion_fate {
    COMPANION_COMES, /* along */
    COMPANION_NAMED, /* the call names it */
    COMPANION_THERE, /* the base has it, by an earlier run */
    COMPANION_LEFT,  /* the loader will ask for it at the start */
};

/* "comes", "named", "there", "left". */
const char *companion_fate_name(enum companion_fate fate);

/* Of one companion of one model. Texts are owned. */
struct companion_decision {
    char *of;      /* the title of the model */
    char *title;   /* "org/name@main" */
    char *name;    /* "org/name" */
    char *commit;  /* NULL: not known */
    uint64_t size; /* of what is taken of it, or would be; SIZE_UNKNOWN: not known */
    enum companion_kind kind;
    enum companion_fate fate;
    char *file; /* of the model, that names it */
    char *key;  /* in that file */
    char *reason;
};

/* In the order in which they were met. */
struct companion_decisions {
    struct companion_decision *items;
    size_t count;
};

#define COMPANION_DECISIONS_INIT                                                                   \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

void companion_decisions_release(struct companion_decisions *decisions);
CLEANUP_RELEASE(companion_decisions)

#endif
