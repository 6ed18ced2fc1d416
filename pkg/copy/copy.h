#ifndef INLAY_COPY_COPY_H
#define INLAY_COPY_COPY_H

#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "oci/platform.h"
#include "store/store.h"

/* The use case: an image from one store to another as it is, with the digest that it has. */

struct copy_options {
    struct store *from;         /* required; holds the image */
    const char *from_version;   /* tag or digest; NULL: the only image there */
    struct store *target;       /* required; receives it */
    const char *target_version; /* required: a tag */
    /* What it must show before, TAG_ANY: anything; NULL: what it showed when the copy began. */
    const struct tag_state *expected;

    const struct oci_platform *platform; /* this image of an index alone; NULL: all there is */
    bool force; /* try layers that are known to be too large for the target's registry */

    unsigned jobs;                   /* blobs in flight; 0: 4 */
    const struct log *log;           /* may be NULL */
    const struct cancel *cancel;     /* may be NULL */
    const struct progress *progress; /* may be NULL */
};

struct copy_result {
    struct descriptor manifest; /* what the tag shows now */
    bool was_there;             /* it showed that before: nothing was written */
    uint64_t moved;             /* bytes of blobs that went from store to store */
};

/*
 * Copies a manifest or an index and everything below it, byte for byte: images of any system,
 * artifacts, attestations, indexes in indexes; foreign layers alone are left where their `urls`
 * say. Every manifest is read before anything is written, and the tag is written last: until then,
 * and after a failure but ERROR_UNCERTAIN, it shows what it showed. ERROR_CONFLICT if that is not
 * what is expected. ERROR_NOT_FOUND, listing those that there are, if
 * there is no image for the platform. A target that holds single images gets the one for Linux out
 * of an index; ERROR_USAGE, listing them, if there are several. ERROR_UNSUPPORTED if a layer is
 * known to be too large for the target.
 */
int copy_run(const struct copy_options *options, struct copy_result *result,
             struct error *err) MUST_CHECK;

#endif
