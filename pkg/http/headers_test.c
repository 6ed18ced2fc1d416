#include "http/peer_test_internal.h"

/* What the peer of a test sends, one answer a request. */
static const struct {
    const char *text;
    const char *complaint; /* NULL: it is taken */
    bool is_libcurls;      /* some versions take it all the same */
} answers[] = {
    {"HTTP/1.1 200 OK\r\nX-First: of the answer before\r\nContent-Length: 0\r\n\r\n", NULL, false},
    {"HTTP/1.1 200 OK\r\n folded: to nothing\r\nContent-Length: 0\r\n\r\n",
     "does not answer in HTTP/1.1", true},
    {"HTTP/1.1 200 OK\r\n :x\r\nContent-Length: 0\r\n\r\n", "does not answer in HTTP/1.1", false},
    {"HTTP/1.1 200 OK\r\n: no name\r\nContent-Length: 0\r\n\r\n", "does not answer in HTTP/1.1",
     true},
    {"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n", "does not answer in HTTP/1.1",
     false},
    {"HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n", NULL, false},
};

static void serve_next(struct peer *peer, int fd)
{
    send_text(peer, fd, answers[peer->number].text);
}

/*
 * A line that goes on from a header of the answer before is what libcurl before 8.1 adds to memory
 * that it has freed, where a handle is used twice: AddressSanitizer sees it.
 */
static void a_header_that_is_none_is_the_servers_fault_and_does_no_harm(void **state)
{
    struct peer peer = {.serve = serve_next, .more = ARRAY_SIZE(answers) - 1};
    CLEANUP(http) struct http *http = new_http();

    (void)state;
    peer_start(&peer);
    const struct http_request request = {.method = "GET", .url = peer.url, .no_retry = true};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        int result = http_send(http, &request, &response, &err);
        if (!answers[i].is_libcurls && result != (answers[i].complaint != NULL ? -1 : 0))
            fail_msg("answer %zu: %d, '%s'", i, result, err.text != NULL ? err.text : "");
        if (result == 0 || answers[i].complaint == NULL)
            continue;
        assert_int_equal(err.kind, ERROR_UNREACHABLE);
        if (strstr(err.text, answers[i].complaint) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, answers[i].complaint);
    }
    peer_stop(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_that_is_none_is_the_servers_fault_and_does_no_harm),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
