#ifndef INLAY_STORE_STORE_H
#define INLAY_STORE_STORE_H

#include "core/ahead.h"
#include "core/cancel.h"
#include "core/log.h"
#include "core/notes.h"
#include "oci/descriptor.h"
#include "oci/document.h"
#include "oci/reference.h"
#include "stream/stream.h"

/*
 * Where images live: one repository of a registry, one OCI image layout, an archive, a Docker
 * engine, or memory. Safe to share between threads; readers and writers belong to one. An archive
 * or an engine that is written takes one blob at a time: store_create_blob() waits for its turn,
 * so a thread may hold one writer of a store at most.
 */
struct store {
    const struct store_ops *ops;
    char *name;           /* for messages: "localhost:5000/app", "oci:DIR"; freed by store_free() */
    bool digest_first;    /* create_blob wants the digest beforehand: see store_create_blob() */
    bool single_image;    /* holds no index: one platform only */
    bool keeps_referrers; /* what is said of an image can be kept beside it */
    bool is_remote;       /* each question is a round trip: ask side by side */
    bool sequential; /* blobs lie in the order they come: write them by one job, one after another,
                        and the same image is the same bytes */
};

/* What a tag shows, or has to show. */
enum tag_kind {
    TAG_ANY,  /* whatever it is */
    TAG_NONE, /* there is no such tag */
    TAG_IMAGE,
};

struct tag_state {
    enum tag_kind kind;
    struct digest digest; /* TAG_IMAGE */
    bool is_demanded;     /* by --expect, and not seen when the run began */
};

/*
 * Where bytes of a blob come from that were written and got lost: on a connection that broke, or
 * with an upload that was forgotten. Whoever writes a blob without one begins it anew himself.
 */
struct blob_replay {
    const char *name; /* of the blob, for messages; outlives the writer */
    /*
     * Writes the bytes from `offset` to `end` again, the same ones, and does not finish `out`.
     * Called while the blob's writer is, maybe by another thread.
     */
    int (*write)(void *arg, uint64_t offset, uint64_t end, struct writer *out, struct error *err);
    void *arg;
    const struct cancel *cancel; /* ends the waits for the registry, too; may be NULL */
};

struct store_ops {
    /*
     * The bytes of a manifest or index as stored. `version` is a tag, the text of a digest, or
     * NULL: the only image there is (ERROR_USAGE, listing them, if there are several). *what says
     * media type, digest and size; a digest that was asked for has been verified. ERROR_NOT_FOUND
     * if there is no such version.
     */
    int (*read_manifest)(struct store *store, const char *version, struct buf *out,
                         struct descriptor *what, struct error *err);
    /*
     * Reads `length` bytes (SIZE_UNKNOWN: to the end) from `offset`; not verified.
     * ERROR_UNSUPPORTED for an `offset` where only whole blobs are given.
     */
    int (*open_blob)(struct store *store, const struct descriptor *blob, uint64_t offset,
                     uint64_t length, struct reader **out, struct error *err);
    int (*has_blob)(struct store *store, const struct descriptor *blob, bool *out,
                    struct error *err);
    /* Commits under *digest at finish; the stage put in front by store.c has filled it by then. */
    int (*create_blob)(struct store *store, uint64_t size, const struct digest *digest,
                       struct writer **out, struct error *err);
    /* NULL, or: store_read_tag() in the store's own way. */
    int (*read_tag)(struct store *store, const char *version, struct tag_state *out,
                    struct error *err);
    /* `version` is a tag or the text of the manifest's digest. */
    int (*write_manifest)(struct store *store, const char *version, const char *media_type,
                          const struct buf *manifest, struct error *err);
    /* NULL, or: store_write_tag() in the store's own way, for what is neither NULL nor TAG_ANY. */
    int (*write_tag)(struct store *store, const char *version, const char *media_type,
                     const struct buf *manifest, const struct tag_state *expected,
                     struct error *err);
    /*
     * NULL, or: *out is the index of what speaks of `subject`, or NULL if the store keeps no such
     * list and a tag does. What is of other types may be left out.
     */
    int (*list_referrers)(struct store *store, const struct digest *subject,
                          const char *artifact_type, json_t **out, struct error *err);
    /*
     * NULL, or: writes a manifest that speaks of another one, as `entry` of an index tells it.
     * *is_listed: list_referrers finds it; else a tag has to tell of it.
     */
    int (*write_referrer)(struct store *store, const struct digest *subject, const json_t *entry,
                          const struct buf *manifest, bool *is_listed, struct error *err);
    /* NULL, or: see store_expect_write(). */
    void (*expect_write)(struct store *store);
    /* Fails now rather than after an hour if this store cannot be written; changes nothing. */
    int (*probe_write)(struct store *store, struct error *err);
    /* NULL, or: see store_drop_unused(). */
    void (*drop_unused)(struct store *store);
    /* NULL, or: see store_expect_blobs(). */
    void (*expect_blobs)(struct store *store, unsigned count);
    /* NULL, or: see store_write_later(), store_settle() and store_unsettled(). */
    void (*write_later)(struct store *store);
    int (*settle)(struct store *store, struct error *err);
    size_t (*unsettled)(struct store *store);
    /* NULL, or: see store_may_mount(); there with mount_blob. */
    bool (*may_mount)(struct store *store, const struct store *from);
    /* NULL, or: takes a blob from a neighbouring repository; *out tells whether it could. */
    int (*mount_blob)(struct store *store, const struct descriptor *blob, const struct store *from,
                      bool *out, struct error *err);
    /* NULL, or: refuses a blob of a size that is known not to be taken. */
    int (*check_blob_size)(const struct store *store, uint64_t size, struct error *err);
    /* NULL: a tag or a digest. Or: may a manifest be written as `version`, which may be NULL? */
    int (*check_version)(struct store *store, const char *version, struct error *err);
    /* NULL, or: see store_set_replay(); `blob` is of create_blob. */
    void (*set_replay)(struct writer *blob, const struct blob_replay *replay);
    /* NULL, or: all is written, see store_finish(). */
    int (*finish)(struct store *store, struct error *err);
    void (*free)(struct store *store);
};

