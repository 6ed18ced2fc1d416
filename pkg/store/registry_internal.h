#ifndef INLAY_STORE_REGISTRY_INTERNAL_H
#define INLAY_STORE_REGISTRY_INTERNAL_H

#include "store/store_internal.h"

/* Whose idea chunks are. */
enum chunk_origin {
    CHUNK_NEEDED, /* larger bodies are refused, or the registry asks for chunks */
    CHUNK_ASKED,  /* the user's */
    CHUNK_OURS,   /* after a break */
};

/* What a registry has shown of itself while it was used; the same for all of its repositories. */
struct registry_quirks {
    uint64_t chunk; /* most bytes of one body of an upload; 0: as many as a blob has */
    enum chunk_origin chunk_origin;
    uint64_t chunk_least;   /* what it asks for; 0: nothing */
    bool takes_chunks;      /* a PATCH with a Content-Range was accepted */
    bool refuses_chunks;    /* one was refused that nobody had asked for */
    uint64_t begin_ms;      /* nothing is begun before, by the monotonic clock */
    bool refuses_patch;     /* a blob goes in the body of the PUT */
    bool refuses_put;       /* a small one does not, either: the PUT has no body */
    bool refuses_head;      /* GET is asked in its place */
    bool is_mute_to_cancel; /* it does not answer whoever gives up an upload, ... */
    bool is_mute_to_mount;  /* ... or wants a blob of another repository */
    bool lists_referrers;   /* it has answered with OCI-Subject */
    bool is_head_confirmed; /* HEAD has found something: what it does not find is not there */
};

/* An upload that was begun and not used. */
struct kept_session {
    char *location;
    uint64_t begun_ms; /* by the monotonic clock */
};

/* So many are kept, and so many small blobs are on their way after their writers have finished. */
#define REGISTRY_SESSIONS_MOST 4u
#define REGISTRY_LATER_MOST 4u

/* One repository of a registry (distribution-spec). */
struct registry {
    struct store base;
    struct http *http;           /* borrowed */
    struct auth *auth;           /* borrowed */
    const struct cancel *cancel; /* borrowed; may be NULL */
    const struct log *log;       /* borrowed; may be NULL */
    char *host;                  /* "registry-1.docker.io", "localhost:5000" */
    char *repository;
    char *pull_scope;
    char *push_scope;
    bool is_target; /* opened for writing: a tag that is not there is nothing to explain */
    unsigned manifest_wait_ms; /* before a manifest is sent again; longer each time */
    atomic_bool is_written;    /* from the first attempt to write on, tokens include push */
    pthread_mutex_t lock;      /* guards the following */
    char *origin;              /* "https://HOST"; NULL: not found out yet; then never changes */
    struct kept_session sessions[REGISTRY_SESSIONS_MOST]; /* oldest first */
    size_t session_count;
    bool writes_later; /* see store_write_later() */
    struct later_blob *later[REGISTRY_LATER_MOST];
    size_t later_count;
    struct registry_quirks quirks;
};

struct registry *registry_of(struct store *store);
/* The origin of the API; where plain http is allowed, which it is is found out at the first call.
 */
int registry_origin(struct registry *registry, const char **out, struct error *err) MUST_CHECK;
/* The URL of "blobs/…" or "manifests/…" of the repository; the caller frees *out. */
int registry_format_url(struct registry *registry, const char *path, char **out,
                        struct error *err) MUST_CHECK;
/* Sends a request to the registry with the token that this repository needs. */
int registry_send(struct registry *registry, const struct http_request *request,
                  struct http_response *response, struct error *err) MUST_CHECK;
/* The scope for the auth_*() functions; `more` is NULL or one scope more that is needed. */
struct registry_scope {
    const char *texts[3];
    struct auth_scope scope; /* borrows `texts` */
};
int registry_scope_init(struct registry *registry, const char *more, struct registry_scope *out,
                        struct error *err) MUST_CHECK;
/* Compares an answer's Docker-Content-Digest, if there is one, with what was sent. */
int registry_check_digest(const struct http_response *response, const struct digest *digest,
                          struct error *err) MUST_CHECK;
/* Is `version` one that the API takes? *out is its digest, if it is one. */
int registry_check_version(const struct registry *registry, const char *version, struct digest *out,
                           struct error *err) MUST_CHECK;
