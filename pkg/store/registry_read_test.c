#include "store/registry_test_internal.h"

#define NO_TAG "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}"

static void where_head_is_not_to_be_had_a_blob_is_found_by_get(void **state)
{
    static const struct {
        const char *head, *get, *body;
        bool is_there;
    } cases[] = {
        {"405 Method Not Allowed", "206 Partial\r\nContent-Range: bytes 0-0/5", "b", true},
        {"501 Not Implemented", "200 OK", "bytes", true},
        {"404 Not Found", "307 Temporary\r\nLocation: /elsewhere", NULL, true},
        {"404 Not Found", "307 Temporary\r\nLocation: /nowhere", NULL, false},
        {"404 Not Found", "307 Temporary\r\nLocation: http://127.0.0.1:1/x", NULL, false},
        {"405 Method Not Allowed", "416 Range\r\nContent-Range: bytes */0", NULL, true},
        {"405 Method Not Allowed", "404 Not Found", NULL, false},
        {"404 Not Found", "404 Not Found", NULL, false},
        {"403 Forbidden", "200 OK", "bytes", false},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            {"HEAD /v2/a/blobs/sha256:", cases[i].head, NULL},
            {"GET /v2/a/blobs/sha256:", cases[i].get, cases[i].body},
            {"GET /elsewhere ", "200 OK", "bytes"},
        };
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        buf_add_text(&bytes, "bytes");
        struct descriptor blob = describe(&bytes);
        assert_int_equal(blob_is_there(store, &blob), cases[i].is_there);
    }
}

/* One request a blob, once it is known which one tells the truth. */
static void what_head_is_worth_is_found_out_once(void **state)
{
    static const struct {
        const char *heads[2];
        unsigned head_count, get_count;
    } cases[] = {
        {{"405 Method Not Allowed", "405 Method Not Allowed"}, 1, 3},
        {{"200 OK", "404 Not Found"}, 3, 0},
        {{"404 Not Found", "200 OK"}, 1, 3},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            {"HEAD /v2/a/blobs/", cases[i].heads[0], NULL},
            {"HEAD /v2/a/blobs/", cases[i].heads[1], NULL},
            {"GET /v2/a/blobs/", "200 OK", "bytes"},
        };
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        buf_add_text(&bytes, "bytes");
        struct descriptor blob = describe(&bytes);
        assert_true(blob_is_there(store, &blob));
        (void)blob_is_there(store, &blob);
        (void)blob_is_there(store, &blob);
        assert_int_equal(count_requests(script, "HEAD /v2/a/blobs/"), cases[i].head_count);
        assert_int_equal(count_requests(script, "GET /v2/a/blobs/"), cases[i].get_count);
    }
}

static void an_unknown_tag_is_answered_with_those_there_are(void **state)
{
    static const struct {
        const char *head, *tags, *version, *complaint;
    } cases[] = {
        {"200 OK", "{\"name\":\"a\",\"tags\":[\"v1\",\"not a tag\",7,\"latest\"]}", "v9",
         "/a' has no image 'v9': the registry says 'MANIFEST_UNKNOWN: manifest unknown' (status "
         "404); there is 'v1', 'latest'"},
        {"200 OK", "{\"tags\":[\"1.3\",\"2.0\",\"1.4-e5\",\"1.4-bge\"]}", "1.4-e6",
         "(status 404); near it: 1.4-e5; there is '1.3', '2.0', '1.4-e5', '1.4-bge'"},
        {"200 OK", "{\"Tags\":[\"v1\",\"\\ud800\",1.0]}", "v9", "; there is 'v1'"},
        {"200 OK", "{\"name\":\"a\",\"tags\":null}", "v9", "(status 404); it has no tags"},
        {"200 OK",
         "{\"tags\":[\"01\",\"02\",\"03\",\"04\",\"05\",\"06\",\"07\",\"08\",\"09\",\"10\",\"11\","
         "\"12\",\"13\",\"14\",\"15\",\"16\",\"17\",\"18\",\"19\",\"20\",\"21\",\"22\"]}",
         "v9", "'19', '20' and 2 more"},
        {"200 OK", "<html>", "v9", "(status 404)"},
        {"200 OK", "{}", "v9", "(status 404)"},
        {"403 Forbidden", NULL, "v9", "(status 404)"},
        {NULL, NULL, "v9", "(status 404)"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            {"GET /v2/a/manifests/", "404 Not Found", NO_TAG},
            {"GET /v2/a/tags/list?n=", cases[i].head, cases[i].tags},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        assert_int_equal(store_read_document(store, cases[i].version, &found, &err), -1);
        size_t size = strlen(err.text);
        size_t expected = strlen(cases[i].complaint);
        assert_int_equal(err.kind, ERROR_NOT_FOUND);
        assert_true(size >= expected);
        assert_string_equal(err.text + size - expected, cases[i].complaint);
    }
}

/* There may be thousands, and none of them is what was meant. */
static void an_unknown_digest_is_not(void **state)
{
    static const struct answer answers[] = {
        PONG,
        {"GET /v2/a/manifests/", "404 Not Found", NO_TAG},
    };
    struct world *world = *state;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(document) struct document found = DOCUMENT_INIT;

    CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
    CLEANUP(store) struct store *store = script_open(world, script);
    CHECK_REFUSED(store_read_document(
                      store,
                      "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                      &found, &err),
                  err, ERROR_NOT_FOUND, "(status 404)");
    assert_int_equal(count_requests(script, "tags"), 0);
}

#define GOOD "{\"schemaVersion\":2,\"manifests\":[]}"
#define CHANGED "{\"schemaVersion\":2,\"manifests\":[],\"a\":1}"

/* What is changed on the way, or is said to be what it is not. */
static void a_manifest_by_tag_is_what_the_registry_says_that_it_is(void **state)
{
    static const struct {
        const char *head, *body; /* of the answer for the digest that the tag's answer names */
        const char *complaint;   /* NULL: `expected` is read */
        const char *expected;
        enum error_kind kind;
    } cases[] = {
        {"200 OK", GOOD, NULL, GOOD, ERROR_NONE},
        {"404 Not Found", NO_TAG, NULL, CHANGED, ERROR_NONE},
        {"200 OK", CHANGED, "something on the way changes them", NULL, ERROR_CORRUPT},
        {"403 Forbidden", NULL, "cannot be read", NULL, ERROR_DENIED},
    };
    struct world *world = *state;
    struct digest digest = digest_of(DIGEST_SHA256, GOOD, strlen(GOOD));
    CLEANUP(text)
    char *head = xasprintf("200 OK\r\nDocker-Content-Digest: %s", digest_format(&digest).text);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            {"GET /v2/a/manifests/v1 ", head, CHANGED},
            {"GET /v2/a/manifests/sha256:", cases[i].head, cases[i].body},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        int result = store_read_document(store, "v1", &found, &err);
        if (cases[i].complaint == NULL)
            CHECK(result, err);
        else
            CHECK_REFUSED(result, err, cases[i].kind, cases[i].complaint);
        if (cases[i].expected != NULL)
            assert_string_equal(buf_text(&found.bytes), cases[i].expected);
    }
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_manifest_by_tag_is_what_the_registry_says_that_it_is),
        ALONE(where_head_is_not_to_be_had_a_blob_is_found_by_get),
        ALONE(what_head_is_worth_is_found_out_once),
        ALONE(an_unknown_tag_is_answered_with_those_there_are),
        ALONE(an_unknown_digest_is_not),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
