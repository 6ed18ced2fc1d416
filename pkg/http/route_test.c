#include "http/peer_test_internal.h"

#include <netdb.h>
#include <sys/un.h>

static void addresses_of_this_machine_and_its_networks_are_private(void **state)
{
    static const struct {
        const char *url;
        bool is_private;
    } cases[] = {
        {"https://127.0.0.1/x", true},
        {"https://127.255.255.254", true},
        {"https://localhost:99/", true},
        {"https://LOCALHOST/", true},
        {"https://a.localhost/", true},
        {"https://localhost./", true},
        {"https://user@localhost/", true},
        {"https://169.254.169.254/latest", true},
        {"https://10.1.2.3", true},
        {"https://100.64.0.1", true},
        {"https://172.16.0.1", true},
        {"https://172.31.255.255", true},
        {"https://192.168.0.1", true},
        {"https://0.0.0.0", true},
        {"https://2130706433/", true},
        {"https://0x7f.1/", true},
        {"https://017700000001/", true},
        {"https://[::1]:5000/", true},
        {"https://[::]/", true},
        {"https://[fe80::1]/", true},
        {"https://[fd00::1]/", true},
        {"https://[::ffff:10.0.0.1]/", true},
        {"https://[::10.0.0.1]/", true},
        {"https://[64:ff9b::a00:1]/", true},
        {"https://[64:ff9b::808:808]/", false},
        {"https://[2001:4860::8]/", false},
        {"https://8.8.8.8", false},
        {"https://172.32.0.1", false},
        {"https://100.128.0.1", false},
        {"https://r.example", false},
        {"https://localhost.example", false},
        {"https://notlocalhost", false},
        {"not a URL", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (url_is_private(cases[i].url) != cases[i].is_private)
            fail_msg("'%s' is %s", cases[i].url, cases[i].is_private ? "private" : "public");
}

static void hosts_are_allowed_by_name_and_port(void **state)
{
    static const char *const insecure[] = {"R.example", "b.example:5000", "c.example:443",
                                           "[::1]:80", NULL};
    struct http_options options = {.user_agent = "inlay/test", .insecure = insecure};
    CLEANUP(http) struct http *http = http_new(&options);
    static const struct {
        const char *host;
        bool allowed;
    } cases[] = {
        {"r.example", true},       {"R.EXAMPLE", true},
        {"r.example:443", true},   {"r.example:80", true},
        {"r.example:5000", false}, {"a.r.example", false},
        {"b.example:5000", true},  {"b.example", false},
        {"b.example:443", false},  {"c.example", true},
        {"c.example:443", true},   {"[::1]", true},
        {"[::1]:81", false},       {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (http_allows_insecure(http, cases[i].host) != cases[i].allowed)
            fail_msg("'%s'", cases[i].host);
}

static void serve_hello(struct peer *peer, int fd)
{
    send_text(peer, fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
}

/* This machine by a name that does not say so; NULL if it has none. The caller frees it. */
static char *name_of_this_machine(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char name[256] = "";

    if (gethostname(name, sizeof(name) - 1) < 0 || url_is_private(name) ||
        getaddrinfo(name, NULL, &hints, &found) != 0)
        return NULL;
    bool is_private = address_is_private(found->ai_addr);
    bool is_loopback =
        ((const unsigned char *)&((const struct sockaddr_in *)(const void *)found->ai_addr)
             ->sin_addr)[0] == 127;
    freeaddrinfo(found);
    return is_private && is_loopback ? xstrdup(name) : NULL;
}

static void a_public_request_does_not_connect_to_what_a_name_hides(void **state)
{
    CLEANUP(text) char *name = name_of_this_machine();
    struct peer peer = {.serve = serve_hello};
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)state;
    if (name == NULL)
        skip();
    peer_start(&peer);
    CLEANUP(text) char *url = xasprintf("http://%s%s", name, strrchr(peer.url, ':'));
    struct http_request request = {.method = "GET", .url = url, .public_only = true};
    assert_false(http_is_private_origin(http, url));
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_non_null(strstr(err.text, "has an address of this machine or a private network, where "
                                     "only a server that is there itself may send inlay"));
    assert_false(http_is_private_origin(http, url));

    /* The same without the restriction is answered, and from then on known for what it is. */
    request.public_only = false;
    assert_int_equal(http_send(http, &request, &response, &err), 0);
    assert_string_equal(buf_text(&response.body), "hello");
    assert_true(http_is_private_origin(http, url));
    peer_stop(&peer);
}

static void a_public_request_does_not_go_to_an_address_that_is_private(void **state)
{
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct http_request request = {
        .method = "GET",
        .url = "http://169.254.169.254/latest/?secret",
        .public_only = true,
    };

    (void)state;
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_string_equal(err.text,
                        "'169.254.169.254:80' is on this machine or a private network, where only "
                        "a server that is there itself may send inlay");
}

static void serve_redirect(struct peer *peer, int fd)
{
    send_text(peer, fd,
              "HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:9/secret?x\r\nContent-Length: 0\r\n"
              "Connection: close\r\n\r\n");
}

/* The peer is a proxy here, behind which is the open internet. */
static void a_public_server_cannot_redirect_to_a_private_one(void **state)
{
    struct peer peer = {.serve = serve_redirect};
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct http_request request = {.method = "GET", .url = "http://r.example/blob?sig"};

    (void)state;
    peer_start(&peer);
    CLEANUP(text) char *proxy = xstrndup(peer.url, strlen(peer.url) - strlen("/f?s=1"));
    setenv("http_proxy", proxy, 1);
    CLEANUP(http) struct http *http = new_http();
    unsetenv("http_proxy");
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    peer_stop(&peer);
    assert_non_null(strstr(peer.head, "GET http://r.example/blob?sig HTTP/1.1"));
    assert_false(http_is_private_origin(http, "http://r.example"));
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_string_equal(err.text, "following a redirect of 'http://r.example/blob': "
                                  "'127.0.0.1:9' is on this machine or a private network, where "
                                  "only a server that is there itself may send inlay");
}

/* One connection on a socket in a folder of its own. */
struct local {
    char folder[32];
    char *path;
    int listener;
    const char *answer;
    char head[4096];
    pthread_t thread;
};

static void *serve_local(void *arg)
{
    struct local *local = arg;
    int fd = accept(local->listener, NULL, NULL);

    if (fd >= 0 && recv(fd, local->head, sizeof(local->head) - 1, 0) > 0)
        send(fd, local->answer, strlen(local->answer), MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void local_start(struct local *local)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(local->folder, sizeof(local->folder), "/tmp/inlay-http-XXXXXX");
    assert_non_null(mkdtemp(local->folder));
    local->path = xasprintf("%s/s", local->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", local->path);
    local->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(local->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(local->listener, 1), 0);
    pthread_create(&local->thread, NULL, serve_local, local);
}

static void local_stop(struct local *local)
{
    pthread_join(local->thread, NULL);
    close(local->listener);
    unlink(local->path);
    rmdir(local->folder);
}

static void a_socket_stands_in_place_of_the_host(void **state)
{
    static const struct {
        const char *answer;
        bool refused;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", false},
        {"HTTP/1.1 302 x\r\nLocation: http://other/\r\nContent-Length: 0\r\n"
         "Connection: close\r\n\r\n",
         true},
    };

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct local local = {.answer = cases[i].answer};
        CLEANUP(http) struct http *http = new_http();
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP(error) struct error err = ERROR_INIT;
        local_start(&local);
        struct http_request request = {
            .method = "GET",
            .url = "http://engine/v1/info",
            .unix_socket = local.path,
        };
        int result = http_send(http, &request, &response, &err);
        local_stop(&local);
        assert_true(text_starts_with(local.head, "GET /v1/info HTTP/1.1\r\nHost: engine\r\n"));
        if (!cases[i].refused) {
            assert_int_equal(result, 0);
            assert_string_equal(buf_text(&response.body), "hello");
        } else {
            CLEANUP(text)
            char *text = xasprintf("'http://engine/v1/info' redirects away from the socket '%s', "
                                   "which is not followed",
                                   local.path);
            assert_int_equal(result, -1);
            assert_string_equal(err.text, text);
        }
        free(local.path);
    }
    unsetenv("http_proxy");
}

static void a_socket_that_is_not_there_is_named(void **state)
{
    CLEANUP(http) struct http *http = new_http();
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct http_request request = {
        .method = "GET",
        .url = "http://engine/",
        .unix_socket = "/nonexistent/s",
        .no_retry = true,
    };

    (void)state;
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_UNREACHABLE);
    assert_string_equal(err.text,
                        "cannot connect to the socket '/nonexistent/s': no such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_this_machine_and_its_networks_are_private),
        cmocka_unit_test(hosts_are_allowed_by_name_and_port),
        cmocka_unit_test(a_public_request_does_not_connect_to_what_a_name_hides),
        cmocka_unit_test(a_public_request_does_not_go_to_an_address_that_is_private),
        cmocka_unit_test(a_public_server_cannot_redirect_to_a_private_one),
        cmocka_unit_test(a_socket_stands_in_place_of_the_host),
        cmocka_unit_test(a_socket_that_is_not_there_is_named),
    };

    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
