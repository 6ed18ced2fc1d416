#ifndef INLAY_PROJECT_PROJECT_H
#define INLAY_PROJECT_PROJECT_H

#include "core/buf.h"
#include "core/text.h"

/*
 * The file of a project, docs/project.md and docs/inlay.schema.json: which models an application
 * has baked, in place of a long command line. Values only; what they mean is up to the command
 * line, whose options they are. No I/O but project_read().
 */

#define PROJECT_FILE "inlay.json"
/* The most that is read of one, and the most models that it may name, those of sets included. */
#define PROJECT_SIZE_MAX ((size_t)MIB)
#define PROJECT_MODELS_MAX ((size_t)1000)

/* An option, as it could be given on the command line. */
struct project_option {
    const char *name; /* without dashes; constant */
    char *value;      /* NULL: it is given without one */
};

struct project_options {
    struct project_option *items; /* in the order of the schema, those of one name as they came */
    size_t count;
};

struct project_model {
    char *model;                    /* as on the command line */
    struct project_options options; /* for this one alone: also, as, exclude, executable, include,
                                       layout, name, path, unpack, weights */
};

struct project_models {
    struct project_model *items;
    size_t count;
};

/* Models that are wanted where the set is named. */
struct project_set {
    char *name;
    struct project_models models;
};

struct project {
    char *folder;           /* that relative paths in it are of: "." or the path of a folder */
    char *base;             /* the image to build on; NULL: not said */
    char *target;           /* where the result goes; NULL: not said */
    const char *companions; /* the option "companions" or "no-companions"; constant; NULL: none */
    struct project_models models;
    struct project_options place; /* cache-dir, env, group-writable, home, owner, shared, user */
    struct project_set *sets;
    size_t set_count;
};

#define PROJECT_INIT                                                                               \
    {                                                                                              \
        .folder = NULL                                                                             \
    }

/*
 * ERROR_CORRUPT, with the place in it, for what is no project; ERROR_UNSUPPORTED for one of a newer
 * version. `out` is PROJECT_INIT, and has no folder afterwards.
 */
int project_parse(const char *text, size_t size, struct project *out, struct error *err) MUST_CHECK;
/* The inverse; members in the order of the schema. Appends to `out`. */
void project_format(const struct project *project, struct buf *out);
/* Parses a file; ERROR_NOT_FOUND, too, if there is none. `out` is PROJECT_INIT. */
int project_read(const char *path, struct project *out, struct error *err) MUST_CHECK;
void project_release(struct project *project);
CLEANUP_RELEASE(project)

/* NULL if there is none of this name. */
const struct project_set *project_find_set(const struct project *project, const char *name);
/*
 * What names a model or an image, with a path of this machine seen from the project's folder:
 * "dir:model" of "app/inlay.json" is "dir:app/model". Caller frees.
 */
char *project_resolve(const struct project *project, const char *text);

/* The inverse, as far as the path is in that folder. Caller frees. */
char *project_relate(const struct project *project, const char *text);

/* Copies the option to the end; `name` is constant. */
void project_options_add(struct project_options *options, const char *name, const char *value);
/* The value of an option that is given once; NULL: it is not given, or without one. */
const char *project_options_find(const struct project_options *options, const char *name);
/* Whether they are the same in the same order. */
bool project_options_equal(const struct project_options *a, const struct project_options *b);
/* Adds a copy of each. */
void project_options_copy(const struct project_options *from, struct project_options *to);
void project_options_release(struct project_options *options);
CLEANUP_RELEASE(project_options)
/* Adds a model without options, and returns it until the next one is added. */
struct project_model *project_models_add(struct project_models *models, const char *model);

#endif
