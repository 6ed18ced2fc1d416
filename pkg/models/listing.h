#ifndef INLAY_MODELS_LISTING_H
#define INLAY_MODELS_LISTING_H

#include "core/notes.h"
#include "core/run_context.h"
#include "models/companion_decisions.h"
#include "models/request.h"

struct models;

/* Which files the models are, and what they load besides, as a value that outlives the call. */

/* Texts are owned. */
struct listed_model {
    char *title;                 /* with its revision: "org/name@main" */
    struct plan plan;            /* what is taken of it */
    const struct layout *layout; /* of its loader */
    const char *path;            /* as in struct model; borrowed of the request */
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

/* As models_list() on a base that has no models; there need not be an image. */
int listing_run(const struct models_request *request, const struct run_context *run,
                struct notes *notes, struct listing *out, struct error *err) MUST_CHECK;
/* Takes the plans of the models, which have none afterwards; `out` is released before. */
void listing_take(struct models *models, const struct companion_decisions *companions,
                  struct listing *out);
void listing_release(struct listing *listing);
CLEANUP_RELEASE(listing)

#endif
