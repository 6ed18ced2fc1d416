#ifndef INLAY_HTTP_HTTP_INTERNAL_H
#define INLAY_HTTP_HTTP_INTERNAL_H

#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "http/http.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#define HTTP_REDIRECT_LIMIT 10
#define HTTP_LOCATION_LIMIT ((size_t)16 * 1024)
#define HTTP_HEADER_LIMIT ((size_t)256 * 1024)
#define HTTP_BODY_LIMIT ((size_t)64 * 1024)
/* What a reader may lag behind; libcurl holds one receive buffer more while it is paused. */
#define HTTP_WINDOW ((size_t)512 * 1024)
#define HTTP_BUFFER 262144L
/* The same where a body is decoded: libcurl holds all that one of them becomes while it is paused.
 */
#define HTTP_DECODE_BUFFER 1024L
#define HTTP_CONNECT_TIMEOUT_MS 30000
/* A server may be silent for longer while it puts what was sent in its place. */
#define HTTP_PATIENCE 5
/* But who has that much patience needs no more. */
#define HTTP_PATIENCE_MOST_MS 1800000
/* So many times that wait for nothing is enough, whoever tries again. */
#define HTTP_PATIENCE_TIMES 3
/* What is slower than so many bytes a second is given up like what stands still. */
#define HTTP_RATE_LEAST 1024u
#define HTTP_RETRY_AFTER_LIMIT_MS 300000U

/*
 * Who may send inlay to an address: a server at the same or a smaller number, but ADDRESS_NEVER,
 * which is for what the user names himself.
 */
enum address_scope {
    ADDRESS_NEVER,   /* link-local, clouds' own services, multicast, reserved, documentation */
    ADDRESS_MACHINE, /* this one */
    ADDRESS_NETWORK, /* private networks */
    ADDRESS_WORLD,
    ADDRESS_UNKNOWN, /* none yet */
};

/*
 * A multi handle with its one easy handle, which is another for each transfer, and the connection
 * that it keeps open in between.
 */
struct connection {
    CURLM *multi;
    CURL *easy;
    char *route; /* by transfer_format_route() */
    unsigned number;
};

void connection_free(struct connection *connection);
CLEANUP_FREE(connection)

/* The connections that are idle, oldest first. Safe to share between threads. */
#define POOL_SIZE 64

struct pool {
    pthread_mutex_t lock;
    struct connection *idle[POOL_SIZE];
    size_t count;
};

void pool_init(struct pool *pool);
void pool_release(struct pool *pool);
/* One that was last connected by `route`, or a new one. Never NULL. */
struct connection *pool_take(struct pool *pool, const char *route);
/* A new one, connected to nothing yet. */
struct connection *connection_new(const char *route);
/* Takes `connection`; the oldest one leaves if the pool is full. */
void pool_put(struct pool *pool, struct connection *connection);

/* What transfers share in libcurl (names, TLS sessions), with a lock each. */
struct share {
    CURLSH *handle;
    pthread_mutex_t locks[CURL_LOCK_DATA_LAST];
};

void share_init(struct share *share);
void share_release(struct share *share);

/* The usual variables, read as libcurl reads them. */
struct proxies {
    char *plain;  /* of http URLs; NULL: none */
    char *secure; /* of https URLs; NULL: none */
    char *except; /* hosts that are spoken to without; NULL: none */
};

void proxies_init(struct proxies *proxies);
void proxies_release(struct proxies *proxies);
/* The proxy for a URL of this origin, or ""; belongs to `proxies`. */
const char *proxies_choose(const struct proxies *proxies, const char *origin);

/* What TLS with one host takes beside the system's authorities. */
struct identity {
    char *host;             /* "host:443" */
    struct buf authorities; /* all of them, in PEM; empty: the system's alone */
    X509_STORE *store;      /* them, read; NULL: libcurl has to, and says what is wrong with them */
    char *certificate;      /* file of ours, in PEM; NULL: none */
    char *key;              /* its file */
};

/* Where that comes from, and what has been read so far. Safe to share between threads. */
struct certificates {
    char *more;      /* tls_ca; NULL: none */
    char *only;      /* cert_dir; NULL: none */
    char *ca_file;   /* SSL_CERT_FILE, or where this system has them; NULL: where libcurl says */
    char *ca_folder; /* SSL_CERT_DIR; NULL: the system's */
    struct strings folders;
    pthread_mutex_t lock;
    X509_STORE *system; /* read when a host needs it; NULL: not yet */
    struct identity **known;
    size_t count;
};

