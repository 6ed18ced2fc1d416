#ifndef INLAY_INSPECT_INSPECT_H
#define INLAY_INSPECT_INSPECT_H

#include "core/error.h"
#include "core/text.h"
#include "oci/descriptor.h"
#include "oci/start.h"
#include "plan/plan.h"
#include "store/store.h"

/* The use case: which models an image carries, by manifests and configs alone; values only. */

/* One layer of a model. Texts are owned. */
struct inspect_layer {
    char *kind; /* "large", "medium", "small", "links" */
    struct digest digest;
    struct digest diff_id;
    struct digest recipe;
    uint64_t size;
};

/* One model, the same for all its platforms. */
struct inspect_model {
    enum origin_kind kind;
    char *name;   /* as `inlay remove` takes it: "org/name", "datasets/org/name" */
    char *source; /* "hub", "folder", "url" … */
    char *commit;
    char *layout;
    char *place;
    struct strings links;         /* folders, elsewhere, that hold links to it */
    struct inspect_layer *layers; /* bottom up; two revisions of a model may have some in common */
    size_t layer_count;
    uint64_t size;            /* of the layers together */
    uint64_t files;           /* 0: an older version of inlay has not recorded it */
    struct strings platforms; /* "linux/arm64/v8", in the order of the index */
};

/* A folder above the models, as the image's record states it. */
struct inspect_folder {
    char *path; /* absolute */
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
};

/* A path on which loaders go, and where links of the base lead it. Both are absolute. */
struct inspect_link {
    char *path;
    char *target;
};

/* One layer of the image, whoever made it. */
struct inspect_stacked {
    struct digest digest;
    uint64_t size;
    char *kind;   /* as in inspect_layer, or "way", "folders"; NULL: the base's, here and below */
    char *model;  /* NULL: of the image, such as the folders */
    char *commit; /* the model's; NULL: the same */
};

/* One image for Linux, whether it carries models or not. */
struct inspect_platform {
    char *name;
    struct digest digest; /* of its manifest */
    char *base_name;      /* what the image says it was built on; NULL: nothing */
    char *base_digest;
    struct strings environment;   /* NAME=value that inlay has set */
    struct container_start start; /* that inlay has set */
    struct inspect_folder *folders;
    size_t folder_count;
    struct inspect_link *links;
    size_t link_count;
    struct inspect_stacked *stack; /* bottom up */
    size_t stack_count;
};

struct inspect_result {
    struct descriptor manifest; /* what was looked at: a manifest or an index */
    struct inspect_model *models;
    size_t model_count;
    struct inspect_platform *platforms;
    size_t platform_count;
};

#define INSPECT_RESULT_INIT                                                                        \
    {                                                                                              \
        DESCRIPTOR_INIT, NULL, 0, NULL, 0                                                          \
    }

/*
 * Reads the image `version` of `store` (tag or digest; NULL: the only one there). Models that
 * several platforms have with the same layers are told once. An image without models has none:
 * that is no failure.
 */
int inspect_run(struct store *store, const char *version, struct inspect_result *out,
                struct error *err) MUST_CHECK;
void inspect_result_release(struct inspect_result *result);
CLEANUP_RELEASE(inspect_result)

#endif