struct http;
struct auth;

struct store_context {
    struct http *http;           /* borrowed */
    struct auth *auth;           /* borrowed */
    const struct cancel *cancel; /* may be NULL */
    const struct log *log;       /* may be NULL */
    unsigned timeout_s;  /* of an engine, as http_options.stall_timeout_s; 0: 60, and an hour
                            while it saves or loads */
    unsigned retries;    /* of an engine over TCP, as http_options.retries */
    uint64_t chunk_size; /* a registry gets larger blobs in such parts, of 512 KiB to 64 MiB; 0:
                            whole, as long as that works */
};

/*
 * Opens what `reference` names, for reading; makes no request, reads and changes nothing yet. An
 * archive or engine opened so cannot be written. `scratch` is opened for linux/amd64.
 */
int store_open(const struct reference *reference, const struct store_context *context,
               struct store **out, struct error *err) MUST_CHECK;
/*
 * The same for writing. An archive is written anew, beside what stands at its path, and what can be
 * read of it is what was written so far; store_finish() puts it in its place. ERROR_USAGE for what
 * cannot be a target.
 */
int store_open_target(const struct reference *reference, const struct store_context *context,
                      struct store **out, struct error *err) MUST_CHECK;
/*
 * An empty base: one image without layers for each of `platforms` ("linux/arm64/v8";
 * NULL-terminated; NULL: linux/amd64 alone), and with several of them an index. Read it without a
 * version.
 */
struct store *store_new_scratch(const char *const *platforms);
/* An empty store in memory, for tests: the same contract. */
struct store *store_new_memory(void);
void store_free(struct store *store);
CLEANUP_FREE(store)

/* Reads, verifies and parses a manifest or index. ERROR_NOT_FOUND if there is none. */
int store_read_document(struct store *store, const char *version, struct document *out,
                        struct error *err) MUST_CHECK;
/* Reads a whole small blob, such as a config, of at most DOCUMENT_LIMIT bytes, and verifies it. */
int store_read_blob(struct store *store, const struct descriptor *blob, struct buf *out,
                    struct error *err) MUST_CHECK;
int store_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                   struct error *err) MUST_CHECK;
/*
 * ERROR_UNSUPPORTED, naming registry and limit, if a blob of so many bytes is known to be refused
 * there (docs/registries.md lists them).
 */
