#ifndef INLAY_STORE_REGISTRY_TEST_INTERNAL_H
#define INLAY_STORE_REGISTRY_TEST_INTERNAL_H

#include "store/registry_internal.h"
#include "store/store_test_internal.h"

#include <poll.h>

/*
 * A registry that answers by a list, for what a well-behaved one never does. Of several answers to
 * one request each is given once, in order, and the last one from then on.
 */
struct answer {
    const char *request; /* how the request line begins: "PUT /v2/a/manifests/" */
    const char *head;    /* "202 Accepted\r\nLocation: http://127.0.0.1:{port}/up"; NULL: none */
    const char *body;    /* NULL: none */
};

/* As `head`: there is no answer, and the connection stays. */
#define SILENCE "silence"

struct script {
    struct answer *answers; /* a copy: a test that fails leaves its stack and not its threads */
    size_t count;
    unsigned given; /* bits: which answers have been */
    unsigned short port;
    unsigned short other_port; /* stands for {other} */
    int fd;
    int silent[32]; /* connections */
    size_t silent_count;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards the log */
    struct buf log;       /* "METHOD target token range\n" of each request; "-" for no token, and
                             nothing for no range */
};

static inline const struct answer *script_choose(struct script *script, const char *request)
{
    const struct answer *last = NULL;

    for (size_t i = 0; i < script->count; i++) {
        if (!text_starts_with(request, script->answers[i].request))
            continue;
        last = &script->answers[i];
        if ((script->given & 1U << i) == 0) {
            script->given |= 1U << i;
            return last;
        }
    }
    return last;
}

/* Replaces each `name` by a port. */
static inline char *fill_in(const char *text, const char *name, unsigned short port)
{
    struct buf out = BUF_INIT;
    const char *at;

    while ((at = strstr(text, name)) != NULL) {
        buf_add(&out, text, (size_t)(at - text));
        buf_addf(&out, "%u", port);
        text = at + strlen(name);
    }
    buf_add_text(&out, text);
    return buf_take(&out);
}

static inline void script_note(struct script *script, const char *request, const char *head)
{
    const char *token = strcasestr(head, "\r\nauthorization: ");
    const char *range = strcasestr(head, "\r\ncontent-range: ");
    size_t line = strcspn(request, "\r\n");

    if (token != NULL)
        token += strlen("\r\nauthorization: ");
    if (range != NULL)
        range += strlen("\r\ncontent-range:");
    pthread_mutex_lock(&script->lock);
    buf_add(&script->log, request, line - strlen(" HTTP/1.1"));
    buf_addf(&script->log, " %.*s%.*s\n", token != NULL ? (int)strcspn(token, "\r\n") : 1,
             token != NULL ? token : "-", range != NULL ? (int)strcspn(range, "\r\n") : 0,
             range != NULL ? range : "");
    pthread_mutex_unlock(&script->lock);
}

/* Reads a request with its body; false if the other side speaks something else or goes away. */
static inline bool script_read(int fd, struct buf *request)
{
    char part[4096];
    const char *end = NULL;

    while (end == NULL) {
        ssize_t size = read(fd, part, sizeof(part));
        if (size <= 0 || (request->size == 0 && part[0] == 0x16)) /* a TLS handshake */
            return false;
        buf_add(request, part, (size_t)size);
        end = strstr(buf_text(request), "\r\n\r\n");
    }
    const char *length = strcasestr(buf_text(request), "\r\ncontent-length: ");
    size_t expected = length != NULL ? strtoul(length + 18, NULL, 10) : 0;
    expected += (size_t)(end - buf_text(request)) + 4;
    bool chunked = strcasestr(buf_text(request), "\r\ntransfer-encoding: chunked") != NULL;
    while (request->size < expected ||
           (chunked && !text_ends_with(buf_text(request), "0\r\n\r\n"))) {
        ssize_t size = read(fd, part, sizeof(part));
        if (size <= 0)
            return false;
        buf_add(request, part, (size_t)size);
    }
    return true;
}

