#ifndef INLAY_INJECT_INJECT_INTERNAL_H
#define INLAY_INJECT_INJECT_INTERNAL_H

#include "base/base.h"
#include "image/image.h"
#include "inject/inject.h"
#include "inject/materials.h"
#include "inject/preview.h"
#include "models/code.h"
#include "models/models.h"
#include "pack/pack.h"
#include "placement/placement.h"
#include "transfer/transfer.h"

/*
 * The phases of inject behind base_read(), models_list() and code_check(), in their order. Each
 * takes what it reads and returns a value that can be printed, compared, and made by hand in a
 * test; what it has to tell people goes to `notes`.
 */

/* Phase 3, reuse.c: what images in reach have. */

/* A layer that some image in reach is known to have. */
struct known_layer {
    struct image_layer layer;
    struct store *from; /* where it can be copied from; NULL: the target alone may have it */
};

struct known {
    struct known_layer *layers;
    size_t layer_count;
    struct known_bases bases;  /* of BASE and of the target's tag alone */
    struct descriptor present; /* what the target's tag shows; DIGEST_NONE: nothing is known */
};

/* Of BASE, of the target's tag and of the images to reuse. */
int known_find(const struct inject_options *options, const struct base *base, struct known *out,
               struct error *err) MUST_CHECK;
void known_release(struct known *known);
CLEANUP_RELEASE(known)

/* Phase 4, arrange.c: pkg/placement for every platform. */
struct arrangement {
    const struct placement_options *options;
    const struct base *base;
    const struct models *models;
    const struct known_bases *known;
    const struct cancel *cancel; /* may be NULL */
};

struct placements {
    struct placement *items; /* one a platform; borrow from the arrangement */
    size_t count;
};

int placements_find(const struct arrangement *arrangement, struct placements *out,
                    struct notes *notes, struct error *err) MUST_CHECK;
void placements_release(struct placements *placements);
CLEANUP_RELEASE(placements)

/* Phase 5, build_plan.c: which layers there have to be. */

/* The recipes of a model in one platform. */
struct model_cut {
    struct recipe *recipes; /* from the bottom up */
    size_t recipe_count;
    struct recipe links;     /* above them; empty: there are none */
    struct recipe ancestors; /* below them, where the placement needs it; else empty */
    struct tree_entry *ancestor_entries;
};

struct platform_cut {
    struct model_cut *models;
    size_t model_count;
    struct tree_entry *folder_entries;
    struct recipe folders; /* on top of all models */
};

/* One layer to be had, however many platforms want it. */
struct planned_layer {
    const struct recipe *recipe;
    const struct placed_model *placed; /* NULL: folders */
    enum layer_fate fate;
    struct store *from;       /* LAYER_COPIED */
    struct store *claimed_by; /* whose record says so; NULL: nobody's */
    struct descriptor blob;   /* unless it is built */
    struct digest diff_id;
    bool is_claim;  /* it has to be checked before it is used */
    bool is_proven; /* this machine has built or checked it */
};

struct build_plan {
    struct platform_cut *platforms; /* as in the base */
    size_t platform_count;
    struct planned_layer *layers; /* each recipe once */
    size_t layer_count;
    struct transfer others; /* what the base has and the result mentions */
};

/* Cuts the trees; every layer is LAYER_BUILT so far. Reads what the base's index passes on. */
int build_plan_cut(const struct inject_options *options, const struct base *base,
                   const struct placements *placements, struct build_plan *out,
                   struct error *err) MUST_CHECK;
/* reuse.c: looks for the layers that need not be built. */
int build_plan_find(const struct inject_options *options, const struct known *known,
                    struct build_plan *plan, struct error *err) MUST_CHECK;
void build_plan_release(struct build_plan *plan);
CLEANUP_RELEASE(build_plan)

/* tags.c: what TARGET's tags showed when the run began, and then what they must show at its end. */
struct target_tags {
    struct tag_state *items; /* of target.version, and then of more_versions */
    size_t count;
};

/* *out is to be released after a failure, too. A shard looks at no tag. */
int target_tags_note(const struct inject_options *options, const struct base *base,
                     const struct known *known, struct notes *notes, struct target_tags *out,
                     struct error *err) MUST_CHECK;
/*
 * What the options say about that. ERROR_CONFLICT if the first tag shows something else, unless no
 * layer is new: then this may be the second run of a caller who does not know that the first did
 * its work, and the end will tell.
 */
int target_tags_expect(const struct inject_options *options, const struct build_plan *plan,
                       struct target_tags *tags, struct error *err) MUST_CHECK;
void target_tags_release(struct target_tags *tags);
CLEANUP_RELEASE(target_tags)

/* "model.safetensors of org/name", "small files of org/name", "folders". Caller frees. */
char *planned_layer_title(const struct planned_layer *layer);
/* Says which layer the error is about; returns -1. */
int planned_layer_wrap(const struct planned_layer *layer, struct error *err);
/* The number of the layer of this recipe, which is in the plan. */
size_t build_plan_number(const struct build_plan *plan, const struct recipe *recipe);

/* Phase 6, build.c: every layer and every blob of the base comes to the target. */
struct built_layers {
    struct image_layer *layers; /* one a planned layer */
    size_t count;
    uint64_t model_size;
    uint64_t cached_size;
    uint64_t base_size;
    uint64_t spared_size;
    size_t layers_built;
    size_t layers_reused;
    size_t layers_mounted;
};

int build_run(const struct inject_options *options, struct build_plan *plan,
              struct built_layers *out, struct error *err) MUST_CHECK;
void built_layers_release(struct built_layers *built);
CLEANUP_RELEASE(built_layers)