int store_check_blob_size(const struct store *store, uint64_t size, struct error *err) MUST_CHECK;
/*
 * Opens a writer for one blob of `size` bytes, or of a size not yet known (SIZE_UNKNOWN). When
 * writer_finish() succeeds the blob is in the store under its SHA-256, and blob->digest and
 * blob->size tell it (distribution-spec, "Pushing blobs"); blob->media_type stays. *blob and
 * `store` outlive the writer. With store->digest_first, the caller has set blob->digest and
 * blob->size, and ERROR_CORRUPT at the end says that other bytes came. Fails with ERROR_DENIED,
 * ERROR_UNREACHABLE or ERROR_LOCAL.
 */
int store_create_blob(struct store *store, uint64_t size, struct descriptor *blob,
                      struct writer **out, struct error *err) MUST_CHECK;
/*
 * Before the first byte of a writer of store_create_blob(): an upload that breaks goes on where the
 * store says that it is, as long as that moves it forward, and else as often as the http's
 * `retries` say. Copies `replay`.
 */
void store_set_replay(const struct store *store, struct writer *blob,
                      const struct blob_replay *replay);
/* Writes a small blob from memory unless it is there; fills digest and size of `blob`. */
int store_write_blob(struct store *store, const struct buf *bytes, struct descriptor *blob,
                     struct error *err) MUST_CHECK;
/* The same, without asking where that would take as long as sending it. */
int store_put_blob(struct store *store, const struct buf *bytes, struct descriptor *blob,
                   struct error *err) MUST_CHECK;
/*
 * `version` is a tag, or the text of the manifest's digest. For a Docker archive or engine it is an
 * image's name, "docker.io/library/app:1". An archive also takes NULL: an image without name; and
 * if nothing else was named, the manifest that was written last under its digest is that.
 */
int store_write_manifest(struct store *store, const char *version, const char *media_type,
                         const struct buf *manifest, struct error *err) MUST_CHECK;
/*
 * The same for a tag that shows `expected` (NULL: TAG_ANY), which is looked at just before; in an
 * OCI layout nobody comes between. Where it shows this manifest already nothing is written.
 * ERROR_CONFLICT, naming both, if it shows something else.
 */
int store_write_tag(struct store *store, const char *version, const char *media_type,
                    const struct buf *manifest, const struct tag_state *expected,
                    struct error *err) MUST_CHECK;
/* What a tag shows; of an archive that is written, and of an engine, always TAG_NONE. */
int store_read_tag(struct store *store, const char *version, struct tag_state *out,
                   struct error *err) MUST_CHECK;
/*
 * The same, asked for while something else is waited for. Belongs to one thread, and stays where it
 * is; `store` and `version` are set by the caller, and borrowed.
 */
struct tag_look {
    struct store *store;
    const char *version;
    struct ahead ahead;
    struct tag_state found;
    uint64_t begun_ms, ended_ms; /* by the monotonic clock */
};

/* Begins it; `cancel`, which may be NULL, outlives it. */
void tag_look_begin(struct tag_look *look, const struct cancel *cancel);
/*
 * What it has found, as long as that is fresh: no older than twice the time that it took, or 25 ms.
 * Otherwise, and if it was not begun, the tag is asked now.
 */
int tag_look_take(struct tag_look *look, struct tag_state *out, struct error *err) MUST_CHECK;
void tag_look_release(struct tag_look *look);
CLEANUP_RELEASE(tag_look)

/*
 * The same at the beginning, to find out at the end whether somebody has moved it; `expected` is
 * what the caller says of it, NULL: nothing. TAG_ANY where `version` is NULL; and, with a note, of
 * an image that may not be read or is broken, since nobody will find out then. Any other failure
 * is one; with an image or TAG_NONE expected every failure is; and with TAG_ANY none, without a
 * note, but being canceled.
 */
int store_note_tag(struct store *store, const char *version, const struct tag_state *expected,
                   struct notes *notes, struct tag_state *out, struct error *err) MUST_CHECK;
/* What --expect says: "sha256:…" or "none"; ERROR_USAGE. */
int tag_state_parse(const char *text, struct tag_state *out, struct error *err) MUST_CHECK;
/* ERROR_CONFLICT, naming both, if what was found is not what is expected. */
int tag_state_check(const struct store *store, const char *version,
                    const struct tag_state *expected, const struct tag_state *found,
                    struct error *err) MUST_CHECK;
int store_probe_write(struct store *store, struct error *err) MUST_CHECK;
/* It will be written: what is asked of it before that is asked with the same permission. */
void store_expect_write(struct store *store);
/*
 * Whether blobs of `from` may be taken from there without being sent; false: that is certain to
 * come to nothing, as from another registry. Makes no request.
 */
