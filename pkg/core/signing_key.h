#ifndef INLAY_CORE_SIGNING_KEY_H
#define INLAY_CORE_SIGNING_KEY_H

#include "core/base.h"
#include "core/error.h"

/*
 * Keys that statements are signed with, out of files. Ed25519 (RFC 8032) in PEM, as 'openssl
 * genpkey -algorithm ed25519' and 'openssl pkey -pubout' write it, whose private half signs and
 * whose public half verifies; and HMAC with SHA-256 (RFC 2104), where the same secret does both. A
 * signature depends on key and statement alone. Safe to share between threads.
 */
struct signing_key;

enum signing_key_use {
    SIGNING_KEY_SIGNS,
    SIGNING_KEY_VERIFIES,
};

#define SIGNING_KEY_HMAC "hmac:" /* in front of the path of a secret */
#define SIGNING_KEY_HMAC_LEAST 32

/*
 * Reads "FILE", a PEM file, or "hmac:FILE", whose bytes are the secret, all of them. A file that
 * holds a secret, is this user's and may be read by others is refused, as ssh does. ERROR_NOT_FOUND
 * if there is no such file; else ERROR_LOCAL. The caller frees *out.
 */
int signing_key_read(const char *text, enum signing_key_use use, struct signing_key **out,
                     struct error *err) MUST_CHECK;
void signing_key_free(struct signing_key *key);
CLEANUP_FREE(signing_key)

/*
 * "ed25519:" and 128 hex digits, or "hmac-sha256:" and 64. `key` is one that signs. The caller
 * frees it.
 */
char *signing_key_sign(const struct signing_key *key, const char *statement);
/* Whether this is the signature of the statement; what is none is not. */
bool signing_key_verifies(const struct signing_key *key, const char *statement,
                          const char *signature);

#endif
