#include "http/peer_test_internal.h"

static void serve_large_body(struct peer *peer, int fd)
{
    CLEANUP(text) char *part = xcalloc(MIB, 1);

    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n");
    peer->total = 0;
    for (uint64_t at = 0; at < BODY_SIZE; at += MIB) {
        for (uint64_t i = 0; i < MIB; i++)
            part[i] = pattern(at + i);
        if (!send_all(peer, fd, part, MIB))
            return;
    }
}

/* What the kernel holds for a connection on the way, both ends together. */
#define KERNEL_BUFFERS (16 * MIB)

static void a_body_that_is_read_slowly_waits_at_the_server(void **state)
{
    struct peer peer = {.serve = serve_large_body};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *part = xcalloc(MIB, 1);
    uint64_t total = 0;
    ssize_t size;

    (void)state;
    peer_start(&peer);
    struct http_request request = {.method = "GET", .url = peer.url, .expect = HTTP_EXPECT(200)};
    assert_int_equal(http_open(http, &request, &response, &body, &err), 0);
    assert_int_equal(response.status, 200);
    assert_string_equal(http_response_header(&response, "content-length"), "67108864");
    assert_int_equal(cancel_wait(NULL, 1500, &err), 0); /* longer than the stall timeout */
    assert_in_range(peer.total, 1, KERNEL_BUFFERS);
    while ((size = reader_read(body, part, MIB, &err)) > 0) {
        for (uint64_t i = 0; i < (uint64_t)size; i++)
            if (part[i] != pattern(total + i))
                fail_msg("the byte at %llu is wrong", (unsigned long long)(total + i));
        total += (uint64_t)size;
        assert_true(peer.total <= total + KERNEL_BUFFERS);
    }
    assert_int_equal(size, 0);
    assert_int_equal(total, BODY_SIZE);
    peer_stop(&peer);
}

/* Some of a piece fits into what the reader brings, and the rest has to wait. */
static void a_body_is_the_same_in_whatever_parts_it_is_read(void **state)
{
    static const size_t parts[] = {1, 977, 20000, 300000, MIB};
    struct peer peer = {.serve = serve_large_body};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *part = xcalloc(MIB, 1);
    uint64_t total = 0;
    ssize_t size = 1;

    (void)state;
    peer_start(&peer);
    struct http_request request = {.method = "GET", .url = peer.url};
    assert_int_equal(http_open(http, &request, &response, &body, &err), 0);
    for (size_t i = 0; size > 0; i++) {
        size = reader_read(body, part, parts[i % ARRAY_SIZE(parts)], &err);
        for (uint64_t k = 0; size > 0 && k < (uint64_t)size; k++)
            if (part[k] != pattern(total + k))
                fail_msg("the byte at %llu is wrong", (unsigned long long)(total + k));
        total += size > 0 ? (uint64_t)size : 0;
    }
    assert_int_equal(size, 0);
    assert_int_equal(total, BODY_SIZE);
    peer_stop(&peer);
}

static void serve_half_a_body(struct peer *peer, int fd)
{
    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
}

static void serve_silence_in_a_body(struct peer *peer, int fd)
{
    char byte;

    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    while (recv(fd, &byte, 1, 0) > 0)
        continue;
}

static void serve_chunks(struct peer *peer, int fd)
{
    send_text(peer, fd,
              "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Folded: a\r\n\t b\r\n\r\n"
              "3\r\nabc\r\n7\r\ndefghij\r\n0\r\nX-Trailer: t\r\n\r\n");
}

static void serve_range(struct peer *peer, int fd)
{
    send_text(peer, fd,
              "HTTP/1.1 206 Partial\r\nContent-Range: bytes 3-6/10\r\n"
              "Content-Length: 4\r\n\r\ndefg");
}

static void serve_first_part_of_the_range(struct peer *peer, int fd)
{
    send_text(peer, fd,
              "HTTP/1.1 206 Partial\r\nContent-Range: bytes 3-4/10\r\n"
              "Content-Length: 2\r\n\r\nde");
}

static void serve_other_range(struct peer *peer, int fd)
{
    send_text(peer, fd,
              "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-3/10\r\n"
              "Content-Length: 4\r\n\r\nabcd");
}

static void serve_no_range(struct peer *peer, int fd)
{
    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcdefghij");
}

static void serve_less_than_the_offset(struct peer *peer, int fd)
{
    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
}

static void serve_range_refusal(struct peer *peer, int fd)
{
    send_text(peer, fd,
              "HTTP/1.1 416 Range\r\nContent-Range: bytes */2\r\nContent-Length: 2\r\n\r\nno");
}

