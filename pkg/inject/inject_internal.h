#ifndef INLAY_INJECT_INJECT_INTERNAL_H
#define INLAY_INJECT_INJECT_INTERNAL_H

#include "image/image.h"
#include "inject/inject.h"
#include "inject/load_internal.h"
#include "pack/pack.h"
#include "rootfs/rootfs.h"

#include <stdatomic.h>

/* One model of the call. */
struct model {
    struct source *source; /* borrowed */
    struct plan plan;
    char *name;   /* "org/name", "datasets/org/name" */
    bool as_main; /* its commit is to be found as "main" too */
};

/* A layer that some image in reach is known to have. */
struct known_layer {
    struct image_layer layer;
    struct store *from; /* may be brought from there; NULL: it is in the target, if anywhere */
};

/* Where a layer of a recipe can be had without the model. */
struct found_layer {
    struct descriptor blob;
    struct digest diff_id;
    struct store *from; /* NULL: the target has it */
};

/* One layer to be had, however many platforms want it. */
struct build {
    const struct recipe *recipe;
    const struct model *model; /* NULL: folders */
    const char *place;         /* NULL: folders */
    struct image_layer layer;  /* filled by the job */
};

/* One image of the base that gets the models. */
struct platform {
    struct image *image; /* first as the base has it, then stripped of what inlay added; borrowed */
    char *base_name;     /* what base.name and base.digest shall say */
    char *base_digest;
    struct image_layer *own; /* what inlay had added */
    size_t own_count;
    struct image_folder *own_folders;
    size_t own_folder_count;
    struct rootfs *rootfs;            /* the base's tree */
    struct image_learned own_learned; /* what an earlier run noted of the base */
    struct image_learned learned;     /* what this one shall note */
    struct rootfs_user user;          /* who the image's process is */
    struct home home;                 /* of that user, in the environment of the result */
    struct strings elsewhere;         /* variables that make some loaders look elsewhere */
    struct strings elsewhere_paths;   /* and where; "": no place */
    struct strings assignments;       /* NAME=value that the result sets */
    struct strings environment;       /* of the result */
    struct tree *trees;               /* one a model */
    struct recipe **recipes;          /* one array a model */
    size_t *recipe_counts;
    struct image_folder *folders; /* what the folders layer states */
    size_t folder_count;
    bool *needs_way;     /* one a model: it has a way layer below its others, see places.c */
    struct recipe *ways; /* one a model, empty unless it needs one */
    struct tree_entry **way_entries;
    struct tree_entry *folder_entries; /* the same, for the recipe; paths are the folders' */
    struct recipe folder_recipe;
};

/* What the base has on the way to a path, as rootfs_walk() tells it. */
struct way {
    struct rootfs_entry *entries;
    size_t count;
};

/* What some image in reach knows of its base. */
struct recollection {
    struct image_learned learned;
    struct image_folder *folders; /* that its folders layer states */
    size_t folder_count;
};

#define NO_PLATFORM SIZE_MAX

/* What becomes of one document of the base. */
struct edition {
    const struct loaded *was;
    const struct index_entry *entry; /* that names it; NULL: none */
    size_t platform;                 /* of an image that gets the models: which of the platforms */
    bool *keeps;                     /* of an index: which of its entries stay */
    bool leaves;                     /* nothing of it is wanted */
    struct buf config;               /* of an image, as it becomes */
    struct descriptor config_blob;
    struct buf bytes; /* of the document, as it becomes */
    struct descriptor becomes;
};

struct work {
    const struct inject_options *options;
    struct loaded *base;
    struct edition *editions; /* children before parents; the last one is what the tag shows */
    size_t edition_count;
    struct platform *platforms;
    size_t platform_count;
    struct model *models;
    size_t model_count;
    struct known_layer *known;
    size_t known_count;
    struct recollection *recollections;
    size_t recollection_count;
    struct strings said;       /* lines that need not be said again */
    struct descriptor present; /* what the target's tag shows; DIGEST_NONE: nothing */
    struct build *builds;
    size_t build_count;
    struct descriptor *copies; /* blobs of the base that the result mentions */
    size_t copy_count;
    atomic_uint_fast64_t model_size;
    atomic_uint_fast64_t base_size;
    atomic_size_t layers_built;
    atomic_size_t layers_reused;
};

void work_release(struct work *work);
CLEANUP_RELEASE(work)
void edition_release(struct edition *edition);
/* `model_count` models have been arranged for it. */
void platform_release(struct platform *platform, size_t model_count);

/* base.c: reads BASE and fills `platforms`; refuses what cannot be built on. */
int work_read_base(struct work *work, struct error *err) MUST_CHECK;
/* reuse.c: the layers that BASE, TARGET's tag and the images to reuse are known to have. */
int work_find_known(struct work *work, struct error *err) MUST_CHECK;

