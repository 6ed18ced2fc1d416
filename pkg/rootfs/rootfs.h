#ifndef INLAY_ROOTFS_ROOTFS_H
#define INLAY_ROOTFS_ROOTFS_H

#include "core/buf.h"
#include "core/cancel.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/text.h"
#include "core/xattr.h"
#include "oci/descriptor.h"

/*
 * The merged tree of an image, looked up through its layers from the top down, without unpacking
 * (image-spec, layer.md, "Applying Changesets"). Layers are fetched side by side, only as far down
 * as the answers need, and what a layer holds is remembered on this machine under its diff_id.
 * Belongs to one thread.
 */
struct rootfs;
struct image;
struct reader;
struct sandbox;
struct store;

struct rootfs_layer {
    struct descriptor blob;
    struct digest diff_id; /* of the uncompressed tar; verified when the layer is read to its end */
    bool is_artifact;      /* a tar of any media type, of which only the blob's digest is known */
    /*
     * The SHA-256 and git SHA-1 of every file in it are told by rootfs_list(); then the layer is
     * read whole and no memo is used for it.
     */
    bool hash_contents;
    /*
     * What the manifest says of a table of contents in the blob; NULL: nothing. With one that can
     * be verified only the table is read, and files that are asked for; the layer is then known by
     * what the table says, which is not proved against diff_id.
     */
    const char *stargz_toc;       /* containerd.io/snapshot/stargz/toc.digest */
    const char *chunked_checksum; /* io.github.containers.zstd-chunked.manifest-checksum */
    const char *chunked_position; /* io.github.containers.zstd-chunked.manifest-position */
};

/*
 * The layers of an image as rootfs_open() takes them, with what the manifest says of their tables
 * of contents, which stays the image's: *out is an array of *count that the caller frees.
 */
int rootfs_layers_of(const struct image *image, struct rootfs_layer **out, size_t *count,
                     struct error *err) MUST_CHECK;

/* What is wanted of a file, by its canonical path without leading '/'. */
enum rootfs_interest {
    ROOTFS_IGNORED,
    ROOTFS_NAMED, /* that it is there */
    ROOTFS_KEPT,  /* its content too, if that is within the limits */
};

/*
 * Files that are taken out of all layers while these are read, for rootfs_collect(). What is taken
 * of a layer is remembered under the name.
 */
struct rootfs_selection {
    /* Letters, digits and '-'; another one whenever the same path is answered otherwise. */
    const char *name;
    enum rootfs_interest (*choose)(const char *path); /* called from several threads */
    size_t file_limit;                                /* of one content */
    size_t layer_limit;                               /* of all that is kept of a layer */
};

struct rootfs_options {
    struct store *store;               /* borrowed; where the blobs are */
    const struct rootfs_layer *layers; /* bottom up; copied */
    size_t layer_count;
    const char *memo;     /* folder for what is learned; NULL: nothing is kept */
    struct rootfs *known; /* NULL, or: what it has read of a layer is not read again */
    /* NULL: none; borrowed. Then layers are read whole, whatever `known` has. */
    const struct rootfs_selection *selection;
    /*
     * NULL: layers and their tables are unpacked and parsed by this process. Else by one of their
     * own each, which knows the selection by its name; borrowed.
     */
    const struct sandbox *sandbox;
    unsigned jobs;                   /* layers read at a time; 0: WORKERS_DEFAULT */
    const struct cancel *cancel;     /* may be NULL */
    const struct log *log;           /* may be NULL */
    const struct progress *progress; /* of layers that are read whole; may be NULL */
};

/*
 * What the process that a `sandbox` starts does, once, by the name of its job: it reads a layer and
 * tells what it holds, as far as a table of contents says it or as it is read, or gives what a
 * layer unpacks to. `selections` are all that rootfs_open() is given, NULL-terminated. Each returns
 * the status to end with.
 */