/* Ends a denial with who we were, and where that came from. Returns -1. */
int registry_add_identity(struct registry *registry, struct error *err);

/*
 * In registry_manifest.c. What a registry that did not answer has made of it is asked: a version
 * that shows the manifest is success, whatever the answer was. ERROR_UNCERTAIN if a tag cannot be
 * asked either; after any other error it does not show the manifest.
 */
int registry_write_manifest(struct store *store, const char *version, const char *media_type,
                            const struct buf *manifest, struct error *err) MUST_CHECK;

int registry_write_tag(struct store *store, const char *version, const char *media_type,
                       const struct buf *manifest, const struct tag_state *expected,
                       struct error *err) MUST_CHECK;

/* registry_referrer.c: heeds OCI-Subject in the answer to a manifest. */
void registry_learn_subject(struct registry *registry, const struct http_response *response);
int registry_list_referrers(struct store *store, const struct digest *subject,
                            const char *artifact_type, json_t **out, struct error *err) MUST_CHECK;
int registry_write_referrer(struct store *store, const struct digest *subject, const json_t *entry,
                            const struct buf *manifest, bool *is_listed,
                            struct error *err) MUST_CHECK;

/* The reading side, in registry_read.c. */
int registry_read_manifest(struct store *store, const char *version, struct buf *out,
                           struct descriptor *what, struct error *err) MUST_CHECK;
int registry_open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                       uint64_t length, struct reader **out, struct error *err) MUST_CHECK;
/* A part of a blob that one request asks for. */
struct blob_part {
    uint64_t offset;
    uint64_t length; /* SIZE_UNKNOWN: to the end */
    bool is_rest;    /* of one that broke off: what is before it may come, and is dropped */
};
/* Opens it for one connection; registry_open_blob() goes on with another. */
int registry_open_part(struct registry *registry, const struct descriptor *blob,
                       const struct blob_part *part, struct reader **out,
                       struct error *err) MUST_CHECK;
int registry_has_blob(struct store *store, const struct descriptor *blob, bool *out,
                      struct error *err) MUST_CHECK;
/* The tags of a page of tags/list; what is no tag is left out. */
int registry_tags_parse(const struct buf *body, struct strings *out, struct error *err) MUST_CHECK;

/* The limits on blobs that are known of some registries. */
int registry_check_blob_size(const struct store *store, uint64_t size,
                             struct error *err) MUST_CHECK;

/* The most bytes for the next body of an upload; SIZE_UNKNOWN: as many as there are. */
uint64_t registry_chunk_size(struct registry *registry);
/*
 * The most for a body of an upload that broke and goes on in the middle: that, or 16 MiB. 0: the
 * registry has refused to take parts.
 */
uint64_t registry_resume_size(struct registry *registry);
/* Smaller parts than that are not worth their requests, or not allowed. */
uint64_t registry_chunk_least(struct registry *registry);
/* The registry keeps nothing of a body that breaks off: from now on blobs go in smaller ones. */
void registry_learn_loss(struct registry *registry);
bool registry_refuses_patch(struct registry *registry);
/* A blob of no more than that is held in memory, and goes in one request if it can. */
#define REGISTRY_HELD_MOST ((size_t)1 * MIB)
/* Whether a whole blob of `size` bytes goes in the body of the PUT, which saves the PATCH. */
bool registry_takes_in_put(struct registry *registry, uint64_t size);
/*
 * A PUT with a body was answered with this status: true if that may be because it had one. From
 * then on blobs go by PATCH.
 */
bool registry_learn_no_put(struct registry *registry, int status);
/* A part of a blob was accepted, or was refused though it was a small one. */
void registry_learn_chunk(struct registry *registry, bool is_taken);
/* Whether parts may be more than it takes: none has been taken yet, and nobody has asked for any.
 */
bool registry_may_refuse_chunks(struct registry *registry, bool is_resumed);
/* Heeds OCI-Chunk-Min-Length in the answer to the POST of an upload. */
void registry_learn_minimum(struct registry *registry, const struct http_response *response);
/* Heeds Retry-After: the next upload is begun after that. */
void registry_learn_wait(struct registry *registry, const struct http_response *response);
/* Waits for that time. */
int registry_wait(struct registry *registry, struct error *err) MUST_CHECK;

