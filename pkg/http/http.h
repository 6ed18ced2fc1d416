#ifndef INLAY_HTTP_HTTP_H
#define INLAY_HTTP_HTTP_H

#include "core/buf.h"
#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"
#include "core/secrets.h"
#include "core/text.h"
#include "stream/stream.h"

/*
 * HTTP by libcurl, wrapped once: HTTP/1.1, http and https only, system proxies, no cookie jar, no
 * .netrc. `struct http` is safe to share between threads; it keeps idle connections per origin
 * and shares DNS and TLS sessions. Every wait looks at `cancel` within 200 ms.
 */
struct http;

#define HTTP_NO_RETRIES UINT32_MAX

/*
 * One try of a request, when it has ended. Texts are lent; times are of CLOCK_MONOTONIC in
 * microseconds, and those between the first and the last are 0 if it did not come to that.
 */
struct http_trip {
    const char *method;
    const char *url;        /* without query and user */
    const char *origin;     /* of that: "https://example.com:443" */
    unsigned connection;    /* its number, from 1 on */
    bool is_new_connection; /* which is opened for this */
    int status;             /* 0: no answer */
    uint64_t sent;          /* bytes of the request's body */
    uint64_t received;      /* bytes of the answer's */
    uint64_t begun_us;
    uint64_t connected_us; /* TCP, and TLS where there is any */
    uint64_t answered_us;  /* the answer's first byte */
    uint64_t ended_us;
};

struct http_options {
    const char *user_agent;      /* required: "inlay/0.1.0" */
    const struct cancel *cancel; /* NULL: cannot be stopped; outlives the http */
    const struct log *log;       /* NULL: silent; outlives the http; gets URLs without query, and
                                    who is waited for */
    struct secrets *secrets;     /* gets all that is sent to prove who we are, by requests and for
                                    proxies; NULL: nobody asks; outlives the http */
    void (*note_trip)(void *arg,
                      const struct http_trip *trip); /* by any thread; NULL: nobody asks */
    void *trip_arg;
    unsigned stall_timeout_s; /* no byte for so long, or less than 1 KiB a second over so
                                 long, is ERROR_UNREACHABLE; 0: 60; five times
                                 that for the answer to other methods than GET and HEAD. To
                                 connect takes no longer, and 30 s at most. */
    unsigned retries;         /* of what is safe to repeat, with growing waits; 0: 5;
                                 HTTP_NO_RETRIES: none */
    unsigned retry_wait_ms;   /* the first wait, doubled up to 30 times that; 0: 1000 */
    uint64_t limit_rate;      /* bytes a second of bodies that all transfers together receive at
                                 most, and as many that they send; 0: no limit */

    /* All that follows is copied. */
    const char *tls_ca; /* PEM file, or folder of *.pem, *.crt, *.cer: authorities that are trusted
                           beside the system's (or SSL_CERT_FILE's, SSL_CERT_DIR's); NULL: none */
    const char *cert_dir;            /* folder of *.crt, *.cert, *.key for every host, in place of
                                        `cert_folders`; NULL: none */
    const char *const *cert_folders; /* folders of HOST[:PORT]/{*.crt,*.cert,*.key}, the first that
                                        has one for the host; NULL-terminated; NULL:
                                        ~/.config/containers/certs.d, /etc/containers/certs.d,
                                        /etc/docker/certs.d */
    const char *const *insecure;     /* HOST or HOST:PORT, whose TLS is not verified and that may be
                                        spoken to in plain http; NULL-terminated; NULL: none */
};

struct http *http_new(const struct http_options *options);
void http_free(struct http *http);
CLEANUP_FREE(http)

/* A zero-terminated list of statuses, for `expect`. */
#define HTTP_EXPECT(...) ((const int[]){__VA_ARGS__, 0})

