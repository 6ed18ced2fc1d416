#include "http/peer_test_internal.h"

/* What people were told, and who is stopped by that. */
struct listener {
    struct http *http;
    struct cancel *cancel; /* NULL: nobody */
    struct buf lines;
    struct buf waits; /* what http_describe_wait() said meanwhile */
};

static void listen_to(void *arg, enum log_level level, const char *line)
{
    struct listener *listener = arg;

    assert_int_equal(level, LOG_WAIT);
    buf_addf(&listener->lines, "%s\n", line);
    if (!http_describe_wait(listener->http, &listener->waits))
        buf_add_text(&listener->waits, "nobody");
    if (listener->cancel != NULL)
        cancel_request(listener->cancel);
}

static int ask(struct peer *peer, const struct http_options *options, struct listener *listener,
               struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    const struct log log = {.level = LOG_WAIT, .write = listen_to, .arg = listener};
    struct http_options heard = *options;

    heard.user_agent = "inlay/test";
    heard.log = &log;
    CLEANUP(http) struct http *http = http_new(&heard);
    listener->http = http;
    peer_start(peer);
    const struct http_request request = {.method = "GET", .url = peer->url, .peer = "the hub"};
    int result = http_send(http, &request, &response, err);
    peer_stop(peer);
    return result;
}

static void answer_429(struct peer *peer, int fd)
{
    send_text(peer, fd, "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static void a_request_that_is_made_again_says_so_at_once(void **state)
{
    struct peer peer = {.serve = answer_429, .more = 2};
    struct listener listener = {.lines = BUF_INIT};
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct http_options options = {.retries = 2, .retry_wait_ms = 1};

    (void)state;
    assert_int_equal(ask(&peer, &options, &listener, &err), 0);
    CLEANUP(text) char *host = xstrndup(peer.url + 7, strcspn(peer.url + 7, "/"));
    CLEANUP(text)
    char *expected =
        xasprintf("the hub at '%s' answers with status 429; again in 0 s (try 2 of 3)\n"
                  "the hub at '%s' answers with status 429; again in 0 s (try 3 of 3)\n",
                  host, host);
    assert_string_equal(buf_text(&listener.lines), expected);
    buf_release(&listener.lines);
    buf_release(&listener.waits);
}

static void say_nothing(struct peer *peer, int fd)
{
    char byte;

    (void)peer;
    while (recv(fd, &byte, 1, 0) > 0)
        continue;
}

static void a_silence_is_said_while_it_lasts(void **state)
{
    struct peer peer = {.serve = say_nothing};
    struct cancel cancel = {.parent = NULL};
    struct listener listener = {.cancel = &cancel};
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct http_options options = {.cancel = &cancel, .stall_timeout_s = 4};

    (void)state;
    assert_int_equal(ask(&peer, &options, &listener, &err), -1);
    assert_int_equal(err.kind, ERROR_CANCELED); /* by whoever read the line */
    CLEANUP(text) char *host = xstrndup(peer.url + 7, strcspn(peer.url + 7, "/"));
    CLEANUP(text) char *line = xasprintf("no answer from '%s' within ", host);
    CLEANUP(text) char *wait = xasprintf("waiting for '%s' to answer, ", host);
    assert_non_null(strstr(buf_text(&listener.lines), line));
    assert_non_null(strstr(buf_text(&listener.lines), " s; the wait ends after 4 s\n"));
    assert_non_null(strstr(buf_text(&listener.waits), wait));
    buf_release(&listener.lines);
    buf_release(&listener.waits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_that_is_made_again_says_so_at_once),
        cmocka_unit_test(a_silence_is_said_while_it_lasts),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
