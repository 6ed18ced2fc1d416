#include "http/peer_test_internal.h"

/* How long nothing moves in a request, which http_has_waited() is told. */

#define PART (4 * MIB)
#define PARTS 12
#define PART_WAIT_MS 50

/* Takes most of a body, in parts, and then breaks off. */
static void serve_cut(struct peer *peer, int fd)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *part = xcalloc(1, PART);

    (void)peer;
    for (unsigned i = 0; i < PARTS; i++)
        if (recv(fd, part, PART, MSG_WAITALL) <= 0 || cancel_wait(NULL, PART_WAIT_MS, &err) < 0)
            return;
}

/* Until the client goes. */
static void serve_silence(struct peer *peer, int fd)
{
    char ignored;

    (void)peer;
    while (recv(fd, &ignored, 1, 0) > 0)
        continue;
}

/* A third of the time is enough: buffers on the way take a part of the body at once. */
static void check_moved(uint64_t begun_ms, const struct http_response *response)
{
    uint64_t passed_ms = clock_ms() - begun_ms;

    if (response->silent_ms + PARTS * PART_WAIT_MS / 3 > passed_ms)
        fail_msg("%lu ms of %lu are told as silent", (unsigned long)response->silent_ms,
                 (unsigned long)passed_ms);
}

static void time_in_which_a_body_moves_is_no_silence_even_if_it_breaks_off(void **state)
{
    struct peer peer = {.serve = serve_cut, .more = 1};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(http_response) struct http_response streamed = HTTP_RESPONSE_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *body = xcalloc(1, BODY_SIZE);

    (void)state;
    peer_start(&peer);
    const struct http_request request = {
        .method = "PATCH", .url = peer.url, .body = body, .body_size = BODY_SIZE};
    uint64_t begun_ms = clock_ms();
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    check_moved(begun_ms, &response);
    error_release(&err);

    const struct http_request upload = {.method = "PATCH", .url = peer.url};
    begun_ms = clock_ms();
    assert_int_equal(http_upload(http, &upload, BODY_SIZE, &streamed, &writer, &err), 0);
    assert_int_equal(writer_write(writer, body, BODY_SIZE, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    check_moved(begun_ms, &streamed);
    peer_stop(&peer);
}

static void a_wait_for_an_answer_is_silence_in_each_try(void **state)
{
    struct peer peer = {.serve = serve_silence, .more = 1};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    const struct http_request request = {.method = "GET", .url = peer.url};
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_true(response.silent_ms >= 2000); /* two tries of a second */
    peer_stop(&peer);
}

/* As a gateway does whose server is silent. */
static void serve_late_refusal(struct peer *peer, int fd)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (cancel_wait(NULL, 300, &err) == 0)
        send_text(peer, fd,
                  "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static void what_is_refused_late_was_silence(void **state)
{
    struct peer peer = {.serve = serve_late_refusal, .more = 1};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    const struct http_request request = {.method = "GET", .url = peer.url};
    assert_int_equal(http_send(http, &request, &response, &err), 0);
    assert_int_equal(response.status, 504);
    assert_true(response.silent_ms >= 500); /* two tries */
    peer_stop(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_in_which_a_body_moves_is_no_silence_even_if_it_breaks_off),
        cmocka_unit_test(a_wait_for_an_answer_is_silence_in_each_try),
        cmocka_unit_test(what_is_refused_late_was_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
