#ifndef INLAY_MODELS_CODE_H
#define INLAY_MODELS_CODE_H

#include "core/notes.h"
#include "core/run_context.h"
#include "models/request.h"
#include "pickle/pickle.h"
#include "placement/placement.h"

/* Files of models that run code when they are loaded. */

struct code_file {
    size_t model;                 /* its number */
    const struct plan_file *file; /* of its plan; borrowed */
    bool is_source;               /* Python, which the loader imports */
    struct pickle_findings findings;
};

struct code {
    struct code_file *items; /* by models, and then by paths */
    size_t count;
};

void code_release(struct code *code);
CLEANUP_RELEASE(code)

/*
 * Looks at the files of the models that may be such, of large ones at parts, and says what it has
 * found; at none unless the request says so. ERROR_REFUSED if there is one and the request wants
 * none; also what sources say. `out` is empty, borrows from `models`, and is filled on success.
 */
int code_check(const struct models_request *request, const struct run_context *run,
               const struct models *models, struct code *out, struct notes *notes,
               struct error *err) MUST_CHECK;

#endif
