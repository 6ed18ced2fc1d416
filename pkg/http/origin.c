#include "http/http_internal.h"

#include "core/ahead.h"
#include "core/clock.h"

#include <errno.h>
#include <string.h>

#define STATUS_BAD_REQUEST 400
/*
 * Some servers of plain http never answer a TLS hello. The first look at such a host is short, and
 * each further one twice as long, for those that are slow.
 */
#define FIRST_LOOK_MS 5000

/* What a look at an origin has shown. */
struct look {
    bool answers;     /* and is no TLS server in disguise */
    bool refuses;     /* nobody listens there */
    bool is_not_tls;  /* it answers a TLS hello in another language */
    struct error why; /* there was no answer; ERROR_NONE: there was */
};

static void look_release(struct look *look)
{
    error_release(&look->why);
}
CLEANUP_RELEASE(look)

static bool was_refused(const struct transfer *transfer)
{
    long number = 0;

    curl_easy_getinfo(transfer->connection->easy, CURLINFO_OS_ERRNO, &number);
    return transfer->result == CURLE_COULDNT_CONNECT && number == ECONNREFUSED;
}

static int ask_once(struct transfer *transfer, struct error *err)
{
    if (transfer_wait(transfer, transfer_is_done, err) < 0)
        return -1;
    return transfer_outcome(transfer, err);
}

/* Fails if it was stopped. */
static int look_at(struct http *http, const char *url, unsigned timeout_ms, struct look *out,
                   struct error *err)
{
    const struct http_request request = {.method = "GET", .url = url};
    const struct transfer_options options = {.url = url, .timeout_ms = timeout_ms};
    CLEANUP(transfer) struct transfer *transfer = NULL;

    error_release(&out->why);
    if (transfer_open(http, &request, &options, &transfer, &out->why) == 0 &&
        ask_once(transfer, &out->why) == 0)
        out->answers =
            transfer->response.status != STATUS_BAD_REQUEST; /* what TLS servers say to http */
    if (out->why.kind == ERROR_CANCELED)
        return error_move(err, &out->why);
    if (out->why.kind != ERROR_NONE && transfer != NULL) {
        out->refuses = was_refused(transfer);
        out->is_not_tls = transfer_is_not_tls(transfer);
    }
    return 0;
}

/* The words about https stay, unless it has no TLS: then those about plain http count. */
static int explain_looks(struct look *secure, struct look *plain, struct error *err)
{
    bool counts = plain->why.kind == ERROR_UNREACHABLE || plain->why.kind == ERROR_CORRUPT;

    if (secure->is_not_tls && counts)
        return error_move(err, &plain->why);
    return error_move(err, &secure->why);
}

/* Where a host may answer. */
struct search {
    const char *secure; /* its URLs, borrowed */
    const char *plain;
    bool has_port;
    bool is_plain; /* where it does */
    bool again;    /* it does not, and another look may show more */
};

/* A look that is made while another is. */
struct plain_look {
    struct http *http;
    const char *url;
    unsigned timeout_ms;
    struct look look;
};

static int look_plain(void *arg, struct error *err)
{
    struct plain_look *plain = arg;

    return look_at(plain->http, plain->url, plain->timeout_ms, &plain->look, err);
}

/* What the look at https has shown: true if it is for the other one to decide. */
static bool leaves_to_plain(struct search *search, struct look *secure)
{
    enum error_kind kind = secure->why.kind;

    if (!search->has_port && (secure->is_not_tls || kind != ERROR_UNREACHABLE)) {
        search->again = kind == ERROR_UNREACHABLE;
        return false;
    }
    return kind == ERROR_UNREACHABLE || kind == ERROR_UNSUPPORTED ||
           kind ==
               ERROR_LOCAL; /* no certificate can be read here, which plain http needs none of */
}

/*
 * With a port given, both are asked at the same one and at the same time, so that an answer in
 * plain http proves that there is no TLS; without, the ports differ, and only a server that cannot
 * be talked to at all makes room for http.
 */
static int look_for(struct http *http, struct search *search, unsigned timeout_ms,
                    struct error *err)
{
    CLEANUP(look) struct look secure = {.answers = false};
    struct plain_look plain = {.http = http, .url = search->plain, .timeout_ms = timeout_ms};
    CLEANUP(ahead) struct ahead ahead = {.is_begun = false}; /* ends before what it fills */
    int result;

    search->again = search->is_plain = false;
    if (search->has_port)
        ahead_begin(&ahead, look_plain, &plain, http->cancel);
    result = look_at(http, search->secure, timeout_ms, &secure, err);
    bool is_decided = result == 0 && secure.why.kind == ERROR_NONE;
    if (result == 0 && !is_decided && !leaves_to_plain(search, &secure))
        result = error_move(err, &secure.why);
    if (result < 0 || is_decided) {
        ahead_release(&ahead);
        look_release(&plain.look);
        return result;
    }
    result = ahead.is_begun ? ahead_join(&ahead, err) : look_plain(&plain, err);
    search->is_plain = result == 0 && plain.look.answers;
    if (result == 0 && !search->is_plain) {
        result = explain_looks(&secure, &plain.look, err);
        search->again =
            err->kind == ERROR_UNREACHABLE &&
            !(secure.refuses && plain.look.refuses && url_scope(search->secure) <= ADDRESS_NETWORK);
    }
    look_release(&plain.look);
    return result;
}

