#ifndef INLAY_SOURCE_SOURCE_H
#define INLAY_SOURCE_SOURCE_H

#include "core/cancel.h"
#include "core/log.h"
#include "plan/plan.h"
#include "stream/stream.h"

/* Where the files of one model come from. Safe to share between threads once opened. */
struct source {
    const struct source_ops *ops;
};

struct source_ops {
    /* Pins the revision and fills `plan`, sorted by path: sizes, and digests where known. */
    int (*list)(struct source *source, struct plan *plan, struct error *err);
    /*
     * Reads `length` bytes of one file from `offset` (SIZE_UNKNOWN: to its end). The caller
     * verifies what it reads.
     */
    int (*open)(struct source *source, const struct plan *plan, const struct plan_file *file,
                uint64_t offset, uint64_t length, struct reader **out, struct error *err);
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

struct http;

struct source_context {
    struct http *http;           /* borrowed */
    const struct cancel *cancel; /* may be NULL */
    const struct log *log;       /* may be NULL */
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
 * verified: reading ends with ERROR_CORRUPT if they are wrong. `plan`, `file` and `source` outlive
 * *out.
 */
int source_open_file(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct cancel *cancel, struct reader **out,
                     struct error *err) MUST_CHECK;
void source_free(struct source *source);
CLEANUP_FREE(source)

#endif
