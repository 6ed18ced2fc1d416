#include "http/peer_test_internal.h"

#include "core/clock.h"

#define RATE (400 * KIB)
#define SIZE ((size_t)(200 * KIB)) /* half a second of it */

static void serve_some(struct peer *peer, int fd)
{
    CLEANUP(text) char *part = xcalloc(SIZE, 1);

    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 204800\r\n\r\n");
    send_all(peer, fd, part, SIZE);
}

static void serve_silence(struct peer *peer, int fd)
{
    char byte;

    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    while (recv(fd, &byte, 1, 0) > 0)
        continue;
}

static void take_some(struct peer *peer, int fd)
{
    CLEANUP(text) char *part = xcalloc(SIZE, 1);
    uint64_t total = peer->body_start;

    while (total < SIZE) {
        ssize_t size = recv(fd, part, SIZE, 0);
        if (size <= 0)
            return;
        total += (uint64_t)size;
    }
    send_text(peer, fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
}

static struct http *limited_http(void)
{
    const struct http_options options = {
        .user_agent = "inlay/test",
        .stall_timeout_s = 1,
        .limit_rate = RATE,
    };

    return http_new(&options);
}

struct download {
    struct http *http;
    struct peer peer;
    size_t total;
    pthread_t thread;
};

static void *download_run(void *arg)
{
    struct download *download = arg;
    struct http_request request = {.method = "GET", .url = download->peer.url};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (http_open(download->http, &request, &response, &body, &err) == 0 &&
        reader_read_all(body, 2 * SIZE, &bytes, &err) == 0)
        download->total = bytes.size;
    return NULL;
}

static void what_is_received_by_all_keeps_the_rate(void **state)
{
    struct download downloads[3] = {0};
    CLEANUP(http) struct http *http = limited_http();
    uint64_t since_ms = clock_ms();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(downloads); i++) {
        downloads[i].http = http;
        downloads[i].peer.serve = serve_some;
        peer_start(&downloads[i].peer);
        pthread_create(&downloads[i].thread, NULL, download_run, &downloads[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(downloads); i++) {
        pthread_join(downloads[i].thread, NULL);
        peer_stop(&downloads[i].peer);
        assert_int_equal(downloads[i].total, SIZE);
    }
    assert_in_range(clock_ms() - since_ms, 1400, 4000);
}

static void what_is_sent_keeps_the_rate(void **state)
{
    struct peer peer = {.serve = take_some};
    CLEANUP(http) struct http *http = limited_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *data = xcalloc(SIZE, 1);
    uint64_t since_ms = clock_ms();

    (void)state;
    peer_start(&peer);
    struct http_request request = {.method = "PATCH", .url = peer.url, .expect = HTTP_EXPECT(201)};
    assert_int_equal(http_upload(http, &request, SIZE, &response, &writer, &err), 0);
    assert_int_equal(writer_write(writer, data, SIZE, &err), 0);
    assert_int_equal(writer_finish(writer, &err), 0);
    peer_stop(&peer);
    assert_in_range(clock_ms() - since_ms, 450, 2000);
}

static void a_body_that_is_sent_at_once_counts(void **state)
{
    struct peer peer = {.serve = take_some};
    CLEANUP(http) struct http *http = limited_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *data = xcalloc(SIZE, 1);
    uint64_t since_ms = clock_ms();

    (void)state;
    peer_start(&peer);
    struct http_request request = {
        .method = "PUT", .url = peer.url, .body = data, .body_size = SIZE};
    assert_int_equal(http_send(http, &request, &response, &err), 0);
    peer_stop(&peer);
    assert_int_equal(response.status, 201);
    assert_in_range(clock_ms() - since_ms, 450, 2000);
}

static void *cancel_soon(void *arg)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* nobody stops this wait */

    if (cancel_wait(NULL, 100, &ignored) == 0)
        cancel_request(arg);
    return NULL;
}

static void one_request_is_stopped_and_no_other(void **state)
{
    struct peer silent = {.serve = serve_silence};
    struct peer other = {.serve = serve_some};
    const struct http_options options = {.user_agent = "inlay/test", .stall_timeout_s = 60};
    CLEANUP(http) struct http *http = http_new(&options);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct cancel cancel = {.parent = NULL};
    uint64_t since_ms = clock_ms();
    pthread_t thread;

    (void)state;
    peer_start(&silent);
    {
        struct http_request request = {.method = "GET", .url = silent.url, .cancel = &cancel};
        CLEANUP(reader) struct reader *body = NULL;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        assert_int_equal(http_open(http, &request, &response, &body, &err), 0);
        pthread_create(&thread, NULL, cancel_soon, &cancel);
        assert_int_equal(reader_read_all(body, 100, &bytes, &err), -1);
        assert_int_equal(err.kind, ERROR_CANCELED);
    }
    pthread_join(thread, NULL);
    assert_true(clock_ms() - since_ms < 5000); /* far from when silence would end it */
    peer_stop(&silent);

    struct download download = {.http = http, .peer = other};
    peer_start(&download.peer);
    download_run(&download);
    peer_stop(&download.peer);
    assert_int_equal(download.total, SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_received_by_all_keeps_the_rate),
        cmocka_unit_test(what_is_sent_keeps_the_rate),
        cmocka_unit_test(a_body_that_is_sent_at_once_counts),
        cmocka_unit_test(one_request_is_stopped_and_no_other),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
