#ifndef INLAY_CACHE_CACHE_INTERNAL_H
#define INLAY_CACHE_CACHE_INTERNAL_H

#include "cache/cache.h"

#include <stdatomic.h>

struct cache {
    char *folder;
    const struct log *log; /* borrowed; may be NULL */
    unsigned patience_ms;
    mode_t file_mode;         /* of files in it: those read it who may write into the folder */
    atomic_bool is_read_only; /* something could not be written: nothing more is tried */
    atomic_uint_fast64_t kept_size;
};

/* Behind the name of a file that is not whole. */
#define CACHE_PARTIAL ".partial"

/* The folder of the listings. */
#define CACHE_LISTINGS "hub"

/* Of folders in it, by the mode of files. */
mode_t cache_folder_mode(mode_t file_mode);

/* Adds the listings of the cache at `folder`. */
int cache_add_listings(const char *folder, struct cache_list *out, struct error *err) MUST_CHECK;
/* Copies `item` to the end. */
void cache_list_add(struct cache_list *list, const struct cache_item *item);
/* The first time that something cannot be written is a warning; afterwards nothing is tried. */
void cache_give_up_writing(struct cache *cache, const struct error *why);

/* The folders of a cache, by what the names in them mean. */
#define CACHE_ALGORITHMS 2
extern const enum digest_algorithm cache_algorithms[CACHE_ALGORITHMS];

/* Whether `folder` says of itself that it is a download cache. */
int cache_is_tagged(const char *folder, bool *out, struct error *err) MUST_CHECK;
/* The path of a whole file. Caller frees. */
char *cache_path(const char *folder, const struct digest *digest);
/* Whether the open file is the one at `path`: it may have been renamed, or removed. */
bool cache_is_at(int fd, const char *path);

/*
 * A file that is being used, under a lock: whole, or partial and then this thread's alone. Belongs
 * to one thread.
 */
struct entry {
    int fd;
    char *path;       /* where it is, or will be, whole */
    char *partial;    /* where it is until then; NULL: it is whole */
    mode_t mode;      /* of its permissions */
    uint64_t size;    /* of the whole */
    uint64_t present; /* bytes that are there already */
};

/*
 * Finds the file whole, or waits until it is this thread's to be made; *out is then partial, and
 * has what an earlier run left. *out is NULL if it is not to be had: another keeps it and makes no
 * progress, or it is not there and the cache is read-only. ERROR_LOCAL or ERROR_CANCELED.
 */
int entry_open(struct cache *cache, const struct cache_request *request, struct entry **out,
               struct error *err) MUST_CHECK;
ssize_t entry_read(const struct entry *entry, void *data, size_t size, uint64_t offset,
                   struct error *err) MUST_CHECK;
int entry_write(struct entry *entry, const void *data, size_t size, uint64_t offset,
                struct error *err) MUST_CHECK;
/* What is there is right: a partial file becomes the whole one. */
int entry_commit(struct entry *entry, struct error *err) MUST_CHECK;
/* Removes the file; entry_free() afterwards. */
void entry_discard(const struct entry *entry);
/* Keeps what there is of a partial file. */
void entry_free(struct entry *entry);
CLEANUP_FREE(entry)

#endif
