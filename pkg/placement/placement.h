#ifndef INLAY_PLACEMENT_PLACEMENT_H
#define INLAY_PLACEMENT_PLACEMENT_H

#include "core/error.h"
#include "core/notes.h"
#include "image/image.h"
#include "layout/layout.h"
#include "placement/options.h"
#include "plan/contents.h"
#include "plan/plan.h"
#include "rootfs/rootfs.h"

/*
 * Where the files of models really lie in one image. The environment names a place; the base may
 * have links on the way to it, and has folders there with owners, modes and times of its own. A
 * layer that goes through a link would replace it, and one that leaves a folder out or states it
 * otherwise would change it. So paths become canonical, and the folders layer states what the base
 * has. Reads the base through `rootfs` alone; belongs to one thread.
 */

struct source;

/* One model of a call. */
struct model {
    struct source *from; /* its files; borrowed */
    char *companion_of;  /* the title of the one that asks for it; NULL: the call names it */
    struct plan plan;
    struct plan_contents contents; /* of its small files, of those too that are not taken */
    char *name;                    /* as it is recorded: "org/name", "datasets/org/name" */
    char *source;                  /* as it is recorded; NULL: the Hub */
    char *title;                   /* with its revision, for messages: "org/name@main" */
    const struct layout *layout;   /* of its loader; borrowed */
    const char *path; /* the folder, for a layout that takes one; borrowed; else NULL */
    const char *const *executable; /* globs of files that may be run there; borrowed; NULL: none */
    bool as_main;                  /* its commit is to be found as "main" too */
    bool is_main; /* "main" names its commit, by this model of the call or by another */
};

struct models {
    struct model *items;
    size_t count;
};

#define MODELS_INIT                                                                                \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

void models_release(struct models *models);
CLEANUP_RELEASE(models)

/* What an image carries of an earlier run of inlay: read before it is stripped. */
struct own_parts {
    struct image_layer *layers; /* bottom up */
    size_t layer_count;
    struct image_folder *folders; /* that the folders layer states */
    size_t folder_count;
    struct image_base_facts facts; /* of the base; chain_id DIGEST_NONE: nothing */
    struct strings environment;    /* NAME=value that were set */
    struct container_start start;  /* that was set */
};

void own_parts_read(const struct image *image, struct own_parts *out);
void own_parts_release(struct own_parts *own);
CLEANUP_RELEASE(own_parts)

/*
 * What an image records of the base that it was made of. Whoever injects into the same base again,
 * on another machine, need not read its layers. It is believed as far as the image is that has it,
 * and for a base of the same layers only.
 */
struct recorded_base {
    struct image_base_facts facts;
    struct image_folder *folders; /* that its folders layer states */
    size_t folder_count;
};

/* Of several images. */
struct known_bases {
    struct recorded_base *items;
    size_t count;
};

/* Adds what an image of these parts records, if it does; copies it. */
void known_bases_add(struct known_bases *known, const struct own_parts *own);
void known_bases_release(struct known_bases *known);
CLEANUP_RELEASE(known_bases)

/* The image that the models are placed in. Everything is borrowed. */
struct placement_base {
    const struct image *image;       /* without inlay's layers */
    struct rootfs *rootfs;           /* its tree */
    struct store *store;             /* where its blobs are */
    const struct cancel *cancel;     /* may be NULL */
    const struct sandbox *sandbox;   /* as rootfs_options has it */
    const struct own_parts *own;     /* what it carried */
    struct rootfs *whole;            /* its tree with inlay's layers; NULL: they are on top */
    size_t whole_count;              /* of its layers */
    const struct known_bases *known; /* what the base and the target record of their bases */
};

/* Variables of the environment that make some loaders look elsewhere than where the model is. */
struct alternate_places {
    struct strings variables;
    struct strings paths; /* absolute, one a variable; "": its value is no place */
};

void alternate_places_release(struct alternate_places *places);
CLEANUP_RELEASE(alternate_places)

/* A model in the image. */
struct placed_model {
    const struct model *model; /* borrowed */
    struct tree tree;          /* at canonical paths, without the folders above the model */
    /*
     * With a shared folder, what the place that the loader looks in has of the model: links, and
     * what is beside them. Otherwise its `place` is NULL.
     */
    struct tree links;
    struct alternate_places alternates;
    /*
     * The base removes a folder on the way by a whiteout. containerd (1.6, mkparent in its archive
     * package) finds that in place of the folder when it unpacks a layer that goes through it
     * without stating it, and fails: a layer below the model's others has to state all that they
     * go through.
     */
    bool needs_ancestors;
};

/* Own layers that go though the call does not name their models. */
struct dropped_layers {
    struct strings abandoned; /* places that loaders leave for this call's environment; the call's
                                 models move along */
    size_t *deleted;          /* numbers of layers that others above take away; 0 ends them */
};

struct placement {
    struct rootfs_user user;        /* who the image's process is */
    struct home home;               /* of that user, in `environment`; borrows from this struct */
    struct strings package_names;   /* that layouts of the call's models put files into */
    struct strings package_folders; /* where each is installed; "": it is not */
    struct strings assignments;     /* NAME=value that the result sets */
    struct strings environment;     /* of the result */
    struct container_start start;   /* what the result sets of it */
    struct placed_model *models;    /* in the order of the call */
    size_t model_count;
    struct dropped_layers dropped;
    struct image_folder *folders; /* that the folders layer states, by path; also of models that
                                     the image keeps from before */
    size_t folder_count;
    struct image_base_facts facts; /* what is to be recorded of the base */
};

/*
 * Places the models and says in `notes` what might surprise. The result borrows from `models` and
 * `options`. ERROR_UNSUPPORTED for a place that cannot be, ERROR_USAGE for a
 * user that the image does not have, and what rootfs says. After a failure *out is released.
 */
int placement_find(const struct placement_options *options, const struct placement_base *base,
                   const struct models *models, struct placement *out, struct notes *notes,
                   struct error *err) MUST_CHECK;
void placement_release(struct placement *placement);
CLEANUP_RELEASE(placement)

/*
 * Does this layer, of an earlier run, belong to a model of the call, in the same place or in one
 * that is abandoned?
 */
bool placement_replaces(const struct placement *placement, const struct image_layer *layer);
/* The folder that the model's loader looks in: the model's place, or that of links to it. */
const char *placed_model_looks(const struct placed_model *placed);
/* Is it the first model of the call with its layout? What is told of a layout is told once. */
bool placement_is_first(const struct models *models, size_t number);
/* Has the call a model of the layout of that name? */
bool models_have_layout(const struct models *models, const char *name);
/* False if the base has this folder on a path that was looked up. */
bool placement_makes_folder(const struct placement *placement, const char *path);

#endif
