#include "oci/media_type.h"
#include "store/registry_test_internal.h"

/* What speaks for a refusal of the body is asked by PATCH, once for all blobs. */
static void a_small_blob_goes_in_the_put_unless_that_is_refused(void **state)
{
    static const struct {
        const char *put;
        unsigned posts, patches, puts;
    } cases[] = {
        {"201 Created", 2, 0, 2},
        {"400 Bad Request", 3, 2, 3},
        {"405 Method Not Allowed", 3, 2, 3},
        {"411 Length Required", 3, 2, 3},
        {"413 Too Large", 3, 2, 3},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            BEGUN,
            {"HEAD /v2/a/blobs/", "404 Not Found", NULL},
            {"PUT ", cases[i].put, NULL},
            {"PUT ", "201 Created", NULL},
            {"PATCH ", "202 Accepted", NULL},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        CHECK(write_five(store, &err), err);
        CHECK(write_five(store, &err), err);
        assert_int_equal(count_requests(script, "POST /v2/a/blobs/uploads/ "), cases[i].posts);
        assert_int_equal(count_requests(script, "PATCH "), cases[i].patches);
        assert_int_equal(count_requests(script, "PUT "), cases[i].puts);
    }
}

/* A manifest that is written after them waits for them. */
static void small_blobs_may_be_on_their_way_until_the_manifest(void **state)
{
    static const struct {
        const char *put;
        unsigned manifests;
        enum error_kind kind;
    } cases[] = {
        {"201 Created", 1, ERROR_NONE},
        {"403 Forbidden", 0, ERROR_DENIED},
    };
    struct world *world = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct answer answers[] = {
            PONG,
            BEGUN,
            {"PUT /up/1?_state=x&digest=sha256%3A", cases[i].put, NULL},
            {"PUT /v2/a/manifests/v1 ", "201 Created", NULL},
        };
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf manifest = BUF_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(store) struct store *store = script_open(world, script);
        buf_add_text(&manifest, "{\"schemaVersion\":2,\"manifests\":[]}");
        store_write_later(store);
        for (unsigned k = 0; k < 6; k++) /* more than are on their way at a time */
            if (write_five(store, &err) < 0)
                break;
        assert_true(store_unsettled(store) <= REGISTRY_LATER_MOST);
        if (err.kind == ERROR_NONE &&
            store_write_manifest(store, "v1", MEDIA_TYPE_OCI_INDEX, &manifest, &err) == 0)
            assert_int_equal(count_requests(script, "PUT /up/1"), 6);
        assert_int_equal(err.kind, cases[i].kind);
        if (cases[i].kind != ERROR_NONE)
            assert_non_null(strstr(err.text, "uploading a blob to '127.0.0.1:"));
        assert_int_equal(count_requests(script, "PUT /v2/a/manifests/v1 "), cases[i].manifests);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_blob_goes_in_the_put_unless_that_is_refused,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(small_blobs_may_be_on_their_way_until_the_manifest,
                                        world_setup, world_teardown),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
