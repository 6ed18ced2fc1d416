#ifndef INLAY_SOURCE_SOURCE_H
#define INLAY_SOURCE_SOURCE_H

#include "core/cancel.h"
#include "core/log.h"
#include "plan/plan.h"
#include "stream/stream.h"

#include <stdatomic.h>

/* Where the files of one model come from. Safe to share between threads once opened. */
struct source {
    const struct source_ops *ops;
    struct prefetch_pool *pool; /* borrowed; NULL: nothing is to be gained by reading ahead */
    struct cache *cache;        /* borrowed; NULL: nothing is kept on the disk */
    atomic_bool refuses_ranges; /* set by `open` when it has found out */
};

/* A part of a file. */
struct source_range {
    uint64_t offset;
    uint64_t length;             /* SIZE_UNKNOWN: to the end */
    const struct cancel *cancel; /* ends waiting for it, also while it is read; may be NULL */
};

struct source_ops {
    /* Pins the revision and fills `plan`, sorted by path: sizes, and digests where known. */
    int (*list)(struct source *source, struct plan *plan, struct error *err);
    /* Reads a part of one file; `range` may go out of scope. The caller verifies what it reads. */
    int (*open)(struct source *source, const struct plan *plan, const struct plan_file *file,
                const struct source_range *range, struct reader **out, struct error *err);
    void (*free)(struct source *source);
};

/* [hf://][datasets/]NAME[@REVISION] or [hf://][datasets/]ORG/NAME[@REVISION] */
struct model_reference {
    enum repo_type type;
    char *id;
    char *revision; /* "main" if none was given */
};

#define MODEL_REFERENCE_INIT                                                                       \
    {                                                                                              \
        REPO_MODEL, NULL, NULL                                                                     \
    }

/* ERROR_USAGE, with what was wrong and what is expected. */
int model_reference_parse(const char *text, struct model_reference *out,
                          struct error *err) MUST_CHECK;
/* "org/name@revision", "datasets/org/name@revision". Caller frees. */
char *model_reference_format(const struct model_reference *model);
/* 40 lower-case hex digits. */
bool model_revision_is_commit(const char *revision);
void model_reference_release(struct model_reference *model);
CLEANUP_RELEASE(model_reference)

struct cache;
struct http;

struct source_context {
    struct http *http;           /* borrowed */
    const struct cancel *cancel; /* may be NULL */
    const struct log *log;       /* may be NULL */
    struct prefetch_pool *pool;  /* connections for contents; borrowed; NULL: one a file */
    struct cache *cache;         /* keeps what is fetched; borrowed; NULL: nothing does */
};

/*
 * A repo of the Hugging Face Hub at HF_ENDPOINT (https://huggingface.co if unset; a trailing '/'
 * is dropped), with the token of auth_hub_token(). Makes no request. ERROR_USAGE for an endpoint
 * that is not an http(s) URL.
 */
int source_open_huggingface(const struct source_context *context,
                            const struct model_reference *model, struct source **out,
                            struct error *err) MUST_CHECK;
/*
 * A folder on this machine that stands for a repo at a commit: for tests, and for files that
 * another tool has fetched. Links and special files are refused. Digests are computed by
 * source_list(): SHA-256 from 1 MiB on, git SHA-1 below.
 */
int source_open_directory(const char *path, const struct model_reference *model, const char *commit,
                          struct source **out, struct error *err) MUST_CHECK;

/* Fills `plan` (empty before) and checks it by plan_check(). */
int source_list(struct source *source, struct plan *plan, struct error *err) MUST_CHECK;
/*
 * Opens a whole file of the plan. A connection that breaks is resumed at the offset it reached,
 * with growing waits, five times in a row without a byte of progress at most. Size and digest are
 * verified: reading ends with ERROR_CORRUPT if they are wrong. A large file comes in ranges, over
 * several connections of the pool, unless the source refuses ranges. What the cache has comes from
 * there, as cache_reader_open() tells, and what it lacks goes there. `plan`, `file`, `source` and
 * `cancel` outlive *out.
 */
int source_open_file(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct cancel *cancel, struct reader **out,
                     struct error *err) MUST_CHECK;

/*
 * Files of one plan that will be opened in a known order, as far as they are small: the next ones
 * are fetched meanwhile, several at a time. Belongs to one thread.
 */
struct source_files;

/* `files` are all that will be opened; they, `plan` and `source` outlive what is made. */
struct source_files *source_files_new(struct source *source, const struct plan *plan,
                                      const struct plan_file *const *files, size_t count,
                                      const struct cancel *cancel);
/* Like source_open_file(). *out is freed before the next file is opened. */
int source_files_open(struct source_files *files, const struct plan_file *file, struct reader **out,
                      struct error *err) MUST_CHECK;
void source_files_free(struct source_files *files);
CLEANUP_FREE(source_files)

void source_free(struct source *source);
CLEANUP_FREE(source)

#endif
