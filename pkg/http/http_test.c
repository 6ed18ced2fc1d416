#include "http/http_internal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/*
 * A server that answers its n-th request with the n-th text, and repeats the last one. "HANG"
 * answers nothing; an answer without "Content-Length" or "chunked" closes the connection.
 */
struct server {
    const char *answers[16];
    int listener;
    char url[64]; /* without a path */
    pthread_t thread;
    pthread_t clients[32];
    int sockets[32];
    size_t connections; /* written by the thread, read after server_stop() */
    pthread_mutex_t lock;
    unsigned requests;
    char heads[16384]; /* what was asked, one after the other */
};

static void send_all(int fd, const char *data, size_t size)
{
    ssize_t part = 1;

    while (size > 0 && part > 0) {
        part = send(fd, data, size, MSG_NOSIGNAL);
        if (part > 0) {
            data += part;
            size -= (size_t)part;
        }
    }
}

/* Reads one request and its announced body; false at the end of the connection. */
static bool read_request(int fd, char *head, size_t capacity)
{
    size_t size = 0;
    size_t whole = capacity;

    while (size < whole) {
        ssize_t part = recv(fd, head + size, capacity - 1 - size, 0);
        if (part <= 0)
            return false;
        size += (size_t)part;
        head[size] = '\0';
        const char *end = strstr(head, "\r\n\r\n");
        const char *length = strcasestr(head, "\r\nContent-Length: ");
        if (end != NULL)
            whole =
                (size_t)(end + 4 - head) + (length != NULL ? strtoull(length + 18, NULL, 10) : 0);
    }
    return true;
}

struct client {
    struct server *server;
    int fd;
};

static const char *server_choose(struct server *server, const char *head)
{
    pthread_mutex_lock(&server->lock);
    size_t used = strlen(server->heads);
    snprintf(server->heads + used, sizeof(server->heads) - used, "%s", head);
    unsigned number = server->requests++;
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0;; i++)
        if (i == number || server->answers[i + 1] == NULL)
            return server->answers[i];
}

static void *serve_client(void *arg)
{
    struct client *client = arg;
    bool open = true;

    while (open) {
        char head[8192] = "";
        if (!read_request(client->fd, head, sizeof(head)))
            break;
        const char *answer = server_choose(client->server, head);
        if (strcmp(answer, "HANG") == 0) {
            open = recv(client->fd, head, 1, 0) > 0;
        } else {
            send_all(client->fd, answer, strlen(answer));
            open = strstr(answer, "Content-Length") != NULL || strstr(answer, "chunked") != NULL;
        }
        if (strstr(answer, "Connection: close") != NULL)
            open = false;
    }
    shutdown(client->fd, SHUT_RDWR);
    free(client);
    return NULL;
}

static void *serve(void *arg)
{
    struct server *server = arg;
    int fd;

    while ((fd = accept(server->listener, NULL, NULL)) >= 0 &&
           server->connections < ARRAY_SIZE(server->clients)) {
        struct client *client = xcalloc(1, sizeof(*client));
        *client = (struct client){server, fd};
        server->sockets[server->connections] = fd;
        pthread_create(&server->clients[server->connections++], NULL, serve_client, client);
    }
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);

    pthread_mutex_init(&server->lock, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    pthread_create(&server->thread, NULL, serve, server);
}

static void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (size_t i = 0; i < server->connections; i++) {
        shutdown(server->sockets[i], SHUT_RDWR);
        pthread_join(server->clients[i], NULL);
        close(server->sockets[i]);
    }
}

static struct http *new_http(const struct cancel *cancel)
{
    struct http_options options = {
        .user_agent = "inlay/test",
        .cancel = cancel,
        .stall_timeout_s = 1,
        .retries = 2,
        .retry_wait_ms = 10,
    };

    return http_new(&options);
}