struct http_request {
    const char *method;
    const char *url;
    const char *peer;          /* who is asked, for people: "the hub"; NULL: its host says it all */
    const char *authorization; /* header value, a secret; dropped once a redirect changes origin */
    const char *cookie;        /* the same for the header Cookie; NULL: none */
    const char *accept;
    const char *content_type;
    const char *content_range; /* where a part of an upload lies: "0-1023"; NULL: none */
    const void *body; /* small, sent as it is; NULL: none (a POST or PUT then has length 0) */
    size_t body_size;
    uint64_t offset;    /* Range: bytes=offset-…; 0 with `length` 0: no Range header */
    uint64_t length;    /* bytes of the range; 0: to the end */
    uint64_t size;      /* of the whole content, 0: not known; what arrives with this size is taken
                           as it is, whatever content encoding it claims to have */
    const int *expect;  /* statuses the caller handles; NULL: every status is handed over */
    size_t body_limit;  /* most bytes http_send keeps of an answer; 0: 64 KiB */
    bool keep_redirect; /* do not follow: a 3xx is an answer like any other */
    bool no_retry;      /* one try, for a server that may not be there */
    unsigned timeout_s; /* in place of the http's `stall_timeout_s`; 0: that */
    bool repeatable;    /* has a body, and may be sent twice all the same */
    /*
     * The URL of the server that named this one, in a Location, Link or realm; NULL: the user did.
     * ERROR_DENIED if it may not (http_may_name()), also by the address that is connected to; a
     * proxy may be anywhere.
     */
    const char *named_by;
    const char *unix_socket;     /* spoken to in place of the URL's host, no proxy; NULL: none */
    const struct cancel *cancel; /* looked at in place of the http's, of which it is a child, also
                                    while the answer is read; NULL: the http's */
};

struct http_header {
    char *name;
    char *value;
};

struct http_response {
    int status;
    struct http_header *headers; /* of the final answer */
    size_t header_count;
    struct buf body; /* http_send: all of it, up to the limit */
    char *url;       /* that answered, after redirects; with query, so never for a message */
    /*
     * In all tries, and also if there is no answer: how long nothing has moved before the answer
     * began, and at the end of what broke off; for http_has_waited(). Of http_upload() after a
     * failure alone.
     */
    uint64_t silent_ms;
};

#define HTTP_RESPONSE_INIT                                                                         \
    {                                                                                              \
        0, NULL, 0, BUF_INIT, NULL, 0                                                              \
    }

/* The first header of that name, in any case; NULL if there is none. */
const char *http_response_header(const struct http_response *response, const char *name);
/*
 * The target of the first link with this relation in a Link header (RFC 8288, section 3), as it
 * stands there, which may be relative; NULL if there is none. Caller frees.
 */
char *http_link_find(const char *header, const char *relation);
/* The same in any of the answer's Link headers. */
char *http_find_link(const struct http_response *response, const char *relation);
void http_response_release(struct http_response *response);
CLEANUP_RELEASE(http_response)

/*
 * Sends and receives a whole answer. Requests without a body, and GET and HEAD, are repeated on
 * connection failures, 408, 429 and 5xx (but not 501 and 505), honouring Retry-After (and the Hub's
 * RateLimit header), until http_has_waited(), and twice at most on a 403 of where they were
 * redirected to, whose address may have expired; a 429 or 5xx that stays is handed over or becomes
 * an error like any other status. Redirects are followed for GET and HEAD only, ten at most, never
 * from https to http, and by http_may_name(). A status outside `expect` is an error by
 * http_check(). Every request carries "Accept-Encoding: identity"; an answer that is encoded all
 * the same is decoded, within `body_limit`, and loses its headers Content-Encoding and
 * Content-Length (but not for HEAD). An encoding that libcurl does not have is ERROR_CORRUPT. A
 * range of an encoded answer, and a 206 that does not say which range it is, are of no use: then
 * the whole is asked for, and the range is cut out of it. A request with a body is sent no more
 * often than is said here, whatever connection it goes over.
 */
int http_send(struct http *http, const struct http_request *request, struct http_response *response,
              struct error *err) MUST_CHECK;

/*
 * The same for an answer that is streamed: with a 2xx, *body reads it (and ends with
 * ERROR_UNREACHABLE if the connection breaks before Content-Length bytes, or if the server sends
 * less of the range than was asked for); with any other status
 * that `expect` admits, response->body holds it and *body stays NULL. A 200 on a request with
 * `offset` > 0 is ERROR_UNREACHABLE if the first bytes cannot be skipped: the reader skips them.
 */
int http_open(struct http *http, const struct http_request *request, struct http_response *response,
              struct reader **body, struct error *err) MUST_CHECK;

/*
 * Begins a request whose body is pushed: `size` bytes, or SIZE_UNKNOWN for chunked transfer.
 * writer_finish() waits for the answer and fills `response`; a status outside `expect` is an
 * error there, or already in writer_write() when the server refuses early: then, too, `response`
 * is what it said, and keeps the status 0 only if there was no answer. Not retried, not
 * redirected. `request` may go out of scope; `response` outlives the writer.
 */
int http_upload(struct http *http, const struct http_request *request, uint64_t size,
                struct http_response *response, struct writer **out, struct error *err) MUST_CHECK;

/*
 * 0 if `expect` admits the status. Otherwise an error with method, URL without query, status and
 * the server's own words: ERROR_DENIED for 401 and 403, ERROR_NOT_FOUND for 404 and 410,
 * ERROR_UNREACHABLE for 408, 429 and 5xx other than 501 and 505, else ERROR_UNSUPPORTED.
 */
