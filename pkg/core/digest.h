#ifndef INLAY_CORE_DIGEST_H
#define INLAY_CORE_DIGEST_H

#include "core/base.h"
#include "core/error.h"

/*
 * What a run of bytes is known by. SHA-256 and SHA-512 are those of the OCI image-spec, "Digests";
 * DIGEST_GIT_SHA1 is git's object name of a blob: SHA-1 over "blob ", the decimal size, a NUL, and
 * the bytes. A plain value: copy it, compare it with digest_equal().
 */
enum digest_algorithm {
    DIGEST_NONE,
    DIGEST_SHA256,
    DIGEST_SHA512,
    DIGEST_GIT_SHA1,
    DIGEST_SHA1, /* of names that caches make of URLs; nothing is verified by it */
};

#define DIGEST_BYTES_MAX 64
#define DIGEST_TEXT_MAX (7 + 2 * DIGEST_BYTES_MAX + 1)

struct digest {
    enum digest_algorithm algorithm; /* DIGEST_NONE: not known */
    unsigned char bytes[DIGEST_BYTES_MAX];
};

#define DIGEST_INIT                                                                                \
    {                                                                                              \
        DIGEST_NONE,                                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* Text of a digest, by value, so that it can stand in an argument list. */
struct digest_text {
    char text[DIGEST_TEXT_MAX];
};

/*
 * Parses "sha256:<64 hex>" or "sha512:<128 hex>", lower case, nothing around it: safe to become a
 * part of a path or URL afterwards. ERROR_CORRUPT otherwise.
 */
int digest_parse(const char *text, struct digest *out, struct error *err) MUST_CHECK;
/* Parses the lower-case hex alone; its length must be the algorithm's. */
int digest_parse_hex(enum digest_algorithm algorithm, const char *hex, struct digest *out,
                     struct error *err) MUST_CHECK;
/* "sha256:…"; a git SHA-1 is written as its 40 hex digits alone. */
struct digest_text digest_format(const struct digest *digest);
/* The hex digits alone. */
struct digest_text digest_format_hex(const struct digest *digest);
/* "sha256" for DIGEST_SHA256. */
const char *digest_algorithm_name(enum digest_algorithm algorithm);
bool digest_equal(const struct digest *a, const struct digest *b);
/* The digest of bytes in memory. */
struct digest digest_of(enum digest_algorithm algorithm, const void *data, size_t size);
/*
 * git's object name of a tree: SHA-1 over "tree ", the decimal size, a NUL, and its entries as git
 * has them, each "MODE NAME", a NUL and the 20 bytes of an object name.
 */
struct digest digest_of_git_tree(const void *entries, size_t size);

/* Computes a digest piece by piece. Belongs to one thread. */
struct hasher;

/* `size` is that of the whole; DIGEST_GIT_SHA1 needs it, the others ignore it. */
struct hasher *hasher_new(enum digest_algorithm algorithm, uint64_t size);
void hasher_add(struct hasher *hasher, const void *data, size_t size);
/* Call once, at the end. */
struct digest hasher_finish(struct hasher *hasher);
void hasher_free(struct hasher *hasher);
CLEANUP_FREE(hasher)

/* Of OpenSSL's libcrypto as it runs, which hashes: "3.0.19". */
const char *digest_library_version(void);

#endif
