#ifndef INLAY_OCI_SOURCE_H
#define INLAY_OCI_SOURCE_H

#include "source/source.h"
#include "store/store.h"

/* What a model in a registry is opened with; borrowed while it is. */
struct oci_opener {
    const struct store_context *stores;
    const struct source_context *sources;
    const struct sandbox *sandbox; /* as struct session has it */
};

/*
 * Opens ORIGIN_OCI_MODEL for source_open(); `arg` is a struct oci_opener. ERROR_USAGE for what
 * names no repository of a registry.
 */
int oci_source_open(void *arg, const struct origin *origin, struct source **out,
                    struct error *err) MUST_CHECK;

#endif
