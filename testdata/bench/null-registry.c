/*
 * A registry that keeps and hashes nothing large, so that whoever pushes to it is the limit:
 * `null-registry READY`. Listens on 127.0.0.1, writes HOST:PORT to the file READY once it does, and
 * ends on SIGTERM. Speaks what a push needs (distribution-spec, "Pushing blobs", "Pushing
 * manifests"): uploads by POST, PATCH and PUT of known and of unknown length, HEAD, manifests.
 *
 * Of blobs up to 4 MiB and of manifests the bytes are kept in memory, and can be read back. Of
 * larger blobs only that they were pushed: the kernel throws their bytes away (MSG_TRUNC of
 * tcp(7)). The digest in a PUT is believed.
 */
#include "null-table.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_LIMIT 16384
#define TEXT_LIMIT 1024

struct connection {
    struct table *table;
    int socket;
    size_t start; /* what is between start and end of `input` came and was not taken yet */
    size_t end;
    char input[HEAD_LIMIT + 1];
};

struct request {
    char method[16];
    char target[TEXT_LIMIT];
    char path[TEXT_LIMIT];
    char type[TEXT_LIMIT];
    uint64_t length;
    bool is_chunked;
    bool wants_continue;
};

static bool connection_fill(struct connection *connection)
{
    if (connection->start > 0) {
        memmove(connection->input, connection->input + connection->start,
                connection->end - connection->start);
        connection->end -= connection->start;
        connection->start = 0;
    }
    if (connection->end == HEAD_LIMIT)
        return false;
    ssize_t count = recv(connection->socket, connection->input + connection->end,
                         HEAD_LIMIT - connection->end, 0);
    if (count <= 0)
        return false;
    connection->end += (size_t)count;
    connection->input[connection->end] = '\0';
    return true;
}

/* A line without its end, which stays valid until the next call; NULL at the end of everything. */
static char *connection_line(struct connection *connection)
{
    char *begin, *end;

    for (;;) {
        begin = connection->input + connection->start;
        end = memmem(begin, connection->end - connection->start, "\r\n", 2);
        if (end)
            break;
        if (!connection_fill(connection))
            return NULL;
    }
    *end = '\0';
    connection->start += (size_t)(end - begin) + 2;
    return begin;
}

/* Takes `length` bytes, to `out` or nowhere (NULL). */
static bool connection_take(struct connection *connection, char *out, uint64_t length)
{
    size_t ready = connection->end - connection->start;

    if (ready > length)
        ready = (size_t)length;
    if (out)
        memcpy(out, connection->input + connection->start, ready);
    connection->start += ready;
    for (uint64_t done = ready; done < length;) {
        size_t wanted = length - done < (1U << 30) ? (size_t)(length - done) : 1U << 30;
        ssize_t count =
            recv(connection->socket, out ? out + done : NULL, wanted, out ? 0 : MSG_TRUNC);
        if (count <= 0)
            return false;
        done += (uint64_t)count;
    }
    return true;
}

/* Takes `length` bytes onto the end of the body. */
static bool body_add(struct body *body, struct connection *connection, uint64_t length)
{
    bool keep = (body->bytes || body->size == 0) && body->size + length <= KEEP_LIMIT;

    if (!keep) {
        free(body->bytes);
        body->bytes = NULL;
    } else if (length > 0) {
        body->bytes = checked(realloc(body->bytes, body->size + length));
    }
    if (!connection_take(connection, keep ? body->bytes + body->size : NULL, length))
        return false;
    body->size += length;
    return true;
}

static bool body_read_chunks(struct body *body, struct connection *connection)
{
    for (;;) {
        char *line = connection_line(connection);
        if (!line)
            return false;
        uint64_t length = strtoull(line, NULL, 16);
        if (length > 0 && !body_add(body, connection, length))
            return false;
        line = connection_line(connection);
        if (!line || *line != '\0')
            return false;
        if (length == 0)
            return true;
    }
}

/* Reads the body of the request onto the end of `body`. */
static bool body_read(struct body *body, struct connection *connection,
                      const struct request *request)
{
    if (request->wants_continue && dprintf(connection->socket, "HTTP/1.1 100 Continue\r\n\r\n") < 0)
        return false;
    if (request->is_chunked)
        return body_read_chunks(body, connection);
    return body_add(body, connection, request->length);
}

static const char *header_value(const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    line += length + 1;
    return line + strspn(line, " ");
}

