#ifndef INLAY_ROOTFS_ROOTFS_INTERNAL_H
#define INLAY_ROOTFS_ROOTFS_INTERNAL_H

#include "core/buf.h"
#include "core/text.h"
#include "core/xattr.h"
#include "rootfs/rootfs.h"
#include "stream/stream.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROOTFS_PATH_MAX ((size_t)4096)
#define ROOTFS_XATTRS_MAX 1000 /* of one folder */
/* Files that may be users and groups are kept while a layer is read, if they are no larger. */
#define ROOTFS_SMALL_FILE ((size_t)1024 * 1024)
/* So is every file of a layer whose contents are hashed, up to this size. */
#define ROOTFS_TINY_FILE ((size_t)4096)
/* Larger files have no git SHA-1, unless they are named by one. */
#define ROOTFS_GIT_FILE (UINT64_C(64) * 1024 * 1024)

/* What a file is known by. */
struct listing_hashes {
    struct digest sha256;
    struct digest git_sha1; /* DIGEST_NONE: not computed */
};

/* What is said of one path. */
struct listing_entry {
    const char *path;    /* relative, without "." or ".."; "" is the root, which is a folder */
    const char *target;  /* ROOTFS_LINK; of a hard link the path that has the data; else NULL */
    const char *content; /* of a file: `size` bytes and a NUL, or NULL if it was not kept */
    const struct listing_hashes *hashes; /* of a file, if they were asked for; else NULL */
    uint64_t size;
    uint64_t offset; /* of a hashed file's content in the tar; 0: it is not in one piece */
    int64_t time_s;  /* of a folder, as time_ns is: nobody asks for another one */
    uint32_t time_ns;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    enum rootfs_type type;
    bool is_hard_link;          /* yet to be filled in by listing_finish() */
    bool is_unresolved;         /* a hard link to what its layer does not hold */
    const struct xattr *xattrs; /* of folders alone */
    size_t xattr_count;
};

struct listing_more;

/*
 * An entry as a listing keeps it, of which a base may have millions: the path is `folder`, if there
 * is one, a '/' and `name`, and what most files do not have is elsewhere.
 */
struct listing_record {
    const char *folder; /* NULL: it lies in the root, or is it */
    const char *name;
    struct listing_more *more; /* may be NULL */
    uint64_t size;
    uint32_t uid;
    uint32_t gid;
    uint32_t order; /* of arrival */
    uint16_t mode;
    enum rootfs_type type : 8;
    bool is_hard_link : 1;
    bool is_unresolved : 1;
};

/* A folder that names were added for lately. */
struct listing_folder {
    const char *path; /* NULL: none */
    size_t size;
};
#define LISTING_FOLDERS 8

struct listing_marks {
    const char **paths;
    size_t count;
};

struct listing_block;

/* What one layer holds, in the order of its paths' bytes. */
struct listing {
    struct listing_record *records;
    size_t count;
    size_t capacity;
    struct listing_marks whiteouts; /* what is removed of the layers below */
    struct listing_marks opaque;    /* folders of which nothing below is seen */
    struct listing_folder folders[LISTING_FOLDERS];
    size_t next_folder; /* that is forgotten for another */
    struct listing_block *blocks;
    size_t memory;
    size_t memory_limit;
    size_t entry_limit; /* of marks as well */
    bool is_plain;      /* the blob that it was made from is the tar itself; not in a memo */
    atomic_uint shares; /* how many hold it besides the first */
};

struct listing *listing_new(void);
/* The last one who frees it does. */
void listing_free(struct listing *listing);
/* One more holder of a finished listing. */
struct listing *listing_share(struct listing *listing);
CLEANUP_FREE(listing)

/*
 * These copy what they are given; ERROR_UNSUPPORTED once the listing is too large. A later entry
 * replaces an earlier one of the same path. A hard link has `is_hard_link` and a `target`, and
 * becomes what its target was when it came.
 */
int listing_add(struct listing *listing, const struct listing_entry *entry,
                struct error *err) MUST_CHECK;
/*
 * Gives the entry that came as this one, from 0, its content of `size` bytes, if it has none. Comes
 * before listing_finish().
 */
int listing_set_content(struct listing *listing, size_t number, const char *content,
                        struct error *err) MUST_CHECK;
