#ifndef INLAY_PROJECT_LOCK_H
#define INLAY_PROJECT_LOCK_H

#include "plan/plan.h"
#include "project/project.h"

/*
 * The lock of a project, docs/lock.md and docs/inlay.lock.schema.json: the very files that its
 * models were when it was made. Values only. No I/O but lock_read() and lock_write().
 */

/* The most that is read of one, and the most models in it. */
#define LOCK_SIZE_MAX ((size_t)(64 * MIB))
#define LOCK_MODELS_MAX (2 * PROJECT_MODELS_MAX)

/* One model, for one loader. Texts are owned, here and below. */
struct lock_model {
    char *model;                    /* as origin_format() has it: "org/name@main" */
    char *member;                   /* of an archive, the one file that is wanted; NULL: all */
    char *preset;                   /* that it stands for; NULL: it is named itself */
    struct strings companion_of;    /* models that load it; empty: the project names it */
    struct project_options options; /* as they stood: layout, and those of a project's model */
    struct plan plan;               /* files that are taken; without its origin */
};

/* One layer that the images of a set have. */
struct lock_layer {
    char *kind;            /* "large", "folders" */
    char *model;           /* NULL: of the image */
    struct digest recipe;  /* what is in it, and how it is cut */
    struct digest diff_id; /* DIGEST_NONE: nobody has built it yet */
};

/* The layers of one platform, on the base of the lock. */
struct lock_image {
    char *set; /* NULL: the models of all */
    char *platform;
    struct lock_layer *layers; /* model by model, each from the bottom up; folders last */
    size_t layer_count;
};

struct lock {
    char *companions; /* "all" or "none", as the option says; NULL: code and tokenizers */
    struct project_options place; /* as they stood */
    struct lock_model *models;    /* in the order of the project; those that they load behind */
    size_t model_count;
    char *base; /* the image that the layers are for; NULL: it was not known, nor are they */
    struct digest base_digest;
    struct lock_image *images;
    size_t image_count;
};

#define LOCK_INIT                                                                                  \
    {                                                                                              \
        .companions = NULL                                                                         \
    }

/*
 * ERROR_CORRUPT, with the place in it, for what is no lock; ERROR_UNSUPPORTED for one of a newer
 * version. `out` is LOCK_INIT.
 */
int lock_parse(const char *text, size_t size, struct lock *out, struct error *err) MUST_CHECK;
/* The inverse; the same bytes for the same value. Appends to `out`. */
void lock_format(const struct lock *lock, struct buf *out);
/* Parses a file; ERROR_NOT_FOUND, too, if there is none. `out` is LOCK_INIT. */
int lock_read(const char *path, struct lock *out, struct error *err) MUST_CHECK;
/*
 * Replaces the file in one step, unless it has these bytes already. ERROR_UNSUPPORTED for more than
 * LOCK_SIZE_MAX.
 */
int lock_write(const char *path, const struct lock *lock, struct error *err) MUST_CHECK;
void lock_release(struct lock *lock);
CLEANUP_RELEASE(lock)

/* Where the lock of a project file is: "app/inlay.lock.json" of "app/inlay.json". Caller frees. */
char *lock_path(const char *project);

/* Adds an empty model, and returns it until the next one is added. */
struct lock_model *lock_add_model(struct lock *lock);
/*
 * The one of this name, member and preset in this place, of several the one with the same options;
 * NULL: there is none. A companion is not found as what is named, nor the other way round.
 */
struct lock_model *lock_find_model(const struct lock *lock, const struct lock_model *like);
/* The one layer of these that has the recipe; NULL: none. */
const struct lock_layer *lock_find_layer(const struct lock *lock, const struct digest *recipe);
/* Whether both say the same, but for the base and its layers. */
bool lock_has_same_models(const struct lock *lock, const struct lock *other);
/*
 * A layer of a model that one of the locks has and the other, of this platform, does not, though it
 * is for the same base; `image` is where it is. NULL: there is none, or the bases are others.
 */
const struct lock_layer *lock_find_odd_layer(const struct lock *lock, const struct lock *other,
                                             const struct lock_image **image);
/* Moves the base and its layers in place of those that are there; `from` has none afterwards. */
void lock_move_layers(struct lock *from, struct lock *to);
/* Forgets the base and its layers. */
void lock_release_layers(struct lock *lock);
/* Copies; `to` is empty. */
void lock_model_copy(const struct lock_model *from, struct lock_model *to);
void lock_model_release(struct lock_model *model);
CLEANUP_RELEASE(lock_model)

/*
 * What is another in the new lock, for people: a line a model, and one for each of its files that
 * has come, gone or changed. Returns how many models; appends to `out`.
 */
size_t lock_format_changes(const struct lock *before, const struct lock *after, struct buf *out);

#endif
