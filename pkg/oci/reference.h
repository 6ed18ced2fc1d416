#ifndef INLAY_OCI_REFERENCE_H
#define INLAY_OCI_REFERENCE_H

#include "core/digest.h"
#include "core/error.h"

enum reference_kind {
    REFERENCE_REGISTRY, /* [docker://][HOST/]REPOSITORY[:TAG][@DIGEST] */
    REFERENCE_OCI_DIR,  /* oci:DIR[:TAG][@DIGEST], oci:DIR:DIGEST */
};

/*
 * Where an image is. Registry names follow distribution/reference: docker.io, library/ and, with
 * neither tag nor digest, "latest" are filled in.
 */
struct reference {
    enum reference_kind kind;
    char *registry;       /* "docker.io", "localhost:5000"; NULL for a folder */
    char *repository;     /* "library/alpine"; NULL for a folder */
    char *path;           /* the folder; NULL for a registry */
    char *tag;            /* NULL: none */
    struct digest digest; /* DIGEST_NONE: none; it decides where both are given */
};

#define REFERENCE_INIT                                                                             \
    {                                                                                              \
        REFERENCE_REGISTRY, NULL, NULL, NULL, NULL, DIGEST_INIT                                    \
    }

/* ERROR_USAGE, with what was wrong and what is expected. */
int reference_parse(const char *text, struct reference *out, struct error *err) MUST_CHECK;
/*
 * The canonical text, without digest if `with_digest` is false: "docker.io/library/alpine:3",
 * "oci:DIR:TAG". The caller frees it.
 */
char *reference_format(const struct reference *reference, bool with_digest);
/* What a store is asked for: the digest's text, else the tag, else NULL. The caller frees it. */
char *reference_version(const struct reference *reference);
/* "registry-1.docker.io" for docker.io, else the registry; belongs to the reference. */
const char *reference_api_host(const struct reference *reference);
/* A host, with or without port, that is this machine: localhost, 127.0.0.0/8, [::1]. */
bool reference_host_is_loopback(const char *host);
/* [A-Za-z0-9_][A-Za-z0-9_.-]{0,127} */
bool reference_is_tag(const char *text);
void reference_release(struct reference *reference);
CLEANUP_RELEASE(reference)

#endif
