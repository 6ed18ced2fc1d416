#include "store/registry_test_internal.h"

#define OTHER_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void a_session_that_nobody_used_is_cancelled_unless_that_needs_another_token(void **state)
{
    static const struct {
        struct answer post, again;
        bool is_cancelled;
    } cases[] = {
        {{"POST /v2/a/blobs/uploads/ ", "202 Accepted\r\nLocation: /up/1?_state=x", NULL},
         {"GET /unused", "200 OK", NULL},
         true},
        {{"POST /v2/a/blobs/uploads/ ",
          "401 Unauthorized\r\nWWW-Authenticate: Bearer "
          "realm=\"http://127.0.0.1:{port}/token\",service=\"s\"",
          NULL},
         {"POST /v2/a/blobs/uploads/ ", "202 Accepted\r\nLocation: /up/1?_state=x", NULL},
         false},
        {{"POST /v2/a/blobs/uploads/ ",
          "202 Accepted\r\nLocation: http://127.0.0.1:{other}/up/1?_state=x", NULL},
         {"GET /unused", "200 OK", NULL},
         false},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            cases[i].post,
            cases[i].again,
            {"GET /token?", "200 OK", "{\"token\":\"for-writing\",\"expires_in\":3600}"},
            {"DELETE /up/1?_state=x ", "204 No Content", NULL},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *other = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        script->other_port = other->port;
        struct store *store = script_open(world, script);
        CHECK(store_probe_write(store, &err), err);
        store_free(store);
        assert_int_equal(strstr(buf_text(&script->log), "DELETE") != NULL, cases[i].is_cancelled);
        assert_int_equal(other->log.size, 0);
    }
}

static void a_registry_that_takes_no_uploads_is_told_so(void **state)
{
    static const struct answer answers[] = {
        PONG,
        {"POST /v2/a/blobs/uploads/ ", "405 Method Not Allowed",
         "{\"errors\":[{\"code\":\"UNSUPPORTED\",\"message\":\"read only\"}]}"},
    };
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(world, script);

    CHECK_REFUSED(store_probe_write(store, &err), err, ERROR_DENIED,
                  "cannot be written: the registry takes no uploads, as one that is read-only or a "
                  "cache of another: the registry says 'UNSUPPORTED: read only' (status 405)");
}

static void a_mount_is_believed_if_it_names_the_blob_and_else_opens_the_upload(void **state)
{
    static const struct {
        const char *head;
        enum store_copied how;
        const char *requests; /* from the mount on, behind its target */
    } cases[] = {
        {"201 Created", STORE_MOUNTED, "&from=b/c -\n"},
        {"202 Accepted\r\nLocation: /up/9", STORE_STREAMED,
         "&from=b/c -\nGET /v2/b/c/blobs/{digest} -\nPUT /up/9?digest="},
        {"202 Accepted", STORE_STREAMED,
         "&from=b/c -\nGET /v2/b/c/blobs/{digest} -\nPOST /v2/a/blobs/uploads/ -\nPUT "
         "/up/1?digest="},
        {"201 Created\r\nDocker-Content-Digest: " OTHER_DIGEST, STORE_STREAMED,
         "&from=b/c -\nGET /v2/b/c/blobs/{digest} -\nPOST /v2/a/blobs/uploads/ -\nPUT "
         "/up/1?digest="},
    };
    static const struct store_copy_options options = {.cancel = NULL};
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            {"HEAD /v2/a/blobs/", "404 Not Found", NULL},
            {"POST /v2/a/blobs/uploads/?mount=sha256:", cases[i].head, NULL},
            {"POST /v2/a/blobs/uploads/ ", "202 Accepted\r\nLocation: /up/1", NULL},
            {"GET /v2/b/c/blobs/", "200 OK", "bytes"},
            {"PUT ", "201 Created", NULL},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        enum store_copied how = STORE_WAS_THERE;
        const char *origin = NULL;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(text) char *neighbour = xasprintf("127.0.0.1:%u/b/c", script->port);
        CLEANUP(store) struct store *from = open_text(world, neighbour);
        CLEANUP(store) struct store *to = script_open(world, script);
        buf_add_text(&bytes, "bytes");
        struct descriptor blob = describe(&bytes);
        const char *gap = strstr(cases[i].requests, "{digest}");
        CLEANUP(text)
        char *requests =
            gap == NULL ? xstrdup(cases[i].requests)
                        : xasprintf("%.*s%s%s", (int)(gap - cases[i].requests), cases[i].requests,
                                    digest_format(&blob.digest).text, gap + strlen("{digest}"));
        CHECK(registry_origin(registry_of(from), &origin, &err), err); /* not in between */
        CHECK(store_copy_blob(from, to, &blob, &options, &how, &err), err);
        assert_int_equal(how, cases[i].how);
        assert_true(script_saw(script, requests));
    }
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_registry_that_takes_no_uploads_is_told_so, world_setup,
                                        world_teardown),
        ALONE(a_session_that_nobody_used_is_cancelled_unless_that_needs_another_token),
        ALONE(a_mount_is_believed_if_it_names_the_blob_and_else_opens_the_upload),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
