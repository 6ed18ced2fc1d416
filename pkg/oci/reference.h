#ifndef INLAY_OCI_REFERENCE_H
#define INLAY_OCI_REFERENCE_H

#include "core/digest.h"
#include "core/error.h"

/* How a name is written behind its prefix. */
enum reference_grammar {
    REFERENCE_BY_NAME,        /* [HOST/]REPOSITORY[:TAG][@DIGEST] */
    REFERENCE_BY_PATH,        /* PATH[:TAG][@DIGEST], PATH:DIGEST */
    REFERENCE_BY_DOCKER_PATH, /* FILE[:NAME[:TAG]], FILE:@INDEX */
    REFERENCE_BY_DOCKER_NAME  /* NAME[:TAG], IMAGE-ID */
};

/* What there is to say of a kind of place for images. */
struct reference_traits {
    const char *form;    /* how it is written, for the help: "oci:DIR[:TAG][@DIGEST]" */
    const char *summary; /* what that is, for the help: "an image in an OCI layout" */
    const char *prefix;  /* tells it from the others: "oci:"; "": what has none */
    const char *title;   /* "a Docker engine", in messages */
    enum reference_grammar grammar;
    bool is_archive;      /* one file, or a pipe */
    bool has_tags;        /* manifests are kept by digest there, and tags show them */
    bool lacks_manifests; /* what it keeps of an image has no manifest whose digest is known */
};

/*
 * A row a kind: its constant; what opens it (`oci_dir` is oci_dir_open() and oci_dir_open_target()
 * of store/store_internal.h), its form and its summary, and its other traits.
 */
#define REFERENCE_KINDS(ROW)                                                                       \
    ROW(REFERENCE_REGISTRY, registry, "[docker://]NAME[:TAG][@DIGEST]", "an image in a registry",  \
        .prefix = "", .title = "a registry", .grammar = REFERENCE_BY_NAME, .has_tags = true)       \
    ROW(REFERENCE_OCI_DIR, oci_dir, "oci:DIR[:TAG][@DIGEST]", "an image in an OCI layout",         \
        .prefix = "oci:", .title = "an OCI layout", .grammar = REFERENCE_BY_PATH,                  \
        .has_tags = true)                                                                          \
    ROW(REFERENCE_OCI_ARCHIVE, oci_archive, "oci-archive:FILE[:TAG][@DIGEST]",                     \
        "the same in a tar", .prefix = "oci-archive:", .title = "an OCI archive",                  \
        .grammar = REFERENCE_BY_PATH, .is_archive = true)                                          \
    ROW(REFERENCE_DOCKER_ARCHIVE, docker_archive, "docker-archive:FILE[:NAME[:TAG]]",              \
        "what 'docker save' writes", .prefix = "docker-archive:", .title = "a Docker archive",     \
        .grammar = REFERENCE_BY_DOCKER_PATH, .is_archive = true, .lacks_manifests = true)          \
    ROW(REFERENCE_DOCKER_DAEMON, docker_daemon, "docker-daemon:NAME[:TAG]",                        \
        "an image of a Docker engine", .prefix = "docker-daemon:", .title = "a Docker engine",     \
        .grammar = REFERENCE_BY_DOCKER_NAME, .lacks_manifests = true)

#define REFERENCE_CONSTANT(constant, ...) constant,
enum reference_kind {
    REFERENCE_NONE, /* names no image: what a zeroed reference is */
    REFERENCE_KINDS(REFERENCE_CONSTANT) REFERENCE_SCRATCH /* "scratch": an empty one; no place */
};
enum { REFERENCE_KIND_COUNT = REFERENCE_SCRATCH + 1 };

/* Of REFERENCE_NONE and REFERENCE_SCRATCH it has a prefix and a title alone. */
const struct reference_traits *reference_traits(enum reference_kind kind);

/*
 * Where an image is. Registry names follow distribution/reference: docker.io, library/ and, with
 * neither tag nor digest, "latest" are filled in; so do the names in a Docker archive or engine.
 */
struct reference {
    enum reference_kind kind;
    char *registry;   /* "docker.io", "localhost:5000"; of a registry only, else NULL */
    char *repository; /* "library/alpine"; of a registry only, else NULL */
    char *path;       /* the folder, or the file of an archive, "-" for stdin and stdout; or NULL */
    /*
     * NULL: none. For a Docker archive or engine the whole name, "docker.io/library/app:1", or "@0"
     * for the first image of an archive; for an OCI archive a tag or such a name.
     */
    char *tag;
    struct digest digest; /* DIGEST_NONE: none; it decides where both are given. The image's id for
                             a Docker engine */
};

#define REFERENCE_INIT                                                                             \
    {                                                                                              \
        REFERENCE_NONE, NULL, NULL, NULL, NULL, DIGEST_INIT                                        \
    }

/* ERROR_USAGE, with what was wrong and what is expected. */
int reference_parse(const char *text, struct reference *out, struct error *err) MUST_CHECK;
/*
 * The canonical text, without digest if `with_digest` is false: "docker.io/library/alpine:3",
 * "oci:DIR:TAG"; "" of none. An image's id is kept: it is the name. It is read as the same
 * reference again: with docker:// where a registry's host is called like a scheme. The caller frees
 * it.
 */
char *reference_format(const struct reference *reference, bool with_digest);
/* The same as other tools have it in documents, where a registry's name never has a scheme. */
char *reference_format_name(const struct reference *reference, bool with_digest);
/* What a store is asked for: the digest's text, else the tag, else NULL. The caller frees it. */
char *reference_version(const struct reference *reference);
/* Must a target be given a tag? An archive may hold an image without. */
bool reference_needs_tag(const struct reference *reference);
/* The same repository, layout, archive or engine, whatever the tag; never with none. */
bool reference_is_same_place(const struct reference *a, const struct reference *b);
/* The file of an archive; NULL: it is none. Belongs to the reference. */
const char *reference_archive(const struct reference *reference);
/* A registry or a layout: manifests are kept by digest there, and tags show them. */
bool reference_has_tags(const struct reference *reference);
/* "registry-1.docker.io" for docker.io, else the registry; belongs to the reference. */
const char *reference_api_host(const struct reference *reference);
/* A host, with or without port, that is this machine: localhost, 127.0.0.0/8, [::1]. */
bool reference_host_is_loopback(const char *host);
/* [A-Za-z0-9_][A-Za-z0-9_.-]{0,127} */
bool reference_is_tag(const char *text);
/*
 * A tag, or what else an OCI image layout may call an image (image-spec, annotations.md, on
 * org.opencontainers.image.ref.name): "docker.io/library/app:1".
 */
bool reference_is_ref_name(const char *text);
void reference_release(struct reference *reference);
CLEANUP_RELEASE(reference)

#endif