/*
 * The authorities in PEM, or the system's if there are none of these; folders of the system in
 * either case. NULL: they cannot be read, or libcurl does TLS with another library than libssl.
 */
X509_STORE *authorities_open(const struct certificates *certificates, const struct buf *pem);
/*
 * Where the system has its authorities, if `built_in`, which libcurl was built with (may be NULL),
 * is not there: the first of `places` (NULL-terminated) that can be read; else NULL. A program that
 * is linked statically is built elsewhere than it runs.
 */
const char *authorities_find(const char *built_in, const char *const *places);
/* In place of what libcurl would read. Connections hold the store as long as they need it. */
void authorities_use(X509_STORE *store, CURL *easy);

void certificates_init(struct certificates *certificates, const struct http_options *options);
void certificates_release(struct certificates *certificates);
/* Reads it once; *out lives as long as `certificates`. `host` is "host:443". ERROR_LOCAL. */
int certificates_find(struct certificates *certificates, const char *host,
                      const struct identity **out, struct error *err) MUST_CHECK;

/* How long a server may take to answer what was sent, if it may be silent for so long otherwise. */
uint64_t patience_ms(uint64_t stall_timeout_ms);

/* A rate that several transfers keep together. Safe to share between threads. */
struct rate {
    uint64_t per_s; /* bytes; 0: any */
    pthread_mutex_t lock;
    uint64_t free_us; /* when what was moved so far is paid for */
};

void rate_init(struct rate *rate, uint64_t per_s);
void rate_release(struct rate *rate);
/* Bytes that are moved at a time, so that nobody waits for long: `size` or fewer. */
size_t rate_portion(const struct rate *rate, size_t size);
/* Counts `size` bytes, and waits until they are due. */
int rate_wait(struct rate *rate, size_t size, const struct cancel *cancel,
              struct error *err) MUST_CHECK;

/* Somebody who is being waited for; lives where the wait does. */
struct waiting {
    struct waiting *next;
    const char *host; /* borrowed */
    uint64_t since_ms;
    uint64_t until_ms; /* when it is asked again; 0: it is to move now */
    bool takes;        /* bytes of ours, or else gives its own */
};

/* A line that people have seen, and how long it holds. */
struct said {
    char *text;
    uint64_t until_ms;
};

#define SAID_SIZE 8

struct http {
    char *user_agent;
    const struct cancel *cancel;                                /* borrowed */
    const struct log *log;                                      /* borrowed */
    struct secrets *secrets;                                    /* borrowed; NULL: none */
    void (*note_trip)(void *arg, const struct http_trip *trip); /* NULL: none */
    void *trip_arg;
    unsigned stall_timeout_ms;
    unsigned retries;
    unsigned retry_wait_ms;
    struct rate received;
    struct rate sent;
    struct certificates certificates;
    struct proxies proxies;
    struct strings insecure; /* HOST or HOST:PORT */
    struct share share;
    struct pool pool;
    pthread_mutex_t lock;
    pthread_cond_t search_over; /* of a host in `searched`; by CLOCK_MONOTONIC */
    /* Under `lock`: */
    struct strings reached[ADDRESS_UNKNOWN]; /* origins, by where they were first */
    struct strings found_origins;            /* by http_find_origin() */
    struct strings searched;                 /* hosts for which it is looking now */
    struct strings in_tls;                   /* origins with which TLS was agreed on */
    struct strings not_in_tls;               /* origins whose first answer was no TLS */
    struct waiting *waiting;                 /* all waits at this moment; NULL: none */
    struct said said[SAID_SIZE];
};

/* How much has moved in the time that a transfer was waited for; pace.c. */
struct pace {
    bool has_begun;     /* a byte has moved */
    uint64_t since_ms;  /* up to which `waited_ms` counts, by clock_ms() */
    uint64_t waited_ms; /* since the window began */
    uint64_t moved;
};

/*
 * One request and its answer, driven by the thread that waits for it. Its answer's body is kept in
 * `response`, or passes through `window` to a reader.
 */
