#ifndef INLAY_MODELS_MODELS_INTERNAL_H
#define INLAY_MODELS_MODELS_INTERNAL_H

#include "models/code.h"
#include "models/models.h"

/* Fills the model of this number, which is empty, but for `companion_of`. */
int models_add(const struct model_listing *listing, struct models *models, size_t number,
               struct source *source, const struct model_choice *choice,
               struct error *err) MUST_CHECK;
/* model_lookup.c: what was begun for the model of this number; NULL: nothing. */
struct model_lookup *model_lookup_find(const struct model_listing *listing, size_t number);
/* Its plan, with a licence, or why there is none; once. */
int model_lookup_take(struct model_lookup *lookup, struct plan *out, struct error *err) MUST_CHECK;
/* After that, the contents of its small files, or why they could not be read. */
int model_lookup_take_contents(struct model_lookup *lookup, struct plan_contents *out,
                               struct error *err) MUST_CHECK;
/* Whether a model's revision is the commit itself, in full or abbreviated. */
bool model_is_by_commit(const struct model *model);
/* Whether it is put where this layout looks; `path` is that of one that takes a path, else NULL. */
bool model_goes_to(const struct model *model, const struct layout *layout, const char *path);

/*
 * companions.c: adds what the listed models make their loaders ask for besides, as the request
 * says, and tells of each what becomes of it.
 */
int companions_follow(const struct model_listing *listing, struct models *models,
                      struct companion_decisions *out, struct error *err) MUST_CHECK;

/* How a file is looked at for code. */
struct code_look {
    const char *memo;              /* folder of what was found before; NULL: there is none */
    bool is_strict;                /* the request wants no code */
    const struct model *model;     /* whose file it is */
    const struct sandbox *sandbox; /* where it is parsed; NULL: in this process */
    const struct cancel *cancel;   /* may be NULL */
};

/*
 * code_look.c: what is in one file, from the memo or by a look at it. A small file is read whole,
 * of others parts, which are not verified; only what has the file's digest is remembered. If the
 * request wants no code, a file that is found to have none is read whole and verified, and
 * `findings` say so if it is not what was looked at.
 */
int code_look(const struct code_look *look, struct code_file *code, struct error *err) MUST_CHECK;

#endif
