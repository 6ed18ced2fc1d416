#include "http/http_internal.h"

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
    if (secure->is_not_tls && plain->why.kind == ERROR_UNREACHABLE)
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

/*
 * With a port given, both are asked at the same one, so that an answer in plain http proves that
 * there is no TLS; without, the ports differ, and only a server that cannot be talked to at all
 * makes room for http.
 */
static int look_for(struct http *http, struct search *search, unsigned timeout_ms,
                    struct error *err)
{
    CLEANUP(look) struct look secure = {.answers = false};
    CLEANUP(look) struct look plain = {.answers = false};

    search->again = search->is_plain = false;
    if (look_at(http, search->secure, timeout_ms, &secure, err) < 0)
        return -1;
    enum error_kind kind = secure.why.kind;
    if (kind == ERROR_NONE)
        return 0;
    if (!search->has_port && (secure.is_not_tls || kind != ERROR_UNREACHABLE)) {
        search->again = kind == ERROR_UNREACHABLE;
        return error_move(err, &secure.why);
    }
    if (kind != ERROR_UNREACHABLE && kind != ERROR_UNSUPPORTED)
        return error_move(err, &secure.why);
    if (look_at(http, search->plain, timeout_ms, &plain, err) < 0)
        return -1;
    search->is_plain = plain.answers;
    if (search->is_plain)
        return 0;
    explain_looks(&secure, &plain, err);
    search->again =
        err->kind == ERROR_UNREACHABLE &&
        !(secure.refuses && plain.refuses && url_scope(search->secure) <= ADDRESS_NETWORK);
    return -1;
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

/* What was found for this host, or NULL; the caller frees it. */
static char *find_known(struct http *http, const char *host)
{
    char *found = NULL;

    pthread_mutex_lock(&http->lock);
    for (size_t i = 0; i < http->found_origins.count && found == NULL; i++) {
        const char *origin = http->found_origins.items[i];
        if (strcmp(strstr(origin, "://") + 3, host) == 0)
            found = xstrdup(origin);
    }
    pthread_mutex_unlock(&http->lock);
    return found;
}

int http_find_origin(struct http *http, const char *host, const char *path, char **out,
                     struct error *err)
{
    CLEANUP(text) char *secure = xasprintf("https://%s%s", host, path);
    CLEANUP(text) char *plain = xasprintf("http://%s%s", host, path);
    CLEANUP(text) char *known = find_known(http, host);
    const char *bracket = strchr(host, ']');
    struct search search = {
        .secure = secure,
        .plain = plain,
        .has_port = strchr(bracket != NULL ? bracket : host, ':') != NULL,
    };

    if (known != NULL) {
        *out = TAKE(known);
        return 0;
    }
    if (look_often(http, &search, err) < 0)
        return -1;
    if (search.is_plain)
        log_debug(http->log, "'%s' does not answer in https; using http, which is allowed for it",
                  host);
    *out = xasprintf("%s://%s", search.is_plain ? "http" : "https", host);
    pthread_mutex_lock(&http->lock);
    strings_add(&http->found_origins, *out);
    pthread_mutex_unlock(&http->lock);
    return 0;
}
