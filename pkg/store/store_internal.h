#ifndef INLAY_STORE_STORE_INTERNAL_H
#define INLAY_STORE_STORE_INTERNAL_H

#include "auth/auth.h"
#include "core/text.h"
#include "http/http.h"
#include "store/store.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

typedef int store_opener(const struct reference *reference, const struct store_context *context,
                         struct store **out, struct error *err) MUST_CHECK;

/*
 * What opens each kind of store, to read it and as a target: registry_open(),
 * registry_open_target() …, two names a row of REFERENCE_KINDS. They make no request and change
 * nothing. store_open() and store_open_target() call them by a table. The caller frees *out.
 */
#define STORE_OPENERS(constant, opener, ...)                                                       \
    store_opener opener##_open;                                                                    \
    store_opener opener##_open_target;
REFERENCE_KINDS(STORE_OPENERS)
store_opener scratch_open;
store_opener scratch_open_target;

/* May a manifest be written as `version`? ERROR_USAGE if not. */
int store_check_version(struct store *store, const char *version, struct error *err) MUST_CHECK;
/* What a tag shows, by its manifest. */
int tag_state_read(struct store *store, const char *version, struct tag_state *out,
                   struct error *err) MUST_CHECK;
/*
 * What `look` finds is compared: *is_shown if it shows `own`; ERROR_CONFLICT if it shows neither
 * that nor what is expected.
 */
int tag_state_ask(struct tag_look *look, const struct tag_state *expected, const struct digest *own,
                  bool *is_shown, struct error *err) MUST_CHECK;

/* Whether an entry of an index, or a manifest, has this `artifactType`. */
bool referrer_is_of_type(const json_t *json, const char *artifact_type);
/* Whether a manifest speaks of this one. */
bool referrer_is_about(const json_t *manifest, const struct digest *subject);

/* Is `version` the text of a digest? *out is set only then. */
bool version_is_digest(const char *version, struct digest *out);
/*
 * Fills `out` from the bytes of a manifest, under the algorithm of `expected` (DIGEST_NONE:
 * SHA-256). ERROR_CORRUPT if a digest is expected and the bytes have another.
 */
int version_describe(const struct buf *bytes, const char *media_type, const struct digest *expected,
                     struct descriptor *out, struct error *err) MUST_CHECK;
/*
 * The complaint that a store holds several images and none was named, or that it does not hold the
 * one that was (`version` not NULL). `names` are what could be asked for. Returns -1.
 */
int version_refuse(const char *version, const struct strings *names, struct error *err);
/* "; near it: 1.4", for a version that is none of the names; "" if none is. Caller frees. */
char *version_format_near(const char *version, const struct strings *names);

/*
 * The index.json of an OCI image layout as JSON (image-spec, image-layout.md): its entries are the
 * images of the layout, and a tag is the annotation org.opencontainers.image.ref.name of one.
 */
int oci_index_parse(const struct buf *bytes, json_t **out, struct error *err) MUST_CHECK;
/* Is this the file `oci-layout` of a layout that can be read? */
int oci_layout_check(const struct buf *bytes, struct error *err) MUST_CHECK;
#define OCI_LAYOUT_FILE "{\"imageLayoutVersion\":\"1.0.0\"}"
#define OCI_LAYOUT_LIMIT ((size_t)64 * 1024)
/* An index without entries; the caller owns it. */
json_t *oci_index_new(void);
/* Adds an entry without a name. */
void oci_index_add(json_t *index, const struct descriptor *image);
/* The entry of `tag`, or with NULL the only image; else ERROR_NOT_FOUND or ERROR_USAGE. */
int oci_index_find(const json_t *index, const char *tag, struct descriptor *out,
                   struct error *err) MUST_CHECK;
/* The entry with this digest; false if there is none. */
bool oci_index_find_digest(const json_t *index, const struct digest *digest,
                           struct descriptor *out);
/*
 * Lets `tag` name `image`, in the place of what it named before; entries of other tags stay as they
 * are. False if it named the same image already: then nothing changes.
 */
bool oci_index_set(json_t *index, const char *tag, const struct descriptor *image);
/* Adds an entry without a name, unless there is one of this digest: then false. */
bool oci_index_add_entry(json_t *index, const json_t *entry);

/* One OCI image layout: a folder. */
struct oci_dir {
    struct store base;
    char *path;
    const struct cancel *cancel; /* borrowed; may be NULL */
    const struct log *log;       /* borrowed; may be NULL */
    atomic_bool is_prepared;     /* the folder is known to be a layout */
};

enum oci_dir_state {
    OCI_DIR_MISSING,
    OCI_DIR_EMPTY, /* a folder without content */
    OCI_DIR_OTHER, /* a folder that is something else, or a file */
    OCI_DIR_LAYOUT,
};

/* What stands at the path; ERROR_CORRUPT or _UNSUPPORTED if it is a layout that cannot be read. */
int oci_dir_inspect(const struct oci_dir *dir, enum oci_dir_state *out,
                    struct error *err) MUST_CHECK;
/* Reads index.json; ERROR_CORRUPT if it is not there. */
int oci_dir_read_index(const struct oci_dir *dir, json_t **out, struct error *err) MUST_CHECK;
/* "DIR/blobs/sha256/…"; the caller frees it. */
char *oci_dir_blob_path(const struct oci_dir *dir, const struct digest *digest);

/* The writing side, in oci_dir_write.c. */
int oci_dir_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                        struct writer **out, struct error *err) MUST_CHECK;
int oci_dir_write_manifest(struct store *store, const char *version, const char *media_type,
                           const struct buf *manifest, struct error *err) MUST_CHECK;
int oci_dir_write_referrer(struct store *store, const struct digest *subject, const json_t *entry,
                           const struct buf *manifest, bool *is_listed,
                           struct error *err) MUST_CHECK;
int oci_dir_write_tag(struct store *store, const char *version, const char *media_type,
                      const struct buf *manifest, const struct tag_state *expected,
                      struct error *err) MUST_CHECK;
int oci_dir_probe_write(struct store *store, struct error *err) MUST_CHECK;

/*
 * A registry's refusal in its own words: "the registry says 'DENIED: …' (status 403)", with the
 * kind by the status as in http_check(). Context goes in front with error_wrap(). Returns -1.
 */
int registry_refuse(const struct http_response *response, struct error *err);
/* The same for an upload of `size` bytes: a 413 says who may have meant it, and which size. */
int registry_refuse_body(const struct http_response *response, uint64_t size, struct error *err);
/* The code and message of an error body, or the start of plain text; empty if it says nothing. */
void registry_error_words(const struct buf *body, struct buf *out);
/* 408, 429 and those 5xx that may be different the next time. */
bool registry_status_is_transient(int status);
/* Does an error body hold this code? */
bool registry_error_has_code(const struct buf *body, const char *code);

#endif
