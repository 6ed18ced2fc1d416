#ifndef INLAY_SCAN_APPLICATION_INTERNAL_H
#define INLAY_SCAN_APPLICATION_INTERNAL_H

#include "core/buf.h"
#include "scan/application.h"

/* Lines of `skipped`; what is beyond is only counted. */
#define APPLICATION_SKIPPED_MAX ((size_t)100)
#define APPLICATION_PACKAGES_MAX ((size_t)20 * 1000)
/* Of a Dockerfile; what is behind them is not read. */
#define APPLICATION_STAGES_MAX 100

/* What a file is to the scan, by its path alone. */
enum application_role {
    ROLE_NONE,
    ROLE_SOURCE, /* a program: taken before the others where not all can be */
    ROLE_CONFIG, /* every other file of the application */
    ROLE_PYTHON, /* "…/NAME-VERSION.dist-info/METADATA" and the like */
    ROLE_NODE,   /* "…/node_modules/NAME/package.json" */
    ROLE_CONDA,  /* "…/conda-meta/NAME-VERSION-BUILD.json", of which the name says all */
};

/* Where the path begins. */
enum application_root {
    ROOT_IMAGE,  /* without the leading '/'; the system's own folders are left out */
    ROOT_FOLDER, /* relative to it */
};

/* `path` has no leading '/'. Safe to call from several threads. */
enum application_role application_role(enum application_root root, const char *path);
/* May a folder hold anything that has a role? */
bool application_enters(const char *path);

/* A file that has a role, before it is known whether all can be taken. */
struct candidate {
    char *path; /* as the application has it */
    enum application_role role;
    uint64_t size;
    const char *content; /* borrowed, and a NUL; NULL: to be read, or not to be had */
};

struct candidates {
    struct candidate *items;
    size_t count;
    struct strings skipped;
    size_t skipped_more;
};

void candidates_release(struct candidates *candidates);
CLEANUP_RELEASE(candidates)
/* Takes over nothing. */
void candidates_add(struct candidates *candidates, const struct candidate *candidate);
void candidates_skip(struct candidates *candidates, const char *format, ...) PRINTF_FORMAT(2, 3);

/*
 * Reads the content of a candidate that has none into `out`. False if it cannot be had, which has
 * been told by candidates_skip(). On failure -1.
 */
typedef int candidate_read_fn(void *arg, struct candidates *candidates,
                              const struct candidate *candidate, struct buf *out, bool *is_read,
                              struct error *err);

/*
 * Fills files, packages and `skipped`: sources first, then configs, within the limits. `read` may
 * be NULL.
 */
int application_fill(struct candidates *candidates, candidate_read_fn *read, void *arg,
                     struct application *out, struct error *err) MUST_CHECK;

/* Fills environment, entrypoint, command and dockerfile of a folder, whose files are there. */
void application_read_dockerfile(struct application *application);

/*
 * Name and version out of the header of core metadata (Python's METADATA, PKG-INFO): lines of
 * "Name: value" up to an empty one. Both NULL where there is none, or none that can be; the caller
 * frees them.
 */
void package_read_metadata(const char *text, size_t size, char **name, char **version);
/*
 * The same by the name of a file or folder: "NAME-VERSION.dist-info",
 * "NAME-VERSION-py3.11.egg-info", "NAME.egg-info".
 */
void package_read_folder_name(const char *name, char **package, char **version);
/* The same of "NAME-VERSION-BUILD.json" in conda-meta. */
void package_read_conda_name(const char *file, char **name, char **version);
/* The same of a package.json. */
void package_read_node(const char *text, size_t size, char **name, char **version);

/* application_image.c: sources, configs and lists of packages. */
extern const struct rootfs_selection application_selection;

#endif