/* GETs `path`; the outcome is in `response` or `err`. */
static int get(struct http *http, const struct server *server, struct http_request request,
               struct http_response *response, struct error *err)
{
    CLEANUP(text) char *url = xasprintf("%s%s", server->url, request.url);

    request.url = url;
    if (request.method == NULL)
        request.method = "GET";
    return http_send(http, &request, response, err);
}

/* Asks one server once; *requests is how often it was asked. */
static int ask(struct server *server, struct http_request request, struct http_response *response,
               struct error *err)
{
    CLEANUP(http) struct http *http = new_http(NULL);

    server_start(server);
    int result = get(http, server, request, response, err);
    server_stop(server);
    return result;
}

static void requests_to_one_host_share_a_connection(void **state)
{
    struct server server = {.answers = {OK_HELLO}};
    CLEANUP(http) struct http *http = new_http(NULL);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    server_start(&server);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(get(http, &server, (struct http_request){.url = "/"}, &response, &err), 0);
        assert_string_equal(buf_text(&response.body), "hello");
    }
    server_stop(&server);
    assert_int_equal(server.requests, 10);
    assert_int_equal(server.connections, 1);
}

static void a_request_carries_what_was_asked_for_and_nothing_more(void **state)
{
    struct server server = {.answers = {OK_HELLO}};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(ask(&server,
                         (struct http_request){
                             .method = "PUT",
                             .url = "/a?b",
                             .authorization = "Bearer secret",
                             .accept = "text/x",
                             .content_type = "application/json",
                             .body = "{}",
                             .body_size = 2,
                         },
                         &response, &err),
                     0);
    assert_non_null(strstr(server.heads, "PUT /a?b HTTP/1.1\r\n"));
    assert_non_null(strstr(server.heads, "\r\nUser-Agent: inlay/test\r\n"));
    assert_non_null(strstr(server.heads, "\r\nAuthorization: Bearer secret\r\n"));
    assert_non_null(strstr(server.heads, "\r\nAccept: text/x\r\n"));
    assert_non_null(strstr(server.heads, "\r\nAccept-Encoding: identity\r\n"));
    assert_non_null(strstr(server.heads, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(server.heads, "\r\nContent-Length: 2\r\n"));
    assert_non_null(strstr(server.heads, "\r\n\r\n{}"));
    assert_null(strstr(server.heads, "Expect"));
    assert_null(strstr(server.heads, "Range"));
    assert_null(strstr(server.heads, "Cookie"));
}

static void a_post_without_a_body_has_length_zero_and_no_type(void **state)
{
    struct server server = {.answers = {OK_HELLO}};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(
        ask(&server, (struct http_request){.method = "POST", .url = "/"}, &response, &err), 0);
    assert_non_null(strstr(server.heads, "\r\nContent-Length: 0\r\n"));
    assert_null(strstr(server.heads, "Content-Type"));
}

static void a_header_value_cannot_smuggle_in_another_header(void **state)
{
    struct server server = {.answers = {OK_HELLO}};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct http_request request = {.url = "/", .authorization = "Bearer a\r\nX-Evil: 1"};

    (void)state;
    assert_int_equal(ask(&server, request, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_string_equal(err.text,
                        "a value for the header 'Authorization' has control characters in it");
    assert_int_equal(server.requests, 0);
}

static void a_redirect_keeps_the_secret_on_its_own_origin_only(void **state)
{
    struct server near = {.answers = {NULL, OK_HELLO}};
    struct server far = {.answers = {NULL, OK_HELLO}};
    CLEANUP(http) struct http *http = new_http(NULL);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    server_start(&near);
    server_start(&far);
    CLEANUP(text)
    char *to_far = xasprintf(
        "HTTP/1.1 302 Found\r\nLocation: %s/cdn?sig=x\r\nContent-Length: 2\r\n\r\nno", far.url);
    CLEANUP(text)
    char *to_near =
        xasprintf("HTTP/1.1 307 x\r\nLocation: %s/back\r\nContent-Length: 0\r\n\r\n", near.url);
    near.answers[0] = "HTTP/1.1 301 x\r\nLocation: new\r\nContent-Length: 0\r\n\r\n";
    near.answers[1] = to_far;
    near.answers[2] = OK_HELLO;
    far.answers[0] = to_near;
    struct http_request request = {
        .url = "/a/old",
        .authorization = "Bearer secret",
        .cookie = "session=secret",
    };
    assert_int_equal(get(http, &near, request, &response, &err), 0);
    server_stop(&near);
    server_stop(&far);
    assert_string_equal(buf_text(&response.body), "hello");
    assert_true(strstr(response.url, "/back") != NULL);
    assert_null(strstr(far.heads, "secret"));
    assert_non_null(strstr(far.heads, "GET /cdn?sig=x HTTP/1.1"));
    const char *second = strstr(near.heads, "GET /a/new HTTP/1.1");
    const char *third = strstr(near.heads, "GET /back HTTP/1.1");
    assert_non_null(second);
    assert_non_null(third);
    assert_non_null(strstr(near.heads, "secret"));
    assert_non_null(strstr(second, "\r\nAuthorization: Bearer secret\r\n"));
    assert_non_null(strstr(second, "\r\nCookie: session=secret\r\n"));
    assert_null(strstr(third, "secret")); /* somebody else chose this URL */
}

static void redirects_are_followed_ten_times(void **state)
{
    struct server server = {
        .answers = {"HTTP/1.1 302 Found\r\nLocation: /x?q\r\nContent-Length: 0\r\n\r\n"}};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(ask(&server, (struct http_request){.url = "/x?q"}, &response, &err), -1);
    assert_int_equal(server.requests, 11);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "/x' leads to more than 10 redirects"));
}

static void a_redirect_that_is_not_to_be_followed_is_an_answer(void **state)
{
    static const struct http_request requests[] = {
        {.url = "/", .keep_redirect = true, .method = "HEAD"},
        {.url = "/", .method = "POST"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        struct server server = {
            .answers = {"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"}};
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        assert_int_equal(ask(&server, requests[i], &response, &err), 0);
        assert_int_equal(response.status, 302);
        assert_string_equal(http_response_header(&response, "location"), "/x");
        assert_int_equal(server.requests, 1);
    }
}

#define STATUS(line) "HTTP/1.1 " line "\r\nContent-Length: 3\r\n\r\nwhy"

static void only_what_may_work_later_is_repeated(void **state)
{
    static const struct {
        const char *method, *body, *first;
        unsigned requests;
        int status;
    } cases[] = {
        {"GET", NULL, STATUS("503 Unavailable"), 2, 200},
        {"GET", NULL, STATUS("429 Slow down"), 2, 200},
        {"GET", NULL, STATUS("408 Timeout"), 2, 200},
        {"POST", NULL, STATUS("502 Bad gateway"), 2, 200},
        {"GET", NULL, "HTT", 2, 200}, /* closes without an answer */
        {"GET", NULL, "HTTP/1.1 200 OK\r\nETag: ", 2, 200},
        {"GET", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nshort", 2,
         200},
        {"GET", NULL, STATUS("404 Not found"), 1, 404},
        {"GET", NULL, STATUS("501 Not implemented"), 1, 501},
        {"PUT", "{}", STATUS("503 Unavailable"), 1, 503},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct server server = {.answers = {cases[i].first, OK_HELLO}};
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct http_request request = {
            .url = "/",
            .method = cases[i].method,
            .body = cases[i].body,
            .body_size = cases[i].body != NULL ? 2 : 0,
        };
        assert_int_equal(ask(&server, request, &response, &err), 0);
        assert_int_equal(response.status, cases[i].status);
        assert_int_equal(server.requests, cases[i].requests);
    }
}

static void what_stays_broken_is_told_in_the_servers_words(void **state)
{
    struct server server = {.answers = {STATUS("503 Unavailable")}};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    struct http_request request = {.url = "/p?secret=1", .expect = HTTP_EXPECT(200)};
    assert_int_equal(ask(&server, request, &response, &err), -1);
    assert_int_equal(server.requests, 3);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    CLEANUP(text)
    char *text = xasprintf("GET '%s/p' was answered with status 503: 'why'", server.url);
    assert_string_equal(err.text, text);
}

static void retry_after_is_waited_for(void **state)
{
    struct server server = {
        .answers = {"HTTP/1.1 429 x\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", OK_HELLO}};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    uint64_t start_ms = clock_ms();

    (void)state;
    assert_int_equal(ask(&server, (struct http_request){.url = "/"}, &response, &err), 0);
    assert_in_range(clock_ms() - start_ms, 1000, 4000);
}

static void an_answer_that_is_not_as_asked_is_refused(void **state)
{
    static const struct {
        const char *answer;
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {OK_HELLO, ERROR_CORRUPT, "more than 4 bytes"},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nnot", ERROR_CORRUPT,
         "content encoding, where identity was asked, and cannot be decoded"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n12", ERROR_UNREACHABLE,
         "ended before the answer was complete"},
        {"", ERROR_UNREACHABLE, "ended before there was an answer"},
        {"HANG", ERROR_UNREACHABLE, "no byte to or from '127.0.0.1:"},
        {"SSH-2.0-x\r\nContent-Length: 0\r\n\r\n", ERROR_UNREACHABLE, "does not answer in HTTP"},
        {"HTTP/1.1 302 x\r\nLocation: ftp://h/\r\nContent-Length: 0\r\n\r\n", ERROR_UNSUPPORTED,
         "'ftp://h/', which is neither http nor https"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct server server = {.answers = {cases[i].answer}};
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        struct http_request request = {.url = "/", .body_limit = 4};
        assert_int_equal(ask(&server, request, &response, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
    }
}

static void *cancel_soon(void *arg)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (cancel_wait(NULL, 300, &err) == 0)
        cancel_request(arg);
    return NULL;
}

static void cancelling_ends_a_wait_within_a_second(void **state)
{
    static const char *const answers[] = {
        "HANG", /* a wait for an answer */
        "HTTP/1.1 503 x\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct server server = {.answers = {answers[i]}};
        struct cancel cancel = {.parent = NULL};
        struct http_options options = {.user_agent = "inlay/test", .cancel = &cancel};
        CLEANUP(http) struct http *http = http_new(&options);
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        pthread_t thread;
        server_start(&server);
        pthread_create(&thread, NULL, cancel_soon, &cancel);
        uint64_t start_ms = clock_ms();
        assert_int_equal(get(http, &server, (struct http_request){.url = "/"}, &response, &err),
                         -1);
        assert_in_range(clock_ms() - start_ms, 100, 1300);
        assert_int_equal(err.kind, ERROR_CANCELED);
        pthread_join(thread, NULL);
        server_stop(&server);
        assert_int_equal(server.requests, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_to_one_host_share_a_connection),
        cmocka_unit_test(a_request_carries_what_was_asked_for_and_nothing_more),
        cmocka_unit_test(a_post_without_a_body_has_length_zero_and_no_type),
        cmocka_unit_test(a_header_value_cannot_smuggle_in_another_header),
        cmocka_unit_test(a_redirect_keeps_the_secret_on_its_own_origin_only),
        cmocka_unit_test(redirects_are_followed_ten_times),
        cmocka_unit_test(a_redirect_that_is_not_to_be_followed_is_an_answer),
        cmocka_unit_test(only_what_may_work_later_is_repeated),
        cmocka_unit_test(what_stays_broken_is_told_in_the_servers_words),
        cmocka_unit_test(retry_after_is_waited_for),
        cmocka_unit_test(an_answer_that_is_not_as_asked_is_refused),
        cmocka_unit_test(cancelling_ends_a_wait_within_a_second),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