int listing_add_whiteout(struct listing *listing, const char *path, struct error *err) MUST_CHECK;
/* "" is the root. */
int listing_add_opaque(struct listing *listing, const char *path, struct error *err) MUST_CHECK;
/* Sorts, resolves hard links, and drops what was replaced. Only then may a listing be asked. */
void listing_finish(struct listing *listing);

/* NULL if no entry says this path. */
const struct listing_record *listing_find(const struct listing *listing, const char *path);
/* All of an entry but its path, which is NULL; texts are the listing's. */
struct listing_entry listing_view(const struct listing_record *record);
/* An entry by its number in order; its path is put together in `path`. */
struct listing_entry listing_at(const struct listing *listing, size_t number, struct buf *path);
void listing_format_path(const struct listing_record *record, struct buf *out);
/* How many entries come before this path, or with this path before this order of arrival. */
size_t listing_entries_before(const struct listing *listing, const char *path, uint32_t order);
/* As strcmp() has the two paths. */
int listing_compare(const struct listing_record *a, const struct listing_record *b);
/* Is it a folder because of what lies below it? */
bool listing_implies(const struct listing *listing, const char *path);
/* Is this path of the layers below out of sight because of this one? Its own entries are not. */
bool listing_hides(const struct listing *listing, const char *path);
/*
 * What it does to what lies in this folder of the layers below; *where is a path that is changed,
 * which the caller frees, or NULL.
 */
enum rootfs_effect listing_effect(const struct listing *listing, const char *folder, char **where);
/* Adds the names of what is, or is removed, in a folder ("" is the root), some maybe twice. */
void listing_add_names(const struct listing *listing, const char *folder, struct strings *names);

/*
 * `name` without what says nothing: "/./etc//passwd" is "etc/passwd", and "./" is "". A ".." takes
 * away the part before it, whatever that is in the image, as filepath.Clean() does in the engines;
 * ERROR_UNSUPPORTED where there is none. `out` is empty before.
 */
int name_clean(const char *name, struct buf *out, struct error *err) MUST_CHECK;
/* The same of what a hard link leads to; ERROR_CORRUPT if that is the root. */
int name_clean_source(const char *name, struct buf *out, struct error *err) MUST_CHECK;
/* ERROR_CORRUPT if the root is stated as something else than a folder. */
int name_check_root(enum rootfs_type type, struct error *err) MUST_CHECK;
/* The last part of a clean path. */
const char *name_base(const char *path);
/*
 * Does this clean path of an entry name no file, but something to say of the layers below, which
 * then goes into the listing, or bookkeeping of AUFS?
 */
int name_is_mark(struct listing *listing, const char *path, bool *out,
                 struct error *err) MUST_CHECK;

/* Which files' contents are kept in a listing besides those named passwd or group. */
struct scan_wanted {
    const char *path; /* NULL: no other */
    size_t limit;
};

/* Is the content kept, by the file's own name or as one of `linked`, which are sorted? */
bool selection_keeps(const struct rootfs_selection *selection, const struct strings *linked,
                     const char *path, uint64_t size);

/*
 * Lists a tar (POSIX.1-2017 pax, ustar or GNU) from `plain` to its last byte, whose digest by
 * `algorithm` is told in *digest; with DIGEST_NONE there is none. ERROR_CORRUPT if it is not a tar
 * or names what cannot be; ERROR_UNSUPPORTED for a path that leads out of the image and for what is
 * too large.
 */
struct scan_request {
    struct reader *plain;
    enum digest_algorithm algorithm;
    bool hash_contents;
    struct scan_wanted wanted;
    const struct rootfs_selection *selection; /* NULL: none */
    const struct strings *linked; /* with `selection`: paths kept besides, sorted; NULL: none */
    const struct cancel *cancel;  /* may be NULL */
};
int scan_tar(const struct scan_request *request, struct listing **out, struct digest *digest,
             struct error *err) MUST_CHECK;

/*
 * The headers of a tar as they pass, by the rules of those who will unpack it. Whatever cannot be
 * understood ends it; then the reader of the tar has to say what is wrong.
 */
struct headers;