bool store_may_mount(struct store *store, const struct store *from);
/*
 * So many small blobs are about to be written: what they need is opened now, side by side. What is
 * in the way of that is found out when they are written.
 */
void store_expect_blobs(struct store *store, unsigned count);
/*
 * From now on a small blob may be on its way still when its writer has finished, up to the next
 * manifest, which is written when all of them are there. Where there are no round trips nothing
 * changes.
 */
void store_write_later(struct store *store);
/* Waits for them; fails as the writer would have. store_write_manifest() and store_write_tag() do
 * the same. */
int store_settle(struct store *store, struct error *err) MUST_CHECK;
/* How many blobs have finished of which it is not known yet that they are there. */
size_t store_unsettled(struct store *store);
/* No more blobs come: gives up what was opened for them. store_free() does the same. */
void store_drop_unused(struct store *store);
/*
 * referrer.c: documents about an image, beside it: manifests with a `subject`, each with one blob
 * (image-spec, manifest.md, "Guidelines for Artifact Usage"; distribution-spec 1.1, "Pushing
 * Manifests with Subject", "Listing Referrers"). Where the registry keeps no list of them, the tag
 * "sha256-HEX" of the subject is one, which is added to. ERROR_UNSUPPORTED unless the store
 * keeps_referrers.
 */

/* The most that a document about an image may have. */
#define REFERRER_LIMIT ((size_t)16 * 1024 * 1024)

/* A document. Borrowed. */
struct referrer {
    const char *media_type; /* of the document, and the type of the artifact */
    const struct buf *content;
    const char *file_name;  /* that tools give it */
    const char *annotation; /* of the manifest; NULL: none */
    const char *value;      /* of the annotation */
};

/*
 * Writes the document, unless it is there already, whose manifest is *out afterwards; the same
 * document of the same subject is the same manifest. `subject` is in the store.
 */
int store_write_referrer(struct store *store, const struct descriptor *subject,
                         const struct referrer *referrer, struct descriptor *out,
                         struct error *err) MUST_CHECK;
/*
 * The manifests of documents of this type about `subject`, as far as they are listed: *out is an
 * array of *count that the caller frees.
 */
int store_list_referrers(struct store *store, const struct digest *subject, const char *media_type,
                         struct descriptor **out, size_t *count, struct error *err) MUST_CHECK;
/*
 * The document of one of these. ERROR_CORRUPT if its manifest speaks of another subject, or has
 * another type, or not one blob.
 */
int store_read_referrer(struct store *store, const struct digest *subject, const char *media_type,
                        const struct descriptor *manifest, struct buf *out,
                        struct error *err) MUST_CHECK;

/*
 * Call once, when all is written: an archive is closed and takes its name now, an engine says that
 * it has loaded the image; elsewhere there is nothing to do. Until then the file at the archive's
 * path is what it was, and store_free() without it discards what was written.
 */
int store_finish(struct store *store, struct error *err) MUST_CHECK;

/* How a blob came to its place. */
enum store_copied {
    STORE_WAS_THERE,
    STORE_MOUNTED,
    STORE_STREAMED,
};

/* What is known of a blob in the store that it is copied to. */
enum store_presence {
    STORE_IS_ASKED,
    STORE_LACKS_IT,
    STORE_CANNOT_MOUNT, /* and neither has it */
    STORE_HAS_IT,
};

struct store_copy_options {
    const struct cancel *cancel; /* may be NULL */
    const struct log *log;       /* is told why a stream is begun anew; may be NULL */
    count_fn *count;             /* NULL, or told of the bytes that are streamed */
    void *count_arg;
    /*
     * NULL, or: reads what is streamed, to its end, and says whether it is what is wanted. If it
     * fails nothing is committed, and nothing begun anew. Not asked of what was there or is
     * mounted.
     */
    int (*inspect)(void *arg, struct reader *bytes, struct error *err);
    void *inspect_arg;
    enum store_presence presence; /* a moment ago */
};

/*
 * Brings one blob of `from` to `to`: nothing if it is there, else by mount, else as a stream whose
 * size and digest are verified before it is committed. Registries resume a connection that breaks,
 * on either side; a stream whose bytes are wrong is begun anew, once.
 */
int store_copy_blob(struct store *from, struct store *to, const struct descriptor *blob,
                    const struct store_copy_options *options, enum store_copied *how,
                    struct error *err) MUST_CHECK;

#endif
