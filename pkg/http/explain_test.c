#include "http/http_internal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
    CURLcode result;
    const char *words;
    bool answered;
    enum error_kind kind;
    const char *text;
} ends[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "", false, ERROR_UNREACHABLE,
     "cannot connect to 'h.example:443': the name is not known to this machine's resolver"},
    {CURLE_COULDNT_RESOLVE_PROXY, "", false, ERROR_UNREACHABLE,
     "cannot connect to 'h.example:443': the name of the proxy cannot be resolved"},
    {CURLE_OPERATION_TIMEDOUT, "", false, ERROR_UNREACHABLE,
     "cannot connect to 'h.example:443': no answer within 30 s"},
    {CURLE_COULDNT_CONNECT, "", false, ERROR_UNREACHABLE,
     "cannot connect to 'h.example:443': there is no way to the host"},
    {CURLE_PEER_FAILED_VERIFICATION, "unable to get local issuer certificate", false,
     ERROR_UNSUPPORTED,
     "the certificate of 'h.example:443' is not trusted: unable to get local issuer "
     "certificate; name the authority that signed it with --tls-ca FILE or in "
     "certs.d/h.example, or go without by --insecure h.example"},
    {CURLE_SSL_CERTPROBLEM, "unable to set private key file", false, ERROR_LOCAL,
     "the client certificate for 'h.example:443' cannot be used: unable to set private key "
     "file"},
    {CURLE_SSL_CACERT_BADFILE, "x", false, ERROR_LOCAL,
     "the certificates of the authorities in 'more.pem' cannot be read; see --tls-ca, certs.d, "
     "SSL_CERT_FILE and SSL_CERT_DIR"},
    {CURLE_RECV_ERROR, "tlsv13 alert certificate required", false, ERROR_DENIED,
     "'h.example:443' wants a client certificate that it trusts; NAME.cert and NAME.key belong "
     "into certs.d/h.example or the folder of --cert-dir"},
    {CURLE_SSL_CONNECT_ERROR, "alert 80", false, ERROR_UNREACHABLE,
     "cannot agree on TLS with 'h.example:443': alert 80"},
    {CURLE_GOT_NOTHING, "", false, ERROR_UNREACHABLE,
     "the connection to 'h.example:443' ended before there was an answer"},
    {CURLE_PARTIAL_FILE, "", true, ERROR_UNREACHABLE,
     "the connection to 'h.example:443' ended before the answer was complete"},
    {CURLE_SSL_CLIENTCERT, "", false, ERROR_DENIED,
     "'h.example:443' wants a client certificate that it trusts; NAME.cert and NAME.key belong "
     "into certs.d/h.example or the folder of --cert-dir"},
    {CURLE_SEND_FAIL_REWIND, "", false, ERROR_UNREACHABLE,
     "the connection to 'h.example:443' ended before there was an answer"},
    {CURLE_OUT_OF_MEMORY, "", false, ERROR_UNSUPPORTED,
     "a request to 'h.example:443' has more headers than libcurl sends; is a token or a name "
     "that long?"},
    {CURLE_FAILED_INIT, "x", false, ERROR_INTERNAL, "libcurl cannot ask 'h.example:443': x"},
    {CURLE_UNSUPPORTED_PROTOCOL, "", false, ERROR_UNREACHABLE,
     "'h.example:443' does not answer in HTTP/1.1"},
};

static void each_end_of_a_connection_has_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        CLEANUP(connection) struct connection *connection = connection_new("https://h.example:443");
        CLEANUP(error) struct error err = ERROR_INIT;
        char url[] = "https://user:pass@h.example/p?sig=1";
        char more[] = "more.pem";
        struct http http = {.certificates = {.more = more}};
        struct transfer transfer = {
            .http = &http,
            .connection = connection,
            .url = url,
            .connect_timeout_ms = HTTP_CONNECT_TIMEOUT_MS,
            .result = ends[i].result,
            .answered = ends[i].answered,
        };
        snprintf(transfer.words, sizeof(transfer.words), "%s", ends[i].words);
        assert_int_equal(transfer_explain(&transfer, &err), -1);
        assert_int_equal(err.kind, ends[i].kind);
        assert_string_equal(err.text, ends[i].text);
    }
}

