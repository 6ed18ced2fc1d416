#include "http/http_internal.h"

#include "core/file.h"
#include "testing/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/x509.h>

#define PEM(name) "-----BEGIN CERTIFICATE-----\n" name "\n-----END CERTIFICATE-----\n"

/* Of an authority that nobody else has, valid until 2126. */
static const char AUTHORITY[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIBjzCCATWgAwIBAgIUESjdmb/jUKdLkJ5rEyH2byNeKWowCgYIKoZIzj0EAwIw\n"
                                "HDEaMBgGA1UEAwwRYXV0aG9yaXR5LmV4YW1wbGUwIBcNMjYxMTI3MjEyODM3WhgP\n"
                                "MjEyNjExMDMyMTI4MzdaMBwxGjAYBgNVBAMMEWF1dGhvcml0eS5leGFtcGxlMFkw\n"
                                "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEroEA04KiQ6YxznE17RTEaS28upgYjLco\n"
                                "QU7WPKMQI/xhN/dGOwo4+J4dOphZDUTkZ9Y1Kbpuu6iQPAj59tVOw6NTMFEwHQYD\n"
                                "VR0OBBYEFCZvbfzwUWkVft8l9hV5C2phgfwwMB8GA1UdIwQYMBaAFCZvbfzwUWkV\n"
                                "ft8l9hV5C2phgfwwMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIg\n"
                                "AsWSwjJlFhcQn20gJPNIQF6kWCFIUJeAXbVE4EPtNt4CIQD3fRoCMUmj/lH6mZDQ\n"
                                "ypQWHCd01vbsd60u3yA/6W1OsQ==\n"
                                "-----END CERTIFICATE-----\n";

/* A folder of its own, with files by path. */
static int make_folder(void **state)
{
    char name[] = "/tmp/inlay-http-XXXXXX";

    assert_non_null(mkdtemp(name));
    *state = xstrdup(name);
    return 0;
}

static int remove_folder(void **state)
{
    int result = folder_clear(*state);

    free(*state);
    return result;
}

static void put(const char *folder, const char *path, const char *content)
{
    CLEANUP(text) char *file = xasprintf("%s/%s", folder, path);
    CLEANUP(text) char *above = xstrndup(file, (size_t)(strrchr(file, '/') - file));
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(file_make_folders(above, &err), 0);
    assert_int_equal(file_replace(file, content, strlen(content), &err), 0);
}

/* Options whose folders are below `folder`: --tls-ca, --cert-dir, and two of certs.d. */
struct setting {
    const char *more;
    const char *only;
};

static int find(const char *folder, const struct setting *setting, const char *host,
                struct certificates *certificates, const struct identity **out, struct error *err)
{
    CLEANUP(text) char *first = xasprintf("%s/first", folder);
    CLEANUP(text) char *second = xasprintf("%s/second", folder);
    const char *const folders[] = {first, second, NULL};
    CLEANUP(text)
    char *more = setting->more != NULL ? xasprintf("%s/%s", folder, setting->more) : NULL;
    CLEANUP(text)
    char *only = setting->only != NULL ? xasprintf("%s/%s", folder, setting->only) : NULL;
    struct http_options options = {.tls_ca = more, .cert_dir = only, .cert_folders = folders};

    certificates_init(certificates, &options);
    return certificates_find(certificates, host, out, err);
}

struct identity_case {
    struct setting setting;
    const char *host;
    const char *has; /* in the authorities, beside the system's; NULL: there are none */
    const char *lacks;
    const char *certificate; /* below the folder; NULL: none */
};

static void check_identity(const char *folder, const struct identity_case *expected)
{
    struct certificates certificates = {0};
    const struct identity *identity = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (find(folder, &expected->setting, expected->host, &certificates, &identity, &err) < 0)
        fail_msg("%s", err.text);
    const char *all = buf_text(&identity->authorities);
    if (expected->has == NULL)
        assert_string_equal(all, "");
    else if (strstr(all, expected->has) == NULL || strstr(all, "system") == NULL)
        fail_msg("'%s' has no '%s': %s", expected->host, expected->has, all);
    assert_null(strstr(all, expected->lacks));
    if (expected->certificate == NULL) {
        assert_null(identity->certificate);
    } else {
        CLEANUP(text) char *certificate = xasprintf("%s/%s", folder, expected->certificate);
        assert_string_equal(identity->certificate, certificate);
    }
    certificates_release(&certificates);
}

static void a_host_has_what_its_folder_says_beside_what_all_have(void **state)
{
    static const struct identity_case cases[] = {
        {{NULL, NULL}, "none.example:443", NULL, "first", NULL},
        {{NULL, NULL}, "a.example:443", "first-a", "second-a", "first/a.example/c.cert"},
        {{NULL, NULL}, "a.example:5000", "second-port", "first-a", NULL},
        {{NULL, NULL}, "b.example:443", "second-b", "first", NULL},
        {{NULL, NULL}, "registry-1.docker.io:443", "second-hub", "first", NULL},
        {{NULL, NULL}, "..:443", NULL, "first", NULL},
        {{"more.pem", NULL}, "none.example:443", "more", "first", NULL},
        {{"more.pem", NULL}, "a.example:443", "more", "second-a", "first/a.example/c.cert"},
        {{"many", NULL}, "none.example:443", "many-2", "many-3", NULL},
        {{NULL, "only"}, "a.example:443", "only", "first-a", "only/x.cert"},
        {{NULL, "only"}, "none.example:443", "only", "first-a", "only/x.cert"},
    };
    const char *folder = *state;

    put(folder, "first/a.example/ca.crt", PEM("first-a"));
    put(folder, "first/a.example/c.cert", PEM("c"));
    put(folder, "first/a.example/c.key", "key");
    put(folder, "first/a.example/d.cert", PEM("d"));
    put(folder, "first/a.example/d.key", "key");
    put(folder, "second/a.example/ca.crt", PEM("second-a"));
    put(folder, "second/a.example:5000/ca.crt", PEM("second-port"));
    put(folder, "second/b.example:443/ca.crt", PEM("second-b"));
    put(folder, "second/docker.io/ca.crt", PEM("second-hub"));
    put(folder, "more.pem", PEM("more"));
    put(folder, "many/1.pem", PEM("many-1"));
    put(folder, "many/2.crt", PEM("many-2"));
    put(folder, "many/3.txt", PEM("many-3"));
    put(folder, "only/ca.crt", PEM("only"));
    put(folder, "only/x.cert", PEM("x"));
    put(folder, "only/x.key", "key");
    put(folder, "system.pem", PEM("system"));
    CLEANUP(text) char *system = xasprintf("%s/system.pem", folder);
    setenv("SSL_CERT_FILE", system, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_identity(folder, &cases[i]);
    unsetenv("SSL_CERT_FILE");
}

static void what_cannot_be_used_is_named(void **state)
{
    static const struct {
        const char *path, *content;
        struct setting setting;
        const char *before, *after;
    } cases[] = {
        {"x",
         "",
         {"gone.pem", NULL},
         "--tls-ca: authorities of certificates: '",
         "/gone.pem' does not exist"},
        {"text.pem",
         "hello",
         {"text.pem", NULL},
         "--tls-ca: '",
         "/text.pem' has no certificate in PEM (a line '-----BEGIN CERTIFICATE-----')"},
        {"none/a.txt",
         "",
         {"none", NULL},
         "--tls-ca: '",
         "/none' has no *.pem, *.crt or *.cer in it"},
        {"x",
         "",
         {NULL, "gone"},
         "reading the certificates in '",
         "/gone': No such file or directory"},
        {"half/c.cert",
         PEM("c"),
         {NULL, "half"},
         "'",
         "/half/c.cert' is of no use without 'c.key' beside it; add that or remove this"},
        {"other/c.key",
         "key",
         {NULL, "other"},
         "'",
         "/other/c.key' is of no use without 'c.cert' beside it; add that or remove this"},
        {"bad/c.crt",
         "key",
         {NULL, "bad"},
         "'",
         "/bad/c.crt' has no certificate in PEM (a line '-----BEGIN CERTIFICATE-----')"},
    };
    const char *folder = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct certificates certificates = {0};
        const struct identity *identity = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        put(folder, cases[i].path, cases[i].content);
        assert_int_equal(
            find(folder, &cases[i].setting, "a.example:443", &certificates, &identity, &err), -1);
        certificates_release(&certificates);
        assert_int_equal(err.kind, ERROR_LOCAL);
        CLEANUP(text) char *text = xasprintf("%s%s%s", cases[i].before, folder, cases[i].after);
        assert_string_equal(err.text, text);
    }
}

static int count_certificates(X509_STORE *store)
{
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
}

static void the_systems_authorities_are_read_once_for_all_hosts(void **state)
{
    const char *folder = *state;
    struct certificates certificates = {0};
    const struct identity *one = NULL, *other = NULL, *own = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    put(folder, "system.pem", AUTHORITY);
    put(folder, "first/own.example/ca.crt", AUTHORITY);
    CLEANUP(text) char *system = xasprintf("%s/system.pem", folder);
    setenv("SSL_CERT_FILE", system, 1);
    assert_int_equal(find(folder, &(struct setting){0}, "a.example:443", &certificates, &one, &err),
                     0);
    assert_int_equal(certificates_find(&certificates, "b.example:443", &other, &err), 0);
    assert_int_equal(certificates_find(&certificates, "own.example:443", &own, &err), 0);
    assert_non_null(one->store);
    assert_ptr_equal(one->store, other->store);
    assert_int_equal(count_certificates(one->store), 1);
    assert_ptr_not_equal(own->store, one->store);
    assert_int_equal(count_certificates(own->store), 1);
    certificates_release(&certificates);
    unsetenv("SSL_CERT_FILE");
}

static void authorities_are_found_where_this_system_has_them(void **state)
{
    const char *folder = *state;
    CLEANUP(text) char *built_in = xasprintf("%s/built-in.pem", folder);
    CLEANUP(text) char *absent = xasprintf("%s/absent.pem", folder);
    CLEANUP(text) char *debian = xasprintf("%s/debian.crt", folder);
    CLEANUP(text) char *alpine = xasprintf("%s/alpine.pem", folder);
    const char *const places[] = {absent, debian, alpine, NULL};

    assert_null(authorities_find(built_in, places));
    put(folder, "alpine.pem", AUTHORITY);
    assert_string_equal(authorities_find(NULL, places), alpine);
    put(folder, "debian.crt", AUTHORITY);
    assert_string_equal(authorities_find(built_in, places), debian);
    put(folder, "built-in.pem", AUTHORITY);
    assert_null(authorities_find(built_in, places));
}

static void a_folder_of_authorities_that_is_named_stands_in_place_of_the_systems(void **state)
{
    const char *folder = *state;
    struct certificates certificates = {0};
    const struct identity *identity = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    setenv("SSL_CERT_DIR", folder, 1);
    assert_int_equal(
        find(folder, &(struct setting){0}, "a.example:443", &certificates, &identity, &err), 0);
    assert_non_null(identity->store);
    assert_int_equal(count_certificates(identity->store), 0); /* they are looked up by name */
    certificates_release(&certificates);
    put(folder, "more.pem", AUTHORITY);
    assert_int_equal(find(folder, &(struct setting){.more = "more.pem"}, "a.example:443",
                          &certificates, &identity, &err),
                     0);
    assert_int_equal(count_certificates(identity->store), 1);
    certificates_release(&certificates);
    unsetenv("SSL_CERT_DIR");
}

static void what_is_no_certificate_is_left_to_libcurl_to_refuse(void **state)
{
    const char *folder = *state;
    struct certificates certificates = {0};
    const struct identity *identity = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    put(folder, "more.pem", PEM("AAAA"));
    assert_int_equal(find(folder, &(struct setting){.more = "more.pem"}, "a.example:443",
                          &certificates, &identity, &err),
                     0);
    assert_null(identity->store);
    certificates_release(&certificates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_host_has_what_its_folder_says_beside_what_all_have,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_used_is_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_systems_authorities_are_read_once_for_all_hosts,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(authorities_are_found_where_this_system_has_them,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(
            a_folder_of_authorities_that_is_named_stands_in_place_of_the_systems, make_folder,
            remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_certificate_is_left_to_libcurl_to_refuse,
                                        make_folder, remove_folder),
    };

    unsetenv("SSL_CERT_FILE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