struct transfer {
    struct http *http;             /* borrowed */
    const struct cancel *cancel;   /* borrowed; may be NULL */
    struct connection *connection; /* owned; goes back to the pool if it is still good */
    struct curl_slist *headers;
    char *url;
    char *origin;
    const char *proxy;        /* "": none; borrowed */
    char *unix_socket;        /* NULL: none */
    enum address_scope least; /* what it may connect to, and above */
    bool blocked;             /* an address was not connected to, because of that */
    enum address_scope blocked_scope;
    char *method;
    uint64_t begun_us;
    bool safe; /* GET or HEAD */
    uint64_t offset;
    uint64_t length;
    uint64_t size; /* of the whole content; 0: not known */
    bool decode;   /* libcurl takes content encodings off */
    bool whole;    /* the range is not asked for, but cut out of what comes */
    bool head;     /* the answer has no body */
    bool is_sent;  /* a request with a body has been begun, and is not begun again */
    size_t body_limit;
    unsigned connect_timeout_ms;
    unsigned stall_timeout_ms;
    uint64_t active_ms; /* when a byte last moved, by clock_ms() */
    uint64_t silent_ms; /* as of a response */
    struct pace pace;
    bool is_silent; /* for so long that `waiting` tells of it */
    struct waiting waiting;
    char *silent_host;
    uint64_t said_ms; /* the silence that people are told of next */

    struct http_response response;
    size_t header_size;
    bool answered;       /* all headers of the final answer are there */
    bool enough;         /* the rest of the body is not wanted */
    bool encoded;        /* the body is being decoded */
    bool partial;        /* the range that comes ends before the one that was asked for */
    bool wants_decoding; /* the answer is of no use: to be asked for again, and decoded */
    bool wants_whole;    /* the same, without a range */
    bool done;           /* libcurl has ended, with `result` */
    CURLcode result;
    struct error refusal; /* why a callback ended the transfer; ERROR_NONE: none did */
    uint64_t skip;        /* bytes of the body to drop first */
    uint64_t left;        /* bytes of the body to take after that */

    bool stream; /* a 2xx goes to the reader, and through the window what he has no room for */
    char *sink;  /* lent by the reader for the time of one call */
    size_t sink_size;
    size_t sink_filled;
    char *window;
    size_t window_start;
    size_t window_end;

    bool upload;
    const char *pending; /* lent by the writer for the time of one call, or all of a small body */
    size_t pending_size;
    bool pending_last; /* nothing comes after it */
    curl_off_t uploaded;
    char words[CURL_ERROR_SIZE];
};

