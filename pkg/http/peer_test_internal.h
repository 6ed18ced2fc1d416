#ifndef INLAY_HTTP_PEER_TEST_INTERNAL_H
#define INLAY_HTTP_PEER_TEST_INTERNAL_H

#include "http/http_internal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BODY_SIZE (64 * MIB)

/* Connections on a thread of its own, served by a function that reads and writes it raw. */
struct peer {
    void (*serve)(struct peer *peer, int fd);
    unsigned more;   /* connections after the first one, one at a time */
    unsigned number; /* of the one that is served, from 0 */
    int listener;
    char url[64];
    pthread_t thread;
    char head[4096];      /* the request's */
    size_t body_start;    /* how much of the body came with it, behind the head */
    atomic_ulong total;   /* bytes sent so far */
    atomic_bool complete; /* the body ended as it should */
};

static inline bool send_all(struct peer *peer, int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t part = send(fd, at, size, MSG_NOSIGNAL);
        if (part <= 0)
            return false;
        at += part;
        size -= (size_t)part;
        peer->total += (unsigned long)part;
    }
    return true;
}

static inline void send_text(struct peer *peer, int fd, const char *text)
{
    send_all(peer, fd, text, strlen(text));
}

static inline void read_head(struct peer *peer, int fd)
{
    size_t size = 0;

    while (strstr(peer->head, "\r\n\r\n") == NULL && size < sizeof(peer->head) - 1) {
        ssize_t part = recv(fd, peer->head + size, sizeof(peer->head) - 1 - size, 0);
        if (part <= 0)
            return;
        size += (size_t)part;
        peer->head[size] = '\0';
    }
    const char *end = strstr(peer->head, "\r\n\r\n");
    peer->body_start = end != NULL ? size - (size_t)(end + 4 - peer->head) : 0;
}

static inline void *peer_run(void *arg)
{
    struct peer *peer = arg;

    for (; peer->number <= peer->more; peer->number++) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd < 0)
            break;
        peer->head[0] = '\0';
        read_head(peer, fd);
        peer->serve(peer, fd);
        close(fd);
    }
    return NULL;
}

static inline void peer_start(struct peer *peer)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);

    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(peer->url, sizeof(peer->url), "http://127.0.0.1:%u/f?s=1", ntohs(address.sin_port));
    pthread_create(&peer->thread, NULL, peer_run, peer);
}

static inline void peer_stop(struct peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

static inline struct http *new_http(void)
{
    struct http_options options = {
        .user_agent = "inlay/test",
        .stall_timeout_s = 1,
        .retries = 1,
        .retry_wait_ms = 1,
    };

    return http_new(&options);
}

/* The byte at an offset of the body, so that a wrong order shows. */
static inline char pattern(uint64_t offset)
{
    return (char)(offset * 31 + offset / 251);
}

#endif
