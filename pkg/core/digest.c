#include "core/digest.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct hasher {
    enum digest_algorithm algorithm;
    EVP_MD_CTX *context;
};

static size_t digest_size(enum digest_algorithm algorithm)
{
    switch (algorithm) {
    case DIGEST_NONE:
        return 0;
    case DIGEST_SHA256:
        return 32;
    case DIGEST_SHA512:
        return 64;
    case DIGEST_SHA1:
    case DIGEST_GIT_SHA1:
        return 20;
    }
    abort();
}

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
    switch (algorithm) {
    case DIGEST_NONE:
        return "none";
    case DIGEST_SHA256:
        return "sha256";
    case DIGEST_SHA512:
        return "sha512";
    case DIGEST_SHA1:
        return "sha1";
    case DIGEST_GIT_SHA1:
        return "git-sha1";
    }
    abort();
}

static int hex_value(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

int digest_parse_hex(enum digest_algorithm algorithm, const char *hex, struct digest *out,
                     struct error *err)
{
    struct digest digest = {.algorithm = algorithm};
    size_t size = digest_size(algorithm);

    if (strlen(hex) != 2 * size)
        return error_set(err, ERROR_CORRUPT, "'%.140s' is not a %s digest of %zu hex digits", hex,
                         digest_algorithm_name(algorithm), 2 * size);
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(hex[2 * i]);
        int low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return error_set(err, ERROR_CORRUPT, "'%s' is not a digest in lower-case hex", hex);
        digest.bytes[i] = (unsigned char)(high << 4 | low);
    }
    *out = digest;
    return 0;
}

int digest_parse(const char *text, struct digest *out, struct error *err)
{
    if (strncmp(text, "sha256:", 7) == 0)
        return digest_parse_hex(DIGEST_SHA256, text + 7, out, err);
    if (strncmp(text, "sha512:", 7) == 0)
        return digest_parse_hex(DIGEST_SHA512, text + 7, out, err);
    return error_set(err, ERROR_CORRUPT,
                     "'%.140s' is not a digest (expected sha256: or sha512: and hex digits)", text);
}

struct digest_text digest_format_hex(const struct digest *digest)
{
    static const char digits[] = "0123456789abcdef";
    struct digest_text out = {""};
    size_t size = digest_size(digest->algorithm);

    for (size_t i = 0; i < size; i++) {
        out.text[2 * i] = digits[digest->bytes[i] >> 4];
        out.text[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    return out;
}

struct digest_text digest_format(const struct digest *digest)
{
    struct digest_text hex = digest_format_hex(digest);
    struct digest_text out = {""};

    if (digest->algorithm == DIGEST_GIT_SHA1 || digest->algorithm == DIGEST_NONE)
        return hex;
    size_t prefix = strlen(digest_algorithm_name(digest->algorithm));
    memcpy(out.text, digest_algorithm_name(digest->algorithm), prefix);
    out.text[prefix] = ':';
    memcpy(out.text + prefix + 1, hex.text, 2 * digest_size(digest->algorithm));
    return out;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->algorithm == b->algorithm &&
           memcmp(a->bytes, b->bytes, digest_size(a->algorithm)) == 0;
}

static const EVP_MD *digest_method(enum digest_algorithm algorithm)
{
    switch (algorithm) {
    case DIGEST_SHA256:
        return EVP_sha256();
    case DIGEST_SHA512:
        return EVP_sha512();
    case DIGEST_SHA1:
    case DIGEST_GIT_SHA1:
        return EVP_sha1();
    case DIGEST_NONE:
        break;
    }
    abort();
}

static struct hasher *hasher_begin(enum digest_algorithm algorithm)
{
    struct hasher *hasher = xcalloc(1, sizeof(*hasher));

    hasher->algorithm = algorithm;
    hasher->context = EVP_MD_CTX_new();
    if (hasher->context == NULL ||
        EVP_DigestInit_ex(hasher->context, digest_method(algorithm), NULL) != 1)
        out_of_memory();
    return hasher;
}

static void add_git_header(struct hasher *hasher, const char *type, uint64_t size)
{
    char header[32];
    int length = snprintf(header, sizeof(header), "%s %" PRIu64, type, size);

    hasher_add(hasher, header, (size_t)length + 1);
}

struct hasher *hasher_new(enum digest_algorithm algorithm, uint64_t size)
{
    struct hasher *hasher = hasher_begin(algorithm);

    if (algorithm == DIGEST_GIT_SHA1)
        add_git_header(hasher, "blob", size);
    return hasher;
}

void hasher_add(struct hasher *hasher, const void *data, size_t size)
{
    if (EVP_DigestUpdate(hasher->context, data, size) != 1)
        out_of_memory();
}

struct digest hasher_finish(struct hasher *hasher)
{
    struct digest digest = {.algorithm = hasher->algorithm};

    if (EVP_DigestFinal_ex(hasher->context, digest.bytes, NULL) != 1)
        out_of_memory();
    return digest;
}

void hasher_free(struct hasher *hasher)
{
    if (hasher == NULL)
        return;
    EVP_MD_CTX_free(hasher->context);
    free(hasher);
}

struct digest digest_of(enum digest_algorithm algorithm, const void *data, size_t size)
{
    CLEANUP(hasher) struct hasher *hasher = hasher_new(algorithm, size);

    hasher_add(hasher, data, size);
    return hasher_finish(hasher);
}

struct digest digest_of_git_tree(const void *entries, size_t size)
{
    CLEANUP(hasher) struct hasher *hasher = hasher_begin(DIGEST_GIT_SHA1);

    add_git_header(hasher, "tree", size);
    hasher_add(hasher, entries, size);
    return hasher_finish(hasher);
}

const char *digest_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