struct headers *headers_new(void);
void headers_free(struct headers *headers);
CLEANUP_FREE(headers)
/* The next bytes of the tar; ERROR_CORRUPT for what no engine unpacks. */
int headers_add(struct headers *headers, const char *data, size_t size,
                struct error *err) MUST_CHECK;
/* How many bytes of padding are missing if the tar ends here: engines do without them. */
size_t headers_padding(const struct headers *headers);
/* One member of the tar. */
struct tar_member {
    uint64_t position; /* of its first header: those that extend its own come before it */
    uint64_t content;  /* where that begins */
    uint64_t size;     /* of the content as it lies there, without padding */
    char type;
};
/*
 * The member whose first header is at `position`, until more is added; NULL if none is there. Each
 * position is behind the one before.
 */
const struct tar_member *headers_find(struct headers *headers, uint64_t position);
/* A number in a header: octal digits, or base 256; false if it is none, or not below 2^63. */
bool header_number(const unsigned char *field, size_t size, uint64_t *out);

/*
 * What a listing is kept under. Two blobs may unpack to the same tar, one of them with something
 * behind it that makes it a broken one: each is known once it was read itself.
 */
struct memo_key {
    struct digest content; /* the diff_id, or the digest of a table of contents */
    struct digest blob;
    const char *selection; /* of which it has the contents; NULL: none */
};

/*
 * Text of a listing, and back: a first line with format version, key and the digest of the rest,
 * which are records. Neither is ever in memory whole, since a listing may be large.
 */
typedef int memo_part_fn(void *arg, const char *data, size_t size, struct error *err);
/* The caller frees the line. */
char *memo_format_title(const struct listing *listing, const struct memo_key *key);
/* Calls `give` for all records, in parts; fails with what that says. */
int memo_give_records(const struct listing *listing, memo_part_fn *give, void *arg,
                      struct error *err) MUST_CHECK;
/* How a record says a type; "" for ROOTFS_ABSENT, which none has. */
const char *memo_type_name(enum rootfs_type type);
/* ERROR_CORRUPT for anything but the memo of this key. */
int memo_read(struct reader *reader, const struct memo_key *key, struct listing **out,
              struct error *err) MUST_CHECK;
/* The part behind the first line. */
int memo_parse_records(const char *data, size_t size, struct listing **out,
                       struct error *err) MUST_CHECK;
/* Whole memos in the folder `folder`; one that is not there is ERROR_NOT_FOUND. */
int memo_load(const char *folder, const struct memo_key *key, struct listing **out,
              struct error *err) MUST_CHECK;
int memo_save(const char *folder, const struct memo_key *key, const struct listing *listing,
              struct error *err) MUST_CHECK;

/*
 * What the process that reads a layer tells the one that has started it: all that a listing says,
 * and the digest of the tar. The process may have been taken over by what it reads: whatever it
 * says, paths are clean, and ERROR_CORRUPT is what scan_tar() cannot have made. Its own word for
 * this one layer is all that it can give.
 */
struct told {
    struct digest digest; /* of the tar */
    bool has_ended;
};
int told_give(const struct listing *listing, const struct digest *digest, memo_part_fn *give,
              void *arg, struct error *err) MUST_CHECK;
int told_read(struct reader *reader, struct listing **out, struct digest *digest,
              struct error *err) MUST_CHECK;
/* Parts of reading it. */
int told_end(struct told *told, const char *digest, struct error *err) MUST_CHECK;
int told_check(const struct listing_entry *entry, struct error *err) MUST_CHECK;
int told_check_mark(const char *path, struct error *err) MUST_CHECK;

/*
 * What `packed` unpacks to, in a process of its own where there is one to be had; else in this one,
 * which is logged. The reader may pass from thread to thread. Borrows `packed`.
 */
int unpack_apart(const struct sandbox *sandbox, struct reader *packed, struct reader **out,
                 struct error *err) MUST_CHECK;

/*
 * The same as scan_tar() of what `packed` unpacks to, in a process of its own where there is one to
 * be had; else in this one, which is logged. `scan->plain` is not looked at. With DIGEST_NONE
 * nothing is unpacked: whoever verifies `packed` has verified the tar.
 */
