#ifndef INLAY_PREVIEW_PREVIEW_H
#define INLAY_PREVIEW_PREVIEW_H

#include "base/request.h"
#include "build/layer_fate.h"
#include "build/request.h"
#include "models/companion_decisions.h"
#include "models/request.h"
#include "pickle/pickle.h"
#include "placement/options.h"

/* The use case: everything that injecting would do, told before a byte of weights moves. */

/* A file as the model has it. */
struct preview_file {
    char *path;
    uint64_t size;
};

/* A file that runs code when it is loaded. */
struct preview_code {
    char *path;
    bool is_source; /* Python, which the loader imports */
    struct pickle_findings findings;
};

/* One model of the image. Texts are owned, here and below. */
struct preview_model {
    char *name;         /* "org/name", "datasets/org/name" */
    char *title;        /* with its revision, for people */
    char *companion_of; /* the title of the one that asks for it; NULL: the call names it */
    char *revision;     /* NULL: it has none */
    char *commit;
    struct preview_file *files;
    size_t file_count;
    uint64_t size; /* of these */
    struct strings left_out;
    uint64_t left_out_size;
    char *license; /* "mit"; of several "a, b"; NULL: not known, here and below */
    char *license_name;
    enum plan_gate gate;
    struct preview_code *code;
    size_t code_count;
};

/* One layer on top of the base; the same for several platforms or models is told once. */
struct preview_layer {
    char *kind;
    char *model; /* NULL: of the image */
    char *title; /* for people: "model.safetensors of org/name" */
    struct digest recipe;
    struct digest blob;    /* DIGEST_NONE: it has yet to be built */
    struct digest diff_id; /* DIGEST_NONE: nobody is known to have built it */
    uint64_t size;         /* of the blob; of one to be compressed, before that */
    uint64_t content_size; /* bytes of the model in it */
    enum layer_fate fate;
    bool is_claim;  /* it would be read and checked before it is used */
    bool has_owner; /* all that it has is of one, who is: */
    struct tree_owner owner;
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

/* The image's process. */
struct preview_user {
    uint32_t uid;
    uint32_t gid;
    char *from; /* for people: how that was found */
};

struct preview_home {
    char *path;
    char *from;
};

/* What becomes of a layer of one image. */
enum preview_stacked_state {
    PREVIEW_OF_BASE,
    PREVIEW_KEPT,    /* of an earlier run's; the result has it as it is */
    PREVIEW_PLANNED, /* by `layers` of the preview */
    PREVIEW_DROPPED, /* of an earlier run's; the result does not have it */
};

/* One layer of one image. */
struct preview_stacked {
    enum preview_stacked_state state;
    struct digest digest; /* PREVIEW_PLANNED: none */
    uint64_t size;
    size_t layer; /* PREVIEW_PLANNED: its number in `layers` */
    char *kind;   /* of an earlier run's; else NULL */
    char *model;  /* the same; NULL, too: of the image */
    char *place;  /* the model's; the same */
};

/* One image for Linux that gets the models. */
struct preview_platform {
    char *name;
    struct preview_user user;
    struct preview_home home;
    struct tree_owner owner;    /* of the model's files */
    struct strings places;      /* one a model, links followed */
    struct strings links;       /* folders that get links to them */
    struct strings environment; /* NAME=value to be set */
    struct preview_folder *folders;
    size_t folder_count;
    size_t base_layers;
    struct strings *model_links;   /* of each of `places`: folders with links to the model there */
    struct preview_stacked *stack; /* from the bottom up; what is dropped comes last */
    size_t stack_count;
};

struct preview {
    struct preview_platform *platforms;
    size_t platform_count;
    struct preview_model *models;
    size_t model_count;
    struct companion_decisions companions;
    struct preview_layer *layers; /* from the bottom up */
    size_t layer_count;
    struct digest base_digest; /* of its manifest or index */
    size_t base_blobs;         /* of the base, whatever the number of images that have them */
    size_t base_blobs_missing; /* that the target does not have */
    uint64_t model_size;       /* bytes of models that would move */
    uint64_t base_size;        /* bytes of the base that would move, unless they are mounted */
    struct strings notes;      /* the lines that injecting would log */
};

#define PREVIEW_INIT                                                                               \
    {                                                                                              \
        .notes = STRINGS_INIT                                                                      \
    }

/* What would be injected, and where. Everything in it is borrowed. */
struct preview_options {
    struct models_request models;
    struct base_request base;
    struct stored_image target; /* a store of NULL: nowhere, and then nothing is there */
    struct reuse_rules reuse;
    struct placement_options placement;
    struct compression_choice compression;  /* of the models' layers; zero: none */
    const struct expected_layers *expected; /* a layer that is another: ERROR_CORRUPT; NULL: any */
    struct diff_ids_wanted diff_ids;
    struct run_context run;
};

/*
 * Reads all that decides; nothing is written but what this machine remembers. Fails where injecting
 * would before it writes. *out is filled on success. Safe to call from several threads.
 */
int preview_run(const struct preview_options *options, struct preview *out,
                struct error *err) MUST_CHECK;
void preview_release(struct preview *preview);
CLEANUP_RELEASE(preview)

#endif
