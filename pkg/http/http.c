#include "http/http_internal.h"

#include "core/clock.h"

#include <string.h>

#define STATUS_FORBIDDEN 403
/* A server is asked so often for another address when the one that it gave is refused. */
#define LINKS_MOST 2

/*
 * What libcurl asks for is there, or the process ends: CURLE_OUT_OF_MEMORY then is one of libcurl's
 * own limits.
 */
static void *take_more(void *pointer, size_t size)
{
    return xrealloc(pointer, size, 1);
}

void http_note_secret(struct http *http, const char *secret)
{
    if (http->secrets != NULL && secret != NULL)
        secrets_add(http->secrets, secret);
}

void http_note_credential(struct http *http, const char *header)
{
    const char *value = header != NULL ? strpbrk(header, " =") : NULL;

    http_note_secret(http, value != NULL ? value + 1 : header);
}

/* USER:PASSWORD in a proxy's URL, and the password alone, as they stand there and as they are sent.
 */
static void note_proxy(struct http *http, const char *proxy)
{
    if (proxy == NULL)
        return;
    const char *scheme = strstr(proxy, "://");
    const char *start = scheme != NULL ? scheme + 3 : proxy;
    CLEANUP(text) char *pair = xstrndup(start, strcspn(start, "/?#"));
    CLEANUP(text) char *decoded = NULL;
    char *end = strrchr(pair, '@');
    if (end == NULL)
        return;
    *end = '\0';
    if (!http_decode(pair, &decoded))
        decoded = xstrdup(pair);
    const char *const texts[] = {pair, decoded};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        const char *password = strchr(texts[i], ':');
        http_note_secret(http, texts[i]);
        http_note_secret(http, password != NULL ? password + 1 : NULL);
    }
}

struct http *http_new(const struct http_options *options)
{
    struct http *http = xcalloc(1, sizeof(*http));

    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, take_more, xstrdup, xcalloc) !=
        CURLE_OK)
        out_of_memory();
    http->user_agent = xstrdup(options->user_agent);
    http->cancel = options->cancel;
    http->log = options->log;
    http->secrets = options->secrets;
    http->note_trip = options->note_trip;
    http->trip_arg = options->trip_arg;
    http->stall_timeout_ms = (options->stall_timeout_s > 0 ? options->stall_timeout_s : 60) * 1000;
    http->retries = options->retries == HTTP_NO_RETRIES ? 0
                    : options->retries > 0              ? options->retries
                                                        : 5;
    http->retry_wait_ms = options->retry_wait_ms > 0 ? options->retry_wait_ms : 1000;
    rate_init(&http->received, options->limit_rate);
    rate_init(&http->sent, options->limit_rate);
    certificates_init(&http->certificates, options);
    proxies_init(&http->proxies);
    note_proxy(http, http->proxies.plain);
    note_proxy(http, http->proxies.secure);
    for (const char *const *at = options->insecure; at != NULL && *at != NULL; at++)
        strings_add(&http->insecure, *at);
    pthread_mutex_init(&http->lock, NULL);
    clock_condition_init(&http->search_over);
    share_init(&http->share);
    pool_init(&http->pool);
    return http;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    pool_release(&http->pool);
    share_release(&http->share);
    pthread_cond_destroy(&http->search_over);
    pthread_mutex_destroy(&http->lock);
    for (size_t i = 0; i < ARRAY_SIZE(http->reached); i++)
        strings_release(&http->reached[i]);
    strings_release(&http->not_in_tls);
    strings_release(&http->in_tls);
    strings_release(&http->searched);
    strings_release(&http->found_origins);
    strings_release(&http->insecure);
    proxies_release(&http->proxies);
    certificates_release(&http->certificates);
    rate_release(&http->received);
    rate_release(&http->sent);
    for (size_t i = 0; i < ARRAY_SIZE(http->said); i++)
        free(http->said[i].text);
    free(http->user_agent);
    free(http);
    curl_global_cleanup();
}