/* Looks until the host answers, or has had its tries. */
static int look_often(struct http *http, struct search *search, struct error *err)
{
    const struct http_request request = {.method = "GET", .url = search->secure};
    unsigned timeout_ms = FIRST_LOOK_MS;

    for (unsigned attempt = 0;; attempt++) {
        if (timeout_ms > http->stall_timeout_ms)
            timeout_ms = http->stall_timeout_ms;
        if (look_for(http, search, timeout_ms, err) == 0)
            return 0;
        if (!search->again || attempt == http->retries)
            return -1;
        const struct http_pause pause = {
            .wait_ms = retry_choose_wait(http, attempt, NULL, 0),
            .attempt = attempt + 2,
            .tries = http->retries + 1,
        };
        if (http_pause(http, &request, &pause, err) < 0)
            return -1;
        timeout_ms =
            timeout_ms * 2 < HTTP_CONNECT_TIMEOUT_MS ? timeout_ms * 2 : HTTP_CONNECT_TIMEOUT_MS;
    }
}

/* What was found for this host, or NULL; the caller frees it, and has the lock. */
static char *find_known(struct http *http, const char *host)
{
    char *found = NULL;

    for (size_t i = 0; i < http->found_origins.count && found == NULL; i++) {
        const char *origin = http->found_origins.items[i];
        if (strcmp(strstr(origin, "://") + 3, host) == 0)
            found = xstrdup(origin);
    }
    return found;
}

/* The lock is held. Wakes by itself in time to look at who asks to stop. */
static void wait_for_search(struct http *http)
{
    clock_wait(&http->search_over, &http->lock, CANCEL_POLL_MS);
}

/*
 * Whoever waits for a search has something to ask, and mostly more than one thing: connections that
 * are opened meanwhile are in the pool when he does.
 */
#define OPENED_MEANWHILE 2

struct meanwhile {
    struct plain_look looks[OPENED_MEANWHILE];
    struct ahead aheads[OPENED_MEANWHILE];
};

static void meanwhile_begin(struct meanwhile *meanwhile, struct http *http,
                            const struct search *search)
{
    for (size_t i = 0; i < OPENED_MEANWHILE; i++) {
        meanwhile->looks[i] =
            (struct plain_look){.http = http, .url = search->plain, .timeout_ms = FIRST_LOOK_MS};
        ahead_begin(&meanwhile->aheads[i], look_plain, &meanwhile->looks[i], http->cancel);
    }
}

static void meanwhile_release(struct meanwhile *meanwhile)
{
    for (size_t i = 0; i < OPENED_MEANWHILE; i++) {
        ahead_release(&meanwhile->aheads[i]);
        look_release(&meanwhile->looks[i].look);
    }
}
CLEANUP_RELEASE(meanwhile)

/*
 * Whoever comes while somebody is looking for the same host waits for what he finds, and looks by
 * himself if that is nothing. *out is NULL for whoever has to look.
 */
static int begin_search(struct http *http, const char *host, const struct search *search,
                        char **out, struct error *err)
{
    CLEANUP(meanwhile) struct meanwhile meanwhile = {.looks = {{.http = NULL}}};
    int result = 0;

    pthread_mutex_lock(&http->lock);
    bool is_late = search->has_port && strings_has(&http->searched, host);
    pthread_mutex_unlock(&http->lock);
    if (is_late)
        meanwhile_begin(&meanwhile, http, search);
    pthread_mutex_lock(&http->lock);
    *out = find_known(http, host);
    while (*out == NULL && result == 0 && strings_has(&http->searched, host)) {
        wait_for_search(http);
        result = cancel_check(http->cancel, err);
        *out = find_known(http, host);
    }
    if (*out == NULL && result == 0)
        strings_add(&http->searched, host);
    pthread_mutex_unlock(&http->lock);
    return result;
}

/* `origin` NULL: it was not found. */
static void end_search(struct http *http, const char *host, const char *origin)
{
    struct strings *searched = &http->searched;

    pthread_mutex_lock(&http->lock);
    if (origin != NULL)
        strings_add(&http->found_origins, origin);
    for (size_t i = 0; i < searched->count; i++)
        if (strcmp(searched->items[i], host) == 0) {
            free(searched->items[i]);
            searched->items[i] = searched->items[--searched->count];
            break;
        }
    pthread_cond_broadcast(&http->search_over);
    pthread_mutex_unlock(&http->lock);
}

int http_find_origin(struct http *http, const char *host, const char *path, char **out,
                     struct error *err)
{
    CLEANUP(text) char *secure = xasprintf("https://%s%s", host, path);
    CLEANUP(text) char *plain = xasprintf("http://%s%s", host, path);
    CLEANUP(text) char *found = NULL;
    const char *bracket = strchr(host, ']');
    struct search search = {
        .secure = secure,
        .plain = plain,
        .has_port = strchr(bracket != NULL ? bracket : host, ':') != NULL,
    };

    if (begin_search(http, host, &search, &found, err) < 0)
        return -1;
    if (found != NULL) {
        *out = TAKE(found);
        return 0;
    }
    int result = look_often(http, &search, err);
    if (result == 0 && search.is_plain)
        log_debug(http->log, "'%s' does not answer in https; using http, which is allowed for it",
                  host);
    if (result == 0)
        found = xasprintf("%s://%s", search.is_plain ? "http" : "https", host);
    end_search(http, host, found);
    if (result == 0)
        *out = TAKE(found);
    return result;
}
