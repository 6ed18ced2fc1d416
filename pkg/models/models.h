#ifndef INLAY_MODELS_MODELS_H
#define INLAY_MODELS_MODELS_H

#include "base/base.h"
#include "core/ahead.h"
#include "core/notes.h"
#include "core/run_context.h"
#include "models/companion_decisions.h"
#include "models/request.h"
#include "placement/placement.h"

/* Which models and which of their files are taken, and what comes along. */

/* What a model's source says, asked for before anybody needs it. */
struct model_lookup {
    struct source *source;
    const struct run_context *run;
    struct plan plan;
    bool has_contents;             /* else, why they could not be read */
    struct plan_contents contents; /* of its small files */
    struct error why;
    struct ahead ahead;
    const struct early_files *early; /* NULL: none are read */
    struct plan early_plan;          /* as the source lists it */
    struct plan_contents files;      /* that were read early */
    struct ahead reading;
};

/*
 * Small files of models are read while the base is, if it is certain that layers have to be made of
 * them. What is read in vain is EARLY_MOST bytes a model.
 */
#define EARLY_MOST ((uint64_t)8 * MIB)
struct early_files {
    bool (*are_needed)(void *arg, const struct cancel *cancel); /* waits until that is known */
    void *arg;
};

/* One a model of the request. Belongs to its caller, and stays where it is. */
struct model_lookups {
    struct model_lookup *items;
    size_t count;
};

/*
 * Begins them where that saves time; `request`, `run` and `early` (NULL: no files are read early),
 * with what they borrow, outlive them.
 */
void model_lookups_begin(const struct models_request *request, const struct run_context *run,
                         const struct early_files *early, struct model_lookups *out);
/*
 * Waits for the files that are being read early, and adds them to the contents of the models of the
 * request, which then need not be fetched. After that nothing is decided by contents any more.
 */
void model_lookups_take_files(struct model_lookups *lookups, struct models *models);
void model_lookups_release(struct model_lookups *lookups);
CLEANUP_RELEASE(model_lookups)

/* What models are listed for. Everything is borrowed. */
struct model_listing {
    const struct models_request *request;
    const struct run_context *run;
    const struct base *base; /* that they are added to: what it has need not come along */
    struct notes *notes;
    struct model_lookups *begun; /* for the same request; NULL: nothing */
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
