#include "auth/auth_internal.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * A registry with its token server on one address. Tokens are called t1, t2 and so on; one with a
 * number of at least `valid_from` is good. Every answer closes its connection.
 */
struct registry {
    const char *challenge; /* a 401's header lines; %s is the address */
    bool open;             /* needs no token */
    unsigned valid_from;   /* 0: every token is refused */
    unsigned expires_in;
    unsigned token_delay_ms;
    int token_status; /* 0: 200 */
    int listener;
    char url[64];
    pthread_t thread;
    pthread_t clients[64];
    size_t client_count;
    pthread_mutex_t lock;
    unsigned tokens;
    unsigned pings;
    unsigned requests;        /* to neither /token nor /v2/ */
    char token_request[1024]; /* the last one's head */
    char authorization[256];  /* of the last other request */
};

struct client {
    struct registry *registry;
    int fd;
};

static char *format_status(int status, const char *headers, const char *body)
{
    return xasprintf("HTTP/1.1 %d x\r\n%sConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                     status, headers, strlen(body), body);
}

static char *answer_token(struct registry *registry, const char *head)
{
    char body[64];

    pthread_mutex_lock(&registry->lock);
    snprintf(registry->token_request, sizeof(registry->token_request), "%s", head);
    snprintf(body, sizeof(body), "{\"token\":\"t%u\",\"expires_in\":%u}", ++registry->tokens,
             registry->expires_in);
    pthread_mutex_unlock(&registry->lock);
    CLEANUP(error) struct error err = ERROR_INIT;
    if (cancel_wait(NULL, registry->token_delay_ms, &err) < 0)
        return NULL;
    if (registry->token_status != 0)
        return format_status(registry->token_status, "", "{\"details\":\"no such user\"}");
    return format_status(200, "", body);
}

static char *answer_request(struct registry *registry, const char *head)
{
    const char *token = strstr(head, "\r\nAuthorization: Bearer t");
    unsigned number = token != NULL ? (unsigned)strtoul(token + 25, NULL, 10) : 0;

    pthread_mutex_lock(&registry->lock);
    if (strstr(head, " /v2/ ") != NULL)
        registry->pings++;
    else
        registry->requests++;
    snprintf(registry->authorization, sizeof(registry->authorization), "%.*s",
             token != NULL ? (int)strcspn(token + 2, "\r") : 0, token != NULL ? token + 2 : "");
    bool good = registry->open ||
                (number > 0 && registry->valid_from > 0 && number >= registry->valid_from);
    pthread_mutex_unlock(&registry->lock);
    if (good)
        return format_status(200, "", "content");
    CLEANUP(buf) struct buf headers = BUF_INIT;
    const char *mark = strstr(registry->challenge, "%s");
    buf_add(&headers, registry->challenge,
            mark != NULL ? (size_t)(mark - registry->challenge) : strlen(registry->challenge));
    if (mark != NULL)
        buf_addf(&headers, "%s%s", registry->url, mark + 2);
    return format_status(401, buf_text(&headers),
                         "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"log in\"}]}");
}

static void *serve_client(void *arg)
{
    struct client *client = arg;
    char head[4096] = "";
    size_t size = 0;

    while (strstr(head, "\r\n\r\n") == NULL && size < sizeof(head) - 1) {
        ssize_t part = recv(client->fd, head + size, sizeof(head) - 1 - size, 0);
        if (part <= 0)
            break;
        size += (size_t)part;
    }
    CLEANUP(text)
    char *answer = strstr(head, " /token") != NULL ? answer_token(client->registry, head)
                                                   : answer_request(client->registry, head);
    if (answer != NULL && send(client->fd, answer, strlen(answer), MSG_NOSIGNAL) > 0)
        shutdown(client->fd, SHUT_WR);
    while (recv(client->fd, head, sizeof(head), 0) > 0)
        continue;
    close(client->fd);
    free(client);
    return NULL;
}

static void *serve(void *arg)
{
    struct registry *registry = arg;
    int fd;

    while (registry->client_count < ARRAY_SIZE(registry->clients) &&
           (fd = accept(registry->listener, NULL, NULL)) >= 0) {
        struct client *client = xcalloc(1, sizeof(*client));
        *client = (struct client){registry, fd};
        pthread_create(&registry->clients[registry->client_count++], NULL, serve_client, client);
    }
    return NULL;
}

static void registry_start(struct registry *registry)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);

    pthread_mutex_init(&registry->lock, NULL);
    registry->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(registry->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(registry->listener, 16), 0);
    assert_int_equal(getsockname(registry->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(registry->url, sizeof(registry->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    pthread_create(&registry->thread, NULL, serve, registry);
}

static void registry_stop(struct registry *registry)
{
    shutdown(registry->listener, SHUT_RDWR);
    pthread_join(registry->thread, NULL);
    close(registry->listener);
    for (size_t i = 0; i < registry->client_count; i++)
        pthread_join(registry->clients[i], NULL);
}

#define BEARER "WWW-Authenticate: Bearer realm=\"%s/token\",service=\"reg\"\r\n"

static const char *const pull_scopes[] = {"repository:me/app:pull", NULL};

/* What a test talks through. */
struct world {
    struct http *http;
    struct auth *auth;
};

static void world_release(struct world *world)
{
    auth_free(TAKE(world->auth));
    http_free(TAKE(world->http));
}
CLEANUP_RELEASE(world)

static struct world new_world(void)
{
    struct http_options options = {.user_agent = "inlay/test", .retries = 1, .retry_wait_ms = 1};
    struct http *http = http_new(&options);

    return (struct world){.http = http, .auth = auth_new(http, NULL)};
}

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
    CLEANUP(world) struct world world = new_world();

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

static void a_registry_that_asks_for_nothing_gets_nothing(void **state)
{
    struct registry registry = {.open = true};
    CLEANUP(world) struct world world = new_world();
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
    CLEANUP(world) struct world world = new_world();

    (void)state;
    registry_start(&registry);
    ask_well(&world, &registry);
    registry_stop(&registry);
    assert_int_equal(registry.tokens, 1);
}

static void a_token_is_renewed_when_it_is_refused_and_before_it_ends(void **state)
{
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world();
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
    CLEANUP(world) struct world world = new_world();
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
        const char *reason;
    } cases[] = {
        {BEARER, 0,
         ": GET '%s/v2/me/app/blobs/x' was answered with status 401: 'UNAUTHORIZED: log "
         "in'"},
        {BEARER, 403, ": getting a token for '%s': GET '%s/token' was answered with status 403"},
        {"WWW-Authenticate: Basic realm=\"x\"\r\n", 0, ": it wants a user and a password"},
        {"WWW-Authenticate: Bearer service=\"no realm\"\r\n", 0,
         ": it answered with status 401 and does not say how to log in"},
        {"", 0, ": it answered with status 401 and does not say how to log in"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct registry registry = {
            .challenge = cases[i].challenge,
            .token_status = cases[i].token_status,
        };
        CLEANUP(world) struct world world = new_world();
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
        buf_add_text(&text, "; inlay sends no stored credentials yet; only anonymous access and "
                            "anonymous tokens work");
        assert_string_equal(err.text, buf_text(&text));
    }
}

static void a_token_never_goes_to_another_host(void **state)
{
    struct registry registry = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    struct registry other = {.challenge = BEARER, .valid_from = 1, .expires_in = 300};
    CLEANUP(world) struct world world = new_world();
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
    CLEANUP(world) struct world world = new_world();
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
        CLEANUP(world) struct world world = new_world();
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
    return cmocka_run_group_tests(tests, NULL, NULL);
}
