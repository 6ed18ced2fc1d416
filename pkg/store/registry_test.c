#include "store/registry_test_internal.h"

#define MANIFEST "{\"schemaVersion\":2,\"manifests\":[]}"
#define EMPTY_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SAYS(code, message) "{\"errors\":[{\"code\":\"" code "\",\"message\":\"" message "\"}]}"

static void reading_an_image_says_what_the_registry_said(void **state)
{
    static const struct {
        const char *head, *body, *version, *complaint;
        enum error_kind kind;
    } cases[] = {
        {"404 Not Found", SAYS("MANIFEST_UNKNOWN", "manifest unknown"), "v1",
         "/a' has no image 'v1': the registry says 'MANIFEST_UNKNOWN: manifest unknown' (status "
         "404)",
         ERROR_NOT_FOUND},
        {"403 Forbidden", SAYS("DENIED", "access denied"), "v1",
         "cannot be read: it does not exist, or it is private: the registry says 'DENIED: access "
         "denied' (status 403); the registry has not asked for credentials",
         ERROR_DENIED},
        {"429 Too Many Requests", "Too Many Requests", "v1", "says 'Too Many Requests'",
         ERROR_UNREACHABLE},
        {"503 Service Unavailable", NULL, "v1", "answers with status 503", ERROR_UNREACHABLE},
        {"200 OK", MANIFEST, EMPTY_DIGEST, EMPTY_DIGEST " was asked for, and the bytes have the",
         ERROR_CORRUPT},
        {"200 OK\r\nContent-Type: text/html", "<html>", "v1", "is not JSON", ERROR_CORRUPT},
        {"200 OK\r\nContent-Type: text/html", MANIFEST, "v1", "'text/html' is not the type",
         ERROR_UNSUPPORTED},
        {"200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json", MANIFEST, "v1",
         "manifest without 'config'", ERROR_CORRUPT},
        {"200 OK", MANIFEST, "not a tag", "'not a tag' is not a tag", ERROR_USAGE},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {PONG,
                                         {"GET /v2/a/manifests/", cases[i].head, cases[i].body}};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        CHECK_REFUSED(store_read_document(store, cases[i].version, &found, &err), err,
                      cases[i].kind, cases[i].complaint);
    }
}

static void a_type_is_taken_without_its_parameters_and_in_any_case(void **state)
{
    static const char *const heads[] = {
        "200 OK\r\nContent-Type: Application/VND.OCI.image.index.v1+json; charset=utf-8",
        "200 OK\r\nContent-Type: application/json",
        ("200 OK\r\nDocker-Content-Digest: " EMPTY_DIGEST),
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        const struct answer answers[] = {PONG, {"GET /v2/a/manifests/v1 ", heads[i], MANIFEST}};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        CHECK(store_read_document(store, "v1", &found, &err), err);
        assert_true(found.is_index);
        assert_string_equal(found.descriptor.media_type, "application/vnd.oci.image.index.v1+json");
    }
}

static void a_blob_is_there_if_the_registry_or_its_redirect_says_so(void **state)
{
    static const struct {
        const char *head;
        bool is_there;
    } cases[] = {
        {"200 OK", true},
        {"307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/x", true},
        {"404 Not Found", false},
        {"403 Forbidden", false},
        {"405 Method Not Allowed", false},
        {"301 Moved Permanently\r\nLocation: http://127.0.0.1:1/x", false},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {PONG, {"HEAD /v2/a/blobs/sha256:", cases[i].head, NULL}};
        CLEANUP(buf) struct buf empty = BUF_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        struct descriptor blob = describe(&empty);
        assert_int_equal(blob_is_there(store, &blob), cases[i].is_there);
    }
}

static void a_probe_says_why_a_repository_cannot_be_written(void **state)
{
    static const struct {
        const char *head, *body, *complaint;
        enum error_kind kind;
    } cases[] = {
        {"403 Forbidden", SAYS("DENIED", "read only"),
         "/a' cannot be written: the registry says 'DENIED: read only' (status 403); the registry "
         "has not asked for credentials",
         ERROR_DENIED},
        {"404 Not Found", SAYS("NAME_UNKNOWN", "no such repository"),
         "/a' cannot be written; it may have to be created first: the registry says 'NAME_UNKNOWN",
         ERROR_NOT_FOUND},
        {"405 Method Not Allowed", SAYS("UNSUPPORTED", "a mirror"),
         "/a' cannot be written: the registry takes no uploads, as one that is read-only or a "
         "cache of another: the registry says 'UNSUPPORTED: a mirror'",
         ERROR_DENIED},
        {"202 Accepted", NULL, "does not say where an upload goes", ERROR_UNSUPPORTED},
        {"202 Accepted\r\nLocation: ftp://x/", NULL, "neither http nor https", ERROR_UNSUPPORTED},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG, {"POST /v2/a/blobs/uploads/ ", cases[i].head, cases[i].body}};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        CHECK_REFUSED(store_probe_write(store, &err), err, cases[i].kind, cases[i].complaint);
    }
}

