#ifndef INLAY_PACK_STARGZ_INTERNAL_H
#define INLAY_PACK_STARGZ_INTERNAL_H

#include "pack/pack_internal.h"

/* How the blob of an eStargz layer is made of a recipe; plain values, for one thread. */

#define STARGZ_TABLE_NAME "stargz.index.json"
#define STARGZ_FOOTER_SIZE UINT64_C(51)

/* A file that is not empty. */
struct stargz_file {
    uint64_t gap; /* bytes of the tar between the content before it and its own: one member */
    uint64_t size;
};

struct stargz_plan {
    const struct recipe *recipe; /* borrowed */
    struct tree_entry landmark;  /* the entry behind those of the recipe */
    struct stargz_file *files;   /* the landmark is the last one */
    size_t file_count;
    uint64_t chunk; /* the most bytes of a file in one member */
    size_t chunk_count;
};

int stargz_plan_make(const struct recipe *recipe, struct stargz_plan *out,
                     struct error *err) MUST_CHECK;
void stargz_plan_release(struct stargz_plan *plan);
CLEANUP_RELEASE(stargz_plan)

/*
 * Writes the table of contents, and does not finish `out`. `digests` are those of the chunks, in
 * order; NULL: others, of the same length.
 */
int stargz_write_table(const struct stargz_plan *plan, const struct digest *digests,
                       struct writer *out, struct error *err) MUST_CHECK;
/* How long it is. */
int stargz_measure_table(const struct stargz_plan *plan, uint64_t *out,
                         struct error *err) MUST_CHECK;

/* The header of an entry of `size` bytes that no recipe has: root's, 0444. Appends to `out`. */
int stargz_add_header(const char *path, uint64_t size, struct buf *out,
                      struct error *err) MUST_CHECK;

#endif
