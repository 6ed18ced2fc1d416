#include "store/registry_test_internal.h"

/* An address of this machine that is not called loopback stands for a host elsewhere. */
static void plain_http_elsewhere_is_spoken_only_where_it_is_allowed(void **state)
{
    static const struct answer answers[] = {
        {"GET /v2/ ", "200 OK", NULL},
        {"GET /v2/a/manifests/v1 ", "200 OK", "{\"schemaVersion\":2,\"manifests\":[]}"},
    };
    struct world *world = *state;

    for (unsigned allowed = 0; allowed < 2; allowed++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(document) struct document found = DOCUMENT_INIT;
        CLEANUP(script) struct script *script = script_new(answers, ARRAY_SIZE(answers));
        CLEANUP(text) char *host = xasprintf("0.0.0.0:%u", script->port);
        CLEANUP(text) char *name = xasprintf("%s/a", host);
        const char *const insecure[] = {host, NULL};
        const struct http_options options = {.user_agent = "inlay-test",
                                             .retries = 1,
                                             .retry_wait_ms = 10,
                                             .insecure = allowed > 0 ? insecure : NULL};
        auth_free(TAKE(world->auth));
        http_free(world->http);
        world->http = http_new(&options);
        world->auth = auth_new(&(struct auth_options){.http = world->http});
        CLEANUP(store) struct store *store = open_text(world, name);
        int result = store_read_document(store, "v1", &found, &err);
        if (allowed > 0) {
            CHECK(result, err);
            assert_true(script_saw(script, "GET /v2/ -\nGET /v2/a/manifests/v1 -\n"));
        } else {
            assert_int_equal(result, -1);
            assert_int_equal(script->log.size, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_http_elsewhere_is_spoken_only_where_it_is_allowed,
                                        world_setup, world_teardown),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