/* What to make of the refusal of an upload's body. */
enum upload_retry {
    UPLOAD_RETRY_NONE,    /* the same would be refused again */
    UPLOAD_RETRY_SMALLER, /* it may pass in smaller chunks */
    UPLOAD_RETRY_ANEW,    /* it may pass in a new session */
};
/* Looks at the answer to a PATCH (or PUT) of `size` bytes, and remembers what it says. */
enum upload_retry registry_learn_refusal(struct registry *registry,
                                         const struct http_response *response, bool is_patch,
                                         uint64_t size);

/* One upload as the registry sees it (distribution-spec, "Pushing blobs"). */
struct registry_session {
    struct registry *registry;   /* borrowed */
    char *location;              /* where it goes on, the newest one; NULL: none is open */
    uint64_t offset;             /* bytes that it has */
    bool is_silent;              /* the last request got no answer */
    uint64_t waited_ms;          /* for nothing since it moved, see http_has_waited() */
    bool is_resumed;             /* it is our idea to go on in chunks, after a break */
    uint64_t chunk_most;         /* larger ones did not come through; 0: any may */
    const char *name;            /* of the blob, for messages; borrowed; NULL: it has none */
    uint64_t size;               /* of the blob; SIZE_UNKNOWN: not known yet */
    bool is_recovering;          /* whoever asks tries again himself */
    const struct cancel *cancel; /* of the blob's job; NULL: the registry's */
};

/* Takes the session of a probe or of a mount that came to nothing, or opens one. */
int registry_session_begin(struct registry_session *session, struct error *err) MUST_CHECK;
/*
 * Tells the registry that nothing more comes, if that needs no other token, and it has answered so
 * far; then it is closed.
 */
void registry_session_cancel(struct registry_session *session);
/* Does its location lie at the registry itself? Our token goes there alone. */
bool registry_session_is_own(const struct registry_session *session);
/* Sends a request to its location, with our token or without. */
int registry_session_send(struct registry_session *session, const struct http_request *request,
                          struct http_response *response, struct error *err) MUST_CHECK;
/* Something was to move, and for so long did not. */
void registry_session_note_wait(struct registry_session *session, uint64_t silent_ms);
/* Follows the Location of an answer, if it has one. */
int registry_session_move(struct registry_session *session, const struct http_response *response,
                          struct error *err) MUST_CHECK;
/* The location with the digest; the caller frees it. */
char *registry_session_format_commit(const struct registry_session *session,
                                     const struct digest *digest);
/* Judges the answer to the PUT that ends it: 0 if the blob is there. */
int registry_session_check_commit(struct registry_session *session, bool is_patched, uint64_t size,
                                  const struct digest *digest, const struct http_response *response,
                                  struct error *err) MUST_CHECK;
/* Ends it by a PUT with `size` bytes of body, or with none after PATCHes. */
int registry_session_commit(struct registry_session *session, const struct digest *digest,
                            const void *data, size_t size, struct error *err) MUST_CHECK;
/* Opens a session and leaves it to the first blob. */
int registry_probe_write(struct store *store, struct error *err) MUST_CHECK;
/* Opens as many as so many blobs need, side by side, as far as they are kept. */
void registry_expect_blobs(struct store *store, unsigned count);
/* Gives up all that are kept. */
void registry_drop_unused(struct store *store);
bool registry_may_mount(struct store *store, const struct store *from);
int registry_mount_blob(struct store *store, const struct descriptor *blob,
                        const struct store *from, bool *out, struct error *err) MUST_CHECK;

/*
 * Sends bytes from memory as the next of a session, in as many PATCHes as the registry wants; with
 * `is_whole` they are all of the blob. What is lost on the way, refused for its size or turned away
 * for a while is sent again from where the registry says that it is. ERROR_UNREACHABLE if the blob
 * has to be begun anew.
 */
int registry_session_write(struct registry_session *session, const void *data, size_t size,
                           bool is_whole, struct error *err) MUST_CHECK;
/* "0-1023", maybe with "bytes=" before it: how many bytes that is; false if it is nothing alike. */
bool registry_range_parse(const char *text, uint64_t *out);

