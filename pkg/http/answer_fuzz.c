#include "http/http_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A server of this process that answers whatever it is asked with the same bytes. */
struct server {
    int listener;
    char folder[32];
    struct sockaddr_un address;
    pthread_mutex_t lock;
    const uint8_t *data; /* under `lock`, as `size` */
    size_t size;
};

static struct server server = {
    .folder = "/tmp/inlay-fuzz-XXXXXX",
    .address.sun_family = AF_UNIX,
    .lock = PTHREAD_MUTEX_INITIALIZER,
};

static void answer(int fd)
{
    char request[4096];
    size_t size = 0;
    ssize_t part = 1;

    while (size < sizeof(request) && part > 0 &&
           memmem(request, size, "\r\n\r\n", strlen("\r\n\r\n")) == NULL) {
        part = recv(fd, request + size, sizeof(request) - size, 0);
        size += part > 0 ? (size_t)part : 0;
    }
    pthread_mutex_lock(&server.lock);
    for (size_t sent = 0; sent < server.size && part > 0; sent += part > 0 ? (size_t)part : 0)
        part = send(fd, server.data + sent, server.size - sent, MSG_NOSIGNAL);
    pthread_mutex_unlock(&server.lock);
}

static void *serve(void *arg)
{
    int fd = -1;

    (void)arg;
    while ((fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        answer(fd);
        close(fd);
    }
    return NULL;
}

static void remove_socket(void)
{
    unlink(server.address.sun_path);
    rmdir(server.folder);
}

static struct http *start(void)
{
    pthread_t thread;

    server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server.listener < 0 || mkdtemp(server.folder) == NULL || atexit(remove_socket) != 0)
        abort();
    snprintf(server.address.sun_path, sizeof(server.address.sun_path), "%s/s", server.folder);
    if (bind(server.listener, (struct sockaddr *)&server.address, sizeof(server.address)) < 0 ||
        listen(server.listener, 16) < 0 || pthread_create(&thread, NULL, serve, NULL) != 0)
        abort();
    return http_new(&(struct http_options){
        .user_agent = "inlay/test", .retries = HTTP_NO_RETRIES, .retry_wait_ms = 1});
}

/* All of a streamed answer, within what was asked for. */
static void read_all(struct reader *body, const struct http_request *request)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    char piece[1000];
    uint64_t total = 0;
    ssize_t got = 1;

    while ((got = reader_read(body, piece, sizeof(piece), &err)) > 0)
        total += (uint64_t)got;
    if ((got < 0) != (err.kind != ERROR_NONE))
        __builtin_trap();
    if (request->length > 0 && total > request->length)
        __builtin_trap(); /* it may be less: of a content that ends before */
}

/* A whole answer, from its status line to its body; the first byte says how it is asked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http *http;
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(reader) struct reader *body = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (http == NULL)
        http = start();
    if (size == 0)
        return 0;
    struct http_request request = {
        .method = data[0] % 2 == 0 ? "GET" : "HEAD",
        .url = "http://localhost/p?secret",
        .expect = data[0] % 5 == 0 ? HTTP_EXPECT(200) : NULL,
        .offset = data[0] % 3 == 0 ? 5 : 0,
        .length = data[0] % 3 == 0 ? 10 : 0,
        .body_limit = 4096,
        .keep_redirect = true,
        .no_retry = true,
        .unix_socket = server.address.sun_path,
    };
    pthread_mutex_lock(&server.lock);
    server.data = data + 1;
    server.size = size - 1;
    pthread_mutex_unlock(&server.lock);
    int result = data[0] % 4 == 0 ? http_open(http, &request, &response, &body, &err)
                                  : http_send(http, &request, &response, &err);
    if ((result < 0) != (err.kind != ERROR_NONE) || response.body.size > request.body_limit)
        __builtin_trap();
    if (result < 0 && !text_is_utf8(err.text))
        __builtin_trap();
    if (result < 0 && strstr(err.text, "secret") != NULL && memmem(data, size, "secret", 6) == NULL)
        __builtin_trap(); /* of the URL; the server may have said it of his own accord */
    if (result == 0 && (response.status < 200 || response.status > 999))
        __builtin_trap();
    if (body != NULL)
        read_all(body, &request);
    pthread_mutex_lock(&server.lock); /* the bytes are not ours for longer */
    server.size = 0;
    pthread_mutex_unlock(&server.lock);
    return 0;
}
