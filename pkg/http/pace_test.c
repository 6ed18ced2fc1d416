#include "http/peer_test_internal.h"

#include <string.h>

/* Peers send pieces of so many bytes, ten times a second. */
#define PIECES_MOST 200
#define BREAK_US 100000

static void send_pieces(struct peer *peer, int fd, size_t size)
{
    char piece[1024];

    memset(piece, 'x', sizeof(piece));
    for (size_t i = 0; i < PIECES_MOST && send_all(peer, fd, piece, size); i++)
        usleep(BREAK_US);
}

static void drip_the_body(struct peer *peer, int fd)
{
    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    send_pieces(peer, fd, 1);
}

static void drip_the_head(struct peer *peer, int fd)
{
    send_text(peer, fd, "HTTP/1.1 200 OK\r\n");
    for (size_t i = 0; i < PIECES_MOST && send_all(peer, fd, "A: b\r\n", 6); i++)
        usleep(BREAK_US);
}

/* Four times the least rate, for longer than two windows. */
static void take_time(struct peer *peer, int fd)
{
    char piece[400];

    memset(piece, 'x', sizeof(piece));
    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
    for (size_t i = 0; i < 25 && send_all(peer, fd, piece, sizeof(piece)); i++)
        usleep(BREAK_US);
}

static int fetch(void (*serve)(struct peer *peer, int fd), struct http_response *response,
                 struct error *err)
{
    struct peer peer = {.serve = serve};
    CLEANUP(http) struct http *http = new_http();

    peer_start(&peer);
    const struct http_request request = {.method = "GET", .url = peer.url, .no_retry = true};
    int result = http_send(http, &request, response, err);
    peer_stop(&peer);
    return result;
}

static void a_byte_now_and_then_is_no_progress(void **state)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(fetch(drip_the_body, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_non_null(strstr(err.text, "only "));
    assert_non_null(strstr(err.text, " s, expected 1024 a second at least"));
}

static void nor_is_a_header_now_and_then(void **state)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(fetch(drip_the_head, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_non_null(strstr(err.text, "expected 1024 a second at least"));
}

static void a_slow_answer_takes_the_time_that_it_takes(void **state)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    assert_int_equal(fetch(take_time, &response, &err), 0);
    assert_int_equal(response.body.size, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_now_and_then_is_no_progress),
        cmocka_unit_test(nor_is_a_header_now_and_then),
        cmocka_unit_test(a_slow_answer_takes_the_time_that_it_takes),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