/* Asks how many bytes it has (distribution-spec, "Pushing a blob in chunks"). */
int registry_session_ask(struct registry_session *session, uint64_t *out,
                         struct error *err) MUST_CHECK;
/*
 * Tells people of a break, which `err` describes: `passed` bytes had been written, and it goes on
 * where the session is.
 */
void registry_session_tell(const struct registry_session *session, uint64_t passed,
                           unsigned attempt, const struct error *err);

/* How a blob goes that is more than what is held. */
enum upload_way {
    WAY_STREAM, /* one PATCH without Content-Range, which is what every registry takes */
    WAY_CHUNKS, /* a PATCH each time that so much is held */
    WAY_PUT,    /* the PUT has the body: the digest is known beforehand */
    WAY_SPOOL,  /* the same by way of a file, since it is not */
};

/*
 * One blob on its way (distribution-spec, "Pushing blobs"). Its first bytes are held; if all of it
 * fits they are sent at the end, else they go ahead of the rest as `way` says.
 */
struct registry_blob {
    struct writer base;
    const struct digest *digest; /* borrowed; filled by the time of finish */
    uint64_t size;               /* SIZE_UNKNOWN: sent in chunks of the transfer */
    struct registry_session session;
    enum upload_way way;
    char *held;
    size_t held_size;
    size_t held_most;
    struct writer *body;         /* of the request under way; NULL: none */
    struct http_response answer; /* to it */
    int spool;                   /* a file without a name; -1: none */
    uint64_t spooled;

    /* What registry_resume.c goes by. */
    struct blob_replay replay; /* `write` NULL: what is gone is gone */
    uint64_t passed;           /* bytes that have come to be written */
    uint64_t reached;          /* most that the session was found to have after a break */
    uint64_t since_ms;         /* when that was, or the blob began, by clock_ms() */
    unsigned tries;            /* breaks since that was the case */
    bool is_committed;         /* it was found to be there */
};

/* registry_upload.c: sends bytes, or holds them; ERROR_UNREACHABLE if another try may help. */
int registry_blob_put(struct registry_blob *blob, const char *data, size_t size,
                      struct error *err) MUST_CHECK;
/* No more come: the blob is committed. */
int registry_blob_end(struct registry_blob *blob, struct error *err) MUST_CHECK;
/* Whether what came so far is here, on the disk or in memory, and can be sent in a new session. */
bool registry_blob_is_kept(const struct registry_blob *blob, bool is_last);
/* Decides how it goes from its start on, by what the registry has shown so far. */
void registry_blob_choose_way(struct registry_blob *blob);
/* Forgets what is held, and the request under way. */
void registry_blob_drop(struct registry_blob *blob);

/*
 * registry_resume.c: a put or an end came to nothing, and `err` says why. Goes on where the
 * registry says that the upload is, or begins it anew, until all that has passed is there again.
 */
int registry_blob_recover(struct registry_blob *blob, bool is_last, struct error *err) MUST_CHECK;
void registry_set_replay(struct writer *blob, const struct blob_replay *replay);

int registry_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                         struct writer **out, struct error *err) MUST_CHECK;
/* "uploading a blob to …" in front of it. Returns -1. */
int registry_blob_explain(const struct registry_blob *blob, struct error *err);
/* What a writer's free() does. */
void registry_blob_free(struct writer *writer);

/*
 * registry_later.c: a blob that is all in memory is sent by a thread of its own, if the store's
 * caller allows it and not too many are; then *blob is left empty. False: it is for the caller to
 * send it.
 */
bool registry_blob_leave(struct registry_blob *blob);
/* Waits for all of them; the first error. */
int registry_settle(struct store *store, struct error *err) MUST_CHECK;
size_t registry_unsettled(struct store *store);
/* The same for a store that is freed: they have a moment to end. */
void registry_later_release(struct registry *registry);

/*
 * Where an upload goes on: the Location of an answer, resolved against the URL of its request.
 * Refused are plain http where the registry has https (on the same host https is meant, and used)
 * and what http_may_name() refuses. The caller frees
 * *out.
 */
int registry_location(struct http *http, const char *origin, const char *request_url,
                      const char *location, char **out, struct error *err) MUST_CHECK;

#endif