#define ROOTFS_JOB_LAYER "layer"
#define ROOTFS_JOB_TABLE "table"
#define ROOTFS_JOB_UNPACK "unpack"
int rootfs_serve_layer(const struct rootfs_selection *const *selections);
int rootfs_serve_table(void);
int rootfs_serve_unpack(void);

/*
 * Makes no request. Layers that are foreign or of unknown compression are ERROR_UNSUPPORTED.
 * `known` outlives *out and rests while *out is asked. The layers' annotations are borrowed until
 * it returns.
 */
int rootfs_open(const struct rootfs_options *options, struct rootfs **out,
                struct error *err) MUST_CHECK;
void rootfs_free(struct rootfs *rootfs);
CLEANUP_FREE(rootfs)

enum rootfs_type {
    ROOTFS_ABSENT,
    ROOTFS_FOLDER,
    ROOTFS_FILE,
    ROOTFS_LINK,  /* only where the last part is not followed */
    ROOTFS_OTHER, /* device, fifo, socket */
};

/* One path of the merged tree. */
struct rootfs_entry {
    char *path; /* canonical, links followed, without leading '/'; "" is the root */
    enum rootfs_type type;
    uint32_t mode; /* permission bits, set-id and sticky ones included */
    uint32_t uid;
    uint32_t gid;
    int64_t time_s;   /* modification of a folder, seconds since 1970; of others 0 */
    uint32_t time_ns; /* and its fraction */
    uint64_t size;
    bool removed; /* ROOTFS_ABSENT: a layer takes it away, or what it is in */
    size_t layer; /* that states it, or takes it away; from 1, bottom up; 0: no layer does */
    char *target; /* ROOTFS_LINK; else NULL */
    struct xattr *xattrs;
    size_t xattr_count;
    /*
     * DIGEST_NONE unless its layer was asked for hashes and it is a file. The git SHA-1 is computed
     * up to 64 MiB, and above where the file's name looks like one: 40 hex digits.
     */
    struct digest sha256;
    struct digest git_sha1;
};

void rootfs_entry_release(struct rootfs_entry *entry);
CLEANUP_RELEASE(rootfs_entry)

/*
 * Walks an absolute path ('/' in front or not) from the root, links followed within the image, 40
 * of them at most (then ERROR_UNSUPPORTED), ".." stopping at the root. *out is an array of *count
 * entries, one for each folder on the canonical way, the root left out, the last part included:
 * what is absent has ROOTFS_ABSENT and the path it would have. A part on the way that is neither
 * a folder nor absent is ERROR_UNSUPPORTED, naming it. A folder that no layer states explicitly
 * is 0755 0:0. A dangling link on the way is followed to where its target would be.
 */
int rootfs_walk(struct rootfs *rootfs, const char *path, struct rootfs_entry **out, size_t *count,
                struct error *err) MUST_CHECK;
void rootfs_entries_free(struct rootfs_entry *entries, size_t count);

/*
 * What a process goes through to reach `path`, as rootfs_walk() goes: every folder on the way, also
 * on that to a link which is followed, each once, the root ("") among them, and at last what the
 * path leads to, which may be ROOTFS_ABSENT.
 */
int rootfs_trace(struct rootfs *rootfs, const char *path, struct rootfs_entry **out, size_t *count,
                 struct error *err) MUST_CHECK;

/*
 * The root itself, as the topmost layer has it that states it: all are read down to that one. Where
 * none does it is 0755 0:0.
 */
int rootfs_find_root(struct rootfs *rootfs, struct rootfs_entry *out, struct error *err) MUST_CHECK;

/*
 * The children of a folder in the merged tree, which are not followed if they are links, sorted by
 * name: one level. `path` is found as by rootfs_walk(). Reads every layer, unless one hides what is
 * below. ERROR_NOT_FOUND if `path` is no folder there.
 */
int rootfs_list(struct rootfs *rootfs, const char *path, struct rootfs_entry **out, size_t *count,
                struct error *err) MUST_CHECK;

/*
 * Layers one by one; they count from 1, bottom up. rootfs_read_layer() reads one to its end, if it
 * has not been read: best from the top down, since the next ones are read meanwhile.
 */
