#ifndef INLAY_INJECT_CONTENT_INTERNAL_H
#define INLAY_INJECT_CONTENT_INTERNAL_H

#include "inject/inject_internal.h"

/* What a job hands to the packer, to read files of its model; what passes is counted. */
struct content {
    struct work *work;
    const struct model *model;   /* NULL: a layer without any */
    const struct cancel *cancel; /* may be NULL */
    bool broken;                 /* the source has given up: packing again would not help */
};

/* The pack_open_fn for it; `arg` is the struct content, which outlives *out. */
int content_open(void *arg, const struct plan_file *file, struct reader **out,
                 struct error *err) MUST_CHECK;

#endif