static void an_upload_that_is_refused_says_what_the_registry_said(void **state)
{
    static const struct {
        struct answer patch, put, head;
        const char *complaint;
        enum error_kind kind;
    } cases[] = {
        {{"PATCH /up/1?_state=x ", "413 Too Large", SAYS("SIZE_INVALID", "too large")},
         {"PUT ", "201 Created", NULL},
         {"HEAD ", "404 Not Found", NULL},
         "SIZE_INVALID: too large",
         ERROR_UNSUPPORTED},
        {{"PATCH ", "404 Not Found", SAYS("BLOB_UPLOAD_UNKNOWN", "forgotten")},
         {"PUT ", "201 Created", NULL},
         {"HEAD ", "404 Not Found", NULL},
         "BLOB_UPLOAD_UNKNOWN: forgotten",
         ERROR_UNREACHABLE},
        {{"PATCH ", "202 Accepted\r\nLocation: ftp://x/", NULL},
         {"PUT ", "201 Created", NULL},
         {"HEAD ", "404 Not Found", NULL},
         "neither http nor https",
         ERROR_UNSUPPORTED},
        {{"PATCH ", "202 Accepted", NULL},
         {"PUT /up/1?_state=x&digest=sha256%3A", "400 Bad", SAYS("DIGEST_INVALID", "wrong")},
         {"HEAD ", "404 Not Found", NULL},
         "uploading a blob to '127.0.0.1:",
         ERROR_CORRUPT},
        {{"PATCH ", "202 Accepted", NULL},
         {"PUT ", "404 Not Found", SAYS("BLOB_UPLOAD_INVALID", "forgotten")},
         {"HEAD ", "404 Not Found", NULL},
         "BLOB_UPLOAD_INVALID: forgotten",
         ERROR_UNREACHABLE},
        {{"PATCH ", "202 Accepted", NULL},
         {"PUT ", "201 Created\r\nDocker-Content-Digest: " EMPTY_DIGEST, NULL},
         {"HEAD ", "404 Not Found", NULL},
         "stored it as '" EMPTY_DIGEST "', expected 'sha256:",
         ERROR_CORRUPT},
        {{"PATCH ", "202 Accepted", NULL},
         {"PUT ", "202 Accepted", NULL},
         {"HEAD ", "404 Not Found", NULL},
         "answers with status 202",
         ERROR_UNSUPPORTED},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {PONG, BEGUN, cases[i].patch, cases[i].put, cases[i].head};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        registry_of(store)->quirks.refuses_put = true;
        CHECK_REFUSED(write_five(store, &err), err, cases[i].kind, cases[i].complaint);
    }
}

static void an_upload_whose_last_answer_was_lost_is_found_committed(void **state)
{
    static const struct answer answers[] = {
        PONG,
        BEGUN,
        {"PATCH ", "202 Accepted\r\nLocation: /up/2", NULL},
        {"PUT /up/2?digest=sha256%3A", "404 Not Found", SAYS("BLOB_UPLOAD_UNKNOWN", "done")},
        {"HEAD /v2/a/blobs/sha256:", "200 OK", NULL},
    };
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;

    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(world, script);
    registry_of(store)->quirks.refuses_put = true;
    CHECK(write_five(store, &err), err);
}

