#ifndef INLAY_HTTP_HTTP_INTERNAL_H
#define INLAY_HTTP_HTTP_INTERNAL_H

#include "core/log.h"
#include "http/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <time.h>

#define HTTP_REDIRECT_LIMIT 10
#define HTTP_LOCATION_LIMIT ((size_t)16 * 1024)
#define HTTP_HEADER_LIMIT ((size_t)256 * 1024)
#define HTTP_BODY_LIMIT ((size_t)64 * 1024)
/* What a reader may lag behind; libcurl holds one receive buffer more while it is paused. */
#define HTTP_WINDOW ((size_t)512 * 1024)
#define HTTP_BUFFER 262144L
#define HTTP_CONNECT_TIMEOUT_S 30
/* A server may be silent for longer while it puts what was sent in its place. */
#define HTTP_PATIENCE 5
#define HTTP_RETRY_AFTER_LIMIT_MS 300000U

/* A multi handle with its one easy handle, and the connection that it keeps open in between. */
struct connection {
    CURLM *multi;
    CURL *easy;
    char *origin; /* "https://host:443" */
};

void connection_free(struct connection *connection);
CLEANUP_FREE(connection)

/* The connections that are idle, oldest first. Safe to share between threads. */
#define POOL_SIZE 16

struct pool {
    pthread_mutex_t lock;
    struct connection *idle[POOL_SIZE];
    size_t count;
};

void pool_init(struct pool *pool);
void pool_release(struct pool *pool);
/* One that was last connected to `origin`, or a new one. Never NULL. */
struct connection *pool_take(struct pool *pool, const char *origin);
/* A new one, connected to nothing yet. */
struct connection *connection_new(const char *origin);
/* Takes `connection`; the oldest one leaves if the pool is full. */
void pool_put(struct pool *pool, struct connection *connection);

/* What transfers share in libcurl (names, TLS sessions), with a lock each. */
struct share {
    CURLSH *handle;
    pthread_mutex_t locks[CURL_LOCK_DATA_LAST];
};

void share_init(struct share *share);
void share_release(struct share *share);

struct http {
    char *user_agent;
    const struct cancel *cancel; /* borrowed */
    const struct log *log;       /* borrowed */
    unsigned stall_timeout_ms;
    unsigned retries;
    unsigned retry_wait_ms;
    char *ca_file;   /* NULL: the system's */
    char *ca_folder; /* NULL: the system's */
    struct share share;
    struct pool pool;
};

/*
 * One request and its answer, driven by the thread that waits for it. Its answer's body is kept in
 * `response`, or passes through `window` to a reader.
 */
struct transfer {
    struct http *http;             /* borrowed */
    struct connection *connection; /* owned; goes back to the pool if it is still good */
    struct curl_slist *headers;
    char *url;
    bool safe; /* GET or HEAD */
    uint64_t offset;
    uint64_t length;
    size_t body_limit;
    uint64_t active_ms; /* when a byte last moved, by now_ms() */

    struct http_response response;
    size_t header_size;
    bool answered; /* all headers of the final answer are there */
    bool enough;   /* the rest of the body is not wanted */
    bool done;     /* libcurl has ended, with `result` */
    CURLcode result;
    struct error refusal; /* why a callback ended the transfer; ERROR_NONE: none did */
    uint64_t skip;        /* bytes of the body to drop first */
    uint64_t left;        /* bytes of the body to take after that */

    bool stream; /* a 2xx goes through the window */
    char *window;
    size_t window_start;
    size_t window_end;

    bool upload;
    const char *pending; /* lent by the writer for the time of one call */
    size_t pending_size;
    bool pending_last; /* nothing comes after it */
    curl_off_t uploaded;
    char words[CURL_ERROR_SIZE];
};

struct transfer_options {
    const char *url;           /* required: that of the request, or where it was redirected */
    const char *authorization; /* NULL: none */
    bool stream;               /* a 2xx is read by transfer_read() */
    bool upload;               /* the body comes by transfer_lend() */
    uint64_t upload_size;      /* SIZE_UNKNOWN: chunked */
};

/* Makes a transfer; nothing is sent before transfer_wait(). */
int transfer_open(struct http *http, const struct http_request *request,
                  const struct transfer_options *options, struct transfer **out,
                  struct error *err) MUST_CHECK;
/* Drives it until `ready` says so, or until it is done. Fails when stopped or stalled. */
int transfer_wait(struct transfer *transfer, bool (*ready)(const struct transfer *transfer),
                  struct error *err) MUST_CHECK;
bool transfer_is_answered(const struct transfer *transfer);
bool transfer_is_done(const struct transfer *transfer);
/* Once it is done: 0 if there is an answer to go by. */
int transfer_outcome(const struct transfer *transfer, struct error *err) MUST_CHECK;
/* Like reader_read(), for a streamed 2xx. */
ssize_t transfer_read(struct transfer *transfer, void *data, size_t size,
                      struct error *err) MUST_CHECK;
/* Hands bytes of an upload to libcurl; returns when it has taken them, or is done. */
int transfer_lend(struct transfer *transfer, const void *data, size_t size,
                  struct error *err) MUST_CHECK;
void transfer_free(struct transfer *transfer);
CLEANUP_FREE(transfer)

/* Callbacks of libcurl, with the transfer as `arg`. */
size_t transfer_take_header(char *data, size_t one, size_t size, void *arg);
size_t transfer_take_body(char *data, size_t one, size_t size, void *arg);
size_t transfer_give_body(char *data, size_t one, size_t size, void *arg);

/* Looks at the headers of the final answer, before any of its body. */
int transfer_judge(struct transfer *transfer, struct error *err) MUST_CHECK;
/* Says why libcurl ended with `result`. */
int transfer_explain(const struct transfer *transfer, struct error *err) MUST_CHECK;

void http_response_add_header(struct http_response *response, const char *line, size_t size);
/* What the server says about its refusal, cut short; false if nothing a person could read. */
bool http_response_find_words(const struct http_response *response, struct buf *out);

bool http_method_is_safe(const char *method);
bool http_status_is_success(int status);
/* 408, 429 and those 5xx that may be different the next time. */
bool http_status_is_transient(int status);
bool http_status_is_redirect(int status);

/* "https://host:443"; NULL if the text is not an http or https URL. Caller frees. */
char *url_format_origin(const char *text);
/* "host:443"; for messages. Caller frees. */
char *url_format_authority(const char *text);
/* The URL to go to, or why not. `from` is a URL that was asked. Caller frees *out. */
int url_follow(const char *from, const char *location, char **out, struct error *err) MUST_CHECK;

/* How long to wait before the next try. `response` may be NULL: there was no answer. */
unsigned retry_choose_wait(const struct http *http, unsigned attempt,
                           const struct http_response *response, time_t now);

/* Milliseconds of a clock that only goes forward. */
uint64_t now_ms(void);

#endif