static const struct {
    void (*serve)(struct peer *peer, int fd);
    uint64_t offset, length;
    const char *range, *body;
    enum error_kind kind;
    const char *complaint;
} bodies[] = {
    {serve_chunks, 0, 0, NULL, "abcdefghij", ERROR_NONE, NULL},
    {serve_range, 3, 4, "bytes=3-6", "defg", ERROR_NONE, NULL},
    {serve_range, 3, 2, "bytes=3-4", "de", ERROR_NONE, NULL},
    {serve_no_range, 3, 4, "bytes=3-6", "defg", ERROR_NONE, NULL},
    {serve_no_range, 3, 0, "bytes=3-", "defghij", ERROR_NONE, NULL},
    {serve_no_range, 0, 4, "bytes=0-3", "abcd", ERROR_NONE, NULL},
    {serve_other_range, 3, 4, "bytes=3-6", NULL, ERROR_CORRUPT,
     "was sent with the range 'bytes 0-3/10', where one from 3 was asked"},
    {serve_less_than_the_offset, 3, 0, "bytes=3-", NULL, ERROR_UNREACHABLE,
     "/f' ended 1 bytes before the asked offset 3"},
    {serve_range_refusal, 3, 0, "bytes=3-", NULL, ERROR_UNSUPPORTED, "status 416"},
    {serve_half_a_body, 0, 0, NULL, NULL, ERROR_UNREACHABLE, "before the answer was complete"},
    {serve_silence_in_a_body, 0, 0, NULL, NULL, ERROR_UNREACHABLE, "no byte to or from"},
    {serve_first_part_of_the_range, 3, 4, "bytes=3-6", NULL, ERROR_UNREACHABLE,
     "/f' sent only the first part of a range"},
    {serve_first_part_of_the_range, 3, 0, "bytes=3-", NULL, ERROR_UNREACHABLE,
     "/f' sent only the first part of a range"},
    {serve_first_part_of_the_range, 3, 2, "bytes=3-4", "de", ERROR_NONE, NULL},
    {serve_first_part_of_the_range, 0, 0, NULL, NULL, ERROR_CORRUPT,
     "with the range 'bytes 3-4/10', where the whole was asked"},
};

static void a_body_is_what_was_asked_for_or_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct peer peer = {.serve = bodies[i].serve};
        CLEANUP(http) struct http *http = new_http();
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(reader) struct reader *body = NULL;
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        peer_start(&peer);
        struct http_request request = {
            .method = "GET",
            .url = peer.url,
            .offset = bodies[i].offset,
            .length = bodies[i].length,
            .expect = HTTP_EXPECT(200, 206),
        };
        int result = http_open(http, &request, &response, &body, &err);
        if (result == 0)
            result = reader_read_all(body, 100, &bytes, &err);
        reader_free(TAKE(body));
        peer_stop(&peer);
        const char *range = strstr(peer.head, "\r\nRange: ");
        if (bodies[i].range == NULL)
            assert_null(range);
        else if (range == NULL)
            fail_msg("no range was asked for");
        else
            assert_memory_equal(range + 9, bodies[i].range, strlen(bodies[i].range));
        assert_int_equal(err.kind, bodies[i].kind);
        assert_int_equal(result, bodies[i].kind == ERROR_NONE ? 0 : -1);
        if (bodies[i].body != NULL)
            assert_string_equal(buf_text(&bytes), bodies[i].body);
        else if (strstr(err.text, bodies[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, bodies[i].complaint);
    }
}

static void an_answer_to_open_other_than_2xx_is_kept_whole(void **state)
{
    struct peer peer = {.serve = serve_range_refusal};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    struct http_request request = {.method = "GET", .url = peer.url, .expect = HTTP_EXPECT(416)};
    assert_int_equal(http_open(http, &request, &response, &body, &err), 0);
    peer_stop(&peer);
    assert_null(body);
    assert_int_equal(response.status, 416);
    assert_string_equal(buf_text(&response.body), "no");
    assert_string_equal(http_response_header(&response, "CONTENT-RANGE"), "bytes */2");
    assert_null(http_response_header(&response, "X-None"));
}

static void interim_answers_folded_lines_and_trailers_are_understood(void **state)
{
    struct peer peer = {.serve = serve_chunks};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    struct http_request request = {.method = "GET", .url = peer.url};
    assert_int_equal(http_send(http, &request, &response, &err), 0);
    peer_stop(&peer);
    assert_int_equal(response.status, 200);
    assert_string_equal(http_response_header(&response, "X-Folded"), "a b");
    assert_null(http_response_header(&response, "Link"));
    assert_null(http_response_header(&response, "X-Trailer"));
    assert_string_equal(buf_text(&response.body), "abcdefghij");
}

static void serve_long_header(struct peer *peer, int fd)
{
    CLEANUP(text) char *filler = xcalloc(1, 128 * KIB + 1);

    memset(filler, 'x', 128 * KIB);
    send_text(peer, fd, "HTTP/1.1 200 OK\r\nX: ");
    send_text(peer, fd, filler);
    send_text(peer, fd, "\r\n\r\n");
}

/* libcurl calls it a lack of memory. */
static void a_header_that_is_too_long_to_be_read_is_refused(void **state)
{
    struct peer peer = {.serve = serve_long_header};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    struct http_request request = {.method = "GET", .url = peer.url};
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    peer_stop(&peer);
    assert_int_equal(err.kind, ERROR_CORRUPT);
    assert_non_null(strstr(err.text, "a line of headers that is longer than libcurl reads"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_is_read_slowly_waits_at_the_server),
        cmocka_unit_test(a_body_is_the_same_in_whatever_parts_it_is_read),
        cmocka_unit_test(a_body_is_what_was_asked_for_or_an_error),
        cmocka_unit_test(an_answer_to_open_other_than_2xx_is_kept_whole),
        cmocka_unit_test(a_header_that_is_too_long_to_be_read_is_refused),
        cmocka_unit_test(interim_answers_folded_lines_and_trailers_are_understood),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
