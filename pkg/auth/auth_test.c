#include "auth/auth_test_internal.h"

static const char *const pull_scopes[] = {"repository:me/app:pull", NULL};

static int ask(const struct world *world, const struct registry *registry, const int *expect,
               struct http_response *response, struct error *err)
{
    CLEANUP(text) char *url = xasprintf("%s/v2/me/app/blobs/x?sig=1", registry->url);
    struct auth_scope scope = {registry->url, pull_scopes};
    struct http_request request = {.method = "GET", .url = url, .expect = expect};

    return auth_send(world->auth, &scope, &request, response, err);
}

/* Asks once and hopes for the content. */
static void ask_well(const struct world *world, const struct registry *registry)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (ask(world, registry, HTTP_EXPECT(200), &response, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(buf_text(&response.body), "content");
}

static void a_token_is_fetched_as_the_challenge_asks_and_kept(void **state)
{
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world(NULL);

    (void)state;
    registry_start(&registry);
    ask_well(&world, &registry);
    ask_well(&world, &registry);
    registry_stop(&registry);
    assert_int_equal(registry.requests, 3); /* the first one twice */
    assert_int_equal(registry.tokens, 1);
    assert_non_null(strstr(registry.token_request,
                           "GET /token?service=reg&scope=repository:me/app:pull HTTP/1.1\r\n"));
    assert_null(strstr(registry.token_request, "Authorization"));
    assert_string_equal(registry.authorization, "Authorization: Bearer t1");
}

static const char *const more_scopes[] = {"repository:me/other:pull", NULL};

/* The same for another repository; how many requests and tokens that took. */
static void ask_for_another(const struct world *world, struct registry *registry, const char *words)
{
    CLEANUP(text) char *url = xasprintf("%s/v2/me/other/blobs/x", registry->url);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct auth_scope scope = {registry->url, more_scopes};
    struct http_request request = {.method = "GET", .url = url, .expect = HTTP_EXPECT(200)};

    int result = auth_send(world->auth, &scope, &request, &response, &err);
    if (words == NULL && result < 0)
        fail_msg("%s", err.text);
    if (words != NULL && (result == 0 || strstr(err.text, words) == NULL))
        fail_msg("%s", result < 0 ? err.text : "it was let in");
}

static void a_challenge_that_was_met_is_foreseen_for_other_scopes(void **state)
{
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world(NULL);

    (void)state;
    registry_start(&registry);
    ask_well(&world, &registry);
    ask_for_another(&world, &registry, NULL);
    registry_stop(&registry);
    assert_int_equal(registry.requests, 3); /* the first one twice, the other once */
    assert_int_equal(registry.tokens, 2);
    assert_non_null(strstr(registry.token_request, "scope=repository:me/other:pull HTTP/1.1\r\n"));
    assert_string_equal(registry.authorization, "Authorization: Bearer t2");
}

/* What is wrong then is what the registry itself says. */
static void what_was_foreseen_and_does_not_hold_is_as_if_nothing_were_known(void **state)
{
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world(NULL);

    (void)state;
    registry_start(&registry);
    ask_well(&world, &registry);
    pthread_mutex_lock(&registry.lock);
    registry.valid_from = 3; /* the token that was foreseen is not good for it */
    pthread_mutex_unlock(&registry.lock);
    ask_for_another(&world, &registry, NULL);
    assert_int_equal(registry.requests, 4);
    assert_int_equal(registry.tokens, 3);
    registry_stop(&registry);

    struct registry refusing = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world other = new_world(NULL);
    registry_start(&refusing);
    ask_well(&other, &refusing);
    pthread_mutex_lock(&refusing.lock);
    refusing.token_status = 403;
    pthread_mutex_unlock(&refusing.lock);
    ask_for_another(&other, &refusing, "answered with status 403");
    registry_stop(&refusing);
    assert_int_equal(refusing.requests, 3); /* without a token, to be told what it wants */
    assert_int_equal(refusing.tokens, 3);
}

static void a_registry_that_asks_for_nothing_gets_nothing(void **state)
{
    struct registry registry = {.open = true};
    CLEANUP(world) struct world world = new_world(NULL);
    CLEANUP(text) char *header = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    registry_start(&registry);
    ask_well(&world, &registry);
    struct auth_scope scope = {registry.url, pull_scopes};
    assert_int_equal(auth_authorize(world.auth, &scope, &header, &err), 0);
    registry_stop(&registry);
    assert_null(header);
    assert_string_equal(registry.authorization, "");
    assert_int_equal(registry.tokens + registry.pings, 0);
}

static void the_bearer_challenge_is_found_among_several_headers(void **state)
{
    struct registry registry = {
        .challenge = "WWW-Authenticate: Negotiate\r\n"
                     "WWW-Authenticate: Basic realm=\"x, y\"\r\n"
                     "www-authenticate: Digest realm=z, Bearer realm=\"%s/token\"\r\n",
        .valid_from = 1,
    };
    CLEANUP(world) struct world world = new_world(NULL);

    (void)state;
    registry_start(&registry);
    ask_well(&world, &registry);
    registry_stop(&registry);
    assert_int_equal(registry.tokens, 1);
}

static void a_token_is_renewed_when_it_is_refused_and_before_it_ends(void **state)
{
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world(NULL);
    CLEANUP(text) char *header = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    registry_start(&registry);
    ask_well(&world, &registry);
    pthread_mutex_lock(&registry.lock);
    registry.valid_from = 2; /* t1 is revoked */
    registry.expires_in = 60;
    pthread_mutex_unlock(&registry.lock);
    ask_well(&world, &registry);
    assert_int_equal(registry.tokens, 2);
    struct auth_scope scope = {registry.url, pull_scopes};
    assert_int_equal(auth_authorize(world.auth, &scope, &header, &err), 0);
    assert_string_equal(header, "Bearer t2");
    assert_int_equal(cancel_wait(NULL, 7000, &err), 0); /* 53 s left: not enough for an upload */
    free(TAKE(header));
    assert_int_equal(auth_authorize(world.auth, &scope, &header, &err), 0);
    registry_stop(&registry);
    assert_string_equal(header, "Bearer t3");
    assert_int_equal(registry.tokens, 3);
    assert_int_equal(registry.pings, 0);
}

static void authorizing_first_asks_the_registry_what_it_wants(void **state)
{
    static const char *const scopes[] = {"repository:me/app:pull,push", "repository:o/b:pull",
                                         NULL};
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world(NULL);
    CLEANUP(text) char *header = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    registry_start(&registry);
    struct auth_scope scope = {registry.url, scopes};
    assert_int_equal(auth_authorize(world.auth, &scope, &header, &err), 0);
    registry_stop(&registry);
    assert_string_equal(header, "Bearer t1");
    assert_int_equal(registry.pings, 1);
    assert_non_null(
        strstr(registry.token_request,
               "&scope=repository:me/app:pull,push&scope=repository:o/b:pull HTTP/1.1\r\n"));
}

static void a_denial_says_what_was_denied_and_why(void **state)
{
    static const struct {
        const char *challenge;
        int token_status;
        bool looked;
        const char *reason;
    } cases[] = {
        {BEARER, 0, true,
         ": GET '%s/v2/me/app/blobs/x' was answered with status 401: 'UNAUTHORIZED: log "
         "in'"},
        {BEARER, 403, true,
         ": getting a token for '%s': GET '%s/token' was answered with status 403"},
        {"WWW-Authenticate: Basic realm=\"x\"\r\n", 0, true, ": it wants a user and a password"},
        {"WWW-Authenticate: Bearer service=\"no realm\"\r\n", 0, false,
         ": it answered with status 401 and does not say how to log in"},
        {"", 0, false, ": it answered with status 401 and does not say how to log in"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct registry registry = {
            .challenge = cases[i].challenge,
            .token_status = cases[i].token_status,
        };
        CLEANUP(world) struct world world = new_world(NULL);
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf text = BUF_INIT;
        registry_start(&registry);
        assert_int_equal(ask(&world, &registry, HTTP_EXPECT(200), &response, &err), -1);
        assert_int_equal(err.kind, ERROR_DENIED);
        assert_int_equal(ask(&world, &registry, HTTP_EXPECT(200, 401), &response, &err), 0);
        assert_int_equal(response.status, 401); /* admitted, so handed over */
        registry_stop(&registry);
        buf_addf(&text, "access to 'me/app' at '%s' is denied", registry.url);
        for (const char *at = cases[i].reason; *at != '\0'; at++) {
            if (*at == '%')
                buf_add_text(&text, registry.url);
            else
                buf_add(&text, at, 1);
            at += *at == '%' ? 1 : 0;
        }
        if (cases[i].looked)
            buf_addf(&text,
                     "; there are no credentials for '%s': 'docker login %s', 'skopeo login "
                     "%s' or --creds %s=FILE gives some",
                     registry.url + 7, registry.url + 7, registry.url + 7, registry.url + 7);
        assert_string_equal(err.text, buf_text(&text));
    }
}

static void a_token_never_goes_to_another_host(void **state)
{
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    struct registry other = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world(NULL);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    registry_start(&registry);
    registry_start(&other);
    ask_well(&world, &registry);
    CLEANUP(text) char *url = xasprintf("%s/upload", other.url);
    struct auth_scope scope = {registry.url, pull_scopes};
    struct http_request request = {.method = "GET", .url = url, .expect = HTTP_EXPECT(200)};
    assert_int_equal(auth_send(world.auth, &scope, &request, &response, &err), -1);
    registry_stop(&registry);
    registry_stop(&other);
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_int_equal(other.requests, 1);
    assert_string_equal(other.authorization, "");
    assert_int_equal(other.tokens, 0);
    assert_null(strstr(err.text, "t1"));
}

static void opening_streams_with_a_token(void **state)
{
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world(NULL);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    registry_start(&registry);
    CLEANUP(text) char *url = xasprintf("%s/v2/me/app/blobs/x", registry.url);
    struct auth_scope scope = {registry.url, pull_scopes};
    struct http_request request = {.method = "GET", .url = url, .expect = HTTP_EXPECT(200)};
    assert_int_equal(auth_open(world.auth, &scope, &request, &response, &body, &err), 0);
    assert_int_equal(reader_read_all(body, 100, &bytes, &err), 0);
    reader_free(TAKE(body));
    registry_stop(&registry);
    assert_string_equal(buf_text(&bytes), "content");
}

struct job {
    const struct world *world;
    const struct registry *registry;
    int result;
    enum error_kind kind;
};

static void *run_job(void *arg)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct job *job = arg;

    job->result = ask(job->world, job->registry, HTTP_EXPECT(200), &response, &err);
    job->kind = err.kind;
    return NULL;
}

static void threads_wait_for_one_renewal_and_share_its_outcome(void **state)
{
    static const struct {
        int token_status;
        int result;
        enum error_kind kind;
    } cases[] = {
        {0, 0, ERROR_NONE},
        {403, -1, ERROR_DENIED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct registry registry = {
            .challenge = BEARER,
            .valid_from = 1,
            .expires_in = 300,
            .token_delay_ms = 500,
            .token_status = cases[i].token_status,
        };
        CLEANUP(world) struct world world = new_world(NULL);
        struct job jobs[4];
        pthread_t threads[ARRAY_SIZE(jobs)];
        registry_start(&registry);
        for (size_t j = 0; j < ARRAY_SIZE(jobs); j++) {
            jobs[j] = (struct job){.world = &world, .registry = &registry};
            pthread_create(&threads[j], NULL, run_job, &jobs[j]);
        }
        for (size_t j = 0; j < ARRAY_SIZE(jobs); j++) {
            pthread_join(threads[j], NULL);
            assert_int_equal(jobs[j].result, cases[i].result);
            assert_int_equal(jobs[j].kind, cases[i].kind);
        }
        registry_stop(&registry);
        assert_int_equal(registry.tokens, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_fetched_as_the_challenge_asks_and_kept),
        cmocka_unit_test(a_challenge_that_was_met_is_foreseen_for_other_scopes),
        cmocka_unit_test(what_was_foreseen_and_does_not_hold_is_as_if_nothing_were_known),
        cmocka_unit_test(a_registry_that_asks_for_nothing_gets_nothing),
        cmocka_unit_test(the_bearer_challenge_is_found_among_several_headers),
        cmocka_unit_test(a_token_is_renewed_when_it_is_refused_and_before_it_ends),
        cmocka_unit_test(authorizing_first_asks_the_registry_what_it_wants),
        cmocka_unit_test(a_denial_says_what_was_denied_and_why),
        cmocka_unit_test(a_token_never_goes_to_another_host),
        cmocka_unit_test(opening_streams_with_a_token),
        cmocka_unit_test(threads_wait_for_one_renewal_and_share_its_outcome),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    setenv("HOME", "/nonexistent", 1);
    setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("DOCKER_CONFIG");
    unsetenv("DOCKER_AUTH_CONFIG");
    unsetenv("REGISTRY_AUTH_FILE");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
