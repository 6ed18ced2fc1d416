#ifndef INLAY_SOURCE_HUB_SERVER_H
#define INLAY_SOURCE_HUB_SERVER_H

/* For this module's tests: an HTTP server on a thread of its own that answers from a script. */

#include "core/text.h"
#include "http/http.h"
#include "source/source.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HUB_TOKEN "hf_abcdefghijklmnopqrstuvwxyz01234567"
#define HUB_COMMIT "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123"
#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define POINTER_SHA1 "d1ca116d6733584c13cb8bb50b21d5b5b81ee28f"
#define CONFIG_SHA1 "0187f3b09d66cef7911083ad49f890f5a6589589"

/* An answer to requests for `target`; the first that fits and is not used up is given. */
struct scripted_answer {
    const char *target;  /* path and query, as in the request line */
    const char *headers; /* further lines, each with its CRLF; NULL: none */
    const char *body;    /* NULL: empty */
    size_t size;         /* of the body; 0: all of a text */
    int status;          /* 0: 200, or 206 to a request with a range */
    unsigned times;      /* it is used up after so many; 0: never */
    bool ignores_range;
    bool breaks; /* the connection ends after `break_after` bytes of the body */
    size_t break_after;
    bool is_silent; /* nothing comes at all, and the connection stays */
};

struct hub_server {
    int fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* over everything below */
    struct scripted_answer answers[64];
    unsigned given[64];
    size_t count;
    struct strings requests; /* the head of each, as it came */
    int silent[32];          /* connections that stay without an answer */
    size_t silent_count;
};

static inline void hub_server_send(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        data += sent;
        size -= (size_t)sent;
    }
}

/* The number at *at, which moves behind it. */
static inline size_t hub_server_number(const char **at)
{
    size_t value = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++)
        value = value * 10 + (size_t)(**at - '0');
    return value;
}

/* Copies the answer that is next for this request; a 404 that says so if there is none. */
static inline struct scripted_answer hub_server_choose(struct hub_server *server, const char *head)
{
    struct scripted_answer none = {.status = 404, .body = "the script has no such target"};
    size_t start = strcspn(head, " ") + 1;
    size_t size = strcspn(head + start, " ");

    for (size_t i = 0; i < server->count; i++) {
        const struct scripted_answer *answer = &server->answers[i];
        if (strlen(answer->target) != size || memcmp(answer->target, head + start, size) != 0 ||
            (answer->times > 0 && server->given[i] >= answer->times))
            continue;
        server->given[i]++;
        return *answer;
    }
    return none;
}

static inline void hub_server_answer(struct hub_server *server, int fd, const char *head)
{
    pthread_mutex_lock(&server->lock);
    strings_add(&server->requests, head);
    struct scripted_answer answer = hub_server_choose(server, head);
    pthread_mutex_unlock(&server->lock);

    if (answer.is_silent) {
        if (server->silent_count == ARRAY_SIZE(server->silent))
            abort();
        server->silent[server->silent_count++] = dup(fd);
        return;
    }
    CLEANUP(buf) struct buf out = BUF_INIT;
    const char *body = answer.body != NULL ? answer.body : "";
    size_t whole = answer.size > 0 ? answer.size : strlen(body);
    size_t first = 0;
    size_t last = whole; /* one behind */
    const char *range = strcasestr(head, "\r\nRange: bytes=");
    if (range != NULL && answer.status == 0 && !answer.ignores_range) {
        range += strlen("\r\nRange: bytes=");
        first = hub_server_number(&range);
        if (range[0] == '-' && range[1] != '\r') {
            range++;
            last = hub_server_number(&range) + 1;
        }
        last = last < whole ? last : whole;
        answer.status = first < last ? 206 : 416;
        first = first < last ? first : last;
    }
    buf_addf(&out, "HTTP/1.1 %d Scripted\r\nContent-Length: %zu\r\nConnection: close\r\n%s",
             answer.status != 0 ? answer.status : 200, last - first,
             answer.headers != NULL ? answer.headers : "");
    if (answer.status == 206)
        buf_addf(&out, "Content-Range: bytes %zu-%zu/%zu\r\n", first, last - 1, whole);
    buf_add_text(&out, "\r\n");
    hub_server_send(fd, out.data, out.size);
    if (answer.breaks && last - first > answer.break_after)
        last = first + answer.break_after;
    hub_server_send(fd, body + first, last - first);
}

