#ifndef INLAY_INJECT_CONTENT_INTERNAL_H
#define INLAY_INJECT_CONTENT_INTERNAL_H

#include "inject/inject_internal.h"

/* What a job hands to the packer, to read files of its model; what passes is counted. */
struct content {
    struct work *work;
    const struct model *model;   /* NULL: a layer without any */
    const struct cancel *cancel; /* may be NULL */
    bool broken;                 /* the source has given up: packing again would not help */
    struct source_files *files;  /* while it is packed */
};

/*
 * The bytes of a layer: the tar, compressed as the recipe has it; finishes `out`. *diff_id is that
 * of a compressed one; the diff_id of a plain one is its digest, which `out` knows.
 */
int content_write_layer(struct content *content, const struct recipe *recipe, struct writer *out,
                        struct digest *diff_id, struct error *err) MUST_CHECK;

#endif
