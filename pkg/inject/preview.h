#ifndef INLAY_INJECT_PREVIEW_H
#define INLAY_INJECT_PREVIEW_H

#include "inject/inject.h"

/* The use case: everything that inject_run() would do, told before a byte of a model moves. */

/* How a layer or a blob of the base would come to the target. */
enum preview_fate {
    PREVIEW_THERE,  /* the target has it */
    PREVIEW_COPIED, /* from the base: mounted if the registry can do that, else sent */
    PREVIEW_BUILT,  /* from the model's files */
};

/* "there", "copy", "build". */
const char *preview_fate_name(enum preview_fate fate);

/* A file as the model has it. */
struct preview_file {
    char *path;
    uint64_t size;
};

/* One model of the call. Texts are owned, here and below. */
struct preview_model {
    char *name; /* "org/name", "datasets/org/name" */
    char *revision;
    char *commit;
    struct preview_file *files;
    size_t file_count;
    uint64_t size; /* of these */
    struct strings left_out;
    uint64_t left_out_size;
};

/* One layer on top of the base; the same for several platforms or models is told once. */
struct preview_layer {
    char *kind;
    char *model; /* NULL: of the image */
    char *title; /* for people: "model.safetensors of org/name" */
    struct digest recipe;
    struct digest blob;    /* DIGEST_NONE: it has yet to be built */
    uint64_t size;         /* of the blob; of one to be compressed, before that */
    uint64_t content_size; /* bytes of the model in it */
    enum preview_fate fate;
    struct strings platforms;
};

/* A folder above the models. */
struct preview_folder {
    char *path; /* absolute */
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    bool made; /* the base lacks it */
};

/* One image for Linux that gets the models. */
struct preview_platform {
    char *name;
    uint32_t uid; /* of the image's process */
    uint32_t gid;
    char *user_from;
    char *home;
    char *home_from;
    uint32_t owner_uid; /* of the model's files */
    uint32_t owner_gid;
    struct strings places;      /* one a model, links followed */
    struct strings links;       /* folders that get links to them */
    struct strings environment; /* NAME=value to be set */
    struct preview_folder *folders;
    size_t folder_count;
    size_t base_layers;
};

struct preview {
    struct preview_platform *platforms;
    size_t platform_count;
    struct preview_model *models;
    size_t model_count;
    struct preview_layer *layers; /* from the bottom up */
    size_t layer_count;
    size_t base_blobs;         /* of the base, whatever the number of images that have them */
    size_t base_blobs_missing; /* that the target does not have */
    uint64_t model_size;       /* bytes of models that would move */
    uint64_t base_size;        /* bytes of the base that would move, unless they are mounted */
    struct strings notes;      /* the lines that inject_run() would log */
};

#define PREVIEW_INIT                                                                               \
    {                                                                                              \
        .notes = STRINGS_INIT                                                                      \
    }

/*
 * As inject_run(), as far as that decides; nothing is written. options->target may be NULL: then
 * nothing is there. Fails where inject_run() would.
 */
int preview_run(const struct inject_options *options, struct preview *out,
                struct error *err) MUST_CHECK;
void preview_release(struct preview *preview);
CLEANUP_RELEASE(preview)

#endif
