#include "core/signing_key.h"

#include "core/file.h"
#include "core/secrets.h"
#include "core/text.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ED25519 "ed25519:"
#define ED25519_SIZE 64
#define HMAC "hmac-sha256:"
#define HMAC_SIZE 32
#define FILE_MOST (64 * (size_t)KIB)

struct signing_key {
    EVP_PKEY *pair;    /* NULL: a secret */
    struct buf secret; /* of HMAC */
};

void signing_key_free(struct signing_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pair);
    secret_buf_release(&key->secret);
    free(key);
}

/* As ssh: a file of somebody else's, such as a mounted secret of root's, is his to look after. */
static int check_mode(const char *path, struct error *err)
{
    struct stat found;

    if (stat(path, &found) < 0 || found.st_uid != getuid() || (found.st_mode & 077) == 0)
        return 0; /* what cannot be looked at cannot be read either, and says so then */
    return error_set(err, ERROR_LOCAL,
                     "'%s' holds a secret and may be read by others (mode %04o); 'chmod 600' it",
                     path, (unsigned)found.st_mode & 07777);
}

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *out, int size, int writes, void *arg)
{
    (void)out;
    (void)size;
    (void)writes;
    (void)arg;
    return -1;
}

static int parse_pem(const char *path, const struct buf *bytes, enum signing_key_use use,
                     EVP_PKEY **out, struct error *err)
{
    BIO *bio = BIO_new_mem_buf(buf_text(bytes), (int)bytes->size);

    if (bio == NULL)
        out_of_memory();
    *out = use == SIGNING_KEY_SIGNS ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
                                    : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error(); /* nobody else may take it for his */
    if (*out == NULL)
        return error_set(err, ERROR_LOCAL, "'%s' has no %s in PEM%s", path,
                         use == SIGNING_KEY_SIGNS ? "private key" : "public key",
                         use == SIGNING_KEY_SIGNS
                             ? " that is not protected by a passphrase; expected one "
                               "of Ed25519, which 'openssl genpkey -algorithm ed25519 -out KEY' "
                               "makes, or hmac:FILE for a secret"
                             : "; 'openssl pkey -in KEY -pubout' makes it of a private key");
    if (EVP_PKEY_get_id(*out) == EVP_PKEY_ED25519)
        return 0;
    return error_set(err, ERROR_LOCAL,
                     "the key in '%s' is not of the kind Ed25519; 'openssl "
                     "genpkey -algorithm ed25519 -out KEY' makes one of it",
                     path);
}

static int read_pair(const char *path, enum signing_key_use use, struct signing_key *key,
                     struct error *err)
{
    CLEANUP(secret_buf) struct buf bytes = BUF_INIT;

    if ((use == SIGNING_KEY_SIGNS && check_mode(path, err) < 0) ||
        file_read(path, FILE_MOST, &bytes, err) < 0)
        return -1;
    return parse_pem(path, &bytes, use, &key->pair, err);
}

static int read_secret(const char *path, struct signing_key *key, struct error *err)
{
    if (check_mode(path, err) < 0 || file_read(path, FILE_MOST, &key->secret, err) < 0)
        return -1;
    if (key->secret.size >= SIGNING_KEY_HMAC_LEAST)
        return 0;
    return error_set(err, ERROR_LOCAL, "'%s' has %zu bytes, a secret has %d at least", path,
                     key->secret.size, SIGNING_KEY_HMAC_LEAST);
}

int signing_key_read(const char *text, enum signing_key_use use, struct signing_key **out,
                     struct error *err)
{
    CLEANUP(signing_key) struct signing_key *key = xcalloc(1, sizeof(*key));
    bool is_secret = text_starts_with(text, SIGNING_KEY_HMAC);
    int result = is_secret ? read_secret(text + strlen(SIGNING_KEY_HMAC), key, err)
                           : read_pair(text, use, key, err);

    if (result < 0) {
        if (err->kind == ERROR_CORRUPT) /* too large to be one */
            err->kind = ERROR_LOCAL;
        return -1;
    }
    *out = TAKE(key);
    return 0;
}

static char *format(const char *prefix, const unsigned char *bytes, size_t size)
{
    struct buf text = BUF_INIT;

    buf_add_text(&text, prefix);
    for (size_t i = 0; i < size; i++)
        buf_addf(&text, "%02x", bytes[i]);
    return buf_take(&text);
}

static void compute_hmac(const struct signing_key *key, const char *statement, unsigned char *out)
{
    size_t size = 0;

    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, buf_text(&key->secret), key->secret.size,
                  (const unsigned char *)statement, strlen(statement), out, HMAC_SIZE,
                  &size) == NULL ||
        size != HMAC_SIZE)
        out_of_memory(); /* nothing else can be wrong with it */
}

char *signing_key_sign(const struct signing_key *key, const char *statement)
{
    unsigned char bytes[ED25519_SIZE];
    size_t size = sizeof(bytes);

    if (key->pair == NULL) {
        compute_hmac(key, statement, bytes);
        return format(HMAC, bytes, HMAC_SIZE);
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) != 1 ||
        EVP_DigestSign(context, bytes, &size, (const unsigned char *)statement,
                       strlen(statement)) != 1)
        out_of_memory();
    EVP_MD_CTX_free(context);
    return format(ED25519, bytes, size);
}

static bool verifies_hmac(const struct signing_key *key, const char *statement,
                          const char *signature)
{
    unsigned char bytes[HMAC_SIZE];

    compute_hmac(key, statement, bytes);
    CLEANUP(text) char *expected = format(HMAC, bytes, sizeof(bytes));
    return strlen(signature) == strlen(expected) &&
           CRYPTO_memcmp(signature, expected, strlen(expected)) == 0;
}

bool signing_key_verifies(const struct signing_key *key, const char *statement,
                          const char *signature)
{
    unsigned char bytes[ED25519_SIZE];
    size_t size = 0;

    if (key->pair == NULL)
        return verifies_hmac(key, statement, signature);
    if (!text_starts_with(signature, ED25519) ||
        !text_is_hex(signature + strlen(ED25519), 2 * sizeof(bytes)) ||
        OPENSSL_hexstr2buf_ex(bytes, sizeof(bytes), &size, signature + strlen(ED25519), '\0') != 1)
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pair) != 1)
        out_of_memory();
    bool is_right = EVP_DigestVerify(context, bytes, size, (const unsigned char *)statement,
                                     strlen(statement)) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_right;
}
