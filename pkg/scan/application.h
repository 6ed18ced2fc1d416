#ifndef INLAY_SCAN_APPLICATION_H
#define INLAY_SCAN_APPLICATION_H

#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"
#include "core/text.h"

/*
 * What is read of an application, out of an image or a folder: its own files of text, the packages
 * that are installed beside it, and how it is started. Values; all texts are owned. What is in them
 * comes from outside and may hold anything but NUL.
 */
struct image;
struct sandbox;
struct store;

/* The most that is read: of one file, files, and bytes of all of them. */
#define APPLICATION_FILE_LIMIT ((size_t)1024 * 1024)
#define APPLICATION_FILES_MAX ((size_t)20 * 1000)
#define APPLICATION_SIZE_LIMIT ((size_t)256 * 1024 * 1024)

/*
 * A source (.py, .pyi, .ipynb, .js, .mjs, .cjs, .jsx, .ts, .mts, .cts, .tsx), a config (.yaml,
 * .yml, .toml, .json, .ini, .cfg, .conf, .properties, .env), a lock file or list of packages, a
 * script (.sh, Procfile, Dockerfile …). Files of installed packages and of the system are not among
 * them, save the few that rules ask for.
 */
struct application_file {
    char *path; /* absolute in an image; relative to the folder, without "./" */
    char *text; /* `size` bytes and a NUL; no other NUL within the first 8 KiB */
    size_t size;
};

enum package_kind {
    PACKAGE_PYTHON,
    PACKAGE_CONDA,
    PACKAGE_NODE,
};

struct application_package {
    enum package_kind kind;
    char *name;    /* Python: normalised as PEP 503 has it; Node: "name", "@scope/name" */
    char *version; /* as it is written; NULL: not told */
    char *path;    /* of what tells it, like that of a file */
};

struct application {
    struct application_file *files; /* sorted by the bytes of their paths */
    size_t file_count;
    struct application_package
        *packages; /* sorted by kind, name and path; one may be there twice */
    size_t package_count;
    /* Of a folder these three are of the last stage of its Dockerfile. */
    struct strings environment; /* NAME=value */
    struct strings entrypoint;
    struct strings command;
    char *dockerfile; /* like the path of a file; NULL: none, or several in folders of their own */
    bool is_folder;
    char *working_dir;      /* absolute; NULL: not known */
    char *user;             /* as it is written; NULL: not known, or none */
    struct strings skipped; /* what was not read and why, a line each for people */
};

void application_release(struct application *application);
CLEANUP_RELEASE(application)

/* By its path; NULL: not there. Belongs to the application. */
const struct application_file *application_find_file(const struct application *application,
                                                     const char *path);
/* The first package of this kind and (normalised) name; NULL: not there. */
const struct application_package *application_find_package(const struct application *application,
                                                           enum package_kind kind,
                                                           const char *name);
/* "Sentence_Transformers" is "sentence-transformers" (PEP 503). Caller frees. */
char *package_normalize(const char *name);

struct application_image {
    struct store *store;       /* required; where the blobs are */
    const struct image *image; /* required; the layers that inlay added are left out */
    const char *memo; /* folder for what is learned of layers; NULL: nothing is remembered */
    const struct sandbox *sandbox; /* where they are parsed; NULL: in this process */
    unsigned jobs;                 /* layers read at a time; 0: WORKERS_DEFAULT */
    const struct cancel *cancel;   /* may be NULL */
    const struct log *log;         /* may be NULL */
};

/*
 * Reads every layer once, to its end, and of the merged tree what belongs to the application; with
 * `memo` a layer that was read before is not fetched again. Fails as reading layers does (see
 * rootfs.h); files that cannot be taken are told in `skipped`. *out is empty before.
 */
int application_read_image(const struct application_image *request, struct application *out,
                           struct error *err) MUST_CHECK;

/*
 * Reads a folder of this machine, whose links are not followed where they lead out. ERROR_NOT_FOUND
 * if it is not there, ERROR_LOCAL if it cannot be read; files and folders in it that cannot be are
 * told in `skipped`. `cancel` may be NULL. *out is empty before.
 */
int application_read_folder(const char *path, const struct cancel *cancel, struct application *out,
                            struct error *err) MUST_CHECK;

#endif
