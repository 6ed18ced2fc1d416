#ifndef INLAY_ROOTFS_ROOTFS_INTERNAL_H
#define INLAY_ROOTFS_ROOTFS_INTERNAL_H

#include "core/buf.h"
#include "core/xattr.h"
#include "rootfs/rootfs.h"
#include "stream/stream.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROOTFS_PATH_MAX ((size_t)4096)
#define ROOTFS_XATTRS_MAX 1000 /* of one folder */
/* Files that may be users and groups are kept while a layer is read, if they are no larger. */
#define ROOTFS_SMALL_FILE ((size_t)1024 * 1024)

/*
 * What one layer holds, in the order of its paths' bytes. Paths are relative, without "." or "..",
 * and never empty: the root has no entry.
 */
struct listing_entry {
    const char *path;
    const char *target;  /* ROOTFS_LINK; of a hard link the path that has the data; else NULL */
    const char *content; /* of a file: `size` bytes and a NUL, or NULL if it was not kept */
    uint64_t size;
    int64_t time_s;
    uint32_t time_ns;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    enum rootfs_type type;
    bool is_hard_link;          /* yet to be filled in by listing_finish() */
    bool is_unresolved;         /* a hard link to what its layer does not hold */
    const struct xattr *xattrs; /* of folders alone */
    size_t xattr_count;
    size_t order; /* of arrival */
};

struct listing_marks {
    const char **paths;
    size_t count;
};

struct listing_block;

struct listing {
    struct listing_entry *entries;
    size_t count;
    size_t capacity;
    struct listing_marks whiteouts; /* what is removed of the layers below */
    struct listing_marks opaque;    /* folders of which nothing below is seen */
    struct listing_block *blocks;
    size_t memory;
    size_t memory_limit;
    size_t entry_limit; /* of marks as well */
};

struct listing *listing_new(void);
void listing_free(struct listing *listing);
CLEANUP_FREE(listing)

/*
 * These copy what they are given; ERROR_UNSUPPORTED once the listing is too large. A later entry
 * replaces an earlier one of the same path. A hard link has `is_hard_link` and a `target`, and
 * becomes what its target was when it came.
 */
int listing_add(struct listing *listing, const struct listing_entry *entry,
                struct error *err) MUST_CHECK;
int listing_add_whiteout(struct listing *listing, const char *path, struct error *err) MUST_CHECK;
/* "" is the root. */
int listing_add_opaque(struct listing *listing, const char *path, struct error *err) MUST_CHECK;
/* Sorts, resolves hard links, and drops what was replaced. Only then may a listing be asked. */
void listing_finish(struct listing *listing);

/* NULL if no entry says this path. */
const struct listing_entry *listing_find(const struct listing *listing, const char *path);
/* Is it a folder because of what lies below it? */
bool listing_implies(const struct listing *listing, const char *path);
/* Is this path of the layers below out of sight because of this one? Its own entries are not. */
bool listing_hides(const struct listing *listing, const char *path);

/* Which files' contents are kept in a listing besides those named passwd or group. */
struct scan_wanted {
    const char *path; /* NULL: no other */
    size_t limit;
};

/*
 * Lists a tar (POSIX.1-2017 pax, ustar or GNU) from `plain` to its last byte, whose digest by
 * `algorithm` is told in *digest. ERROR_CORRUPT if it is not a tar or names what cannot be;
 * ERROR_UNSUPPORTED for ".." in a path and for what is too large.
 */
struct scan_request {
    struct reader *plain;
    enum digest_algorithm algorithm;
    struct scan_wanted wanted;
    const struct cancel *cancel; /* may be NULL */
};
int scan_tar(const struct scan_request *request, struct listing **out, struct digest *digest,
             struct error *err) MUST_CHECK;

/*
 * Text of a listing, and back. Starts with a line that has format version, diff_id and the digest
 * of the rest. Parsing anything else is ERROR_CORRUPT.
 */
void memo_format(const struct listing *listing, const struct digest *diff_id, struct buf *out);
int memo_parse(const struct buf *bytes, const struct digest *diff_id, struct listing **out,
               struct error *err) MUST_CHECK;
/* The part behind the first line. `size` bytes at `data`, followed by a NUL. */
int memo_parse_records(const char *data, size_t size, struct listing **out,
                       struct error *err) MUST_CHECK;
/* Whole memos in the folder `folder`; one that is not there is ERROR_NOT_FOUND. */
int memo_load(const char *folder, const struct digest *diff_id, struct listing **out,
              struct error *err) MUST_CHECK;
int memo_save(const char *folder, const struct digest *diff_id, const struct listing *listing,
              struct error *err) MUST_CHECK;

/*
 * The listings of all layers, counted from the top: depth 0 is the topmost. Those that are asked
 * for are read, and a few below them side by side, in threads that live until layers_stop().
 */
struct layers;

/* Checks the layers' types; makes no request. */
int layers_open(const struct rootfs_options *options, struct layers **out,
                struct error *err) MUST_CHECK;
void layers_free(struct layers *layers);
CLEANUP_FREE(layers)
size_t layers_count(const struct layers *layers);
/* Waits for one listing, which belongs to `layers` and stays until layers_read_again(). */
int layers_get(struct layers *layers, size_t depth, const struct listing **out,
               struct error *err) MUST_CHECK;
/* Ends what is being read ahead and drops the part that was read. */
void layers_stop(struct layers *layers);
/* Reads a layer, whatever is known of it, to have one file's content in its listing. */
int layers_read_again(struct layers *layers, size_t depth, const struct scan_wanted *wanted,
                      struct error *err) MUST_CHECK;
uint64_t layers_fetched(const struct layers *layers);
size_t layers_remembered(const struct layers *layers);

/* One path of the merged tree. */
struct found {
    enum rootfs_type type;
    const struct listing_entry *entry; /* NULL: absent, or a folder that nothing states */
    size_t depth;                      /* of the layer that has `entry` */
    bool removed;                      /* absent because a layer takes it away */
};

/*
 * Looks up a canonical path, above which there are folders alone; "" is the root. Without
 * `with_attributes` a folder may be found without its entry.
 */
int lookup(struct layers *layers, const char *path, bool with_attributes, struct found *out,
           struct error *err) MUST_CHECK;
/* Follows the links of `path`; *out is canonical, and what it names need not exist. */
int resolve(struct layers *layers, const char *path, struct buf *out, struct error *err) MUST_CHECK;

/* Do these have to be read to know the user? */
bool user_needs_passwd(const struct rootfs_user_request *request);
bool user_needs_group(const struct rootfs_user_request *request);
/* `passwd` and `group` are NULL if the image has none, or if they are not needed. */
int user_find(const struct rootfs_user_request *request, const struct buf *passwd,
              const struct buf *group, struct rootfs_user *out, struct error *err) MUST_CHECK;

#endif