struct transfer_options {
    const char *url;           /* required: that of the request, or where it was redirected */
    const char *authorization; /* NULL: none */
    const char *cookie;        /* NULL: none */
    const char *named_by;      /* that of the server that redirected there; NULL: the request's */
    bool stream;               /* a 2xx is read by transfer_read() */
    bool decode;               /* a streamed 2xx of a GET is decoded; other answers always are */
    bool whole;                /* the request's range is not asked for */
    unsigned timeout_ms;       /* to connect, and without a byte; 0: as the http says */
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
/* pace.c: so many bytes have moved over the network. */
void pace_moved(struct transfer *transfer, uint64_t size);
/* Somebody waits for it from now on. */
void pace_resume(struct transfer *transfer);
/*
 * ERROR_UNREACHABLE if too few have moved for too long; `is_answering`: all has been sent, and the
 * server is at work.
 */
int pace_check(struct transfer *transfer, bool is_answering, struct error *err) MUST_CHECK;
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
/* A silence of `silent_ms`, which ends the transfer at `limit_ms`, is shown, and then said. */
void transfer_note_silence(struct transfer *transfer, uint64_t silent_ms, uint64_t limit_ms);
void transfer_end_silence(struct transfer *transfer);
void transfer_free(struct transfer *transfer);
CLEANUP_FREE(transfer)

/*
 * By what a connection may be used again: origin, socket, where it may lead, and the size of its
 * buffer. The caller frees it.
 */
char *transfer_format_route(const struct transfer *transfer);
/* Proxy, socket and addresses of its connection, and how TLS is spoken on it. */
int transfer_set_route(struct transfer *transfer, struct error *err) MUST_CHECK;
/* Remembers from where the origin answers. */
void transfer_note_address(const struct transfer *transfer);
/* Remembers that the origin has TLS, if that was agreed on. */
void transfer_note_tls(const struct transfer *transfer);

/* trip.c: tells whoever asks what has become of it. */
void transfer_note_trip(const struct transfer *transfer);

/* Callbacks of libcurl, with the transfer as `arg`. */
size_t transfer_take_header(char *data, size_t one, size_t size, void *arg);
size_t transfer_take_body(char *data, size_t one, size_t size, void *arg);
size_t transfer_give_body(char *data, size_t one, size_t size, void *arg);

/*
 * Looks at the headers of the final answer, before any of its body. Fails without an error if
 * transfer_wants_more().
 */
int transfer_judge(struct transfer *transfer, struct error *err) MUST_CHECK;
/* The request has to be sent once more, as `wants_decoding` and `wants_whole` say. */
bool transfer_wants_more(const struct transfer *transfer);
/* Says why libcurl ended with `result`. */
int transfer_explain(const struct transfer *transfer, struct error *err) MUST_CHECK;
/* What answered the TLS hello is no TLS. */
bool transfer_is_not_tls(const struct transfer *transfer);
/* Says that the connection ended, and how far the answer had come; returns -1. */
int transfer_explain_break(const struct transfer *transfer, struct error *err);
/* An answer that asks for a client certificate is an error like a handshake that does. */
int transfer_check_certificate(const struct transfer *transfer, struct error *err) MUST_CHECK;

void http_response_add_header(struct http_response *response, const char *line, size_t size);
/* Removes all headers of that name, in any case. */
void http_response_drop_header(struct http_response *response, const char *name);
/* What the server says about its refusal, cut short; false if nothing a person could read. */
bool http_response_find_words(const struct http_response *response, struct buf *out);

/*
 * What an error says repeats no secret, before anybody cuts it: body and headers of a status from
 * 400 on, but for where they lead (Location) and whom they ask for (WWW-Authenticate).
 */
void http_response_mask(struct http_response *response, struct secrets *secrets);
/* The secret in a header value: "Bearer SECRET", "NAME=SECRET". NULL: none. */
void http_note_credential(struct http *http, const char *header);
bool http_method_is_safe(const char *method);
bool http_status_is_success(int status);
/* 408, 429 and those 5xx that may be different the next time. */
bool http_status_is_transient(int status);
bool http_status_is_redirect(int status);

/* "https://host:443"; NULL if the text is not an http or https URL. Caller frees. */
char *url_format_origin(const char *text);
/* By the IANA special-purpose address registries; an IPv4 address inside an IPv6 one counts, too.
 */
enum address_scope address_scope(const struct sockaddr *address);
/* Of a URL whose host is an address, or a name that always means this machine; else WORLD. */
enum address_scope url_scope(const char *url);
/* The same, or where it was reached first. */
enum address_scope http_scope(struct http *http, const char *url);
/* Says that no server may send inlay there: ERROR_DENIED. Returns -1. */
int address_refuse(enum address_scope scope, const char *authority, struct error *err);

/* "host" for "host:443" and "host:80", else the same. Caller frees. */
char *host_shorten(const char *host);
/* "host:443"; for messages. Caller frees. */
char *url_format_authority(const char *text);
/* The URL to go to, or why not. `from` is a URL that was asked. Caller frees *out. */
int url_follow(const char *from, const char *location, char **out, struct error *err) MUST_CHECK;

void waiting_begin(struct http *http, struct waiting *waiting);
void waiting_end(struct http *http, struct waiting *waiting);

/* Before a request is made again. */
struct http_pause {
    const struct http_response *response; /* the last answer; NULL: `err` says why there was none */
    unsigned wait_ms;
    unsigned attempt; /* the one to come, from 1 */
    unsigned tries;
};

/* Says why, and waits; `err` is empty afterwards, or ERROR_CANCELED. */
int http_pause(struct http *http, const struct http_request *request,
               const struct http_pause *pause, struct error *err) MUST_CHECK;

/* How long to wait before the next try. `response` may be NULL: there was no answer. */
unsigned retry_choose_wait(const struct http *http, unsigned attempt,
                           const struct http_response *response, time_t now);

#endif
