#include "http/peer_test_internal.h"

#include <poll.h>

/* What the kernel holds for a connection on the way, both ends together. */
#define KERNEL_BUFFERS (16 * MIB)

/* Counts and checks a body of the pattern, then answers. */
static void serve_upload(struct peer *peer, int fd)
{
    CLEANUP(text) char *part = xcalloc(MIB, 1);
    uint64_t total = peer->body_start;
    bool right = true;

    memcpy(part, strstr(peer->head, "\r\n\r\n") + 4, peer->body_start);
    for (size_t i = 0; i < peer->body_start; i++)
        right = right && part[i] == pattern(i);
    while (total < BODY_SIZE) {
        ssize_t size = recv(fd, part, MIB, 0);
        if (size <= 0)
            return;
        for (size_t i = 0; i < (size_t)size; i++)
            right = right && part[i] == pattern(total + i);
        total += (uint64_t)size;
    }
    peer->complete = right;
    send_text(peer, fd, "HTTP/1.1 201 Created\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
}

/* Reads chunks as they are until the last one, and answers. */
static void serve_chunked_upload(struct peer *peer, int fd)
{
    size_t size = strlen(peer->head);

    while (strstr(peer->head, "\r\n0\r\n\r\n") == NULL && size < sizeof(peer->head) - 1) {
        ssize_t part = recv(fd, peer->head + size, sizeof(peer->head) - 1 - size, 0);
        if (part <= 0)
            return;
        size += (size_t)part;
    }
    peer->complete = true;
    send_text(peer, fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
}

/*
 * Answers early and lingers for a while, as servers do: closing at once with bytes
 * unread would reset the connection, and the answer might be lost on the way.
 */
static void serve_refusal(struct peer *peer, int fd)
{
    struct pollfd gone = {.fd = fd, .events = POLLRDHUP};

    send_text(peer, fd,
              "HTTP/1.1 413 Too large\r\nContent-Type: application/json\r\n"
              "Content-Length: 64\r\nConnection: close\r\n\r\n"
              "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no room for that much\"}]}\n");
    shutdown(fd, SHUT_WR);
    poll(&gone, 1, 500);
}

static void serve_hangup(struct peer *peer, int fd)
{
    (void)peer;
    (void)fd;
}

static void serve_deafness(struct peer *peer, int fd)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)fd;
    while (!peer->complete && cancel_wait(NULL, 50, &err) == 0)
        continue;
}

static struct http_request upload_request(const struct peer *peer)
{
    static const int expect[] = {201, 0};

    return (struct http_request){
        .method = "PATCH",
        .url = peer->url,
        .content_type = "application/octet-stream",
        .expect = expect,
    };
}

/* Pushes BODY_SIZE bytes of the pattern; *sent is how many were taken. */
static int push(struct writer *writer, uint64_t *sent, struct error *err)
{
    CLEANUP(text) char *part = xcalloc(MIB, 1);

    for (*sent = 0; *sent < BODY_SIZE; *sent += MIB) {
        for (uint64_t i = 0; i < MIB; i++)
            part[i] = pattern(*sent + i);
        if (writer_write(writer, part, MIB, err) < 0)
            return -1;
    }
    return writer_finish(writer, err);
}