/* check.c: says where the model goes, and what of that might surprise. */
void platform_tell_place(struct work *work, const struct platform *platform);
/* check.c: what is refused, and what people are told, once every file has its place. */
int platform_check(struct work *work, struct platform *platform, struct error *err) MUST_CHECK;
/* check.c: platforms mostly agree: what was said of one need not be said of the next. */
void work_say_once(struct work *work, bool warning, const char *format, ...) PRINTF_FORMAT(3, 4);

/* models.c: lists and selects the models' files. */
int work_list_models(struct work *work, struct error *err) MUST_CHECK;
/* models.c: what each platform's environment becomes, and where the files go in it. */
int work_arrange(struct work *work, struct error *err) MUST_CHECK;

/* learned.c: notes what this image knows of its base. Before it is stripped. */
void work_recollect(struct work *work, const struct image *image);
/* learned.c: rootfs_find_user(), unless some image in reach knows it. */
int platform_find_user(const struct work *work, struct platform *platform,
                       const struct rootfs_user_request *request, struct error *err) MUST_CHECK;
/*
 * learned.c: rootfs_walk(), unless some image in reach knows the way, or it is clear from what is
 * known. Notes it; `model` is whom the question is for, NULL: for whoever goes there. What is not
 * stated in the folders layer may come without its attributes.
 */
int platform_walk(const struct work *work, struct platform *platform, const char *path,
                  const char *model, struct way *out, struct error *err) MUST_CHECK;
void way_release(struct way *way);
CLEANUP_RELEASE(way)
/* learned.c: a folder is made unless the base has it on one of the ways that were gone. */
bool platform_makes_folder(const struct platform *platform, const char *path);
/* learned.c: takes over what was known for the sake of models that stay. */
void platform_keep_learned(const struct work *work, struct platform *platform);

/* places.c: opens the base's tree. */
int platform_open_rootfs(const struct work *work, struct platform *platform,
                         struct error *err) MUST_CHECK;
/* places.c: moves the models' trees to where the base really has the place, fills `folders`. */
int platform_place(const struct work *work, struct platform *platform,
                   struct error *err) MUST_CHECK;
/* places.c: adds a copy, in the order of paths; a path that is there stays as it is. */
void platform_add_folder(struct platform *platform, const struct image_folder *folder);

/*
 * places.c: states the folders from the root to the place of `tree`, which has those that have to
 * be made; *out is the place's canonical path without '/'.
 */
int platform_add_way(const struct work *work, struct platform *platform, size_t number,
                     const struct tree *tree, char **out, struct error *err) MUST_CHECK;
/* places.c: states a folder of the tree that is above models; it is as the base has it, or made. */
int platform_place_entry(const struct work *work, struct platform *platform, size_t number,
                         const struct tree_entry *entry, struct error *err) MUST_CHECK;
/* links.c: adds links to the model's own folder from where else loaders look. */
int platform_link(const struct work *work, struct platform *platform, size_t number,
                  struct error *err) MUST_CHECK;

/* layers.c: cuts recipes and collects the builds. */
int work_cut(struct work *work, struct error *err) MUST_CHECK;
/* reuse.c: a layer of this recipe that can be had without the model; *found tells. */
int work_recall_layer(const struct work *work, const struct recipe *recipe, bool *found,
                      struct found_layer *out, struct error *err) MUST_CHECK;
/* reuse.c: lets others find this layer, which the target has now. */
int work_share_layer(struct work *work, const struct build *build, const struct cancel *cancel,
                     struct error *err) MUST_CHECK;
/* layers.c: has every layer and every blob of the base in the target. */
int work_build(struct work *work, struct error *err) MUST_CHECK;

/*
 * publish.c: the layers that the image gets, those that stay included, from the bottom up: model by
 * model, whatever the order in which they were named or injected, so that the same models on the
 * same base are the same image; the folders last. A layer that models share is there for each of
 * them, and counts where it is first. The caller frees the array, not the texts.
 */
struct image_layer *platform_order_layers(const struct work *work, const struct platform *platform,
                                          size_t *count);
/* publish.c: configs, manifests, index, tag. */
int work_publish(struct work *work, struct descriptor *out, struct error *err) MUST_CHECK;

/* "datasets/org/name" or "org/name". Caller frees. */
char *model_name(const struct plan *plan);
/* "model.safetensors of org/name", "small files of org/name", "folders". Caller frees. */
char *recipe_title(const struct recipe *recipe, const struct model *model);
/* Does this layer belong to a model of the call, in the same place? */
bool work_replaces(const struct work *work, const struct platform *platform,
                   const struct image_layer *layer);

void progress_expect(const struct work *work, uint64_t size);
void progress_moved(const struct work *work, uint64_t size);

#endif
