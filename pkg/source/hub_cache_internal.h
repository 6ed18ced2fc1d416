#ifndef INLAY_SOURCE_HUB_CACHE_INTERNAL_H
#define INLAY_SOURCE_HUB_CACHE_INTERNAL_H

#include "cache/cache.h"
#include "source/source_internal.h"

/*
 * The folder of one repo in a cache of the Hub's clients: blobs/, refs/, snapshots/, trees/.
 * Nothing is ever written there. Safe to share between threads.
 */
struct hub_cache {
    char *root;            /* the cache, for messages */
    char *repo;            /* "root/models--org--name" */
    const struct log *log; /* borrowed; may be NULL */
};

/* "models--org--name", as the clients name it. Caller frees. */
char *hub_cache_repo_name(const struct origin *origin);
/* Looks at nothing. */
struct hub_cache *hub_cache_new(const char *root, const struct origin *origin,
                                const struct log *log);
void hub_cache_free(struct hub_cache *cache);
CLEANUP_FREE(hub_cache)

/*
 * Which commit a revision is: by refs/, or a commit that is there, in full or abbreviated. *out is
 * empty if that is not known. ERROR_NOT_FOUND for an abbreviation of several, ERROR_CORRUPT for a
 * ref that is no commit.
 */
int hub_cache_resolve(const struct hub_cache *cache, const char *revision, struct plan_commit *out,
                      struct error *err) MUST_CHECK;
/*
 * Fills `plan` with the files of a commit, sorted: those of trees/<commit>.json, else those of the
 * snapshot, as hub_snapshot_list() has them. It stays empty if neither is there.
 */
int hub_cache_list(const struct hub_cache *cache, const char *commit, struct plan *plan,
                   struct error *err) MUST_CHECK;
/* Whether there is a file of this size where the content has to be. */
bool hub_cache_has(const struct hub_cache *cache, const char *commit, const struct plan_file *file);
/*
 * Opens the whole content, which has been read once and has its digest. *out is NULL if it is not
 * there; ERROR_CORRUPT, with the path, if it is damaged.
 */
int hub_cache_open(const struct hub_cache *cache, const char *commit, const struct plan_file *file,
                   const struct cancel *cancel, struct reader **out, struct error *err) MUST_CHECK;
/* The content from `offset` on, not looked at before. *out is NULL if it is not there. */
int hub_cache_open_part(const struct hub_cache *cache, const char *commit,
                        const struct plan_file *file, uint64_t offset, struct reader **out,
                        struct error *err) MUST_CHECK;

/*
 * Fills `plan` with what lies in a snapshot: size and digest by the blob that a link names. The
 * size is 0 where that blob is missing. A file that is no link is read for its digest. There is no
 * `blob_id`, so that nobody takes this for the whole list of the commit.
 */
int hub_snapshot_list(const char *repo, const char *commit, struct plan *plan,
                      struct error *err) MUST_CHECK;

/* Whether git keeps a file in LFS by the text of .gitattributes, of which the last line that fits
 * counts; its size tells where there is no text. Never fails. */
bool hub_snapshot_is_in_lfs(const char *attributes, const char *path, uint64_t size);

/* The files of a commit, as trees/<commit>.json of the Hub's clients has them. ERROR_CORRUPT. */
int hub_tree_parse(const void *data, size_t size, struct plan *plan, struct error *err) MUST_CHECK;
/* The inverse. Caller frees. */
char *hub_tree_format(const struct plan *plan);

/* Remembers a listing that came from the hub for source_open_hub_offline(). */
void hub_listing_keep(struct cache *cache, const struct plan *plan);

/* A repo as it is on this machine: in `context->hub_cache` and `context->cache`. No request. */
int source_open_hub_offline(const struct source_context *context, const struct origin *model,
                            struct source **out, struct error *err) MUST_CHECK;

#endif