static void an_upload_of_known_size_arrives_whole(void **state)
{
    struct peer peer = {.serve = serve_upload};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    uint64_t sent;

    (void)state;
    peer_start(&peer);
    struct http_request request = upload_request(&peer);
    assert_int_equal(http_upload(http, &request, BODY_SIZE, &response, &writer, &err), 0);
    request = (struct http_request){.method = NULL}; /* it may go out of scope */
    assert_int_equal(push(writer, &sent, &err), 0);
    peer_stop(&peer);
    assert_true(peer.complete);
    assert_int_equal(response.status, 201);
    assert_string_equal(http_response_header(&response, "Location"), "/b");
    assert_non_null(strstr(peer.head, "PATCH /f?s=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(peer.head, "\r\nContent-Length: 67108864\r\n"));
    assert_non_null(strstr(peer.head, "\r\nContent-Type: application/octet-stream\r\n"));
    assert_null(strstr(peer.head, "Expect"));
}

static void an_upload_of_unknown_size_is_sent_in_chunks(void **state)
{
    struct peer peer = {.serve = serve_chunked_upload};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    struct http_request request = upload_request(&peer);
    assert_int_equal(http_upload(http, &request, SIZE_UNKNOWN, &response, &writer, &err), 0);
    assert_int_equal(writer_write(writer, "hello", 5, &err), 0);
    assert_int_equal(cancel_wait(NULL, 1500, &err), 0); /* a caller may take its time */
    assert_int_equal(writer_write(writer, ", you", 5, &err), 0);
    assert_int_equal(writer_finish(writer, &err), 0);
    peer_stop(&peer);
    assert_true(peer.complete);
    assert_int_equal(response.status, 201);
    assert_non_null(strstr(peer.head, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(peer.head, "\r\n\r\n5\r\nhello\r\n5\r\n, you\r\n0\r\n\r\n"));
}

static void an_upload_that_is_given_up_is_never_completed(void **state)
{
    struct peer peer = {.serve = serve_chunked_upload};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    struct http_request request = upload_request(&peer);
    assert_int_equal(http_upload(http, &request, SIZE_UNKNOWN, &response, &writer, &err), 0);
    assert_int_equal(writer_write(writer, "hello", 5, &err), 0);
    writer_free(TAKE(writer));
    peer_stop(&peer);
    assert_false(peer.complete);
    assert_int_equal(response.status, 0);
}

static void serve_cut_head(struct peer *peer, int fd)
{
    char part[4096];
    size_t left = 3 - peer->body_start;

    while (left > 0) {
        ssize_t size = recv(fd, part, left, 0);
        if (size <= 0)
            return;
        left -= (size_t)size;
    }
    send_text(peer, fd, "HTTP/1.1 201 Created\r\nLocation: /a");
}

/* Nobody knows what the rest of the answer would have been. */
static void a_cut_answer_to_an_upload_is_none(void **state)
{
    struct peer peer = {.serve = serve_cut_head};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    struct http_request request = upload_request(&peer);
    assert_int_equal(http_upload(http, &request, 3, &response, &writer, &err), 0);
    assert_int_equal(writer_write(writer, "abc", 3, &err), 0);
    assert_int_equal(writer_finish(writer, &err), -1);
    writer_free(TAKE(writer));
    peer_stop(&peer);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_non_null(strstr(err.text, "ended before there was an answer"));
    assert_int_equal(response.status, 0);
}

static void a_broken_upload_ends_a_write_and_says_why(void **state)
{
    static const struct {
        void (*serve)(struct peer *peer, int fd);
        enum error_kind kind;
        const char *complaint;
    } cases[] = {
        {serve_refusal, ERROR_UNSUPPORTED,
         "/f' was answered with status 413: 'DENIED: no room for that much'"},
        {serve_hangup, ERROR_UNREACHABLE, "ended before there was an answer"},
        {serve_deafness, ERROR_UNREACHABLE, "for 1 s"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct peer peer = {.serve = cases[i].serve};
        CLEANUP(http) struct http *http = new_http();
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(writer) struct writer *writer = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        uint64_t sent;
        peer_start(&peer);
        struct http_request request = upload_request(&peer);
        assert_int_equal(http_upload(http, &request, BODY_SIZE, &response, &writer, &err), 0);
        assert_int_equal(push(writer, &sent, &err), -1);
        peer.complete = true;
        peer_stop(&peer);
        assert_in_range(sent, 0, KERNEL_BUFFERS);
        assert_int_equal(response.status, cases[i].serve == serve_refusal ? 413 : 0);
        assert_int_equal(err.kind, cases[i].kind);
        if (strstr(err.text, cases[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].complaint);
        assert_null(strstr(err.text, "s=1"));
    }
}

static void an_upload_has_the_size_that_was_announced(void **state)
{
    static const struct {
        const char *bytes, *complaint;
    } cases[] = {
        {"12", "fewer bytes for '"},
        {"1234", "more bytes for '"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct peer peer = {.serve = serve_chunked_upload};
        CLEANUP(http) struct http *http = new_http();
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(writer) struct writer *writer = NULL;
        CLEANUP(error) struct error err = ERROR_INIT;
        peer_start(&peer);
        struct http_request request = upload_request(&peer);
        assert_int_equal(http_upload(http, &request, 3, &response, &writer, &err), 0);
        int result = writer_write(writer, cases[i].bytes, strlen(cases[i].bytes), &err);
        if (result == 0)
            result = writer_finish(writer, &err);
        writer_free(TAKE(writer));
        peer_stop(&peer);
        assert_int_equal(result, -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.text, cases[i].complaint));
        assert_non_null(strstr(err.text, "than the 3 announced"));
    }
}

/* Keeps the first connection open behind an answer; ends those with a body without any. */
static void serve_bodies_nothing(struct peer *peer, int fd)
{
    struct pollfd next[] = {{.fd = fd, .events = POLLIN}, {.fd = peer->listener, .events = POLLIN}};
    char part[1024];

    if (peer->number > 0) {
        atomic_fetch_add(&peer->total, 1);
        return;
    }
    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    poll(next, ARRAY_SIZE(next), -1);
    peer->total = 0;
    if ((next[0].revents & POLLIN) != 0 && recv(fd, part, sizeof(part), 0) > 0)
        peer->total = 1;
}

static void a_body_is_sent_once_whatever_libcurl_thinks_of_its_connection(void **state)
{
    struct peer peer = {.serve = serve_bodies_nothing, .more = 2};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    peer_start(&peer);
    const struct http_request get = {.method = "GET", .url = peer.url};
    struct http_request patch = upload_request(&peer);
    patch.body = "abc";
    patch.body_size = 3;
    CLEANUP(http_response) struct http_response answer = HTTP_RESPONSE_INIT;
    assert_int_equal(http_send(http, &get, &answer, &err), 0);
    assert_int_equal(http_send(http, &patch, &answer, &err), -1);
    peer_stop(&peer);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_int_equal(peer.total, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_of_known_size_arrives_whole),
        cmocka_unit_test(an_upload_of_unknown_size_is_sent_in_chunks),
        cmocka_unit_test(an_upload_that_is_given_up_is_never_completed),
        cmocka_unit_test(a_broken_upload_ends_a_write_and_says_why),
        cmocka_unit_test(a_cut_answer_to_an_upload_is_none),
        cmocka_unit_test(an_upload_has_the_size_that_was_announced),
        cmocka_unit_test(a_body_is_sent_once_whatever_libcurl_thinks_of_its_connection),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
