#ifndef INLAY_OCI_DOCUMENT_H
#define INLAY_OCI_DOCUMENT_H

#include "core/buf.h"
#include "oci/descriptor.h"

/* The most that is read of a manifest, an index or a config. */
#define DOCUMENT_LIMIT ((size_t)4 * 1024 * 1024)

/*
 * A manifest or an index as it arrived: the bytes, which are its identity, and the parsed JSON.
 * Whoever edits works on `json` and serialises; whoever only passes it on uses `bytes`.
 */
struct document {
    struct descriptor descriptor; /* media type, digest and size of `bytes` */
    struct buf bytes;
    json_t *json;
    bool is_index;
};

#define DOCUMENT_INIT                                                                              \
    {                                                                                              \
        DESCRIPTOR_INIT, BUF_INIT, NULL, false                                                     \
    }

/*
 * Parses `bytes`, which it takes over on success. `what` says under which media type, digest and
 * size they were served; a generic or empty media type is decided by the content. Refuses, with
 * ERROR_CORRUPT, what is a manifest and an index at once or differs from its type, and with
 * ERROR_UNSUPPORTED Docker's schema 1.
 */
int document_parse(struct buf *bytes, const struct descriptor *what, struct document *out,
                   struct error *err) MUST_CHECK;
void document_release(struct document *document);
CLEANUP_RELEASE(document)

/* The config's descriptor of a manifest. */
int document_config(const struct document *manifest, struct descriptor *out,
                    struct error *err) MUST_CHECK;
/*
 * The descriptors a document mentions: config and layers of a manifest (foreign layers left out),
 * or the entries of an index. *out is an array of *count that the caller frees.
 */
int document_children(const struct document *document, struct descriptor **out, size_t *count,
                      struct error *err) MUST_CHECK;

/*
 * Parses JSON from outside, whatever RFC 8259 allows. Of members with the same name the last one
 * counts. What the library cannot hold (NUL, lone surrogates, numbers that are no int64, earlier
 * members of the same name) stands in the value as marked text, and json_to_buf() writes the bytes
 * that arrived. `name` is for the message.
 */
int json_from_buf(const struct buf *bytes, const char *name, json_t **out,
                  struct error *err) MUST_CHECK;
/* Compact, members in their order, with what json_from_buf() marked. Replaces what is in `out`. */
void json_to_buf(const json_t *json, struct buf *out);

#endif
