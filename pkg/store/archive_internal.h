#ifndef INLAY_STORE_ARCHIVE_INTERNAL_H
#define INLAY_STORE_ARCHIVE_INTERNAL_H

#include "core/temporary.h"
#include "store/store_internal.h"

/* What the stores that are one tar share: who may go now, the tar as read, the tar as written. */

/*
 * One thread at a time, over things that take long: reading the list of a tar, writing an entry.
 * Nobody else than the one who has it waits with the lock held, and waiting looks at `cancel`.
 */
struct ticket_lock {
    pthread_mutex_t lock; /* guards the following */
    pthread_cond_t given;
    bool is_taken;
};

void ticket_lock_init(struct ticket_lock *ticket);
void ticket_lock_release(struct ticket_lock *ticket);
/* Waits until nobody has it; ERROR_CANCELED if asked to stop first. */
int ticket_lock_take(struct ticket_lock *ticket, const struct cancel *cancel,
                     struct error *err) MUST_CHECK;
void ticket_lock_give(struct ticket_lock *ticket);

/*
 * Makes a file that can be read at any offset of what is at `path` ("-": standard input): the file
 * itself if it is a plain tar in a regular file, else a copy without a name in $TMPDIR or /tmp,
 * unpacked if its first bytes are those of gzip, bzip2, xz or zstd. The caller closes *out.
 */
int spool_open(const char *path, const struct cancel *cancel, int *out,
               struct error *err) MUST_CHECK;
/* The same of a stream that is not packed. */
int spool_reader(struct reader *from, const struct cancel *cancel, int *out,
                 struct error *err) MUST_CHECK;
/* Reads `length` bytes of `fd`, which is borrowed, from `offset`; ERROR_CORRUPT if it ends before.
 */
struct reader *fd_reader_new(int fd, const char *name, uint64_t offset, uint64_t length);

/* The entries of a tar and where their bytes are. Never changes, so it is safe to share. */
struct tar_index;

/*
 * Reads the headers of the tar in `fd`, which it takes over also when it fails. Names are taken
 * without "./" in front; of two with one name the last counts, as for who unpacks them.
 * ERROR_CORRUPT if it is no tar, is cut short, or has an absolute name or one with "..". `name` is
 * for messages.
 */
int tar_index_open(int fd, const char *name, const struct cancel *cancel, struct tar_index **out,
                   struct error *err) MUST_CHECK;
void tar_index_free(struct tar_index *index);
CLEANUP_FREE(tar_index)

/* Where the bytes of a file in a tar are. */
struct tar_range {
    uint64_t offset;
    uint64_t size;
};

/*
 * Looks a file up, through links within the tar; `name` may be "./a//b". ERROR_NOT_FOUND if it is
 * not there, ERROR_CORRUPT if it is no file or a link that leads out of the tar, to itself or
 * nowhere.
 */
int tar_index_find(const struct tar_index *index, const char *name, struct tar_range *out,
                   struct error *err) MUST_CHECK;
/* Reads `length` bytes of it (SIZE_UNKNOWN: to the end) from `offset`; `index` outlives *out. */
struct reader *tar_index_read(const struct tar_index *index, const struct tar_range *range,
                              uint64_t offset, uint64_t length);
/* Reads a whole small file; ERROR_CORRUPT above `limit` bytes. */
int tar_index_load(const struct tar_index *index, const char *name, size_t limit, struct buf *out,
                   struct error *err) MUST_CHECK;

#define TAR_BLOCK ((size_t)512)
/* Of everything inlay makes: 1980-01-01T00:00:00Z, in seconds. */
#define TAR_TIME INT64_C(315532800)

/*
 * Appends the header of a regular file, root's, 0644: ustar, with the size in base 256 from 8 GiB
 * on, and a pax header in front for a name that does not fit. Without such a name it is TAR_BLOCK
 * bytes, whatever the size.
 */
void tar_header(const char *name, uint64_t size, struct buf *out);

