#ifndef INLAY_SCAN_SCAN_H
#define INLAY_SCAN_SCAN_H

#include "layout/demand.h"
#include "oci/platform.h"
#include "preset/preset.h"
#include "scan/application.h"

/*
 * The use case: what an application asks for at its start, by what its sources, its command line
 * and its environment say. Nothing of it is run, and nothing is asked of a hub. Values only.
 */

/* One model. Texts are owned, and may hold control characters of the application's files. */
struct scan_finding {
    char *model;             /* as `inlay inject` takes it: "org/name[@rev]", "whisper:base" */
    char *layout;            /* as --layout takes it; NULL: the Hub's cache, or the preset's own */
    char *path;              /* as --path takes it; NULL: the environment says where */
    char *weights;           /* as --weights takes it; NULL: the automatic choice */
    struct strings include;  /* globs of files that the code names; empty: the automatic choice */
    struct strings optional; /* more of them, which need not match */
    char *loader;            /* the package: "sentence-transformers", "@huggingface/transformers" */
    char *version;           /* of it; NULL: not found in the image */
    struct strings places;   /* "/app/app.py:14", "ENV MODEL_ID", "CMD", "/app/c.yaml: a.model" */
    char *reason;            /* one line for people */
    bool reads_torch;        /* weights as safetensors or for torch alone, if it has any */
    bool sure;               /* else a guess */
    bool baked;              /* the image has what this loader will ask for */
};

/*
 * What the loader will ask for of the finding's model, or of one item of its preset, whose
 * revision is that of `model`. All borrowed from both; `layout` NULL: the Hub's cache.
 */
struct layout_demand scan_demand(const struct scan_finding *finding, const struct origin *model,
                                 const char *layout);

struct scan_findings {
    struct scan_finding *items; /* what is sure first, then by model and layout */
    size_t count;
    struct strings unresolved; /* "app.py:14: model_name comes from …", a line each */
    struct strings skipped;    /* files that are not read, and why, a line each */
    struct strings asking;     /* what asks a server at each start whatever is baked, a line each */
    struct strings notes;      /* what else is worth knowing, a line each */
};

#define SCAN_FINDINGS_INIT                                                                         \
    {                                                                                              \
        NULL, 0, STRINGS_INIT, STRINGS_INIT, STRINGS_INIT, STRINGS_INIT                            \
    }

void scan_findings_release(struct scan_findings *findings);
CLEANUP_RELEASE(scan_findings)

/*
 * No I/O. Nothing is baked as far as it knows. `cancel` may be NULL; ERROR_CANCELED is the only
 * failure. *out is SCAN_FINDINGS_INIT before.
 */
int scan_application(const struct application *application, const struct presets *presets,
                     const struct cancel *cancel, struct scan_findings *out,
                     struct error *err) MUST_CHECK;

struct rootfs_selection;
struct sandbox;

struct scan_options {
    struct store *store;                 /* required; holds the image */
    const char *version;                 /* tag or digest; NULL: the only image there */
    const struct oci_platform *platform; /* NULL: the first one for Linux */
    const struct presets *presets;       /* required */
    const char *const *environment;      /* NAME=value that count as if the image set them, too;
                                            NULL-terminated; NULL: none */
    const char *memo;              /* folder for what is learned of layers; NULL: nothing is kept */
    unsigned jobs;                 /* layers read at a time; 0: 4 */
    const struct cancel *cancel;   /* may be NULL */
    const struct log *log;         /* may be NULL */
    const struct sandbox *sandbox; /* where layers are parsed; NULL: in this process */
};

/* Of which files the content is wanted while layers are read; NULL-terminated. */
extern const struct rootfs_selection *const scan_selections[];

/*
 * Reads an image and scans it; `baked` is told by what inlay has recorded in it. *platform, which
 * the caller frees, is the platform that was read: "linux/amd64". ERROR_NOT_FOUND if the image has
 * no such platform; else as application_read_image().
 */
int scan_image(const struct scan_options *options, char **platform, struct scan_findings *out,
               struct error *err) MUST_CHECK;
/* The same of a folder of this machine. */
int scan_folder(const char *path, const struct presets *presets, const struct cancel *cancel,
                struct scan_findings *out, struct error *err) MUST_CHECK;

#endif