int scan_apart(const struct sandbox *sandbox, const struct scan_request *scan,
               struct reader *packed, struct listing **out, struct digest *digest,
               struct error *err) MUST_CHECK;

/* One layer to be read as its blob has it. */
struct layer_request {
    struct store *store;
    const struct sandbox *sandbox; /* NULL: it is read in this process */
    const struct rootfs_layer *layer;
    struct scan_wanted wanted;
    const struct rootfs_selection *selection; /* NULL: none */
    const struct cancel *cancel;
    count_fn *count; /* of the bytes that are fetched */
    void *count_arg;
    const struct progress *progress; /* may be NULL */
};
/* Reads the blob to its end: its digest and its diff_id are right, or there is no listing. */
int layer_read(const struct layer_request *request, struct listing **out,
               struct error *err) MUST_CHECK;

/*
 * The listings of all layers, counted from the top: depth 0 is the topmost. Those that are asked
 * for are read, and a few below them side by side, in threads that live until layers_stop().
 */
struct layers;

/* May a layer be read? ERROR_UNSUPPORTED if not. */
int layer_check(const struct rootfs_layer *layer, struct error *err) MUST_CHECK;
/* Checks the layers; makes no request. */
int layers_open(const struct rootfs_options *options, struct layers **out,
                struct error *err) MUST_CHECK;
void layers_free(struct layers *layers);
CLEANUP_FREE(layers)
/* What `known` has read is taken from there; it outlives `layers`. */
void layers_set_known(struct layers *layers, struct layers *known);
const struct descriptor *layers_blob(const struct layers *layers, size_t depth);
size_t layers_count(const struct layers *layers);
/* Waits for one listing, which belongs to `layers` and stays until layers_read_again(). */
int layers_get(struct layers *layers, size_t depth, const struct listing **out,
               struct error *err) MUST_CHECK;
/* Ends what is being read ahead and drops the part that was read. */
void layers_stop(struct layers *layers);
/* Reads a layer, whatever is known of it, to have one file's content in its listing. */
int layers_read_again(struct layers *layers, size_t depth, const struct scan_wanted *wanted,
                      struct error *err) MUST_CHECK;
/* Reads a layer again with hashes, unless it has been read with them. */
int layers_hash(struct layers *layers, size_t depth, struct error *err) MUST_CHECK;
bool layers_are_read(struct layers *layers);
uint64_t layers_fetched(const struct layers *layers);
size_t layers_remembered(const struct layers *layers);

/* One path of the merged tree. */
struct found {
    enum rootfs_type type;
    const struct listing_record *entry; /* NULL: absent, or a folder that nothing states */
    size_t depth;                       /* of the layer that has `entry`, or takes it away */
    bool removed;                       /* absent because a layer takes it away */
};

/*
 * Looks up a canonical path, above which there are folders alone; "" is the root. Without
 * `with_attributes` a folder may be found without its entry.
 */
int lookup(struct layers *layers, const char *path, bool with_attributes, struct found *out,
           struct error *err) MUST_CHECK;
/*
 * Follows the links of `path`; *out is canonical, and what it names need not exist. `passed` (NULL:
 * not wanted) gets the folders in which something was looked up, each once.
 */
int resolve(struct layers *layers, const char *path, struct strings *passed, struct buf *out,
            struct error *err) MUST_CHECK;
/* What rootfs_collect() does. */
int collect(struct layers *layers, const struct rootfs_selection *selection, rootfs_file_fn *give,
            void *arg, struct error *err) MUST_CHECK;

/* Do these have to be read to know the user? */
bool user_needs_passwd(const struct rootfs_user_request *request);
bool user_needs_group(const struct rootfs_user_request *request);
/* `passwd` and `group` are NULL if the image has none, or if they are not needed. */
int user_find(const struct rootfs_user_request *request, const struct buf *passwd,
              const struct buf *group, struct rootfs_user *out, struct error *err) MUST_CHECK;
/* Do any groups count besides the user's own? Then passwd and group have to be read. */
bool user_has_groups(const struct rootfs_user_request *request);
/* The gids of the groups that name the user; *out is an array of *count that the caller frees. */
void user_find_groups(const struct rootfs_user_request *request, const struct buf *passwd,
                      const struct buf *group, uint32_t **out, size_t *count);

#endif
