#include "auth/auth_test_internal.h"
#include "auth/folder_test_internal.h"

/* bob:pass */
#define BOB "Ym9iOnBhc3M="
#define BASIC "WWW-Authenticate: Basic realm=\"x\"\r\n"

/* A file with an entry for the registry, which is the rest of `entry`. */
static char *put_entry(const char *folder, const struct registry *registry, const char *entry)
{
    CLEANUP(text)
    char *json = xasprintf("{\"auths\":{\"%s\":{%s}}}", registry->url + strlen("http://"), entry);

    folder_put(folder, "auth.json", json, false);
    return xasprintf("%s/auth.json", folder);
}

static int ask(const struct world *world, const struct registry *registry,
               struct http_response *response, struct error *err)
{
    static const char *const scopes[] = {"repository:me/app:pull", "repository:other:pull", NULL};
    CLEANUP(text) char *url = xasprintf("%s/v2/me/app/blobs/x", registry->url);
    struct auth_scope scope = {registry->url, scopes};
    struct http_request request = {.method = "GET", .url = url};

    return auth_send(world->auth, &scope, &request, response, err);
}

static void credentials_are_used_as_the_challenge_asks(void **state)
{
    static const struct {
        const char *entry, *challenge;
        int post_status;
        unsigned tokens, posts;
        const char *token_request; /* what the last one to /token has in it; NULL: none */
        const char *authorization; /* of the last request */
    } cases[] = {
        {"\"auth\":\"" BOB "\"", BASIC, 0, 0, 0, NULL, "Authorization: Basic " BOB},
        {"\"auth\":\"" BOB "\"", BEARER, 0, 1, 0, "\r\nAuthorization: Basic " BOB "\r\n",
         "Authorization: Bearer t1"},
        {"\"auth\":\"" BOB "\"", BEARER, 0, 1, 0,
         "GET /token?service=reg&scope=repository:me/app:pull&scope=repository:other:pull&account="
         "bob HTTP",
         "Authorization: Bearer t1"},
        {"\"auth\":\"" BOB "\"", BASIC BEARER, 0, 1, 0, "GET /token", "Authorization: Bearer t1"},
        {"\"identitytoken\":\"id t\"", BEARER, 0, 1, 1,
         "\r\n\r\ngrant_type=refresh_token&service=reg&client_id=inlay&scope=repository%3Ame%2Fapp%"
         "3Apull%20repository%3Aother%3Apull&refresh_token=id%20t",
         "Authorization: Bearer t1"},
        {"\"identitytoken\":\"idt\"", BEARER, 0, 1, 1,
         "\r\nContent-Type: application/x-www-form-urlencoded\r\n", "Authorization: Bearer t1"},
        /* bob:idt */
        {"\"auth\":\"Ym9iOg==\",\"identitytoken\":\"idt\"", BEARER, 404, 2, 1,
         "\r\nAuthorization: Basic Ym9iOmlkdA==\r\n", "Authorization: Bearer t2"},
        {"\"auth\":\"Ym9iOg==\",\"identitytoken\":\"idt\"", BEARER, 400, 2, 1, "GET /token",
         "Authorization: Bearer t2"},
        {"\"auth\":\"Ym9iOg==\",\"identitytoken\":\"idt\"", BEARER, 405, 2, 1, "GET /token",
         "Authorization: Bearer t2"},
        {"\"registrytoken\":\"t7\"", BEARER, 0, 0, 0, NULL, "Authorization: Bearer t7"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct registry registry = {
            .challenge = cases[i].challenge,
            .valid_from = 1,
            .expires_in = 300,
            .password = BOB,
            .post_status = cases[i].post_status,
        };
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        registry_start(&registry);
        CLEANUP(text) char *file = put_entry(*state, &registry, cases[i].entry);
        CLEANUP(world) struct world world = new_world(file);
        int result = ask(&world, &registry, &response, &err);
        registry_stop(&registry);
        if (result < 0)
            fail_msg("%zu: %s", i, err.text);
        assert_string_equal(buf_text(&response.body), "content");
        assert_int_equal(registry.tokens, cases[i].tokens);
        assert_int_equal(registry.posts, cases[i].posts);
        assert_string_equal(registry.authorization, cases[i].authorization);
        if (cases[i].token_request != NULL &&
            strstr(registry.token_request, cases[i].token_request) == NULL)
            fail_msg("%zu: %s", i, registry.token_request);
    }
}

static void a_registry_that_does_not_ask_gets_no_credentials(void **state)
{
    struct registry registry = {.open = true};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    registry_start(&registry);
    CLEANUP(text) char *file = put_entry(*state, &registry, "\"auth\":\"" BOB "\"");
    CLEANUP(world) struct world world = new_world(file);
    assert_int_equal(ask(&world, &registry, &response, &err), 0);
    registry_stop(&registry);
    assert_string_equal(registry.authorization, "");
    struct auth_scope scope = {registry.url, (const char *const[]){NULL}};
    CLEANUP(text) char *provenance = auth_describe(world.auth, &scope);
    assert_string_equal(provenance,
                        "the registry has not asked for credentials, so none were sent");
}

static void wrong_credentials_are_named_and_never_shown(void **state)
{
    static const struct {
        const char *entry, *challenge;
        int token_status;
        const char *provenance;
    } cases[] = {
        {"\"auth\":\"Ym9iOlNFQ1JFVA==\"", BASIC, 0,
         "the credentials of 'bob' come from '%s', key '%s'"},
        {"\"auth\":\"Ym9iOlNFQ1JFVA==\"", BEARER, 401,
         "the credentials of 'bob' come from '%s', key '%s'"},
        {"\"auth\":\"Ym9iOlNFQ1JFVA==\"", BEARER, 0,
         "the credentials of 'bob' come from '%s', key '%s'"},
        {"\"identitytoken\":\"SECRET\"", BEARER, 403,
         "the identity token comes from '%s', key '%s'"},
        {"\"identitytoken\":\"SECRET\"", BASIC, 0, "the identity token comes from '%s', key '%s'"},
        {"\"registrytoken\":\"SECRET\"", BEARER, 0, "the registry token comes from '%s', key '%s'"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct registry registry = {
            .challenge = cases[i].challenge,
            .password = BOB,
            .token_status = cases[i].token_status,
            .words = "{\"message\":\"'SECRET' is no password of bob\"}",
        };
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(buf) struct buf provenance = BUF_INIT;
        registry_start(&registry);
        CLEANUP(text) char *file = put_entry(*state, &registry, cases[i].entry);
        CLEANUP(world) struct world world = new_world(file);
        assert_int_equal(ask(&world, &registry, &response, &err), -1);
        registry_stop(&registry);
        assert_int_equal(err.kind, ERROR_DENIED);
        buf_add(&provenance, cases[i].provenance, strcspn(cases[i].provenance, "%"));
        buf_addf(&provenance, "%s', key '%s'", file, registry.url + strlen("http://"));
        if (strstr(err.text, buf_text(&provenance)) == NULL || strstr(err.text, "SECRET") != NULL ||
            strstr(err.text, "U0VDUkVU") != NULL)
            fail_msg("%zu: '%s' does not tell '%s'", i, err.text, buf_text(&provenance));
    }
}

static void a_missing_page_of_tokens_says_nothing_of_what_the_registry_has(void **state)
{
    static const int statuses[] = {404, 410};

    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        struct registry registry = {
            .challenge = BEARER,
            .password = BOB,
            .token_status = statuses[i],
        };
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        registry_start(&registry);
        CLEANUP(text) char *file = put_entry(*state, &registry, "\"auth\":\"" BOB "\"");
        CLEANUP(world) struct world world = new_world(file);
        assert_int_equal(ask(&world, &registry, &response, &err), -1);
        registry_stop(&registry);
        assert_int_equal(err.kind, ERROR_UNSUPPORTED);
        assert_non_null(strstr(err.text, "getting a token for"));
    }
}

static void what_a_helper_said_is_asked_anew_when_it_is_refused(void **state)
{
    static const char script[] = "#!/bin/sh\n"
                                 "cat >/dev/null; echo x >>\"$HOME/asked\"\n"
                                 "cat \"$HOME/answer\"\n";
    struct registry registry = {.challenge = BASIC, .password = BOB};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    folder_be_home(*state);
    folder_put(*state, "bin/docker-credential-x", script, true);
    folder_put(*state, "answer", "{\"Username\":\"bob\",\"Secret\":\"pass\"}", false);
    folder_put(*state, ".docker/config.json", "{\"credsStore\":\"x\"}", false);
    registry_start(&registry);
    CLEANUP(world) struct world world = new_world(NULL);
    assert_int_equal(ask(&world, &registry, &response, &err), 0);

    /* The password has changed at both ends, as a short-lived one does; ann:new */
    folder_put(*state, "answer", "{\"Username\":\"ann\",\"Secret\":\"new\"}", false);
    pthread_mutex_lock(&registry.lock);
    registry.password = "YW5uOm5ldw==";
    pthread_mutex_unlock(&registry.lock);
    if (ask(&world, &registry, &response, &err) < 0)
        fail_msg("%s", err.text);
    registry_stop(&registry);
    assert_string_equal(registry.authorization, "Authorization: Basic YW5uOm5ldw==");
    CLEANUP(text) char *asked = folder_get(*state, "asked");
    assert_string_equal(asked, "x\nx\n");
}

static void an_upload_is_authorized_by_password_too(void **state)
{
    static const char *const scopes[] = {"repository:me/app:pull,push", NULL};
    struct registry registry = {.challenge = BASIC, .password = BOB};
    CLEANUP(text) char *header = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    registry_start(&registry);
    CLEANUP(text) char *file = put_entry(*state, &registry, "\"auth\":\"" BOB "\"");
    CLEANUP(world) struct world world = new_world(file);
    struct auth_scope scope = {registry.url, scopes};
    assert_int_equal(auth_authorize(world.auth, &scope, &header, &err), 0);
    assert_string_equal(header, "Basic " BOB);
    auth_forget(world.auth, &scope);
    free(TAKE(header));
    assert_int_equal(auth_authorize(world.auth, &scope, &header, &err), 0);
    assert_string_equal(header, "Basic " BOB);
    registry_stop(&registry);
    assert_int_equal(registry.pings, 1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(credentials_are_used_as_the_challenge_asks),
        IN_FOLDER(a_registry_that_does_not_ask_gets_no_credentials),
        IN_FOLDER(wrong_credentials_are_named_and_never_shown),
        IN_FOLDER(a_missing_page_of_tokens_says_nothing_of_what_the_registry_has),
        IN_FOLDER(what_a_helper_said_is_asked_anew_when_it_is_refused),
        IN_FOLDER(an_upload_is_authorized_by_password_too),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
