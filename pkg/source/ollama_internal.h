#ifndef INLAY_SOURCE_OLLAMA_INTERNAL_H
#define INLAY_SOURCE_OLLAMA_INTERNAL_H

#include "core/buf.h"
#include "source/source_internal.h"

/* A name of Ollama, taken apart and filled in (types/model/name.go). */
struct ollama_name {
    char *host;       /* "registry.ollama.ai", "localhost:5000" */
    char *repository; /* "library/llama3.2" */
};

#define OLLAMA_NAME_INIT                                                                           \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

/* `text` has one to three parts. */
void ollama_name_parse(const char *text, struct ollama_name *out);
void ollama_name_release(struct ollama_name *name);
CLEANUP_RELEASE(ollama_name)

/*
 * Adds to `plan`, and sorts it, the files of a model: the manifest itself at `path`, and a blob for
 * its config and each layer. ERROR_CORRUPT; ERROR_UNSUPPORTED for an index and for digests other
 * than SHA-256.
 */
int ollama_manifest_parse(const struct buf *manifest, const char *path, struct plan *plan,
                          struct error *err) MUST_CHECK;

#endif