static inline void *hub_server_run(void *arg)
{
    struct hub_server *server = arg;

    for (;;) {
        CLEANUP(fd) int fd = accept(server->fd, NULL, NULL);
        char head[16384];
        size_t size = 0;
        if (fd < 0)
            return NULL;
        while (size + 1 < sizeof(head)) {
            ssize_t got = recv(fd, head + size, sizeof(head) - 1 - size, 0);
            if (got <= 0)
                break;
            size += (size_t)got;
            head[size] = '\0';
            if (head[0] == 0x16) /* TLS, to which there is no answer */
                break;
            if (strstr(head, "\r\n\r\n") == NULL)
                continue;
            hub_server_answer(server, fd, head);
            break;
        }
    }
}

static inline void hub_server_start(struct hub_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    memset(server, 0, sizeof(*server));
    pthread_mutex_init(&server->lock, NULL);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, size) < 0 ||
        listen(server->fd, 64) < 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &size) < 0 ||
        pthread_create(&server->thread, NULL, hub_server_run, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
}

static inline void hub_server_stop(struct hub_server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < server->silent_count; i++)
        close(server->silent[i]);
    close(server->fd);
    strings_release(&server->requests);
    pthread_mutex_destroy(&server->lock);
}

static inline void hub_server_add(struct hub_server *server, struct scripted_answer answer)
{
    pthread_mutex_lock(&server->lock);
    if (server->count == ARRAY_SIZE(server->answers))
        abort();
    server->answers[server->count++] = answer;
    pthread_mutex_unlock(&server->lock);
}

/* Forgets the script; what was asked for stays known. */
static inline void hub_server_clear(struct hub_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->count = 0;
    memset(server->given, 0, sizeof(server->given));
    pthread_mutex_unlock(&server->lock);
}

/* How many requests had these words in their head. */
static inline size_t hub_server_count(struct hub_server *server, const char *words)
{
    size_t found = 0;

    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->requests.count; i++)
        found += strcasestr(server->requests.items[i], words) != NULL;
    pthread_mutex_unlock(&server->lock);
    return found;
}

/* Environment in which `server` is the hub and nothing of this machine is seen. */
static inline void hub_server_enter(const struct hub_server *server, const char *token)
{
    static const char *const unwanted[] = {
        "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",   "all_proxy",
        "ALL_PROXY",  "HF_TOKEN",   "HF_HOME",     "HF_TOKEN_PATH", "HUGGING_FACE_HUB_TOKEN",
    };
    CLEANUP(text) char *endpoint = xasprintf("http://127.0.0.1:%u", server->port);

    for (size_t i = 0; i < ARRAY_SIZE(unwanted); i++)
        unsetenv(unwanted[i]);
    setenv("HF_ENDPOINT", endpoint, 1);
    setenv("HF_HOME", "/nonexistent/huggingface", 1);
    if (token != NULL)
        setenv("HF_TOKEN", token, 1);
}

/* What asks it: one try more, which does not wait. `log` may be NULL. */
static inline struct http *hub_server_http(const struct log *log)
{
    const struct http_options options = {
        .user_agent = "inlay/test",
        .log = log,
        .retries = 1,
        .retry_wait_ms = 1,
    };

    return http_new(&options);
}

/* acme/tiny at the hub of the environment. */
static inline int hub_server_open(const struct source_context *context, struct source **out)
{
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (origin_parse("acme/tiny", &model, &err) == 0 &&
        source_open_huggingface(context, &model, out, &err) == 0)
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return -1;
}

/* acme/tiny at main, which is HUB_COMMIT, without files. */
static inline struct plan hub_server_plan(void)
{
    struct plan plan = PLAN_INIT;

    plan.origin.name = xstrdup("acme/tiny");
    plan.origin.revision = xstrdup("main");
    plan.pin = xstrdup(HUB_COMMIT);
    return plan;
}

/* Afterwards this variable names the server, too. */
static inline void hub_server_name(const char *variable)
{
    const char *endpoint = getenv("HF_ENDPOINT");

    if (endpoint != NULL)
        setenv(variable, endpoint, 1);
}

#endif
