#ifndef INLAY_MODELS_REQUEST_H
#define INLAY_MODELS_REQUEST_H

#include "layout/layout.h"
#include "plan/license.h"
#include "plan/plan.h"
#include "source/source.h"

/* How one model is to be baked; `weights` of the selection is decided by the layout. */
struct model_choice {
    const struct layout *layout; /* required */
    const char *path;            /* the folder, where the layout takes one; else NULL */
    const char *const
        *executable;          /* globs of files that may be run; each matches one. NULL: none */
    const char *companion_of; /* title of a model that loads it; NULL: the call names it */
    bool is_chosen; /* its source is pinned to what is taken of it: there is no selection */
    bool is_alone;  /* what it loads besides is among the models, or not wanted */
    struct plan_selection selection;
};

/* What comes along of what models make their loaders ask for besides (companion/companion.h). */
enum companions_wanted {
    COMPANIONS_SMALL, /* code and tokenizers; of weights it is said which are missing */
    COMPANIONS_ALL,
    COMPANIONS_NONE,
};

/* Where the models come from, and which of their files are taken. Everything is borrowed. */
struct models_request {
    struct source *const *sources;      /* required; one a model */
    const struct model_choice *choices; /* required; one a model */
    size_t count;                       /* 1 or more */
    struct license_rules licenses;      /* of them, and of what comes along; zero: any */
    bool looks_for_code;                /* files that run code when they are loaded are told */
    bool safe_only;                     /* and refused */
    enum companions_wanted companions;
    /* Opens one of these; *out is borrowed for as long as the request is. NULL: none comes along.
     */
    int (*open_companion)(void *arg, const struct origin *origin, struct source **out,
                          struct error *err);
    void *open_arg;
};

#endif
