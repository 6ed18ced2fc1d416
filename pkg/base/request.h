#ifndef INLAY_BASE_REQUEST_H
#define INLAY_BASE_REQUEST_H

#include "oci/platform.h"
#include "store/store.h"

/* The image to build on. Everything is borrowed. */
struct base_request {
    struct store *store;                  /* required */
    const char *version;                  /* tag or digest; NULL: the only image there */
    const char *name;                     /* canonical reference of it; NULL if not in a registry */
    const struct oci_platform *platforms; /* the images of an index that are wanted */
    size_t platform_count;                /* 0: all that are for Linux */
    bool no_index;                        /* one image only, without an index around it */
    bool keep_attestations;               /* those that stay true */
    bool wants_tables;                    /* and layers of eStargz, which need annotations */
    bool wants_zstd; /* it is to get layers of zstd, which images of Docker's schema 2 have not */
};

#endif
