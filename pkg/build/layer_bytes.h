#ifndef INLAY_BUILD_LAYER_BYTES_H
#define INLAY_BUILD_LAYER_BYTES_H

#include "build/build_plan.h"
#include "source/source.h"

/* The bytes of one layer, out of the files of its model. */

/* Bytes of a model, by where they came from. */
struct model_bytes {
    uint64_t moved;
    uint64_t cached; /* this machine's caches */
};

/* What a job hands to the packer, to read files of its model. Belongs to one thread. */
struct layer_bytes {
    const struct planned_layer *layer;
    struct source *source;           /* of its model; NULL: a layer without any */
    unsigned threads;                /* of the compressor */
    const struct cancel *cancel;     /* may be NULL */
    const struct progress *progress; /* may be NULL */
    struct model_bytes passed;       /* bytes of the model */
    struct model_bytes replayed;     /* and once more, for an upload that had lost them */
    struct source_files *files;      /* while it is packed */
};

/*
 * The bytes of a layer: the tar, compressed as the recipe has it; finishes `out`. Fills diff_id and
 * table of `made` if it is compressed; the diff_id of a plain one is its digest, which `out` knows.
 */
int layer_bytes_write(struct layer_bytes *bytes, struct writer *out, struct image_layer *made,
                      struct error *err) MUST_CHECK;
/* Packs into nothing, to know what comes of it: fills blob, diff_id and table of `out`. */
int layer_bytes_measure(struct layer_bytes *bytes, struct image_layer *out,
                        struct error *err) MUST_CHECK;
/* A writer that takes anything and keeps nothing; safe to share, and nobody's to free. */
struct writer *layer_bytes_nowhere(void);
/* The media type of the layer's blob (image-spec, layer.md). */
void layer_bytes_set_type(const struct layer_bytes *bytes, struct descriptor *blob);
/* Counts `size` bytes that were just read of the model. */
void layer_bytes_count(struct layer_bytes *bytes, uint64_t size);
/*
 * layer_replay.c: a part of the same bytes again, as struct blob_replay wants them; `arg` is the
 * layer_bytes that are being written. Of a plain layer only what is in the part is fetched; a
 * compressed one is compressed from its start.
 */
int layer_bytes_replay(void *arg, uint64_t offset, uint64_t end, struct writer *out,
                       struct error *err) MUST_CHECK;
/* Compressor threads of a layer: the cores, shared among the large layers that are in flight, as
 * the others are soon done. `jobs` 0: WORKERS_DEFAULT. */
unsigned layer_bytes_threads(const struct build_plan *plan, unsigned jobs);

#endif