int rootfs_read_layer(struct rootfs *rootfs, size_t layer, struct error *err) MUST_CHECK;
/* What one layer states by itself, sorted by path, whatever others say; no whiteouts, no root. */
int rootfs_list_layer(struct rootfs *rootfs, size_t layer, struct rootfs_entry **out, size_t *count,
                      struct error *err) MUST_CHECK;
/* What a layer does to what lies in a folder of the layers below it. */
enum rootfs_effect {
    ROOTFS_KEEPS,   /* nothing; it may state folders */
    ROOTFS_CHANGES, /* it has something else than folders there, or removes something */
    ROOTFS_REMOVES, /* nothing of it is left */
};
/*
 * `path` is canonical and may have a leading '/'. *where is a path that is changed, or what is
 * removed, without leading '/', else NULL; the caller frees it.
 */
int rootfs_find_effect(struct rootfs *rootfs, size_t layer, const char *path,
                       enum rootfs_effect *out, char **where, struct error *err) MUST_CHECK;
/* Reads a layer once more, as if it had been given with `hash_contents`; nothing if it was. */
int rootfs_hash_layer(struct rootfs *rootfs, size_t layer, struct error *err) MUST_CHECK;

/*
 * Reads a small regular file, links followed, hard links too. ERROR_NOT_FOUND if there is none,
 * ERROR_UNSUPPORTED if it is not a regular file, ERROR_CORRUPT above `limit` bytes. What rootfs
 * keeps while scanning is had at once: files named passwd or group, and those of up to 4096 bytes
 * in layers with `hash_contents`. For others a layer is read again.
 */
int rootfs_read(struct rootfs *rootfs, const char *path, size_t limit, struct buf *out,
                struct error *err) MUST_CHECK;

/* A regular file of the merged tree; texts belong to the rootfs. */
struct rootfs_file {
    const char *path; /* canonical, without leading '/' */
    uint64_t size;
    const char *content; /* and a NUL; NULL: not wanted, too large, or not in the file's layer */
};
typedef int rootfs_file_fn(void *arg, const struct rootfs_file *file, struct error *err);

/*
 * Calls `give` for each file that the selection of rootfs_open() does not ignore, links not
 * followed, in no order that means anything, but always the same. Reads every layer; fails with
 * what `give` says.
 */
int rootfs_collect(struct rootfs *rootfs, rootfs_file_fn *give, void *arg,
                   struct error *err) MUST_CHECK;

/*
 * Where the content of a file is: so many bytes of the tar that a layer unpacks to. A plain value.
 */
struct rootfs_content {
    struct descriptor blob; /* the layer */
    uint64_t offset;        /* in the tar */
    uint64_t size;
    bool is_plain; /* the blob is the tar itself, so that parts of it can be fetched */
    struct digest sha256;
};

/*
 * Finds a regular file, links followed, hard links too; fails as rootfs_read() does. Its layer is
 * read with `hash_contents`, if it has not been. ERROR_UNSUPPORTED for a sparse file.
 */
int rootfs_find_content(struct rootfs *rootfs, const char *path, struct rootfs_content *out,
                        struct error *err) MUST_CHECK;

/*
 * Opens contents again and again. What a packed layer unpacks to is read as it comes, up to the
 * content that is wanted; a reader that came to its end leaves the layer open there for the next
 * content behind it, so that files in the order of the layer are had in one go. Safe to share.
 */
struct rootfs_contents;

/*
 * Both are borrowed. `sandbox` is where packed layers are unpacked, each by a process of its own;
 * NULL: in this one.
 */
struct rootfs_contents *rootfs_contents_new(struct store *store, const struct sandbox *sandbox);

/* Which bytes of a content. */
struct rootfs_part {
    uint64_t offset;
    uint64_t length;             /* SIZE_UNKNOWN: to the end */
    const struct cancel *cancel; /* ends the reading; may be NULL; outlives the reader */
};