static void a_token_stays_with_the_registry_that_it_was_made_for(void **state)
{
    static const struct answer storage[] = {
        {"PUT /up?sig=1&digest=sha256%3A", "201 Created", NULL},
    };
    static const struct answer answers[] = {
        PONG,
        {"GET /v2/a/manifests/v1 ",
         "401 Unauthorized\r\nWWW-Authenticate: Bearer "
         "realm=\"http://127.0.0.1:{port}/token\",service=\"s\",scope=\"repository:a:pull\"",
         NULL},
        {"GET /v2/a/manifests/v1 ", "200 OK", MANIFEST},
        {"GET /token?", "200 OK", "{\"token\":\"for-reading\",\"expires_in\":3600}"},
        {"POST /v2/a/blobs/uploads/ ",
         "401 Unauthorized\r\nWWW-Authenticate: Bearer "
         "realm=\"http://127.0.0.1:{port}/token2\",service=\"s\",scope=\"repository:a:pull,push\"",
         NULL},
        {"POST /v2/a/blobs/uploads/ ",
         "202 Accepted\r\nLocation: http://127.0.0.1:{other}/up?sig=1", NULL},
        {"POST /v2/a/blobs/uploads/ ", "202 Accepted\r\nLocation: /own", NULL},
        {"GET /token2?", "200 OK", "{\"token\":\"for-writing\",\"expires_in\":3600}"},
        {"PUT /own?digest=", "201 Created", NULL},
    };
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    CLEANUP(script) struct script *other = script_new(storage, ARRAY_SIZE(storage));
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    script->other_port = other->port;
    CLEANUP(store) struct store *store = script_open(world, script);

    CHECK(store_read_document(store, "v1", &found, &err), err);
    assert_true(script_saw(script, "GET /v2/a/manifests/v1 Bearer for-reading\n"));
    assert_null(strstr(buf_text(&script->log), "push"));

    CHECK(write_five(store, &err), err);
    assert_true(script_saw(script, "POST /v2/a/blobs/uploads/ Bearer for-writing\n"));
    assert_true(script_saw(other, "PUT /up?sig=1&digest="));
    assert_null(strstr(buf_text(&other->log), "Bearer"));

    CHECK(write_five(store, &err), err);
    assert_true(script_saw(script, "PUT /own?digest="));
    assert_null(strstr(strstr(buf_text(&script->log), "PUT /own"), " -\n"));
}

static void a_mount_that_is_not_possible_becomes_a_stream(void **state)
{
    static const char *const heads[] = {"202 Accepted\r\nLocation: /up/9", "403 Forbidden",
                                        "405 Method Not Allowed", "404 Not Found"};
    static const struct store_copy_options options = {.cancel = NULL};
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        const struct answer answers[] = {
            PONG,
            BEGUN,
            {"HEAD /v2/a/blobs/", "404 Not Found", NULL},
            {"POST /v2/a/blobs/uploads/?mount=sha256:", heads[i], NULL},
            {"GET /v2/b/c/blobs/", "200 OK", "bytes"},
            {"PATCH ", "202 Accepted", NULL},
            {"PUT ", "201 Created", NULL},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        enum store_copied how = STORE_WAS_THERE;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(text) char *neighbour = xasprintf("127.0.0.1:%u/b/c", script->port);
        CLEANUP(store) struct store *from = open_text(world, neighbour);
        CLEANUP(store) struct store *to = script_open(world, script);
        buf_add_text(&bytes, "bytes");
        struct descriptor blob = describe(&bytes);
        CHECK(store_copy_blob(from, to, &blob, &options, &how, &err), err);
        assert_int_equal(how, STORE_STREAMED);
        assert_true(script_saw(script, "&from=b/c "));
    }
}

static void a_manifest_is_written_again_when_that_may_help(void **state)
{
    static const struct {
        const char *first, *body, *complaint;
        enum error_kind kind;
    } cases[] = {
        {"503 Service Unavailable", NULL, NULL, ERROR_NONE},
        {"400 Bad", SAYS("MANIFEST_BLOB_UNKNOWN", "not yet"), NULL, ERROR_NONE},
        {"400 Bad", SAYS("TAG_INVALID", "tags cannot be moved here"),
         "writing the manifest 'v1' to '127.0.0.1:", ERROR_UNSUPPORTED},
        {"201 Created\r\nDocker-Content-Digest: " EMPTY_DIGEST, NULL, NULL, ERROR_NONE},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            {"PUT /v2/a/manifests/v1 ", cases[i].first, cases[i].body},
            {"PUT /v2/a/manifests/v1 ", "201 Created", NULL},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        buf_add_text(&bytes, MANIFEST);
        int result = store_write_manifest(store, "v1", "application/vnd.oci.image.index.v1+json",
                                          &bytes, &err);
        if (cases[i].complaint == NULL)
            CHECK(result, err);
        else
            CHECK_REFUSED(result, err, cases[i].kind, cases[i].complaint);
    }
}