static inline void script_serve(struct script *script, int fd)
{
    static const char refusal[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    static const struct answer unknown = {"", "404 Not Found", "no such page"};
    CLEANUP(buf) struct buf request = BUF_INIT;

    if (!script_read(fd, &request)) {
        (void)!write(fd, refusal, strlen(refusal));
        return;
    }
    script_note(script, buf_text(&request), buf_text(&request));
    const struct answer *answer = script_choose(script, buf_text(&request));
    if (answer == NULL)
        answer = &unknown;
    if (answer->head == NULL)
        return;
    if (strcmp(answer->head, SILENCE) == 0) {
        assert_true(script->silent_count < ARRAY_SIZE(script->silent));
        script->silent[script->silent_count++] = dup(fd);
        return;
    }
    CLEANUP(text) char *own = fill_in(answer->head, "{port}", script->port);
    CLEANUP(text) char *head = fill_in(own, "{other}", script->other_port);
    const char *body = answer->body != NULL ? answer->body : "";
    CLEANUP(text) char *length = xasprintf("\r\nContent-Length: %zu", strlen(body));
    bool is_chunked = strstr(head, "Transfer-Encoding: chunked") != NULL;
    CLEANUP(text)
    char *reply =
        xasprintf("HTTP/1.1 %s%s\r\nConnection: close\r\n\r\n%s", head, is_chunked ? "" : length,
                  text_starts_with(request.data, "HEAD") ? "" : body);
    (void)!write(fd, reply, strlen(reply));
}

static inline void *script_run(void *arg)
{
    struct script *script = arg;

    while (!atomic_load(&script->stop)) {
        struct pollfd waiting = {.fd = script->fd, .events = POLLIN};
        if (poll(&waiting, 1, 20) < 1)
            continue;
        CLEANUP(fd) int fd = accept4(script->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            script_serve(script, fd);
    }
    return NULL;
}

static inline struct script *script_new(const struct answer *answers, size_t count)
{
    struct script *script = xcalloc(1, sizeof(*script));

    script->answers = xcalloc(count, sizeof(*answers));
    memcpy(script->answers, answers, count * sizeof(*answers));
    script->count = count;
    script->fd = listen_locally(&script->port);
    pthread_mutex_init(&script->lock, NULL);
    assert_int_equal(pthread_create(&script->thread, NULL, script_run, script), 0);
    return script;
}

static inline void script_free(struct script *script)
{
    if (script == NULL)
        return;
    atomic_store(&script->stop, true);
    pthread_join(script->thread, NULL);
    for (size_t i = 0; i < script->silent_count; i++)
        close(script->silent[i]);
    close(script->fd);
    pthread_mutex_destroy(&script->lock);
    buf_release(&script->log);
    free(script->answers);
    free(script);
}
CLEANUP_FREE(script)

static inline bool script_saw(struct script *script, const char *words)
{
    pthread_mutex_lock(&script->lock);
    bool found = strstr(buf_text(&script->log), words) != NULL;
    if (!found)
        print_message("not in the requests: '%s'\n%s", words, buf_text(&script->log));
    pthread_mutex_unlock(&script->lock);
    return found;
}

static inline unsigned count_requests(struct script *script, const char *method)
{
    unsigned count = 0;

    pthread_mutex_lock(&script->lock);
    for (const char *at = buf_text(&script->log); (at = strstr(at, method)) != NULL; at++)
        count++;
    pthread_mutex_unlock(&script->lock);
    return count;
}

/* The repository "a" of the scripted registry. */
static inline struct store *script_open(const struct world *world, const struct script *script)
{
    CLEANUP(text) char *text = xasprintf("127.0.0.1:%u/a", script->port);

    return open_text(world, text);
}

/* What nearly each list begins with, and an upload that is begun. */
#define PONG                                                                                       \
    {                                                                                              \
        "GET /v2/ ", "200 OK", NULL                                                                \
    }

#define BEGUN                                                                                      \
    {                                                                                              \
        "POST /v2/a/blobs/uploads/ ", "202 Accepted\r\nLocation: /up/1?_state=x", NULL             \
    }

/* A blob of five bytes. */
static inline int write_five(struct store *store, struct error *err)
{
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    CLEANUP(writer) struct writer *writer = NULL;
    struct descriptor told = DESCRIPTOR_INIT;

    buf_add_text(&bytes, "bytes");
    if (store_create_blob(store, bytes.size, &told, &writer, err) < 0 ||
        writer_write(writer, bytes.data, bytes.size, err) < 0)
        return -1;
    return writer_finish(writer, err);
}

#endif