/* build.c: what the image records of the layer, but for a signature. */
void planned_layer_describe(const struct planned_layer *planned, struct layer_record *out);

/*
 * diff_ids.c: fills out[i] of each layer of the plan that exists, or that this machine has built or
 * packed before, or that the options want to be packed for it; else it is DIGEST_NONE.
 */
int diff_ids_find(const struct inject_options *options, const struct build_plan *plan,
                  struct digest *out, struct error *err) MUST_CHECK;

/* expected.c: ERROR_CORRUPT if the options expect other layers on this base. */
int expected_check_plan(const struct inject_options *options, const struct base *base,
                        const struct build_plan *plan, struct error *err) MUST_CHECK;
int expected_check_layer(const struct inject_options *options, const struct base *base,
                         const struct planned_layer *layer, const struct digest *diff_id,
                         struct error *err) MUST_CHECK;

/* layer_take.c: how a layer comes to the target without its model. Everything is borrowed. */
struct layer_take {
    const struct inject_options *options;
    const struct planned_layer *layer; /* LAYER_THERE or LAYER_COPIED */
    const struct cancel *cancel;       /* may be NULL */
    count_fn *count;                   /* required; of what is copied or read */
    void *count_arg;
    enum store_copied *how; /* becomes how it came there */
};

/*
 * Afterwards the target has it. A claim is checked: while it passes, if it does, else by reading it
 * where it is. *out is false, and a warning says why, if it is not what its recipe makes.
 */
int layer_take(const struct layer_take *take, bool *out, struct error *err) MUST_CHECK;

/* reuse.c: lets others find this layer, which the target has now. */
int layer_share(const struct inject_options *options, const struct planned_layer *planned,
                const struct image_layer *layer, const struct cancel *cancel,
                struct error *err) MUST_CHECK;

/* layer_memo.c: the memo of this machine, as far as layers go. */
enum layer_memo_kind {
    LAYER_MEMO_PROVEN, /* what this machine has built or checked */
    LAYER_MEMO_TOLD,   /* what earlier versions have met */
};

/* Fills blob, diff_id and recipe of `out`, which is to be released; false: nothing is remembered.
 */
bool layer_memo_read(const struct inject_options *options, enum layer_memo_kind kind,
                     const struct digest *recipe, struct image_layer *out);
/* A memo that cannot be written is none. */
void layer_memo_write(const struct inject_options *options, const struct image_layer *layer);

/* Bytes of a model, by where they came from. */
struct model_bytes {
    uint64_t moved;
    uint64_t cached; /* this machine's caches */
};

/* layer_bytes.c: what a job hands to the packer, to read files of its model. */
struct layer_bytes {
    const struct planned_layer *layer;
    struct source *source;           /* of its model; NULL: a layer without any */
    unsigned threads;                /* of the compressor */
    const struct cancel *cancel;     /* may be NULL */
    const struct progress *progress; /* may be NULL */
    struct model_bytes passed;       /* bytes of the model */
    struct model_bytes replayed;     /* and once more, for an upload that had lost them */
    struct source_files *files;      /* while it is packed */
};

/*
 * The bytes of a layer: the tar, compressed as the recipe has it; finishes `out`. *diff_id is that
 * of a compressed one; the diff_id of a plain one is its digest, which `out` knows.
 */
int layer_bytes_write(struct layer_bytes *bytes, struct writer *out, struct digest *diff_id,
                      struct error *err) MUST_CHECK;
/* Packs into nothing, to know what comes of it: fills blob and diff_id of `out`. */
int layer_bytes_measure(struct layer_bytes *bytes, struct image_layer *out,
                        struct error *err) MUST_CHECK;
void layer_bytes_set_type(const struct layer_bytes *bytes, struct descriptor *blob);
/* Counts `size` bytes that were just read of the model. */
void layer_bytes_count(struct layer_bytes *bytes, uint64_t size);
/*
 * layer_replay.c: a part of the same bytes again, as struct blob_replay wants them; `arg` is the
 * layer_bytes that are being written. Of a plain layer only what is in the part is fetched; a
 * compressed one is compressed from its start.
 */
int layer_bytes_replay(void *arg, uint64_t offset, uint64_t end, struct writer *out,
                       struct error *err) MUST_CHECK;
/* Compressor threads of a layer: the cores, shared among the large layers that are in flight, as
 * the others are soon done. `jobs` 0: WORKERS_DEFAULT. */
unsigned layer_bytes_threads(const struct build_plan *plan, unsigned jobs);

/* Phase 7, publish.c: configs, manifests, index, tag. */

/*
 * The layers that an image gets, those that stay included, from the bottom up: model by model,
 * whatever the order in which they were named or injected, so that the same models on the same
 * base are the same image; the folders last. A layer that models share is there for each of them,
 * and counts where it is first. The caller frees the array, not the texts.
 */
struct image_layer *result_layers(const struct own_parts *own, const struct placement *placement,
                                  const struct platform_cut *cut, const struct build_plan *plan,
                                  const struct image_layer *built, size_t *count);

/* preview_stack.c: the layers of image `number` of the base, and of the result. */
int preview_stack(const struct base_platform *platform, const struct placement *placement,
                  const struct build_plan *plan, size_t number, struct preview_platform *out,
                  struct error *err) MUST_CHECK;
/* Whether all that the layer has is of one owner, and of whom. */
bool preview_owner(const struct recipe *recipe, struct tree_owner *out);

struct publication {
    const struct inject_options *options;
    struct base *base; /* its images are edited in place */
    const struct placements *placements;
    const struct build_plan *plan;
    const struct built_layers *built;
    const struct descriptor *present; /* what the target's tag shows; DIGEST_NONE: not known */
    const struct tag_state *tags;     /* what each of them must show before; NULL: anything */
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