/* Where a tar goes. */
struct tar_target {
    /*
     * A file: there the tar appears when all is written, and what was written can be read before.
     * "-" is standard output; that and what is no regular file is a stream: what was written is
     * gone. NULL: the stream that `open` opens, which is finished at the end.
     */
    const char *path;
    int (*open)(void *arg, struct writer **out, struct error *err);
    int (*probe)(void *arg, struct error *err); /* would it open? changes nothing */
    void *arg;
    const char *name; /* for messages */
    const struct cancel *cancel;
};

/* A tar being written, one entry at a time. */
struct tar_out;

/* Makes nothing yet; copies what `target` points to, but `arg` and `cancel`. */
struct tar_out *tar_out_new(const struct tar_target *target);
void tar_out_free(struct tar_out *out);
CLEANUP_FREE(tar_out)

/* Can entries be read, and names and sizes be told after the bytes? */
bool tar_out_is_file(const struct tar_out *out);
/* Would it work? Changes nothing. */
int tar_out_probe(const struct tar_out *out, struct error *err) MUST_CHECK;
/* Waits until it is this thread's turn to write an entry. */
int tar_out_take(struct tar_out *out, struct error *err) MUST_CHECK;
/* Gives the turn that was taken and not used. */
void tar_out_give(struct tar_out *out);
/*
 * Begins an entry; a failure gives the turn. In a file `name` may be NULL and `size` SIZE_UNKNOWN:
 * tar_out_end() tells them.
 */
int tar_out_begin(struct tar_out *out, const char *name, uint64_t size,
                  struct error *err) MUST_CHECK;
int tar_out_write(struct tar_out *out, const void *data, size_t size, struct error *err) MUST_CHECK;
/* Ends the entry; *where tells where its bytes are. The turn is given, also after a failure. */
int tar_out_end(struct tar_out *out, const char *name, struct tar_range *where,
                struct error *err) MUST_CHECK;
/* Drops the entry, and gives the turn: a file is as before; a stream is of no more use. */
void tar_out_drop(struct tar_out *out);
/* A whole small entry; takes the turn and gives it. */
int tar_out_add(struct tar_out *out, const char *name, const struct buf *bytes,
                struct tar_range *where, struct error *err) MUST_CHECK;
/* Reads what tar_out_end() told of; in a file only. `out` outlives the reader. */
struct reader *tar_out_read(struct tar_out *out, const struct tar_range *range, uint64_t offset,
                            uint64_t length);
/* Ends the tar: the file takes its name, the stream is finished. */
int tar_out_finish(struct tar_out *out, struct error *err) MUST_CHECK;

/*
 * Opens `path` ("-": standard output), which is no regular file, as a writer whose waits look at
 * `cancel`; its finish leaves standard output open.
 */
int stream_writer_open(const char *path, const struct cancel *cancel, struct writer **out,
                       struct error *err) MUST_CHECK;

/* A blob in an archive that is being written. */
struct archived_blob {
    struct digest digest;
    char *name; /* of its entry */
    struct tar_range range;
};

/* A manifest that was written, under its digest or under a name. */
struct archived_version {
    char *name;   /* or the text of its digest */
    bool is_tag;  /* it is a name */
    bool is_root; /* it has been asked for without a name */
    struct descriptor what;
    struct buf bytes;
};

/* An archive that is being written: the same for both forms. */
struct archive {
    struct store base;
    const struct archive_form *form;
    struct tar_out *out;
    const struct cancel *cancel; /* borrowed; may be NULL */
    void *arg;                   /* what `out` was given; freed by `free_arg` */
    void (*free_arg)(void *arg);
    /* NULL, or: the last answer is lost; 0 if it is there all the same, else what `err` says. */
    int (*settle)(struct archive *archive, struct error *err);
    pthread_mutex_t lock; /* guards the following; nothing is ever taken out of them */
    struct archived_blob *blobs;
    size_t blob_count;
    struct archived_version *versions;
    size_t version_count;
    unsigned numbers; /* given to entries of a stream */
};

