#ifndef INLAY_INJECT_INJECT_INTERNAL_H
#define INLAY_INJECT_INJECT_INTERNAL_H

#include "base/base.h"
#include "build/build.h"
#include "build/build_plan.h"
#include "inject/inject.h"
#include "inject/materials.h"
#include "models/code.h"
#include "models/models.h"

/* What the use case does besides the phases of the modules below it. */

/*
 * begun.c: what does not depend on the base is asked for while that is read, and what is certain to
 * be asked at the end a little before. It stays where it is.
 */
struct begun {
    struct store *target;
    const struct cancel *cancel;
    pthread_mutex_t lock; /* guards the following; is there once `target` is */
    pthread_cond_t told;  /* by CLOCK_MONOTONIC */
    bool is_tag_told;     /* what the target's tag shows is known, or cannot be found out */
    bool is_probe_told;   /* the same, whether it can be written */
    bool is_new;          /* it shows nothing */
    bool is_writable;     /* and it can be */
    bool is_agreed_told;  /* whether models and tag are as they may be is known */
    bool is_agreed;       /* and they are */
    struct early_files early;
    struct ahead probe; /* that the target can be written */
    struct known_lookup known;
    struct model_lookups models;
    struct ahead sessions;     /* uploads for what has to be written */
    struct ahead unused;       /* uploads for what need not be are given up */
    struct tag_look tag;       /* what the target's tag shows */
    struct blob_lookups blobs; /* whether the target has the base's */
};

/* `request` and `options` outlive it. */
void begun_init(const struct inject_options *options, const struct build_request *request,
                struct begun *out);
/* store_probe_write() of the target, begun or not. */
int begun_probe(struct begun *begun, struct store *target, struct error *err) MUST_CHECK;
/* Which blobs of the base the target has. */
int begun_blobs(struct begun *begun, const struct base *base, struct error *err) MUST_CHECK;
/* All that was begun for the layers has ended, and is where they find it. */
int begun_finish(struct begun *begun, struct models *models, struct build_plan *plan,
                 struct error *err) MUST_CHECK;
/* Nothing is known of the target's tag: it will get a layer or two, and a config. */
void begun_sessions(struct begun *begun, const struct inject_options *options,
                    const struct known *known);
/* Every layer seems to be there: only the tag remains to be looked at. */
void begun_tag(struct begun *begun, const struct inject_options *options, const struct known *known,
               const struct build_plan *plan);
void begun_release(struct begun *begun);
CLEANUP_RELEASE(begun)

/* tags.c: what TARGET's tags showed when the run began, and then what they must show at its end. */
struct target_tags {
    struct tag_state *items; /* of target.version, and then of more_versions */
    size_t count;
};

/*
 * `first` is what target.version is known to show; TAG_ANY: that is to be found out. *out is to be
 * released after a failure, too.
 */
int target_tags_note(const struct inject_target *target, const struct tag_state *first,
                     struct notes *notes, struct target_tags *out, struct error *err) MUST_CHECK;
/*
 * What target.expected says about that. ERROR_CONFLICT if the first tag shows something else,
 * unless no layer is new: then this may be the second run of a caller who does not know that the
 * first did its work, and the end will tell.
 */
int target_tags_expect(const struct inject_target *target, const struct build_plan *plan,
                       struct target_tags *tags, struct error *err) MUST_CHECK;
void target_tags_release(struct target_tags *tags);
CLEANUP_RELEASE(target_tags)

/* publish.c: configs, manifests, index, tag. Everything is borrowed. */
struct publication {
    const struct inject_target *target;
    const char *created; /* NULL: the base's own */
    struct base *base;   /* its images are edited in place */
    const struct placements *placements;
    const struct build_plan *plan;
    const struct built_layers *built;
    const struct descriptor *present; /* what the target's tag shows; DIGEST_NONE: not known */
    const struct tag_state *tags;     /* what each of them must show before; NULL: anything */
    struct tag_look *look;            /* at the target's tag; NULL: none was begun */
};

/* *out is what the tag shows. */
int publish(const struct publication *publication, struct descriptor *out,
            struct error *err) MUST_CHECK;

/* materials.c: what BASE is, and what it carried that stays. */
void materials_add_base(struct materials *materials, const struct base *base,
                        const struct placements *placements);
/* Where the models lie; before listing_take() has them. */
void materials_add_places(struct materials *materials, const struct models *models,
                          const struct placements *placements);
/* The images of the base as they are now: with the models, once they are published. */
void materials_add_images(struct materials *materials, const struct base *base);

#endif