int http_check(const struct http_request *request, const struct http_response *response,
               struct error *err) MUST_CHECK;

/* Adds to the secrets of the options what is not sent as it is: a password. NULL: nothing. */
void http_note_secret(struct http *http, const char *secret);

/* How often what is safe to repeat is repeated. */
unsigned http_retries(const struct http *http);
/*
 * Who tries again. http_send() and http_open() repeat a request. What is made of several requests
 * is repeated by whoever makes it, once more around these tries: a blob that goes up (from where
 * the registry has it), a body that is read on behind a break, a manifest that a tag may show
 * already. So that the tries do not multiply where a server is silent for good, each of these adds
 * up how long it has waited for nothing since something moved, and gives up when this says that it
 * is enough: three times as long as the answer to an upload may take, 15 minutes if nothing else
 * was set. Time in which bytes move does not add to it, whatever becomes of them, and neither does
 * what is refused at once: such tries are limited by their number alone.
 */
bool http_has_waited(const struct http *http, uint64_t waited_ms);
/*
 * Appends who has kept a request waiting for some seconds: "waiting for 'r.example' to answer,
 * 35 s"; false if nobody has.
 */
bool http_describe_wait(struct http *http, struct buf *out);

/* Whether `insecure` names this host ("localhost:5000", "r.example"), in any case. */
bool http_allows_insecure(const struct http *http, const char *host);
/*
 * Finds where the server of a host is that may be spoken to in plain http: "https://HOST" or
 * "http://HOST", by asking for `path`. https is tried first, and a bad certificate never leads to
 * http. The caller frees *out.
 */
int http_find_origin(struct http *http, const char *host, const char *path, char **out,
                     struct error *err) MUST_CHECK;
/*
 * Whether a server may send inlay to a URL: one on this machine to anything but addresses of links
 * and clouds' own services, one on a private network to all but this machine as well, any other to
 * public addresses alone. Where both are is told by a literal address, localhost, or the address
 * at which a name was reached first; a name not yet asked is taken for public.
 */
bool http_may_name(struct http *http, const char *server, const char *url);

/*
 * Whether so many bytes since then, by clock_ms(), are progress, for which the tries before do
 * not count: some, and no fewer than the least rate brings.
 */
bool http_is_progress(uint64_t moved, uint64_t since_ms);

/*
 * How long the answer asks to wait by Retry-After (or the Hub's RateLimit), five minutes at most;
 * 0 if it does not say.
 */
unsigned http_retry_after_ms(const struct http_response *response);

/* What a server shows of itself; examine.c. */
struct http_examination {
    int status;
    int64_t date_s;            /* its clock, in seconds since 1970, a cache on the way or not; 0:
                                  it does not say */
    int64_t certificate_end_s; /* the same of its certificate; 0: not known, or no TLS */
    char *issuer;              /* of its certificate; NULL: not known */
};

void http_examination_release(struct http_examination *examination);
CLEANUP_RELEASE(http_examination)

/* One GET on a new connection, without redirects and a second try, and any status is an answer. */
int http_examine(struct http *http, const char *url, struct http_examination *out,
                 struct error *err) MUST_CHECK;
/* The proxy through which a URL is asked for, without its user; NULL: none. Caller frees. */
char *http_describe_proxy(const struct http *http, const char *url);
/*
 * Whose word counts for the certificates of a URL's host: files and folders; "": nobody's, as
 * `insecure` wants. NULL: it has no TLS. Caller frees.
 */
char *http_describe_authorities(struct http *http, const char *url);

/* Percent-encodes all but A-Za-z0-9_.~- and the characters in `keep`. */
void http_encode(struct buf *out, const char *text, const char *keep);
/* The inverse. False, and *out as it was, if there is a NUL in it. Caller frees. */
bool http_decode(const char *text, char **out) MUST_CHECK;
/*
 * Resolves a Location (absolute, //host, /path, relative) against a URL. A user in it is dropped,
 * but for that of `base` at the same origin. Caller frees.
 */
int http_resolve_url(const char *base, const char *location, char **out,
                     struct error *err) MUST_CHECK;
/* Same scheme, host and port. */
bool http_same_origin(const char *a, const char *b);

/* Of libcurl as it runs: "7.88.1". */
const char *http_library_version(void);
/* The library that libcurl has for TLS, with its version: "OpenSSL/3.0.19"; NULL if it has none. */
const char *http_tls_version(void);
/* Adds what a libcurl need not have, and this one has: "ipv6", "idn", "https-proxy" and the like.
 */
void http_list_features(struct strings *out);

#endif
