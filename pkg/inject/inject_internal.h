#ifndef INLAY_INJECT_INJECT_INTERNAL_H
#define INLAY_INJECT_INJECT_INTERNAL_H

#include "image/image.h"
#include "inject/inject.h"
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
    bool in_base; /* may be brought from there; else it is in the target, if anywhere */
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
    struct descriptor was; /* its manifest in the base */
    struct image *image;   /* first as the base has it, then stripped of what inlay added */
    char *base_name;       /* what base.name and base.digest shall say */
    char *base_digest;
    struct image_layer *own; /* what inlay had added */
    size_t own_count;
    struct image_folder *own_folders;
    size_t own_folder_count;
    struct rootfs *rootfs;      /* the base's tree */
    struct rootfs_user user;    /* who the image's process is */
    struct strings assignments; /* NAME=value that the result sets */
    struct strings environment; /* of the result */
    struct tree *trees;         /* one a model */
    struct recipe **recipes;    /* one array a model */
    size_t *recipe_counts;
    struct image_folder *folders; /* what the folders layer states */
    size_t folder_count;
    bool *needs_way;     /* one a model: it has a way layer below its others, see places.c */
    struct recipe *ways; /* one a model, empty unless it needs one */
    struct tree_entry **way_entries;
    struct tree_entry *folder_entries; /* the same, for the recipe; paths are the folders' */
    struct recipe folder_recipe;
    struct descriptor becomes; /* its manifest in the target */
};

struct work {
    const struct inject_options *options;
    struct document base;        /* manifest or index, as it arrived */
    struct index_entry *entries; /* of an index */
    size_t entry_count;
    struct platform *platforms;
    size_t platform_count;
    struct model *models;
    size_t model_count;
    struct known_layer *known;
    size_t known_count;
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

/* base.c: reads BASE and fills `platforms`; refuses what cannot be built on. */
int work_read_base(struct work *work, struct error *err) MUST_CHECK;
/* base.c: the layers that TARGET's tag and BASE are known to have. */
int work_find_known(struct work *work, struct error *err) MUST_CHECK;

/* models.c: lists and selects the models' files. */
int work_list_models(struct work *work, struct error *err) MUST_CHECK;
/* models.c: what each platform's environment becomes, and where the files go in it. */
int work_arrange(struct work *work, struct error *err) MUST_CHECK;

/* places.c: opens the base's tree. */
int platform_open_rootfs(const struct work *work, struct platform *platform,
                         struct error *err) MUST_CHECK;
/* places.c: moves the models' trees to where the base really has the place, fills `folders`. */
int platform_place(const struct work *work, struct platform *platform,
                   struct error *err) MUST_CHECK;
/* places.c: adds a copy, in the order of paths; a path that is there stays as it is. */
void platform_add_folder(struct platform *platform, const struct image_folder *folder);

/* layers.c: cuts recipes and collects the builds. */
int work_cut(struct work *work, struct error *err) MUST_CHECK;
/* layers.c: has every layer and every blob of the base in the target. */
int work_build(struct work *work, struct error *err) MUST_CHECK;

/* publish.c: configs, manifests, index, tag. */
int work_publish(struct work *work, struct descriptor *out, struct error *err) MUST_CHECK;

/* "datasets/org/name" or "org/name". Caller frees. */
char *model_name(const struct plan *plan);
/* Does this layer belong to a model of the call, in the same place? */
bool work_replaces(const struct work *work, const struct platform *platform,
                   const struct image_layer *layer);

void progress_expect(const struct work *work, uint64_t size);
void progress_moved(const struct work *work, uint64_t size);

#endif
