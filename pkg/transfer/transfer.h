#ifndef INLAY_TRANSFER_TRANSFER_H
#define INLAY_TRANSFER_TRANSFER_H

#include "core/ahead.h"
#include "core/cancel.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/workers.h"
#include "oci/document.h"
#include "store/store.h"

#include <stdatomic.h>

/* A blob that the target has to have. */
struct transfer_blob {
    struct descriptor blob;
    struct store *from;
};

/*
 * Which blobs a store has, asked side by side before anybody needs to know. Belongs to one thread,
 * and stays where it is while it runs.
 */
struct blob_lookups {
    struct store *target;
    unsigned jobs;               /* as of a transfer */
    const struct cancel *cancel; /* may be NULL */
    const struct store *from;    /* whose blobs they are; may be NULL */
    /*
     * NULL, or whether they may be mounted from there without being asked for: what the target
     * then has is told by one request, not by two and a mount. May wait; called by any thread.
     */
    bool (*may_mount)(void *arg, const struct cancel *cancel);
    void *may_mount_arg;
    atomic_bool refuses_mount; /* one could not be mounted: the others are asked for first */
    struct blob_lookup {
        struct descriptor blob;
        bool is_told; /* else it could not be found out */
        bool is_there;
        bool is_mounted; /* by the lookup: it is there */
        bool is_refused; /* mounting it came to nothing */
    } * items;
    size_t count;
    struct ahead ahead;
};

/* Not once it is begun. */
void blob_lookups_add(struct blob_lookups *lookups, const struct descriptor *blob);
void blob_lookups_begin(struct blob_lookups *lookups);
/* Waits for all of them; fails when stopped. */
int blob_lookups_join(struct blob_lookups *lookups, struct error *err) MUST_CHECK;
void blob_lookups_release(struct blob_lookups *lookups);
CLEANUP_RELEASE(blob_lookups)

/*
 * What goes over to a store as it is: manifests with the bytes that arrived, and blobs. First all
 * of it is named, which reads the manifests and writes nothing; then the blobs are copied, side by
 * side, and the manifests written last, each after those that it mentions.
 */
struct transfer {
    struct store *target;              /* NULL: nothing is copied, all of it is named only */
    unsigned jobs;                     /* blobs in flight; 0: WORKERS_DEFAULT */
    const struct log *log;             /* may be NULL */
    const struct cancel *cancel;       /* may be NULL */
    const struct progress *progress;   /* may be NULL */
    const struct blob_lookups *looked; /* that have ended, of the same target; NULL: none */

    struct transfer_blob *blobs; /* each once */
    size_t blob_count;
    uint64_t blob_size;         /* of all of them */
    struct document *manifests; /* each once, children before parents */
    size_t manifest_count;
    size_t manifest_size; /* of all of them */
    size_t foreign_count; /* layers that are left where their `urls` say */
    atomic_uint_fast64_t moved;
};

/* Reads what an entry of an index names; ERROR_CORRUPT if it is not as the entry says. */
int transfer_read_entry(struct store *from, const struct descriptor *entry, struct document *out,
                        struct error *err) MUST_CHECK;

/* Foreign layers are not taken. */
void transfer_add_blob(struct transfer *transfer, const struct descriptor *blob,
                       struct store *from);
/* All that a document mentions, without itself; indexes in indexes too. */
int transfer_add_below(struct transfer *transfer, const struct document *document,
                       struct store *from, struct error *err) MUST_CHECK;
/* An entry of an index: a manifest or index with all that is below it, or else a blob. */
int transfer_add_entry(struct transfer *transfer, const struct descriptor *entry,
                       struct store *from, struct error *err) MUST_CHECK;

/* Copies blob `number` to the target unless it has it. Safe to call from several threads. */
int transfer_copy_blob(struct transfer *transfer, size_t number, const struct cancel *cancel,
                       struct error *err) MUST_CHECK;
/* All of them, side by side. */
int transfer_copy_blobs(struct transfer *transfer, struct error *err) MUST_CHECK;
/* Writes them under their digests; the tag is the caller's. */
int transfer_write_manifests(const struct transfer *transfer, struct error *err) MUST_CHECK;
void transfer_release(struct transfer *transfer);
CLEANUP_RELEASE(transfer)

#endif