/* Waits for the headers, and for the rest too unless the answer is to be streamed. */
static int http_receive(struct transfer *transfer, struct error *err)
{
    if (transfer_wait(transfer, transfer_is_answered, err) < 0)
        return -1;
    if (transfer->stream && transfer->answered && transfer->refusal.kind == ERROR_NONE &&
        http_status_is_success(transfer->response.status))
        return 0;
    if (transfer_wait(transfer, transfer_is_done, err) < 0)
        return -1;
    if (transfer_outcome(transfer, err) < 0)
        return -1;
    http_response_mask(&transfer->response, transfer->http->secrets);
    return 0;
}

static bool is_redirected(const struct http_request *request, const struct transfer *transfer)
{
    return !request->keep_redirect && transfer->safe &&
           http_status_is_redirect(transfer->response.status) &&
           http_response_header(&transfer->response, "Location") != NULL;
}

/* Another origin is not at the other end of a socket. */
static int refuse_to_leave(const struct http_request *request, const char *name, struct error *err)
{
    if (request->unix_socket == NULL)
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' redirects away from the socket '%s', which is not followed", name,
                     request->unix_socket);
}

/* They tell of what was on the way, and not of what the caller gets. */
static void forget_encoding(struct http_response *response)
{
    http_response_drop_header(response, "Content-Encoding");
    http_response_drop_header(response, "Content-Length");
}

/* How it has to be asked for, if the answer could not be read as it came. */
static void learn_options(const struct http *http, const struct transfer *transfer,
                          struct transfer_options *options)
{
    log_debug(http->log, "the answer cannot be read as it comes, asking once more%s%s",
              transfer->wants_decoding ? ", to be decoded" : "",
              transfer->wants_whole ? ", without a range" : "");
    options->decode = options->decode || transfer->wants_decoding;
    options->whole = options->whole || transfer->wants_whole;
}

/* Sends a request once to one place, and adds how long nothing moved. */
static int http_try(struct http *http, const struct http_request *request,
                    const struct transfer_options *options, uint64_t *silent_ms,
                    struct transfer **out, struct error *err)
{
    if (transfer_open(http, request, options, out, err) < 0)
        return -1;
    int result = http_receive(*out, err);
    *silent_ms += (*out)->silent_ms;
    return result;
}

/*
 * Sends a request to one place. `options` learn how it has to be asked for if the answer could not
 * be read as it came; twice at most, since nothing is learned anew.
 */
static int http_ask(struct http *http, const struct http_request *request,
                    struct transfer_options *options, uint64_t *silent_ms, struct transfer **out,
                    struct error *err)
{
    CLEANUP(transfer) struct transfer *transfer = NULL;

    if (http_try(http, request, options, silent_ms, &transfer, err) < 0)
        return -1;
    while (transfer_wants_more(transfer)) {
        learn_options(http, transfer, options);
        transfer_free(TAKE(transfer));
        if (http_try(http, request, options, silent_ms, &transfer, err) < 0)
            return -1;
    }
    if (transfer->encoded)
        forget_encoding(&transfer->response);
    *out = TAKE(transfer);
    return 0;
}

/* Sends a request once, and again to wherever it is redirected. */
static int http_follow(struct http *http, const struct http_request *request, bool stream,
                       uint64_t *silent_ms, struct transfer **out, struct error *err)
{
    CLEANUP(transfer) struct transfer *transfer = NULL;
    CLEANUP(text) char *name = text_display_url(request->url);
    CLEANUP(text) char *url = xstrdup(request->url);
    CLEANUP(text) char *last = NULL;
    struct transfer_options options = {.stream = stream};
    bool same_origin = true;

    for (unsigned hop = 0;; hop++) {
        CLEANUP(text) char *next = NULL;
        options.url = url;
        options.authorization = same_origin ? request->authorization : NULL;
        options.cookie = same_origin ? request->cookie : NULL;
        options.named_by = last;
        transfer_free(TAKE(transfer));
        if (http_ask(http, request, &options, silent_ms, &transfer, err) < 0) {
            if (hop > 0)
                error_wrap(err, "following a redirect of '%s'", name);
            return -1;
        }
        if (!is_redirected(request, transfer))
            break;
        if (hop == HTTP_REDIRECT_LIMIT)
            return error_set(err, ERROR_UNSUPPORTED, "'%s' leads to more than %d redirects", name,
                             HTTP_REDIRECT_LIMIT);
        if (url_follow(url, http_response_header(&transfer->response, "Location"), &next, err) < 0)
            return -1;
        same_origin = same_origin && http_same_origin(request->url, next);
        if (!same_origin && refuse_to_leave(request, name, err) < 0)
            return -1;
        free(last);
        last = url;
        url = TAKE(next);
    }
    *out = TAKE(transfer);
    return 0;
}

