#include "http/peer_test_internal.h"

#include <netdb.h>
#include <sys/un.h>

static const struct {
    const char *host;
    enum address_scope scope;
} addresses[] = {
    {"127.0.0.1", ADDRESS_MACHINE},
    {"127.255.255.254", ADDRESS_MACHINE},
    {"localhost:99", ADDRESS_MACHINE},
    {"LOCALHOST", ADDRESS_MACHINE},
    {"a.localhost", ADDRESS_MACHINE},
    {"localhost.", ADDRESS_MACHINE},
    {"user@localhost", ADDRESS_MACHINE},
    {"0.0.0.0", ADDRESS_MACHINE},
    {"2130706433", ADDRESS_MACHINE},
    {"0x7f.1", ADDRESS_MACHINE},
    {"017700000001", ADDRESS_MACHINE},
    {"[::1]:5000", ADDRESS_MACHINE},
    {"[::]", ADDRESS_MACHINE},
    {"10.1.2.3", ADDRESS_NETWORK},
    {"100.64.0.1", ADDRESS_NETWORK},
    {"172.16.0.1", ADDRESS_NETWORK},
    {"172.31.255.255", ADDRESS_NETWORK},
    {"192.168.0.1", ADDRESS_NETWORK},
    {"198.18.0.1", ADDRESS_NETWORK},
    {"198.19.255.255", ADDRESS_NETWORK},
    {"[fd00::1]", ADDRESS_NETWORK},
    {"[fec0::1]", ADDRESS_NETWORK},
    {"169.254.169.254", ADDRESS_NEVER},
    {"0xa9fea9fe", ADDRESS_NEVER},
    {"168.63.129.16", ADDRESS_NEVER},
    {"100.100.100.200", ADDRESS_NEVER},
    {"192.0.0.192", ADDRESS_NEVER},
    {"192.0.2.1", ADDRESS_NEVER},
    {"198.51.100.1", ADDRESS_NEVER},
    {"203.0.113.1", ADDRESS_NEVER},
    {"224.0.0.1", ADDRESS_NEVER},
    {"240.0.0.1", ADDRESS_NEVER},
    {"255.255.255.255", ADDRESS_NEVER},
    {"[fe80::1]", ADDRESS_NEVER},
    {"[febf::1]", ADDRESS_NEVER},
    {"[ff02::1]", ADDRESS_NEVER},
    {"[fd00:ec2::254]", ADDRESS_NEVER},
    {"[2001:db8::1]", ADDRESS_NEVER},
    {"[100::1]", ADDRESS_NEVER},
    {"[::ffff:10.0.0.1]", ADDRESS_NETWORK},
    {"[::ffff:169.254.169.254]", ADDRESS_NEVER},
    {"[::10.0.0.1]", ADDRESS_NETWORK},
    {"[64:ff9b::a00:1]", ADDRESS_NETWORK},
    {"[64:ff9b::a9fe:a9fe]", ADDRESS_NEVER},
    {"[64:ff9b:1::808:808]", ADDRESS_NETWORK},
    {"[64:ff9b:1::a9fe:a9fe]", ADDRESS_NEVER},
    {"[2002:a9fe:a9fe::1]", ADDRESS_NEVER},
    {"[2002:7f00:1::1]", ADDRESS_MACHINE},
    {"[2002:808:808::1]", ADDRESS_WORLD},
    {"[2001:0:a9fe:a9fe::f7f7:f7f7]", ADDRESS_NEVER},
    {"[2001:0:808:808::5601:5601]", ADDRESS_NEVER}, /* the client is 169.254.169.254 */
    {"[2001:0:808:808::f7f7:f7f7]", ADDRESS_WORLD},
    {"[2a00::5efe:7f00:1]", ADDRESS_MACHINE},
    {"[2a00::200:5efe:a9fe:a9fe]", ADDRESS_NEVER},
    {"[64:ff9b::808:808]", ADDRESS_WORLD},
    {"[2001:4860::8]", ADDRESS_WORLD},
    {"8.8.8.8", ADDRESS_WORLD},
    {"9.255.255.255", ADDRESS_WORLD},
    {"172.32.0.1", ADDRESS_WORLD},
    {"100.128.0.1", ADDRESS_WORLD},
    {"198.20.0.1", ADDRESS_WORLD},
    {"168.63.129.17", ADDRESS_WORLD},
    {"r.example", ADDRESS_WORLD},
    {"localhost.example", ADDRESS_WORLD},
    {"notlocalhost", ADDRESS_WORLD},
};

static void addresses_are_as_the_registries_of_special_purpose_have_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        CLEANUP(text) char *url = xasprintf("https://%s/x", addresses[i].host);
        if (url_scope(url) != addresses[i].scope)
            fail_msg("'%s' is %d", url, (int)url_scope(url));
    }
    assert_int_equal(url_scope("not a URL"), ADDRESS_WORLD);
}

/* Rows send to columns. */
static void a_server_names_only_what_lies_no_nearer_than_itself(void **state)
{
    static const char *const urls[] = {"http://169.254.169.254", "http://127.0.0.1:1",
                                       "http://10.0.0.1", "https://h.example"};
    static const bool allowed[4][4] = {
        {true, true, true, true}, /* named by the user, who knows */
        {false, true, true, true},
        {false, false, true, true},
        {false, false, false, true},
    };
    CLEANUP(http) struct http *http = new_http();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
        for (size_t j = 0; j < ARRAY_SIZE(urls); j++)
            if (http_may_name(http, urls[i], urls[j]) != allowed[i][j])
                fail_msg("'%s' to '%s'", urls[i], urls[j]);
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

    if (gethostname(name, sizeof(name) - 1) < 0 || url_scope(name) != ADDRESS_WORLD ||
        getaddrinfo(name, NULL, &hints, &found) != 0)
        return NULL;
    bool is_private = address_scope(found->ai_addr) == ADDRESS_MACHINE;
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
    struct http_request request = {.method = "GET", .url = url, .named_by = "https://h.example"};
    assert_int_equal(http_scope(http, url), ADDRESS_WORLD);
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_non_null(strstr(err.text, "is on this machine, where only a server that is there "
                                     "itself may send inlay"));
    assert_int_equal(http_scope(http, url), ADDRESS_WORLD);

    /* The same without the restriction is answered, and from then on known for what it is. */
    request.named_by = NULL;
    assert_int_equal(http_send(http, &request, &response, &err), 0);
    assert_string_equal(buf_text(&response.body), "hello");
    assert_int_equal(http_scope(http, url), ADDRESS_MACHINE);
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
        .named_by = "https://h.example",
    };

    (void)state;
    assert_int_equal(http_send(http, &request, &response, &err), -1);
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_string_equal(err.text,
                        "'169.254.169.254:80' is at an address for a link, a cloud's own services "
                        "or no use, where no server may send inlay");
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
    assert_int_equal(http_scope(http, "http://r.example"), ADDRESS_WORLD);
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_string_equal(err.text, "following a redirect of 'http://r.example/blob': "
                                  "'127.0.0.1:9' is on this machine, where only a server that is "
                                  "there itself may send inlay");
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
        cmocka_unit_test(addresses_are_as_the_registries_of_special_purpose_have_them),
        cmocka_unit_test(a_server_names_only_what_lies_no_nearer_than_itself),
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
