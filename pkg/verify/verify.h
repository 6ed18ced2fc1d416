#ifndef INLAY_VERIFY_VERIFY_H
#define INLAY_VERIFY_VERIFY_H

#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/text.h"
#include "layout/demand.h"
#include "oci/descriptor.h"
#include "plan/plan.h"
#include "provenance/provenance.h"
#include "source/source.h"
#include "store/store.h"

/*
 * The use case: replays an image's layers and says of each model whether the image's user finds
 * it, whole and readable. Values only.
 */

/* Opens, for the caller to free, the source of a model at a commit. */
typedef int verify_open_fn(void *arg, const struct origin *model, struct source **out,
                           struct error *err);

/* A model that the image has to have on each platform. Everything is borrowed. */
struct verify_demand {
    const char *title; /* for messages: as it was typed */
    const char *place; /* of the application, where it is asked for: "/app/app.py:8"; NULL: none */
    struct layout_demand wanted;
};

struct sandbox;
struct signing_key;

/* A key that records may be signed with. */
struct verify_key {
    const char *name; /* for messages: as it was typed; borrowed */
    struct signing_key *key;
};

struct verify_options {
    struct store *store; /* required; holds the image */
    const char *version; /* tag or digest; NULL: the only image there */
    const char *user;    /* in place of the image's own, in the same forms; NULL: the image's */
    const char *home;    /* in place of the home that the image gives this user; NULL: that one */
    const char *memo;    /* folder for what is learned of bases' layers; NULL: nothing is kept */

    const struct verify_demand *demands;
    size_t demand_count;
    bool companions_are_notes; /* those that are not there are no findings */

    bool asks_license; /* the licence of each model is told */
    bool asks_code;    /* and which of its files run code when they are loaded */

    verify_open_fn *open_source; /* NULL: nothing is asked of the Hub */
    void *open_arg;

    const struct statement *statements; /* what is stated of the image has to be so */
    size_t statement_count;

    /* Each record of a layer has to be signed by one of these; none: that is not looked at. */
    const struct verify_key *keys;
    size_t key_count;

    unsigned jobs;                   /* layers read at a time; 0: 4 */
    const struct log *log;           /* may be NULL */
    const struct cancel *cancel;     /* may be NULL */
    const struct progress *progress; /* of layers that are read; may be NULL */
    const struct sandbox *sandbox;   /* where they are parsed; NULL: in this process */
};

enum verify_kind {
    VERIFY_LAYER,      /* a layer is not there, or not what its digest or diff_id says */
    VERIFY_RECORD,     /* what the image records about itself does not hold up */
    VERIFY_USER,       /* who the image's user is cannot be told */
    VERIFY_PLACE,      /* the user's loader looks elsewhere */
    VERIFY_HIDDEN,     /* a layer above takes it away */
    VERIFY_REPLACED,   /* a layer above has something else in its place */
    VERIFY_MISSING,    /* it is not there, and no layer has taken it away */
    VERIFY_DIGEST,     /* a blob's content is not what its name says */
    VERIFY_LINK,       /* a link leads to no file */
    VERIFY_REF,        /* a ref is not a commit, or has no snapshot */
    VERIFY_UNEXPECTED, /* something that readers of such a folder do not expect */
    VERIFY_UNREADABLE, /* the user cannot enter a folder or read a file */
    VERIFY_UNWRITABLE, /* the user cannot make a folder that the loader writes to */
    VERIFY_FOLDER,     /* a folder above the model is not as the base has it */
    VERIFY_HUB,        /* the Hub has something else, or nothing */
    VERIFY_STATEMENT,  /* a statement of its provenance has something else */
    VERIFY_SIGNATURE,  /* what is recorded of a layer is signed by none of the keys */
    VERIFY_UNCHECKED,  /* it cannot be checked */
    VERIFY_NOT_BAKED,  /* a model that was asked for is not there */
    VERIFY_COMPANION,  /* what a model makes its loader ask for besides is not there */
};

/* For programs: "broken-layer", "hidden", … */
const char *verify_kind_name(enum verify_kind kind);

/* One thing that is wrong. Texts are owned, and hold no control characters. */
struct verify_finding {
    enum verify_kind kind;
    char *path; /* absolute, in the image; NULL if it is about none */
    char *text; /* for people */
};

struct verify_findings {
    struct verify_finding *items;
    size_t count;
};

/* One model of one platform. */
struct verify_model {
    enum origin_kind kind;
    char *name;   /* as `inlay remove` takes it: "org/name", "datasets/org/name" */
    char *source; /* "hub", "folder", "url" … */
    char *commit;
    char *layout;
    char *place;          /* of its folder, as recorded */
    struct strings links; /* folders, elsewhere, that are recorded to hold links to it */
    char *path;      /* by which the user's loader comes to the model's folder; NULL: it does not */
    char *canonical; /* of that folder, links followed; NULL: not known */
    bool is_checked; /* false: the platform's findings say why */
    size_t files;    /* of the model, that the user was found to reach */
    uint64_t size;   /* bytes of these files */
    struct strings paths;   /* of these files, in the model's own folder */
    char *license;          /* by the Hub if that is asked, else by its files; NULL: not known */
    char *license_name;     /* where that is "other"; NULL: it has none */
    struct strings suspect; /* paths of files that run code when they are loaded */
    struct strings refs;    /* names of revisions under which its loader finds this commit */
    struct strings notes;   /* what is worth knowing and not wrong */
    struct verify_findings findings;
};

/* One image for Linux, whether it carries models or not. */
struct verify_platform {
    char *name;
    struct digest digest; /* of its manifest */
    char *user;           /* "1000:1000"; NULL: not known */
    uint32_t uid;
    uint32_t gid;
    char *user_from; /* as rootfs_find_user() tells it */
    char *home;
    char *home_from;
    struct verify_findings findings; /* of the image as a whole: they concern each model */
    struct verify_findings missing;  /* of the demands, in their order */
    struct verify_model *models;
    size_t model_count;
};

struct verify_result {
    struct descriptor manifest; /* what was looked at: a manifest or an index */
    struct verify_platform *platforms;
    size_t platform_count;
    size_t model_count;       /* of different models, whatever the number of platforms */
    size_t wrong_model_count; /* of them, those with which something is wrong anywhere */
    struct strings missing;   /* titles of the demands that are not met on each platform */
    size_t finding_count;
};

#define VERIFY_RESULT_INIT                                                                         \
    {                                                                                              \
        .manifest = DESCRIPTOR_INIT, .platforms = NULL                                             \
    }

/*
 * What is wrong with the image is no failure but a finding; a store, a machine or a Hub that does
 * not do its part is one. Layers of models, and those above them, are read whole; of the others
 * only what is not remembered.
 */
int verify_run(const struct verify_options *options, struct verify_result *out,
               struct error *err) MUST_CHECK;
void verify_result_release(struct verify_result *result);
CLEANUP_RELEASE(verify_result)

#endif
