#ifndef INLAY_MODELS_MODELS_H
#define INLAY_MODELS_MODELS_H

#include "base/base.h"
#include "core/notes.h"
#include "core/run_context.h"
#include "models/companion_decisions.h"
#include "models/request.h"
#include "placement/placement.h"

/* Which models and which of their files are taken, and what comes along. */

/* What models are listed for. Everything is borrowed. */
struct model_listing {
    const struct models_request *request;
    const struct run_context *run;
    const struct base *base; /* that they are added to: what it has need not come along */
    struct notes *notes;
};

/*
 * Pins revisions to commits, reads small files, selects files and checks names and licences; the
 * same of companions, which follow the models of the call. Of files but small ones nothing is read.
 * `out` borrows from the request. `companions`, which is empty, is filled as far as it came, after
 * a failure too; *out is filled on success. ERROR_USAGE for a model that is named twice,
 * ERROR_REFUSED for a licence, and what sources and selections say. For one thread.
 */
int models_list(const struct model_listing *listing, struct models *out,
                struct companion_decisions *companions, struct error *err) MUST_CHECK;

#endif