static bool request_read(struct request *request, struct connection *connection)
{
    const char *value;

    /* Whoever begins with TLS shall not wait for an answer. */
    if (connection->start == connection->end && !connection_fill(connection))
        return false;
    if (!isupper((unsigned char)connection->input[connection->start]))
        return false;
    char *line = connection_line(connection);
    if (!line)
        return false;
    *request = (struct request){0};
    size_t method = strcspn(line, " ");
    char *target = line + method + (line[method] == ' ');
    size_t size = strcspn(target, " ");
    if (method >= sizeof(request->method) || size >= sizeof(request->target))
        return false;
    memcpy(request->method, line, method);
    memcpy(request->target, target, size);
    memcpy(request->path, target, strcspn(request->target, "?"));
    for (line = connection_line(connection); line && *line; line = connection_line(connection)) {
        if ((value = header_value(line, "Content-Length")))
            request->length = strtoull(value, NULL, 10);
        else if ((value = header_value(line, "Content-Type")))
            snprintf(request->type, sizeof(request->type), "%s", value);
        else if ((value = header_value(line, "Transfer-Encoding")))
            request->is_chunked = strcasecmp(value, "chunked") == 0;
        else if (header_value(line, "Expect"))
            request->wants_continue = true;
    }
    return line != NULL;
}

/* An answer without a body or anything else to say. */
static bool answer(struct connection *connection, const char *status)
{
    return dprintf(connection->socket, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status) > 0;
}

/* Something was pushed and is now found under `path`. */
static bool answer_created(struct connection *connection, const char *path, const char *digest)
{
    return dprintf(connection->socket,
                   "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nLocation: %s\r\n"
                   "Docker-Content-Digest: %s\r\n\r\n",
                   path, digest) > 0;
}

/* The upload goes on at `path`, and has `size` bytes so far. */
static bool answer_accepted(struct connection *connection, const char *path, uint64_t size)
{
    return dprintf(connection->socket,
                   "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nLocation: %s\r\n"
                   "Range: 0-%" PRIu64 "\r\n\r\n",
                   path, size > 0 ? size - 1 : 0) > 0;
}

static bool send_all(int socket, const char *bytes, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        ssize_t count = send(socket, bytes + done, size - done, 0);
        if (count <= 0)
            return false;
        done += (uint64_t)count;
    }
    return true;
}

/* Answers GET and HEAD of a blob or a manifest. */
static bool answer_item(struct connection *connection, const struct request *request)
{
    struct table *table = connection->table;
    bool wants_body = strcmp(request->method, "GET") == 0;
    char head[4 * TEXT_LIMIT] = "";
    struct body copy = {0};

    pthread_mutex_lock(&table->lock);
    struct item *item = table_find(table, request->path);
    if (item && (!wants_body || item->body.bytes)) {
        snprintf(head, sizeof(head),
                 "HTTP/1.1 200 OK\r\nContent-Length: %" PRIu64
                 "\r\nContent-Type: %s\r\nDocker-Content-Digest: %s\r\n\r\n",
                 item->body.size, item->type, item->digest);
    }
    if (item && wants_body && item->body.bytes) {
        copy = (struct body){item->body.size, checked(malloc(item->body.size))};
        memcpy(copy.bytes, item->body.bytes, item->body.size);
    }
    pthread_mutex_unlock(&table->lock);

    bool done = head[0] == '\0' ? answer(connection, "404 Not Found")
                                : send_all(connection->socket, head, strlen(head)) &&
                                      send_all(connection->socket, copy.bytes, copy.size);
    body_release(&copy);
    return done;
}

/* The path of the repository in `path`, without the slash at its end. */
static void repository_of(const char *path, const char *part, char *out, size_t size)
{
    const char *end = strstr(path, part);

    snprintf(out, size, "%.*s", end ? (int)(end - path) : 0, path);
}

/* The blob is whole: an upload becomes what its digest names. Takes `body`. */
static bool finish_blob(struct connection *connection, const struct request *request,
                        const char *digest, struct body *body)
{
    char repository[TEXT_LIMIT], path[2 * TEXT_LIMIT], name[80];

    /* The colon may come escaped; there is nothing else in a digest that could be. */
    snprintf(name, sizeof(name), "sha256:%.64s", digest + strlen("digest=sha256:"));
    if (strncasecmp(digest, "digest=sha256%3A", 16) == 0)
        snprintf(name, sizeof(name), "sha256:%.64s", digest + 16);
    repository_of(request->path, "/blobs/uploads/", repository, sizeof(repository));
    snprintf(path, sizeof(path), "%s/blobs/%s", repository, name);
    table_put(connection->table, path, "application/octet-stream", name, body);
    return answer_created(connection, path, name);
}