/* What is different in the two. Texts belong to the caller. */
struct archive_form {
    bool single_image;
    bool keeps_manifests; /* as blobs; needs each blob's digest for its name */
    /* The name of a blob's entry; `is_json` if its first byte says so. */
    char *(*blob_name)(const struct digest *digest, bool is_json);
    /* Can an image have this name? It is no digest. */
    int (*check_version)(const char *version, struct error *err);
    /* NULL, or: may this manifest be written? All blobs that it needs have been. */
    int (*check_manifest)(struct archive *archive, const struct descriptor *what,
                          const struct buf *bytes, struct error *err);
    /* Writes what says which images there are. */
    int (*close)(struct archive *archive, struct error *err);
};

/* The store called target->name; target->arg, if `free_arg` is not NULL, is taken over. */
struct store *archive_new(const struct archive_form *form, const struct tar_target *target,
                          void (*free_arg)(void *arg));
/* The entry's name of a blob that is there, which belongs to the archive; NULL if it is not. */
const char *archive_find_name(struct archive *archive, const struct digest *digest);
/*
 * Calls `visit` for each version that the archive is to show: those with a name and those written
 * without one; if there are neither, the last that was written.
 */
typedef int archive_visit_fn(void *arg, const struct archived_version *version, struct error *err);
int archive_visit_roots(struct archive *archive, archive_visit_fn *visit, void *arg,
                        struct error *err) MUST_CHECK;

/* The parts of archive_new()'s store that have to do with manifests, in archive_version.c. */
int archive_read_manifest(struct store *store, const char *version, struct buf *out,
                          struct descriptor *what, struct error *err);
int archive_write_manifest(struct store *store, const char *version, const char *media_type,
                           const struct buf *manifest, struct error *err);
int archive_check_version(struct store *store, const char *version, struct error *err);

/* The name and the config of the image that a Docker archive was given first. Caller frees *name.
 */
int docker_archive_describe(struct archive *archive, char **name, struct digest *config,
                            struct error *err) MUST_CHECK;

/* A `probe_write` of what was opened for reading. */
int archive_refuse_write(struct store *store, struct error *err) MUST_CHECK;

/* Does a blob begin like one that is packed? NULL, or "gzip", "zstd", "bzip2", "xz". */
const char *packing_name(const void *head, size_t size);

/* "app:1" is "docker.io/library/app:1", and back, as Docker does it. Texts are the caller's. */
int docker_name_parse(const char *text, char **out, struct error *err) MUST_CHECK;
char *docker_name_familiar(const char *canonical);

/* Reading what `docker save` writes, from a file or from an engine. */
struct docker_source {
    const char *name;    /* of the store */
    const char *subject; /* for messages about the archive */
    const char *asked;   /* the version that is the only image, whatever its name; NULL: none */
    /* Opens the archive, with its bytes at any offset; the caller closes *fd. */
    int (*open)(void *arg, int *fd, struct error *err);
    void *arg; /* taken over */
    void (*free_arg)(void *arg);
    const struct cancel *cancel;
};
struct store *docker_images_new(const struct docker_source *source);
/* The store that writes such an archive to `target`, as archive_new(). */
struct store *docker_archive_new(const struct tar_target *target, void (*free_arg)(void *arg));

/* An engine's answer to a load: ERROR_UNSUPPORTED with its words if it says that it did not. */
int docker_load_check(const struct buf *answer, const struct log *log,
                      struct error *err) MUST_CHECK;
/* The engine's own words, {"message": …}; NULL if there are none. The caller frees them. */
char *docker_engine_message(const struct http_response *response);
/* A refusal in these, or in plain text. Returns -1. */
int docker_engine_refuse(const char *host, const struct http_response *response, const char *what,
                         struct error *err);
/*
 * Whether the image that the engine tells of has this config, whose digest is its id but in
 * containerd's store. ERROR_CORRUPT for what is no JSON.
 */
int docker_engine_has_config(const struct buf *answer, const struct digest *config, bool *out,
                             struct error *err) MUST_CHECK;

#endif
