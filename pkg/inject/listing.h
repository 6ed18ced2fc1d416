#ifndef INLAY_INJECT_LISTING_H
#define INLAY_INJECT_LISTING_H

#include "core/notes.h"
#include "inject/inject.h"

/* The use case: which files the models are, and what they load besides, without any image. */

/* Texts are owned. */
struct listed_model {
    char *title;                 /* with its revision: "org/name@main" */
    struct plan plan;            /* what is taken of it */
    const struct layout *layout; /* of its loader */
    struct source *from;         /* its files; borrowed */
    struct strings companion_of; /* titles of models that load it; empty: the call names it */
};

struct listing {
    struct listed_model *items; /* those of the request first, in its order */
    size_t count;
};

#define LISTING_INIT                                                                               \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/*
 * As inject_run() does it on a base that has no models. Of the options, those of the models count,
 * and `memo` and `cancel`; there need not be a base or a target. What it has to tell people goes to
 * `notes`.
 */
int listing_run(const struct inject_options *options, struct notes *notes, struct listing *out,
                struct error *err) MUST_CHECK;
void listing_release(struct listing *listing);
CLEANUP_RELEASE(listing)

#endif
