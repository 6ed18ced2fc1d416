#include "auth/auth_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void base64_is_that_of_rfc_4648(void **state)
{
    static const struct {
        const char *plain, *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe", "//4="},
    };
    static const char *const bad[] = {"Z", "Zm9vY", "Zg==Zg==", "Z g=", "Zm-v", "Zm9\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(secret) char *text = base64_encode(cases[i].plain, strlen(cases[i].plain));
        CLEANUP(buf) struct buf plain = BUF_INIT;
        assert_string_equal(text, cases[i].text);
        assert_true(base64_decode(cases[i].text, &plain));
        assert_string_equal(buf_text(&plain), cases[i].plain);
        buf_clear(&plain);
        text[strcspn(text, "=")] = '\0'; /* padding may be missing */
        assert_true(base64_decode(text, &plain));
        assert_string_equal(buf_text(&plain), cases[i].plain);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CLEANUP(buf) struct buf plain = BUF_INIT;
        assert_false(base64_decode(bad[i], &plain));
    }
}

static void a_key_is_about_a_host_or_what_is_in_it(void **state)
{
    static const struct {
        const char *key, *host, *repository;
        int rank; /* -1: of another one */
    } cases[] = {
        {"ghcr.io", "ghcr.io", "a/b", 3},
        {"GHCR.io", "ghcr.io", "a/b", 2},
        {"https://ghcr.io", "ghcr.io", "a/b", 0},
        {"http://ghcr.io/", "ghcr.io", "a/b", 0},
        {"https://ghcr.io/v1/", "ghcr.io", "a/b", 0},
        {"https://ghcr.io/v2/", "ghcr.io", "a/b", 0},
        {"https://ghcr.io/a/b", "ghcr.io", "x/y", 0}, /* a URL names the host alone */
        {"ghcr.io/", "ghcr.io", "a/b", 2},
        {"ghcr.io/v2/", "ghcr.io", "a/b", 1},
        {"ghcr.io/a", "ghcr.io", "a/b", 4},
        {"ghcr.io/a/", "ghcr.io", "a/b", 4},
        {"ghcr.io/a/b", "ghcr.io", "a/b", 8},
        {"ghcr.io/a/b", "ghcr.io", "a/b/c", 8},
        {"ghcr.io/a/b", "ghcr.io", "a/bc", -1},
        {"ghcr.io/a/b", "ghcr.io", "a", -1},
        {"ghcr.io/a", "ghcr.io", NULL, -1},
        {"ghcr.io:443", "ghcr.io", "a/b", -1},
        {"r.example:5000", "r.example:5000", "a", 3},
        {"r.example", "r.example:5000", "a", -1},
        {"[::1]:5000", "[::1]:5000", "a", 3},
        {"https://index.docker.io/v1/", "registry-1.docker.io", "library/alpine", 3},
        {"docker.io", "registry-1.docker.io", "library/alpine", 2},
        {"index.docker.io", "registry-1.docker.io", "library/alpine", 2},
        {"registry-1.docker.io", "registry-1.docker.io", "library/alpine", 2},
        {"https://registry-1.docker.io/v2/", "registry-1.docker.io", "library/alpine", 0},
        {"docker.io/library", "registry-1.docker.io", "library/alpine", 4},
        {"docker.io/library/alpine", "registry-1.docker.io", "library/alpine", 8},
        {"docker.io/me", "registry-1.docker.io", "library/alpine", -1},
        {"docker.com", "registry-1.docker.io", "library/alpine", -1},
        {"", "ghcr.io", "a/b", -1},
        {"https://", "ghcr.io", "a/b", -1},
        {"/ghcr.io", "ghcr.io", "a/b", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct credential_query query = {cases[i].host, cases[i].repository};
        unsigned rank = 99;
        bool fits = credential_key_fits(cases[i].key, &query, &rank);
        if (fits != (cases[i].rank >= 0) || (fits && rank != (unsigned)cases[i].rank))
            fail_msg("'%s' for '%s/%s': %u", cases[i].key, cases[i].host, cases[i].repository,
                     rank);
    }
}

struct file_case {
    const char *json, *host;
    const char *key, *user, *password, *identity, *registry;
    const char *helper, *store;
};

static void check_file(const struct file_case *expected)
{
    CLEANUP(docker_config) struct docker_config file = DOCKER_CONFIG_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct credential_query query = {expected->host, "ns/app"};
    struct credential_text text = {"F", expected->json, strlen(expected->json), false};

    if (docker_config_parse(&text, &query, &file, &err) < 0)
        fail_msg("%s", err.text);
    const struct {
        const char *expected, *found;
    } pairs[] = {
        {expected->key, file.key},
        {expected->user, file.own.user},
        {expected->password, file.own.password},
        {expected->identity, file.own.identity_token},
        {expected->registry, file.own.registry_token},
        {expected->helper, file.helper},
        {expected->store, file.store},
    };
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        if ((pairs[i].expected == NULL) != (pairs[i].found == NULL) ||
            (pairs[i].expected != NULL && strcmp(pairs[i].expected, pairs[i].found) != 0))
            fail_msg("%s: '%s', expected '%s'", expected->json, pairs[i].found, pairs[i].expected);
}

/* bob:pass is Ym9iOnBhc3M= */
static void a_file_says_who_we_are(void **state)
{
    static const struct file_case cases[] = {
        {"{\"auths\":{\"h\":{\"auth\":\"Ym9iOnBhc3M=\"}}}", "h", "h", "bob", "pass", NULL, NULL,
         NULL, NULL},
        {"{\"auths\":{\"h\":{\"auth\":\"Ym9iOnBhc3M\"}}}", "h", "h", "bob", "pass", NULL, NULL,
         NULL, NULL},
        {"{\"auths\":{\"h\":{\"auth\":\"Ym9iOnBhc3MAAAA=\"}}}", "h", "h", "bob", "pass", NULL, NULL,
         NULL, NULL},
        {"{\"auths\":{\"h\":{\"auth\":\"Ym9iOnA6YTpzcw==\"}}}", "h", "h", "bob", "p:a:ss", NULL,
         NULL, NULL, NULL},
        {"{\"auths\":{\"h\":{\"username\":\"bob\",\"password\":\"pass\"}}}", "h", "h", "bob",
         "pass", NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"h\":{\"auth\":\"Ym9iOnBhc3M=\",\"username\":\"x\",\"password\":\"y\"}}}",
         "h", "h", "bob", "pass", NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"h\":{\"auth\":\"Ym9iOg==\",\"identitytoken\":\"idt\"}}}", "h", "h", "bob",
         NULL, "idt", NULL, NULL, NULL},
        {"{\"auths\":{\"h\":{\"registrytoken\":\"rt\"}}}", "h", "h", NULL, NULL, NULL, "rt", NULL,
         NULL},
        {"{\"auths\":{\"h\":{}}}", "h", NULL, NULL, NULL, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"h\":{\"auth\":\"\"}}}", "h", NULL, NULL, NULL, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"other\":{\"auth\":\"!\"}}}", "h", NULL, NULL, NULL, NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"https://h\":{\"auth\":\"YTpi\"},\"h\":{\"auth\":\"Ym9iOnBhc3M=\"},"
         "\"h/v1/\":{\"auth\":\"YTpi\"}}}",
         "h", "h", "bob", "pass", NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"h\":{\"auth\":\"YTpi\"},\"h/ns/app\":{\"auth\":\"Ym9iOnBhc3M=\"},"
         "\"h/ns\":{\"auth\":\"YTpi\"}}}",
         "h", "h/ns/app", "bob", "pass", NULL, NULL, NULL, NULL},
        {"{\"auths\":{\"h\":{\"auth\":\"YTpi\"},\"h/ns/app\":{}}}", "h", "h", "a", "b", NULL, NULL,
         NULL, NULL},
        {"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"Ym9iOnBhc3M=\"}}}",
         "registry-1.docker.io", "https://index.docker.io/v1/", "bob", "pass", NULL, NULL, NULL,
         NULL},
        {"{\"credsStore\":\"desktop\",\"credHelpers\":{\"h\":\"ecr-login\",\"i\":\"x\"}}", "h",
         NULL, NULL, NULL, NULL, NULL, "ecr-login", "desktop"},
        {"{\"credHelpers\":{\"https://index.docker.io/v1/\":\"x\"}}", "registry-1.docker.io", NULL,
         NULL, NULL, NULL, NULL, "x", NULL},
        {"{\"credHelpers\":{\"h\":\"\",\"h/ns\":\"x\"}}", "h", NULL, NULL, NULL, NULL, NULL, NULL,
         NULL},
        {"{\"Auths\":{\"h\":{\"Auth\":\"Ym9iOnBhc3M=\"}},\"credsstore\":\"desktop\"}", "h", "h",
         "bob", "pass", NULL, NULL, NULL, "desktop"},
        {"{\"credhelpers\":{\"h\":\"x\"}}", "h", NULL, NULL, NULL, NULL, NULL, "x", NULL},
        {"{\"auths\":null,\"HttpHeaders\":{},\"proxies\":{}}", "h", NULL, NULL, NULL, NULL, NULL,
         NULL, NULL},
        {"{}", "h", NULL, NULL, NULL, NULL, NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_file(&cases[i]);
}

static void the_old_file_is_the_entries_alone(void **state)
{
    static const char json[] = "{\"h\":{\"auth\":\"Ym9iOnBhc3M=\"},\"credsStore\":\"x\"}";
    CLEANUP(docker_config) struct docker_config file = DOCKER_CONFIG_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct credential_query query = {"h", NULL};
    struct credential_text text = {"F", json, strlen(json), true};

    (void)state;
    assert_int_equal(docker_config_parse(&text, &query, &file, &err), 0);
    assert_string_equal(file.own.password, "pass");
    assert_null(file.store);
    assert_string_equal(file.own.provenance, "the credentials of 'bob' come from 'F', key 'h'");
}

static void a_file_that_is_wrong_is_named_without_what_is_in_it(void **state)
{
    static const struct {
        const char *json, *complaint;
    } cases[] = {
        {"", "'F' is not JSON, at line 1, column 0: it ends too early"},
        {"{\"auths\":{\"h\":{\"auth\":\"SECRET\"}",
         "'F' is not JSON, at line 1, column 31: it ends too early"},
        {"{\n\"auths\": {\"h\": {\"auth\": SECRET}}}",
         "'F' is not JSON, at line 2, column 30: something else was expected there"},
        {"[\"SECRET\"]", "'F' is not a JSON object"},
        {"{\"auths\":[\"SECRET\"]}", "'F': 'auths' is not an object"},
        {"{\"credHelpers\":\"SECRET\"}", "'F': 'credHelpers' is not an object"},
        {"{\"auths\":{\"h\":{\"auth\":\"SECRET\"}}}",
         "'F', key 'h': 'auth' is not the base64 of USER:PASSWORD; log in again"},
        {"{\"auths\":{\"h\":{\"auth\":\"SECRET=!\"}}}",
         "'F', key 'h': 'auth' is not the base64 of USER:PASSWORD; log in again"},
        {"{\"auths\":{\"h\":{\"auth\":5}}}", "'F', key 'h': 'auth' is not a text; log in again"},
        {"{\"auths\":{\"h\":{\"auth\":\"YTpi\",\"identitytoken\":[\"SECRET\"]}}}",
         "'F', key 'h': 'identitytoken' is not a text; log in again"},
        {"{\"auths\":{\"h\":{\"auth\":\"YQBiOmM=\"}}}", /* a, NUL, b:c */
         "'F', key 'h': 'auth' is not the base64 of USER:PASSWORD; log in again"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(docker_config) struct docker_config file = DOCKER_CONFIG_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct credential_query query = {"h", "ns/app"};
        struct credential_text text = {"F", cases[i].json, strlen(cases[i].json), false};
        assert_int_equal(docker_config_parse(&text, &query, &file, &err), -1);
        assert_int_equal(err.kind, ERROR_LOCAL);
        assert_string_equal(err.text, cases[i].complaint);
    }
}

static void credential_option_are_read_from_a_file_or_standard_input(void **state)
{
    static const struct {
        const char *text, *host, *file;
    } cases[] = {
        {"h=f", "h", "f"},
        {"h:5000/ns=a=b", "h:5000/ns", "a=b"},
        {"https://h/v1/=f", "https://h/v1/", "f"},
        {"h=-", "h", NULL},
        {"h=", NULL, NULL},
        {"=f", NULL, NULL},
        {"bob:SECRET", NULL, NULL},
        {"", NULL, NULL},
        {"a b=f", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(credential_option) struct credential_option creds = {NULL, NULL};
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = credential_option_parse(cases[i].text, &creds, &err);
        if (cases[i].host == NULL) {
            assert_int_equal(result, -1);
            assert_int_equal(err.kind, ERROR_USAGE);
            assert_string_equal(err.text,
                                "expected HOST=FILE, or HOST=- for standard input; a password on "
                                "the command line could be seen by others");
            continue;
        }
        assert_int_equal(result, 0);
        assert_string_equal(creds.host, cases[i].host);
        if (cases[i].file == NULL)
            assert_null(creds.file);
        else
            assert_string_equal(creds.file, cases[i].file);
    }
}

static void the_first_line_is_user_and_password(void **state)
{
    static const struct {
        const char *content, *user, *password;
    } cases[] = {
        {"bob:pass", "bob", "pass"},
        {"bob:pass\n", "bob", "pass"},
        {"bob:pass\r\nmore\n", "bob", "pass"},
        {"bob:p:a s \n", "bob", "p:a s "},
        {"SECRET", NULL, NULL},
        {"", NULL, NULL},
        {"\nbob:pass", NULL, NULL},
        {":pass", NULL, NULL},
        {"bob:", NULL, NULL},
        {"bob\n:pass", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(credential) struct credential credential = CREDENTIAL_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = credential_option_parse_line(cases[i].content, "'F'", &credential, &err);
        if (cases[i].user == NULL) {
            assert_int_equal(result, -1);
            assert_string_equal(err.text, "expected USER:PASSWORD in the first line of 'F'");
            continue;
        }
        assert_int_equal(result, 0);
        assert_string_equal(credential.user, cases[i].user);
        assert_string_equal(credential.password, cases[i].password);
    }
}

static void secrets_that_others_repeat_are_taken_out(void **state)
{
    static const struct {
        const char *text, *secret, *left;
    } cases[] = {
        {"wrong password 'hunter2'", "hunter2", "wrong password '…'"},
        {"hunter2hunter2", "hunter2", "……"},
        {"nothing", "hunter2", "nothing"},
        {"the", "the", "the"}, /* a word */
        {"nothing", NULL, "nothing"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        error_set(&err, ERROR_DENIED, "%s", cases[i].text);
        secret_mask(&err, cases[i].secret);
        assert_string_equal(err.text, cases[i].left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(a_key_is_about_a_host_or_what_is_in_it),
        cmocka_unit_test(a_file_says_who_we_are),
        cmocka_unit_test(the_old_file_is_the_entries_alone),
        cmocka_unit_test(a_file_that_is_wrong_is_named_without_what_is_in_it),
        cmocka_unit_test(credential_option_are_read_from_a_file_or_standard_input),
        cmocka_unit_test(the_first_line_is_user_and_password),
        cmocka_unit_test(secrets_that_others_repeat_are_taken_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
