#include "store/registry_test_internal.h"

#define CHUNKED "200 OK\r\nTransfer-Encoding: chunked"
#define REST "206 Partial Content\r\nContent-Range: bytes 2-4/5"

/* "hello", as the blob that is asked for. */
static struct descriptor hello(void)
{
    struct descriptor blob = {.digest = digest_of(DIGEST_SHA256, "hello", 5), .size = 5};

    return blob;
}

static void a_blob_that_does_not_come_whole_is_read_on_or_once_again(void **state)
{
    static const struct {
        struct answer first, next;
        size_t requests;
        const char *complaint;
    } cases[] = {
        {{"GET /v2/a/blobs/", CHUNKED, "2\r\nhe\r\n"}, {"GET /v2/a/blobs/", REST, "llo"}, 2, NULL},
        {{"GET /v2/a/blobs/", CHUNKED, "2\r\nhe\r\n0\r\n\r\n"},
         {"GET /v2/a/blobs/", REST, "llo"},
         2,
         NULL},
        /* One without ranges gives all of it, and what is there already is dropped. */
        {{"GET /v2/a/blobs/", CHUNKED, "2\r\nhe\r\n"},
         {"GET /v2/a/blobs/", "200 OK", "hello"},
         2,
         NULL},
        {{"GET /v2/a/blobs/", "200 OK", "hallo"}, {"GET /v2/a/blobs/", "200 OK", "hello"}, 2, NULL},
        {{"GET /v2/a/blobs/", "200 OK", "hell"}, {"GET /v2/a/blobs/", "200 OK", "hello"}, 2, NULL},
        {{"GET /v2/a/blobs/", "200 OK", "hallo"},
         {"GET /v2/a/blobs/", "200 OK", "hallo"},
         2,
         "has the digest sha256:"},
        {{"GET /v2/a/blobs/", CHUNKED, "2\r\nhe\r\n0\r\n\r\n"},
         {"GET /v2/a/blobs/", "416 Range Not Satisfiable", NULL},
         3,
         "the registry answers with status 416"}, /* to what was asked for anew, the whole */
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {PONG, cases[i].first, cases[i].next};
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf found = BUF_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        const struct descriptor blob = hello();
        int result = store_read_blob(store, &blob, &found, &err);
        if (cases[i].complaint == NULL) {
            CHECK(result, err);
            assert_string_equal(buf_text(&found), "hello");
        } else {
            assert_int_equal(result, -1);
            assert_non_null(strstr(err.text, cases[i].complaint));
        }
        assert_int_equal(count_requests(script, "GET /v2/a/blobs/"), cases[i].requests);
    }
}

#define SILENT_TWICE SILENT, SILENT
#define SILENT                                                                                     \
    {                                                                                              \
        "GET /v2/a/blobs/", SILENCE, NULL                                                          \
    }
/* It is opened, and breaks before a byte. */
#define OPENED                                                                                     \
    {                                                                                              \
        "GET /v2/a/blobs/", REST "\r\nTransfer-Encoding: chunked", "1\r\n"                         \
    }

/* Each time it is opened after half of the wait that is enough. */
static void a_registry_that_is_mostly_silent_ends_a_blob_long_before_its_tries(void **state)
{
    static const struct answer answers[] = {
        PONG,
        {"GET /v2/a/blobs/", CHUNKED, "2\r\nhe\r\n"},
        SILENT_TWICE,
        SILENT_TWICE,
        SILENT_TWICE,
        SILENT_TWICE,
        OPENED,
        SILENT_TWICE,
        SILENT_TWICE,
        SILENT_TWICE,
        SILENT_TWICE,
        OPENED,
        {"GET /v2/a/blobs/", REST, "llo"},
    };
    struct world world = *(const struct world *)*state;
    CLEANUP(http)
    struct http *http = http_new(&(struct http_options){
        .user_agent = "inlay/test", .stall_timeout_s = 1, .retries = 20, .retry_wait_ms = 1});
    CLEANUP(auth) struct auth *auth = auth_new(&(struct auth_options){.http = http});
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(buf) struct buf found = BUF_INIT;
    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    const struct descriptor blob = hello();

    world.http = http;
    world.auth = auth;
    CLEANUP(store) struct store *store = script_open(&world, script);
    assert_int_equal(store_read_blob(store, &blob, &found, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_true(count_requests(script, "GET /v2/a/blobs/") <= 1 + 2 * 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_blob_that_does_not_come_whole_is_read_on_or_once_again,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_registry_that_is_mostly_silent_ends_a_blob_long_before_its_tries, world_setup,
            world_teardown),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