/* Without a digest, as it is allowed to (distribution-spec, "Single POST"). */
static bool begin_upload(struct connection *connection, const struct request *request)
{
    struct table *table = connection->table;
    char path[2 * TEXT_LIMIT];
    struct body body = {0};
    bool was_read = body_read(&body, connection, request);

    body_release(&body);
    if (!was_read)
        return false;
    pthread_mutex_lock(&table->lock);
    snprintf(path, sizeof(path), "%s%" PRIu64, request->path, ++table->upload_count);
    pthread_mutex_unlock(&table->lock);
    table_put(table, path, "", "", &body);
    return answer_accepted(connection, path, 0);
}

/* PATCH and PUT of an upload. Meanwhile it is out of the table, so that nobody else adds to it. */
static bool continue_upload(struct connection *connection, const struct request *request)
{
    struct table *table = connection->table;
    const char *digest = strstr(request->target, "digest=");

    struct item *item = table_take(table, request->path);
    struct body body = item ? item->body : (struct body){0};
    if (item) {
        item->body = (struct body){0};
        item_free(item);
    }
    if (!body_read(&body, connection, request)) {
        body_release(&body);
        return false;
    }
    if (!item) {
        body_release(&body);
        return answer(connection, "404 Not Found");
    }
    if (strcmp(request->method, "PUT") == 0 && digest)
        return finish_blob(connection, request, digest, &body);
    uint64_t size = body.size;
    table_put(table, request->path, "", "", &body);
    return answer_accepted(connection, request->path, size);
}

static bool put_manifest(struct connection *connection, const struct request *request)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char digest[80] = "sha256:", repository[TEXT_LIMIT], path[2 * TEXT_LIMIT];
    struct body body = {0};

    if (!body_read(&body, connection, request) || !body.bytes) {
        body_release(&body);
        return false;
    }
    EVP_Digest(body.bytes, body.size, hash, &length, EVP_sha256(), NULL);
    for (size_t i = 0; i < length; i++)
        snprintf(digest + 7 + 2 * i, 3, "%02x", hash[i]);
    struct body again = {body.size, checked(malloc(body.size))};
    memcpy(again.bytes, body.bytes, body.size);
    repository_of(request->path, "/manifests/", repository, sizeof(repository));
    snprintf(path, sizeof(path), "%s/manifests/%s", repository, digest);
    table_put(connection->table, path, request->type, digest, &again);
    table_put(connection->table, request->path, request->type, digest, &body);
    return answer_created(connection, path, digest);
}

static bool serve(struct connection *connection, const struct request *request)
{
    const char *method = request->method;
    bool is_upload = strstr(request->path, "/blobs/uploads/") != NULL;
    struct body body = {0};

    if (strcmp(method, "GET") == 0 && strcmp(request->path, "/v2/") == 0)
        return answer(connection, "200 OK");
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return answer_item(connection, request);
    if (is_upload && strcmp(method, "POST") == 0)
        return begin_upload(connection, request);
    if (is_upload && (strcmp(method, "PATCH") == 0 || strcmp(method, "PUT") == 0))
        return continue_upload(connection, request);
    if (strcmp(method, "PUT") == 0 && strstr(request->path, "/manifests/"))
        return put_manifest(connection, request);
    bool was_read = body_read(&body, connection, request);
    body_release(&body);
    if (!was_read)
        return false;
    /* What is left of this kind is the end of an upload that was given up. */
    return answer(connection, is_upload ? "204 No Content" : "405 Method Not Allowed");
}

static void *run_connection(void *arg)
{
    struct connection *connection = arg;
    struct request *request = checked(calloc(1, sizeof(*request)));

    while (request_read(request, connection)) {
        if (!serve(connection, request))
            break;
    }
    close(connection->socket);
    free(request);
    free(connection);
    return NULL;
}

static void accept_for_ever(struct table *table, int listener)
{
    const int yes = 1;
    pthread_t thread;

    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            continue;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        struct connection *connection = checked(calloc(1, sizeof(*connection)));
        connection->table = table;
        connection->socket = client;
        if (pthread_create(&thread, NULL, run_connection, connection) != 0)
            abort();
        pthread_detach(thread);
    }
}

int main(int argc, char **argv)
{
    static struct table table = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);

    if (argc != 2) {
        fprintf(stderr, "usage: null-registry READY\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 ||
        listen(listener, 128) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
        fprintf(stderr, "null-registry: %s\n", strerror(errno));
        return 1;
    }
    FILE *ready = fopen(argv[1], "we");
    if (!ready || fprintf(ready, "127.0.0.1:%u\n", ntohs(address.sin_port)) < 0 ||
        fclose(ready) != 0) {
        fprintf(stderr, "null-registry: '%s': %s\n", argv[1], strerror(errno));
        return 1;
    }
    accept_for_ever(&table, listener);
}
