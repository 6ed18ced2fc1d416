#ifndef INLAY_PREVIEW_PREVIEW_H
#define INLAY_PREVIEW_PREVIEW_H

#include "base/request.h"
#include "build/layer_fate.h"
#include "build/request.h"
#include "core/notes.h"
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

struct preview_files {
    struct preview_file *items;
    size_t count;
    uint64_t size; /* of all of them */
};

/* Files that the model has and the image does not get; a size may be SIZE_UNKNOWN. */
struct preview_left_out {
    struct preview_file *items;
    size_t count;
    uint64_t size; /* of all of them */
};

/* What its authors say of its use; NULL: not known. */
struct preview_license {
    char *ids; /* "mit"; of several "a, b" */
    char *name;
    enum plan_gate gate;
};

/* A file that runs code when it is loaded. */
struct preview_code_file {
    char *path;
    bool is_source; /* Python, which the loader imports */
    struct pickle_findings findings;
};

struct preview_code {
    struct preview_code_file *items;
    size_t count;
};

/* One model of the image. Texts are owned, here and below. */
struct preview_model {
    char *name;         /* "org/name", "datasets/org/name" */
    char *title;        /* with its revision, for people */
    char *companion_of; /* the title of the one that asks for it; NULL: the call names it */
    char *revision;     /* NULL: it has none */
    char *commit;
    struct preview_files files;
    struct preview_left_out left_out;
    struct preview_license license;
    struct preview_code code;
};

/* Whose the entries of a layer are. */
struct preview_owner {
    bool is_one; /* all of them are of one, who is: */
    struct tree_owner id;
};

/* One layer on top of the base; the same for several platforms or models is told once. */
struct preview_layer {
    char *kind;
    char *model;  /* NULL: of the image */
    char *commit; /* the model's; NULL: the same */
    char *title;  /* for people: "model.safetensors of org/name" */
    struct digest recipe;
    struct digest blob;    /* DIGEST_NONE: it has yet to be built */
    struct digest diff_id; /* DIGEST_NONE: nobody is known to have built it */
    uint64_t size;         /* of the blob; of one to be compressed, before that */
    uint64_t content_size; /* bytes of the model in it */
    enum layer_fate fate;
    bool is_claim; /* it would be read and checked before it is used */
    struct preview_owner owner;
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

struct preview_folders {
    struct preview_folder *items;
    size_t count;
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
    char *commit; /* the model's; the same */
    char *place;  /* the model's; the same */
};

/* From the bottom up; what is dropped comes last. */
struct preview_stack {
    struct preview_stacked *items;
    size_t count;
};

/* One image for Linux that gets the models. */
struct preview_platform {
    char *name;
    struct preview_user user;
    struct preview_home home;
    struct tree_owner owner;      /* of the model's files */
    struct strings places;        /* one a model, links followed */
    struct strings links;         /* folders that get links to them */
    struct strings environment;   /* NAME=value to be set */
    struct container_start start; /* to be set of what containers start */
    struct preview_folders folders;
    size_t base_layers;
    struct strings *model_links; /* of each of `places`: folders with links to the model there */
    struct preview_stack stack;
};

/* What is built on. */
struct preview_base {
    struct digest digest; /* of its manifest or index */
    size_t blobs;         /* of it, whatever the number of images that have them */
    size_t blobs_missing; /* that the target does not have */
};

struct preview {
    struct preview_platform *platforms;
    size_t platform_count;
    struct preview_model *models;
    size_t model_count;
    struct companion_decisions companions;
    struct preview_layer *layers; /* from the bottom up */
    size_t layer_count;
    struct preview_base base;
    uint64_t model_size; /* bytes of models that would move */
    uint64_t base_size;  /* bytes of the base that would move, unless they are mounted */
    struct notes notes;  /* the lines that injecting would log */
};

#define PREVIEW_INIT                                                                               \
    {                                                                                              \
        .notes = NOTES_INIT                                                                        \
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
