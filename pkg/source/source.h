#ifndef INLAY_SOURCE_SOURCE_H
#define INLAY_SOURCE_SOURCE_H

#include "core/cancel.h"
#include "core/log.h"
#include "plan/contents.h"
#include "plan/plan.h"
#include "stream/stream.h"

#include <stdatomic.h>

/* Where the files of one model come from. Safe to share between threads once opened. */
struct source {
    const struct source_ops *ops;
    const struct log *log;       /* borrowed; may be NULL */
    unsigned tries;              /* of a file, after the first, without a byte of progress */
    const struct http *http;     /* whose http_has_waited() ends them, too; borrowed; NULL: none */
    struct prefetch_pool *pool;  /* borrowed; NULL: nothing is to be gained by reading ahead */
    struct cache *cache;         /* borrowed; NULL: nothing is kept on the disk */
    struct hub_cache *hub_cache; /* owned; files are taken from it first; NULL: there is none */
    bool keeps_listings;         /* in `cache`, so that they are found offline */
    bool is_offline;             /* nothing else can be had than what the caches have */
    bool is_remote;              /* it lists by small requests, which change nothing */
    bool opens_unlisted;         /* files can be opened by a plan that it has not listed */
    struct plan *pinned;         /* owned; what source_pin() was told; NULL: nothing */
    atomic_bool refuses_ranges;  /* set by `open` when it has found out */
    atomic_uint_fast64_t cached; /* for source_claim_cached() */
    /*
     * Makes of ERROR_CORRUPT, that a file is not what the plan says, what it means of this source;
     * NULL: it says enough. Returns -1.
     */
    int (*explain)(struct source *source, struct error *err);
    /* As source_read_flags(); NULL: nobody scans what it has. */
    int (*read_flags)(struct source *source, const struct plan *plan, struct strings *out,
                      struct error *err);
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

/* 40 lower-case hex digits, as the Hub has them. */
bool hub_revision_is_commit(const char *revision);

struct auth;
struct cache;
struct http;
struct sandbox;

struct source_context {
    struct http *http;             /* borrowed */
    struct auth *auth;             /* of registries; borrowed; NULL: without, none is spoken to */
    const struct cancel *cancel;   /* may be NULL */
    const struct log *log;         /* may be NULL */
    const char *hub_endpoint;      /* of the Hub, in place of HF_ENDPOINT; borrowed; may be NULL */
    struct prefetch_pool *pool;    /* connections for contents; borrowed; NULL: one a file */
    struct cache *cache;           /* keeps what is fetched; borrowed; NULL: nothing does */
    const struct sandbox *sandbox; /* where archives are parsed; borrowed; NULL: in this process */
    bool offline;                  /* no request is made: what is not on this machine is missing */
    bool unverified;               /* URLs are taken without a checksum, too */
    const char *hub_cache;         /* a Hub cache whose files are taken; NULL: none */
    bool hub_cache_is_implied;     /* by `offline`: what `cache` remembers goes before it */
    /* Opens ORIGIN_OCI_MODEL, which takes a store; NULL: nobody does. */
    int (*open_oci_model)(void *arg, const struct origin *origin, struct source **out,
                          struct error *err);
    void *open_arg;
};

typedef int source_opener(const struct source_context *context, const struct origin *origin,
                          struct source **out, struct error *err) MUST_CHECK;

/*
 * What opens each kind, source_open_hub(), source_open_folder() …: a name a row of ORIGIN_KINDS,
 * defined in the source's own file, which says what its pins are and when it fails. source_open()
 * calls them by a table. The caller frees *out.
 */
#define SOURCE_OPENER(constant, opener, ...) source_opener source_open_##opener;
ORIGIN_KINDS(SOURCE_OPENER)

/*
 * Opens what the origin's kind says. Fails as that does. A file or URL that unpacks, or
 * of which a member is wanted, is opened as an archive: tar, plain or packed by gzip, bzip2, xz or
 * zstd, or zip, as its content says; one that is none is a file like any, unless its name says so.
 * source_list() fetches it, verifies it and unpacks it into a temporary file. The plan has its
 * members (without leading "./"), or the one member under its last part or origin->file_name;
 * digests are as for a folder, and the pin is the archive's SHA-256, or the member's. Names have to
 * pass plan_check(). Links that lead to files among the members are these files; any other and what
 * is neither file nor folder is ERROR_UNSUPPORTED, as is more than 64 GiB, or, beyond the first
 * GiB, more than 1,000 times the archive. ERROR_CORRUPT if it is damaged or the member has another
 * digest, ERROR_NOT_FOUND if there is no such member.
 */
int source_open(const struct source_context *context, const struct origin *origin,
                struct source **out, struct error *err) MUST_CHECK;
/*
 * What the process does that a `sandbox` starts for an archive; returns the status to end with.
 */
#define SOURCE_JOB_ARCHIVE "archive"
int source_serve_archive(void);
/*
 * A repo of the Hugging Face Hub at context->hub_endpoint, else HF_ENDPOINT
 * (https://huggingface.co if unset; a trailing '/' is dropped), with the token of auth_hub_token().
 * Makes no request. ERROR_USAGE for an endpoint that is not an http(s) URL.
 */
int source_open_huggingface(const struct source_context *context, const struct origin *model,
                            struct source **out, struct error *err) MUST_CHECK;
/* Whether it may be `hub_endpoint`; `name` is what a complaint calls it. ERROR_USAGE if not. */
int source_check_hub_endpoint(const char *name, const char *url, struct error *err) MUST_CHECK;
/* Where source_open_huggingface() would ask, without a '/' at the end. Caller frees *out. */
int source_find_hub_endpoint(const struct source_context *context, char **out,
                             struct error *err) MUST_CHECK;
/*
 * A folder on this machine that stands for a repo at a commit: for tests, and for files that
 * another tool has fetched. Links and special files are refused. Digests are computed by
 * source_list(): SHA-256 from 1 MiB on, git SHA-1 below.
 */
int source_open_directory(const char *path, const struct origin *model, const char *commit,
                          struct source **out, struct error *err) MUST_CHECK;

/*
 * From now on source_list() fills in a copy of this plan, which has an origin and may have fewer
 * files than there are. Of a repo of the Hub or of ModelScope nothing is asked for then; of
 * anything else it is listed what is there now, and ERROR_CORRUPT if a file of the plan is another.
 */
void source_pin(struct source *source, const struct plan *plan);
/* Fills `plan` (empty before) and checks it by plan_check(). */
int source_list(struct source *source, struct plan *plan, struct error *err) MUST_CHECK;
/*
 * Whether the files that a selection has left in `plan` can be had, as far as is known without
 * reading them: ERROR_NOT_FOUND, listing them, for what is missing offline.
 */
int source_check(const struct source *source, const struct plan *plan,
                 struct error *err) MUST_CHECK;
/*
 * Sets the plan's license by its card or the text of its licence, if where it comes from has not
 * told one and one of these is among the files; of what cannot be read it stays unknown. A hub that
 * tells licences is not asked for files. Fails if that is canceled; `cancel` may be NULL.
 */
int source_find_license(struct source *source, struct plan *plan, const struct cancel *cancel,
                        struct error *err) MUST_CHECK;
/*
 * Reads the plan's small files that decide what is loaded, several at a time, verified, into `out`.
 * What has a repo or a folder has such files; of the other kinds, and of what is missing offline,
 * nothing is read. `memo` is a folder that remembers them by digest, so that a second call makes no
 * request; NULL: nothing does. Where there is a download cache, that does. `cancel` may be NULL.
 */
int source_read_contents(struct source *source, const struct plan *plan, const char *memo,
                         const struct cancel *cancel, struct plan_contents *out,
                         struct error *err) MUST_CHECK;
/*
 * Opens a whole file of the plan. A connection that breaks is resumed at the offset it reached,
 * with growing waits, five times in a row without a byte of progress at most. Size and digest are
 * verified: reading ends with ERROR_CORRUPT if they are wrong. A large file comes in ranges, over
 * several connections of the pool, unless the source refuses ranges. What the Hub cache has comes
 * from there; a damaged file there is a warning, and not used. What the download cache has comes
 * from there, as cache_reader_open() tells, and what it lacks goes there. `plan`, `file`, `source`
 * and `cancel` outlive *out.
 */
int source_open_file(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct cancel *cancel, struct reader **out,
                     struct error *err) MUST_CHECK;

/*
 * Opens a part of a file that has been read before by source_open_file(), or is being: for bytes
 * that somebody has lost. It is not verified, and need not end with the range; a connection that
 * breaks is resumed all the same. `plan`, `file`, `source` and range->cancel outlive *out.
 */
int source_open_part(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct source_range *range, struct reader **out,
                     struct error *err) MUST_CHECK;

/*
 * Appends the bytes of a part, which has a length and is in the file, to `out`. Not verified: for a
 * look at files that are read whole later. What caches of this machine have comes from there.
 */
int source_read_part(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct source_range *range, struct buf *out,
                     struct error *err) MUST_CHECK;

/*
 * Adds what the scanners of the hub say of files that are not safe, a text each: "'model.bin' is
 * unsafe". Nothing is added where nobody scans, and of what is pinned. One request, without a
 * second try.
 */
int source_read_flags(struct source *source, const struct plan *plan, struct strings *out,
                      struct error *err) MUST_CHECK;

/*
 * Files of one plan that will be opened in a known order, as far as they are small: the next ones
 * are fetched meanwhile, several at a time. Belongs to one thread.
 */
struct source_files;

/* What is to be opened. All borrowed, and outlives what is made. */
struct source_files_request {
    struct source *source;
    const struct plan *plan;
    const struct plan_contents *contents; /* need not be fetched again; NULL: none */
    const struct plan_file *const *files; /* all that will be opened, in their order */
    size_t count;
    const struct cancel *cancel; /* may be NULL */
};

/* The array of files need not outlive the call. */
struct source_files *source_files_new(const struct source_files_request *request);
/* Like source_open_file(). *out is freed before the next file is opened. */
int source_files_open(struct source_files *files, const struct plan_file *file, struct reader **out,
                      struct error *err) MUST_CHECK;
void source_files_free(struct source_files *files);
CLEANUP_FREE(source_files)

/*
 * Of `size` bytes of contents that were just read, how many came from caches of this machine; of a
 * source that several read, of those that any of them has read, each told of once.
 */
uint64_t source_claim_cached(struct source *source, uint64_t size);
void source_free(struct source *source);
CLEANUP_FREE(source)

#endif
