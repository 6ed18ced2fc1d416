#ifndef INLAY_AUTH_AUTH_TEST_INTERNAL_H
#define INLAY_AUTH_AUTH_TEST_INTERNAL_H

#include "auth/auth_internal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * A registry with its token server on one address. Tokens are called t1, t2 and so on; one with a
 * number of at least `valid_from` is good, and so is `password` where it is set. Every answer
 * closes its connection.
 */
struct registry {
    const char *challenge; /* a 401's header lines; %s is the address */
    const char *password;  /* base64 of USER:PASSWORD that opens everything; NULL: none */
    int post_status;       /* of POST to /token; 0: as GET */
    const char *words;     /* of a refused token; NULL: {"details":"no such user"} */
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
    unsigned posts;           /* of the tokens, those by POST */
    char token_request[4096]; /* the last one's head, and what came with it */
    char authorization[256];  /* of the last other request */
};

struct client {
    struct registry *registry;
    int fd;
};

static inline char *format_status(int status, const char *headers, const char *body)
{
    return xasprintf("HTTP/1.1 %d x\r\n%sConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                     status, headers, strlen(body), body);
}

static inline char *answer_token(struct registry *registry, const char *head)
{
    char body[64];

    pthread_mutex_lock(&registry->lock);
    snprintf(registry->token_request, sizeof(registry->token_request), "%s", head);
    snprintf(body, sizeof(body), "{\"token\":\"t%u\",\"expires_in\":%u}", ++registry->tokens,
             registry->expires_in);
    bool post = text_starts_with(head, "POST ");
    registry->posts += post ? 1 : 0;
    pthread_mutex_unlock(&registry->lock);
    CLEANUP(error) struct error err = ERROR_INIT;
    if (cancel_wait(NULL, registry->token_delay_ms, &err) < 0)
        return NULL;
    const char *words =
        registry->words != NULL ? registry->words : "{\"details\":\"no such user\"}";
    if (post && registry->post_status != 0)
        return format_status(registry->post_status, "", words);
    if (registry->token_status != 0)
        return format_status(registry->token_status, "", words);
    return format_status(200, "", body);
}

static inline char *answer_request(struct registry *registry, const char *head)
{
    const char *token = strstr(head, "\r\nAuthorization: ");
    const char *bearer = strstr(head, "\r\nAuthorization: Bearer t");
    const char *basic = strstr(head, "\r\nAuthorization: Basic ");
    unsigned number = bearer != NULL ? (unsigned)strtoul(bearer + 25, NULL, 10) : 0;

    pthread_mutex_lock(&registry->lock);
    if (strstr(head, " /v2/ ") != NULL)
        registry->pings++;
    else
        registry->requests++;
    snprintf(registry->authorization, sizeof(registry->authorization), "%.*s",
             token != NULL ? (int)strcspn(token + 2, "\r") : 0, token != NULL ? token + 2 : "");
    bool good = registry->open ||
                (basic != NULL && registry->password != NULL &&
                 text_starts_with(basic + 23, registry->password) &&
                 basic[23 + strlen(registry->password)] == '\r') ||
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

/* The body of a POST, behind its head. */
static inline void read_form(int fd, char *head, size_t size, size_t capacity)
{
    const char *length = strstr(head, "\r\nContent-Length: ");
    const char *body = strstr(head, "\r\n\r\n");

    if (length == NULL || body == NULL)
        return;
    size_t wanted = (size_t)(body + 4 - head) + (size_t)strtoul(length + 18, NULL, 10);
    while (size < wanted && wanted < capacity) {
        ssize_t part = recv(fd, head + size, wanted - size, 0);
        if (part <= 0)
            return;
        size += (size_t)part;
    }
}

static inline void *serve_client(void *arg)
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
    read_form(client->fd, head, size, sizeof(head));
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

static inline void *serve(void *arg)
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

static inline void registry_start(struct registry *registry)
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

static inline void registry_stop(struct registry *registry)
{
    shutdown(registry->listener, SHUT_RDWR);
    pthread_join(registry->thread, NULL);
    close(registry->listener);
    for (size_t i = 0; i < registry->client_count; i++)
        pthread_join(registry->clients[i], NULL);
}

#define BEARER "WWW-Authenticate: Bearer realm=\"%s/token\",service=\"reg\"\r\n"

/* What a test talks through. */
struct world {
    struct http *http;
    struct auth *auth;
};

static inline void world_release(struct world *world)
{
    auth_free(TAKE(world->auth));
    http_free(TAKE(world->http));
}
CLEANUP_RELEASE(world)

static inline struct world new_world(const char *authfile)
{
    struct http_options options = {.user_agent = "inlay/test", .retries = 1, .retry_wait_ms = 1};
    struct http *http = http_new(&options);

    return (struct world){
        .http = http, .auth = auth_new(&(struct auth_options){.http = http, .authfile = authfile})};
}

#endif