/* Reads a part of a content; not verified. `contents` outlives *out. */
int rootfs_contents_open(struct rootfs_contents *contents, const struct rootfs_content *content,
                         const struct rootfs_part *part, struct reader **out,
                         struct error *err) MUST_CHECK;
/* False once the store has refused a part of a blob: then blobs are read from their beginning. */
bool rootfs_contents_gives_parts(struct rootfs_contents *contents);
void rootfs_contents_free(struct rootfs_contents *contents);
CLEANUP_FREE(rootfs_contents)

/*
 * The declared volume of the image that `place`, a canonical path, lies in: "'/data'", or "'/vol',
 * which is '/data'", as it is mounted where its path leads; NULL: none. The caller frees *out.
 * Layers are read for volumes whose path is not above the place as it stands.
 */
int rootfs_find_volume(struct rootfs *rootfs, const struct image *image, const char *place,
                       char **out, struct error *err) MUST_CHECK;

/* Whether every layer has been read, or remembered: then no question reads another one. */
bool rootfs_is_read(const struct rootfs *rootfs);

/* How many bytes of layers were fetched so far, and how many layers were answered by the memo. */
uint64_t rootfs_fetched(const struct rootfs *rootfs);
size_t rootfs_remembered(const struct rootfs *rootfs);

/* Who the image's process is: config.User looked up in etc/passwd and etc/group. */
struct rootfs_user {
    uint32_t uid;
    uint32_t gid;
    char *home;      /* absolute */
    char *user_from; /* for people: "the image has no user: root", "line 3 of /etc/passwd" */
    char *home_from; /* "HOME in the image's environment", "line 3 of /etc/passwd", … */
};

void rootfs_user_release(struct rootfs_user *user);
CLEANUP_RELEASE(rootfs_user)

struct rootfs_user_request {
    const char *user; /* config.User, or what stands for it; "" or NULL: root */
    const char *home; /* HOME of the environment; NULL or "": not set */
};

/*
 * By the rules that runc follows: name, uid, name:group, uid:gid and the mixed forms; numbers are
 * numbers even if a user has that name; first match wins; ids from 0 to 2^31 - 1. HOME from the
 * environment, else from etc/passwd by uid, else "/"; for root without any etc/passwd "/root".
 * ERROR_UNSUPPORTED, naming it, for a user or group that is not there. Nothing is read if the
 * answer does not need it (numeric uid:gid and HOME set).
 */
int rootfs_find_user(struct rootfs *rootfs, const struct rootfs_user_request *request,
                     struct rootfs_user *out, struct error *err) MUST_CHECK;
/*
 * The groups that the process has besides: those of etc/group in which the user's name stands, none
 * if config.User names a group. *out is an array of *count that the caller frees.
 */
int rootfs_find_groups(struct rootfs *rootfs, const struct rootfs_user_request *request,
                       uint32_t **out, size_t *count, struct error *err) MUST_CHECK;

struct rootfs_package_request {
    const char *package;            /* "python:NAME", the module; "node:NAME", "node:@ORG/NAME" */
    const char *working_dir;        /* of the image, absolute */
    const char *home;               /* absolute */
    const char *const *environment; /* NAME=value, NULL-terminated; may be NULL */
};

/*
 * The canonical folders of an installed package, absolute: first what the image's environment makes
 * an interpreter find (VIRTUAL_ENV, PATH, the working directory), then what lies where images often
 * have packages. Adds nothing to `out` if there is none. May read every layer.
 */
int rootfs_find_package(struct rootfs *rootfs, const struct rootfs_package_request *request,
                        struct strings *out, struct error *err) MUST_CHECK;

/*
 * The version of a Python package by what lies beside its folder: "4.57.3" for "transformers" at
 * …/site-packages/transformers; NULL: not told. The caller frees *out. May read every layer.
 */
int rootfs_find_python_version(struct rootfs *rootfs, const char *folder, char **out,
                               struct error *err) MUST_CHECK;

#endif