static void a_proxy_that_is_not_there_is_told_as_what_it_is(void **state)
{
    static const struct {
        CURLcode result;
        const char *origin, *proxy, *text;
    } cases[] = {
        {CURLE_COULDNT_CONNECT, "https://h.example:443", "http://127.0.0.1:1",
         "cannot connect to the proxy '127.0.0.1:1' (see https_proxy, all_proxy and no_proxy): "
         "there is no way to it"},
        {CURLE_COULDNT_CONNECT, "http://h.example:80", "user:s3cret@p.example:3128/",
         "cannot connect to the proxy 'p.example:3128' (see http_proxy, all_proxy and no_proxy): "
         "there is no way to it"},
        {CURLE_COULDNT_RESOLVE_PROXY, "http://h.example:80", "http://p.example",
         "cannot connect to the proxy 'p.example' (see http_proxy, all_proxy and no_proxy): the "
         "name is not known to this machine's resolver"},
        {CURLE_OPERATION_TIMEDOUT, "http://h.example:80", "http://p.example",
         "cannot connect to the proxy 'p.example' (see http_proxy, all_proxy and no_proxy): no "
         "answer in time"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(connection) struct connection *connection = connection_new(cases[i].origin);
        CLEANUP(error) struct error err = ERROR_INIT;
        CLEANUP(text) char *origin = xstrdup(cases[i].origin);
        CLEANUP(text) char *url = xasprintf("%s/p", cases[i].origin);
        struct http http = {.user_agent = NULL};
        struct transfer transfer = {
            .http = &http,
            .connection = connection,
            .url = url,
            .origin = origin,
            .proxy = cases[i].proxy,
            .result = cases[i].result,
        };
        assert_int_equal(transfer_explain(&transfer, &err), -1);
        assert_int_equal(err.kind, ERROR_UNREACHABLE);
        assert_string_equal(err.text, cases[i].text);
    }
}

/* A listening socket; *port tells where. */
static int listen_somewhere(unsigned *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int ask(const char *scheme, unsigned port, unsigned retries, struct error *err)
{
    struct http_options options = {
        .user_agent = "inlay/test", .retries = retries, .retry_wait_ms = 1};
    CLEANUP(http) struct http *http = http_new(&options);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = xasprintf("%s://127.0.0.1:%u/p?secret=1", scheme, port);
    struct http_request request = {.method = "GET", .url = url};

    return http_send(http, &request, &response, err);
}

static void nobody_listening_is_unreachable(void **state)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    unsigned port;

    (void)state;
    close(listen_somewhere(&port));
    assert_int_equal(ask("http", port, 1, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    CLEANUP(text)
    char *text = xasprintf("cannot connect to '127.0.0.1:%u': connection refused", port);
    assert_string_equal(err.text, text);
}

/* A server without TLS, on a thread of its own. */
struct plain_server {
    int listener;
    unsigned hellos; /* that it has got */
};

static void *answer_in_plain_http(void *arg)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    struct plain_server *server = arg;
    char hello[4096];

    for (;;) {
        CLEANUP(fd) int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (recv(fd, hello, sizeof(hello), 0) > 0) {
            server->hellos++;
            send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
        }
    }
}

static void check_plain_server(unsigned retries, unsigned hellos)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    struct plain_server server = {.hellos = 0};
    pthread_t thread;
    unsigned port;

    server.listener = listen_somewhere(&port);
    pthread_create(&thread, NULL, answer_in_plain_http, &server);
    assert_int_equal(ask("https", port, retries, &err), -1);
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(server.listener);
    assert_int_equal(server.hellos, hellos);
    assert_int_equal(err.kind, ERROR_UNSUPPORTED);
    CLEANUP(text)
    char *text = xasprintf("'127.0.0.1:%u' does not speak TLS: is it plain http? --insecure "
                           "127.0.0.1:%u allows that",
                           port, port);
    assert_string_equal(err.text, text);
}

static void https_to_a_plain_server_is_tried_twice(void **state)
{
    (void)state;
    check_plain_server(HTTP_NO_RETRIES, 1);
    check_plain_server(1, 2);
    check_plain_server(4, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proxy_that_is_not_there_is_told_as_what_it_is),
        cmocka_unit_test(each_end_of_a_connection_has_its_words),
        cmocka_unit_test(nobody_listening_is_unreachable),
        cmocka_unit_test(https_to_a_plain_server_is_tried_twice),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