static void a_blob_of_another_length_than_described_is_noticed_before_it_is_read(void **state)
{
    static const struct answer answers[] = {PONG, {"GET /v2/a/blobs/", "200 OK", "six..."}};
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct reader *reader = NULL;

    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(world, script);
    buf_add_text(&bytes, "bytes");
    struct descriptor blob = describe(&bytes);
    CHECK_REFUSED(store->ops->open_blob(store, &blob, 0, SIZE_UNKNOWN, &reader, &err), err,
                  ERROR_CORRUPT, "has 6 bytes, its descriptor says 5");
}

static void a_registry_that_is_not_there_is_unreachable(void **state)
{
    struct world *world = *state;
    CLEANUP(text) char *text = xasprintf("127.0.0.1:%u/a", free_port());
    CLEANUP(store) struct store *store = open_text(world, text);
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct descriptor blob = describe(&bytes);
    bool is_there = false;

    CHECK_REFUSED(store_read_document(store, "v1", &found, &err), err, ERROR_UNREACHABLE,
                  "looking for the registry: ");
    CHECK_REFUSED(store_has_blob(store, &blob, &is_there, &err), err, ERROR_UNREACHABLE,
                  "cannot connect to '127.0.0.1:");
    CHECK_REFUSED(store_probe_write(store, &err), err, ERROR_UNREACHABLE, "connection refused");
}

/* Nobody waits half a minute to read that the port was mistyped. */
static void a_registry_that_is_not_there_is_told_at_once(void **state)
{
    static const struct http_options patient = {.user_agent = "inlay-test"};
    struct world *world = *state;
    CLEANUP(text) char *text = xasprintf("127.0.0.1:%u/a", free_port());
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    auth_free(TAKE(world->auth));
    http_free(world->http);
    world->http = http_new(&patient);
    world->auth = auth_new(&(struct auth_options){.http = world->http});
    CLEANUP(store) struct store *store = open_text(world, text);
    time_t begin = time(NULL);
    CHECK_REFUSED(store_read_document(store, "v1", &found, &err), err, ERROR_UNREACHABLE,
                  "connection refused");
    assert_true(time(NULL) - begin < 3);
}

static void run(const char *const *arguments)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
        execvp(arguments[0], (char *const *)(const void *)arguments);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        skip(); /* no openssl program here */
}

/* Falling back to plain http would hide that somebody else stands where the registry was. */
static void a_certificate_that_nobody_signed_does_not_lead_to_plain_http(void **state)
{
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;
    CLEANUP(text) char *key = xasprintf("%s/key.pem", world->folder);
    CLEANUP(text) char *certificate = xasprintf("%s/certificate.pem", world->folder);
    unsigned short port = free_port();
    CLEANUP(text) char *address = xasprintf("127.0.0.1:%u", port);
    CLEANUP(text) char *text = xasprintf("127.0.0.1:%u/a", port);

    run((const char *const[]){"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                              "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                              key, "-out", certificate, NULL});
    pid_t pid = fork();
    if (pid == 0) {
        int nothing = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(nothing, STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
        execlp("openssl", "openssl", "s_server", "-quiet", "-accept", address, "-key", key, "-cert",
               certificate, "-www", (char *)NULL);
        _exit(127);
    }
    for (unsigned waited = 0; waited < 250 && !answers(port); waited++)
        CHECK(cancel_wait(NULL, 20, &err), err);
    CLEANUP(store) struct store *store = open_text(world, text);
    int result = store_read_document(store, "v1", &found, &err);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_REFUSED(result, err, ERROR_UNSUPPORTED, "certificate");
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(reading_an_image_says_what_the_registry_said),
        ALONE(a_type_is_taken_without_its_parameters_and_in_any_case),
        ALONE(a_blob_is_there_if_the_registry_or_its_redirect_says_so),
        ALONE(a_probe_says_why_a_repository_cannot_be_written),
        ALONE(an_upload_that_is_refused_says_what_the_registry_said),
        ALONE(an_upload_whose_last_answer_was_lost_is_found_committed),
        ALONE(a_token_stays_with_the_registry_that_it_was_made_for),
        ALONE(a_mount_that_is_not_possible_becomes_a_stream),
        ALONE(a_manifest_is_written_again_when_that_may_help),
        ALONE(a_blob_of_another_length_than_described_is_noticed_before_it_is_read),
        ALONE(a_registry_that_is_not_there_is_unreachable),
        ALONE(a_registry_that_is_not_there_is_told_at_once),
        ALONE(a_certificate_that_nobody_signed_does_not_lead_to_plain_http),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