static bool is_repeatable(const struct http_request *request)
{
    return !request->no_retry &&
           (request->body == NULL || request->repeatable || http_method_is_safe(request->method));
}

/* Where the server sent us nobody is let in: its address may have expired on the way. */
static bool is_expired(const struct http_request *request, const struct transfer *transfer)
{
    return transfer->response.status == STATUS_FORBIDDEN &&
           !http_same_origin(request->url, transfer->url);
}

/* The same, repeated for as long as that may help. */
static int http_perform(struct http *http, const struct http_request *request, bool stream,
                        uint64_t *silent_ms, struct transfer **out, struct error *err)
{
    CLEANUP(transfer) struct transfer *transfer = NULL;
    const struct cancel *cancel = request->cancel != NULL ? request->cancel : http->cancel;
    unsigned retries = is_repeatable(request) ? http->retries : 0;
    unsigned links = LINKS_MOST;
    int result;

    for (unsigned attempt = 0;; attempt++) {
        transfer_free(TAKE(transfer));
        if (request->body_size > 0 && rate_wait(&http->sent, request->body_size, cancel, err) < 0)
            return -1;
        result = http_follow(http, request, stream, silent_ms, &transfer, err);
        bool again = result < 0 ? err->kind == ERROR_UNREACHABLE
                                : http_status_is_transient(transfer->response.status) ||
                                      (is_expired(request, transfer) && links-- > 0);
        if (!again || attempt == retries || http_has_waited(http, *silent_ms))
            break;
        const struct http_response *response = result < 0 ? NULL : &transfer->response;
        const struct http_pause pause = {
            .response = response,
            .wait_ms = retry_choose_wait(http, attempt, response, time(NULL)),
            .attempt = attempt + 2,
            .tries = retries + 1,
        };
        if (http_pause(http, request, &pause, err) < 0)
            return -1;
    }
    *out = TAKE(transfer);
    return result;
}

/* But for the silence, which is that of all tries. */
static void response_move(struct http_response *to, struct http_response *from)
{
    uint64_t silent_ms = to->silent_ms;

    http_response_release(to);
    *to = *from;
    to->silent_ms = silent_ms;
    *from = (struct http_response)HTTP_RESPONSE_INIT;
}

int http_send(struct http *http, const struct http_request *request, struct http_response *response,
              struct error *err)
{
    CLEANUP(transfer) struct transfer *transfer = NULL;

    response->silent_ms = 0;
    if (http_perform(http, request, false, &response->silent_ms, &transfer, err) < 0)
        return -1;
    if (http_check(request, &transfer->response, err) < 0)
        return -1;
    response_move(response, &transfer->response);
    return 0;
}

struct body_reader {
    struct reader base;
    struct transfer *transfer; /* owned */
};

static ssize_t body_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct body_reader *body = CONTAINER_OF(reader, struct body_reader, base);

    return transfer_read(body->transfer, data, size, err);
}

static void body_free(struct reader *reader)
{
    struct body_reader *body = CONTAINER_OF(reader, struct body_reader, base);

    transfer_free(body->transfer);
    free(body);
}

static struct reader *body_reader_new(struct transfer *transfer)
{
    static const struct reader_ops ops = {body_read, body_free};
    struct body_reader *body = xcalloc(1, sizeof(*body));

    body->base.ops = &ops;
    body->transfer = transfer;
    return &body->base;
}

int http_open(struct http *http, const struct http_request *request, struct http_response *response,
              struct reader **body, struct error *err)
{
    CLEANUP(transfer) struct transfer *transfer = NULL;

    response->silent_ms = 0;
    if (http_perform(http, request, true, &response->silent_ms, &transfer, err) < 0)
        return -1;
    if (http_check(request, &transfer->response, err) < 0)
        return -1;
    bool streamed = http_status_is_success(transfer->response.status);
    response_move(response, &transfer->response);
    if (streamed) {
        transfer->response.status = response->status; /* its body is still to come */
        *body = body_reader_new(TAKE(transfer));
    }
    return 0;
}
