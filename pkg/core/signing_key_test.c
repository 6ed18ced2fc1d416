#include "core/signing_key.h"

#include "core/file.h"
#include "core/folder_test_internal.h"

#include <string.h>
#include <sys/stat.h>

/* RFC 8032, section 7.1, test 1; RFC 4231, section 4.7. */
#define PRIVATE                                                                                    \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"                           \
    "-----END PRIVATE KEY-----\n"
#define PUBLIC                                                                                     \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"                               \
    "-----END PUBLIC KEY-----\n"
#define SIGNATURE                                                                                  \
    "ed25519:e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e" \
    "39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
#define HMAC_STATEMENT "Test Using Larger Than Block-Size Key - Hash Key First"
#define HMAC_SIGNATURE                                                                             \
    "hmac-sha256:60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
/* Of the kind that TLS uses: P-256. */
#define OTHER_PUBLIC                                                                               \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExAi5xJuiYuRxUzXETINAtgaoRoe5\n"                           \
    "JzNEScJE/sGV0tB9rFQig34HLGRgD6yeiX74ylLVXgSkJiioB1qIRgqN3w==\n"                               \
    "-----END PUBLIC KEY-----\n"

struct key_file {
    const char *prefix; /* "hmac:" or "" */
    const char *bytes;
    unsigned mode;
    enum signing_key_use use;
    const char *complaint; /* NULL: none */
};

/* Writes it as "file" of the folder, and reads that as a key. */
static int read_key(void **state, const struct key_file *file, struct signing_key **out,
                    struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/file", (const char *)*state);
    CLEANUP(text) char *text = xasprintf("%s%s", file->prefix, path);

    if (file_replace(path, file->bytes, strlen(file->bytes), err) < 0 ||
        chmod(path, file->mode) < 0)
        fail_msg("%s", err->text);
    return signing_key_read(text, file->use, out, err);
}

static struct signing_key *make_key(void **state, const char *pem, enum signing_key_use use)
{
    const struct key_file file = {"", pem, 0600, use, NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    struct signing_key *key = NULL;

    if (read_key(state, &file, &key, &err) < 0)
        fail_msg("%s", err.text);
    return key;
}

static void ed25519_signs_as_the_rfc_has_it(void **state)
{
    CLEANUP(signing_key) struct signing_key *pair = make_key(state, PRIVATE, SIGNING_KEY_SIGNS);
    CLEANUP(signing_key)
    struct signing_key *public = make_key(state, PUBLIC, SIGNING_KEY_VERIFIES);
    CLEANUP(text) char *signature = signing_key_sign(pair, "");

    assert_string_equal(signature, SIGNATURE);
    assert_true(signing_key_verifies(public, "", signature));
}

static void hmac_signs_as_the_rfc_has_it(void **state)
{
    char secret[132] = {0};
    const struct key_file file = {SIGNING_KEY_HMAC, secret, 0600, SIGNING_KEY_SIGNS, NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(signing_key) struct signing_key *key = NULL;

    memset(secret, 0xaa, sizeof(secret) - 1);
    assert_int_equal(read_key(state, &file, &key, &err), 0);
    CLEANUP(text) char *signature = signing_key_sign(key, HMAC_STATEMENT);
    assert_string_equal(signature, HMAC_SIGNATURE);
    assert_true(signing_key_verifies(key, HMAC_STATEMENT, signature));
    assert_false(signing_key_verifies(key, HMAC_STATEMENT ".", signature));
    assert_false(signing_key_verifies(key, HMAC_STATEMENT, "hmac-sha256:60e4"));
    assert_false(signing_key_verifies(key, "", SIGNATURE));
}

static void what_is_no_signature_of_the_statement_is_not_taken(void **state)
{
    CLEANUP(signing_key)
    struct signing_key *key = make_key(state, PUBLIC, SIGNING_KEY_VERIFIES);
    CLEANUP(text) char *damaged = xstrdup(SIGNATURE);
    const char *const signatures[] = {"",           "ed25519:",     "ed25519:e5", HMAC_SIGNATURE,
                                      damaged,      SIGNATURE "00", "ed25519:zz", "\n",
                                      SIGNATURE " "};

    damaged[20] = damaged[20] == '0' ? '1' : '0';
    assert_true(signing_key_verifies(key, "", SIGNATURE));
    assert_false(signing_key_verifies(key, "x", SIGNATURE));
    for (size_t i = 0; i < ARRAY_SIZE(signatures); i++)
        assert_false(signing_key_verifies(key, "", signatures[i]));
}

static void a_file_that_will_not_do_is_told_in_one_line(void **state)
{
    static const struct key_file cases[] = {
        {"", PRIVATE, 0640, SIGNING_KEY_SIGNS, "may be read by others (mode 0640)"},
        {"", PRIVATE, 0604, SIGNING_KEY_SIGNS, "'chmod 600' it"},
        {"", PUBLIC, 0600, SIGNING_KEY_SIGNS, "has no private key in PEM"},
        {"", PRIVATE, 0600, SIGNING_KEY_VERIFIES, "has no public key in PEM; 'openssl pkey"},
        {"", "", 0600, SIGNING_KEY_VERIFIES, "has no public key in PEM"},
        {"", OTHER_PUBLIC, 0644, SIGNING_KEY_VERIFIES, "is not of the kind Ed25519"},
        {"hmac:", "0123456789012345678901234567890", 0600, SIGNING_KEY_SIGNS, "has 31 bytes"},
        {"hmac:", "01234567890123456789012345678901", 0644, SIGNING_KEY_VERIFIES, "by others"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        struct signing_key *key = NULL;
        assert_int_equal(read_key(state, &cases[i], &key, &err), -1);
        assert_int_equal(err.kind, ERROR_LOCAL);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' lacks '%s'", err.text, cases[i].complaint);
    }
}

static void a_public_key_may_be_everybodys_and_a_file_that_is_not_there_is_not_found(void **state)
{
    static const struct key_file file = {"", PUBLIC, 0644, SIGNING_KEY_VERIFIES, NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(signing_key) struct signing_key *key = NULL;
    struct signing_key *none = NULL;

    assert_int_equal(read_key(state, &file, &key, &err), 0);
    assert_int_equal(signing_key_read("hmac:/nowhere/key", SIGNING_KEY_SIGNS, &none, &err), -1);
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

#define KEY_TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_TEST(ed25519_signs_as_the_rfc_has_it),
        KEY_TEST(hmac_signs_as_the_rfc_has_it),
        KEY_TEST(what_is_no_signature_of_the_statement_is_not_taken),
        KEY_TEST(a_file_that_will_not_do_is_told_in_one_line),
        KEY_TEST(a_public_key_may_be_everybodys_and_a_file_that_is_not_there_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
