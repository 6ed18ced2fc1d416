#ifndef INLAY_INJECT_PASSING_INTERNAL_H
#define INLAY_INJECT_PASSING_INTERNAL_H

#include "inject/inject.h"
#include "oci/document.h"

#include <stdatomic.h>

/* A blob that the target has to have. */
struct passed_blob {
    struct descriptor blob;
    struct store *from;
};

/*
 * What goes over to a store as it is: manifests with the bytes that arrived, and blobs. First all
 * of it is named, which reads the manifests and writes nothing; then the blobs are copied, side by
 * side, and the manifests written last, each after those that it mentions.
 */
struct passing {
    struct store *target;                   /* required */
    unsigned jobs;                          /* blobs in flight; 0: 4 */
    const struct log *log;                  /* may be NULL */
    const struct cancel *cancel;            /* may be NULL */
    const struct inject_progress *progress; /* may be NULL */

    struct passed_blob *blobs; /* each once */
    size_t blob_count;
    uint64_t blob_size;         /* of all of them */
    struct document *manifests; /* each once, children before parents */
    size_t manifest_count;
    size_t manifest_size; /* of all of them */
    size_t foreign_count; /* layers that are left where their `urls` say */
    atomic_uint_fast64_t moved;
};

/* Reads what an entry of an index names; ERROR_CORRUPT if it is not as the entry says. */
int passing_read_entry(struct store *from, const struct descriptor *entry, struct document *out,
                       struct error *err) MUST_CHECK;

/* Foreign layers are not taken. */
void passing_add_blob(struct passing *passing, const struct descriptor *blob, struct store *from);
/* All that a document mentions, without itself; indexes in indexes too. */
int passing_add_below(struct passing *passing, const struct document *document, struct store *from,
                      struct error *err) MUST_CHECK;
/* An entry of an index: a manifest or index with all that is below it, or else a blob. */
int passing_add_entry(struct passing *passing, const struct descriptor *entry, struct store *from,
                      struct error *err) MUST_CHECK;

int passing_copy_blobs(struct passing *passing, struct error *err) MUST_CHECK;
/* Writes them under their digests; the tag is the caller's. */
int passing_write_manifests(const struct passing *passing, struct error *err) MUST_CHECK;
void passing_release(struct passing *passing);
CLEANUP_RELEASE(passing)

#endif
