#ifndef INLAY_CACHE_CACHE_H
#define INLAY_CACHE_CACHE_H

#include "core/cancel.h"
#include "core/log.h"
#include "stream/stream.h"

#include <time.h>

/*
 * A folder that keeps downloaded files by their digests, for several runs and several processes of
 * one machine. What is in it, and how it is locked, is told in docs/cache.md. Safe to share
 * between threads.
 */
struct cache;

struct cache_options {
    const char *folder;    /* required; made if it is not there */
    const struct log *log; /* borrowed; may be NULL */
    unsigned patience_ms;  /* 0: 20 s; how long another's download may stand still */
};

/*
 * ERROR_LOCAL if the folder cannot be had; one that is there and cannot be written is read, with a
 * warning. ERROR_USAGE if it holds files under digests and is not
 * a download cache.
 */
int cache_open(const struct cache_options *options, struct cache **out,
               struct error *err) MUST_CHECK;
void cache_free(struct cache *cache);
CLEANUP_FREE(cache)

/* Opens the content from `offset` on, unverified. Called once at most, maybe while it is read. */
typedef int cache_fetch_fn(void *arg, uint64_t offset, struct reader **out, struct error *err);

/* A file that is wanted. */
struct cache_request {
    const char *name;            /* for messages */
    const struct digest *digest; /* SHA-256 or git SHA-1; others are not kept */
    uint64_t size;
    const struct cancel *cancel; /* borrowed for as long as it is read; may be NULL */
    cache_fetch_fn *fetch;       /* required, with `arg` */
    void *arg;
};

/*
 * Opens a file, whole and verified: from the disk what is there, the rest as `fetch` brings it,
 * which is kept on its way. While another process or thread fetches the same file, waits for it.
 * A file that turns out to be damaged is removed, and reading it ends with ERROR_CORRUPT. That
 * nothing can be written is a warning, once, and the file comes all the same. What is borrowed in
 * `request`, and `cache`, outlive *out, except `name`.
 */
int cache_reader_open(struct cache *cache, const struct cache_request *request, struct reader **out,
                      struct error *err) MUST_CHECK;

/*
 * Small documents by which a later run finds what it would otherwise ask the hub for: which commit
 * a revision is, which files a commit has. They lie in this folder as in a cache of the Hub's
 * clients, and are read there. Caller frees.
 */
char *cache_listings(const struct cache *cache);
/*
 * Replaces one, `path` from that folder, and says by its time that it is used. That nothing can be
 * written is a warning, as above.
 */
void cache_keep_listing(struct cache *cache, const char *path, const void *data, size_t size);

/* Bytes that were put there since cache_open(), and stay, be it as the beginning of a file. */
uint64_t cache_kept_size(const struct cache *cache);

/* Whether a file is there whole, as far as its size shows. */
bool cache_has(const struct cache *cache, const struct digest *digest, uint64_t size);
/* The size of the file that is there under this digest; false if there is none. */
bool cache_find_size(const struct cache *cache, const struct digest *digest, uint64_t *size);

/*
 * Opens the content of a file that is there whole, from `offset` on, as it lies on the disk:
 * nothing is verified. *out is NULL if it is not there.
 */
int cache_open_part(const struct cache *cache, const struct digest *digest, uint64_t size,
                    uint64_t offset, struct reader **out, struct error *err) MUST_CHECK;

/* What is there. */
struct cache_item {
    char *listing; /* of a listing its path from the cache's folder; NULL: a file, by its digest */
    struct digest digest;
    uint64_t size;   /* bytes on the disk; of a partial file, so far */
    time_t used;     /* when it was last written or read */
    bool is_partial; /* a download that has not come to its end */
};

struct cache_list {
    struct cache_item *items; /* the least recently used first */
    size_t count;
};

#define CACHE_LIST_INIT                                                                            \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

uint64_t cache_list_size(const struct cache_list *list);
void cache_list_release(struct cache_list *list);
CLEANUP_RELEASE(cache_list)

/* ERROR_NOT_FOUND if there is no such folder; ERROR_USAGE if it is not a download cache. */
int cache_list(const char *folder, struct cache_list *out, struct error *err) MUST_CHECK;

/* An item goes if any of these is true of it. */
struct cache_prune_options {
    const char *folder;
    time_t unused_since; /* last used at this time or before; 0: none goes for its age */
    uint64_t max_size;   /* SIZE_UNKNOWN: any. The least recently used go until it is kept */
    bool partial;        /* it is partial */
    const struct cancel *cancel; /* may be NULL */
};

struct cache_prune_result {
    struct cache_list removed;
    struct cache_list in_use; /* would have gone, and was left */
};

#define CACHE_PRUNE_RESULT_INIT                                                                    \
    {                                                                                              \
        CACHE_LIST_INIT, CACHE_LIST_INIT                                                           \
    }

void cache_prune_result_release(struct cache_prune_result *result);
CLEANUP_RELEASE(cache_prune_result)

/* Fails as cache_list() does. *out tells what was removed after a failure, too. */
int cache_prune(const struct cache_prune_options *options, struct cache_prune_result *out,
                struct error *err) MUST_CHECK;

#endif
