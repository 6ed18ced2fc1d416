#include "http/http_internal.h"

#include "core/text.h"

#include <inttypes.h>
#include <string.h>

/* Servers keep idle connections for longer than that. */
#define IDLE_MOST_S 3L

bool transfer_is_answered(const struct transfer *transfer)
{
    return transfer->answered;
}

bool transfer_is_done(const struct transfer *transfer)
{
    return transfer->done;
}

static int transfer_add_header(struct transfer *transfer, const char *name, const char *value,
                               struct error *err)
{
    for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at++)
        if (*at < 0x20 || *at == 0x7f)
            return error_set(err, ERROR_UNSUPPORTED,
                             "a value for the header '%s' has control characters in it", name);
    CLEANUP(text) char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *headers = curl_slist_append(transfer->headers, line);
    if (headers == NULL)
        out_of_memory();
    transfer->headers = headers;
    return 0;
}

static void transfer_drop_header(struct transfer *transfer, const char *name)
{
    CLEANUP(text) char *line = xasprintf("%s:", name);
    struct curl_slist *headers = curl_slist_append(transfer->headers, line);

    if (headers == NULL)
        out_of_memory();
    transfer->headers = headers;
}

static int transfer_add_headers(struct transfer *transfer, const struct http_request *request,
                                const struct transfer_options *options, struct error *err)
{
    CLEANUP(buf) struct buf range = BUF_INIT;

    if (!transfer->whole && (transfer->offset > 0 || transfer->length > 0)) {
        buf_addf(&range, "bytes=%" PRIu64 "-", transfer->offset);
        if (transfer->length > 0)
            buf_addf(&range, "%" PRIu64, transfer->offset + transfer->length - 1);
        if (transfer_add_header(transfer, "Range", buf_text(&range), err) < 0)
            return -1;
    }
    if (transfer_add_header(transfer, "Accept-Encoding", "identity", err) < 0)
        return -1;
    if (request->accept != NULL &&
        transfer_add_header(transfer, "Accept", request->accept, err) < 0)
        return -1;
    http_note_credential(transfer->http, options->authorization);
    http_note_credential(transfer->http, options->cookie);
    if (options->authorization != NULL &&
        transfer_add_header(transfer, "Authorization", options->authorization, err) < 0)
        return -1;
    if (options->cookie != NULL &&
        transfer_add_header(transfer, "Cookie", options->cookie, err) < 0)
        return -1;
    if (request->content_range != NULL &&
        transfer_add_header(transfer, "Content-Range", request->content_range, err) < 0)
        return -1;
    transfer_drop_header(transfer, "Expect");
    if (request->content_type == NULL) {
        transfer_drop_header(transfer, "Content-Type");
        return 0;
    }
    return transfer_add_header(transfer, "Content-Type", request->content_type, err);
}

static void transfer_set_method(const struct transfer *transfer, const struct http_request *request,
                                const struct transfer_options *options)
{
    CURL *easy = transfer->connection->easy;
    const char *method = request->method;

    if (options->upload) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
                         options->upload_size == SIZE_UNKNOWN ? (curl_off_t)-1
                                                              : (curl_off_t)options->upload_size);
    } else if (request->body_size > 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    } else if (request->body != NULL || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
               strcmp(method, "PATCH") == 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, "");
    } else if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    if (!transfer->safe)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* "": all that libcurl has; what is asked for stays as transfer_add_headers() says. */
static void transfer_set_decoding(const struct transfer *transfer)
{
    CURL *easy = transfer->connection->easy;

    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, transfer->decode ? "" : NULL);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
                     transfer->stream && transfer->decode ? HTTP_DECODE_BUFFER : HTTP_BUFFER);
}

static void transfer_set_connection(const struct transfer *transfer)
{
    const struct http *http = transfer->http;
    CURL *easy = transfer->connection->easy;

    curl_easy_setopt(easy, CURLOPT_SHARE, http->share.handle);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)transfer->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, HTTP_BUFFER);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, http->user_agent);
}

static int note_sent(void *arg, char *peer, char *own, int peer_port, int own_port)
{
    struct transfer *transfer = arg;

    (void)peer;
    (void)own;
    (void)peer_port;
    (void)own_port;
    transfer->is_sent = true;
    return CURL_PREREQFUNC_OK;
}

/*
 * A body goes over an idle connection only if that was in use a moment ago: one that the server has
 * closed since would be a break, where a new one is none.
 */
static void transfer_set_body(struct transfer *transfer, const struct http_request *request,
                              const struct transfer_options *options)
{
    CURL *easy = transfer->connection->easy;

    if (!options->upload && request->body_size == 0)
        return;
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, note_sent);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_MOST_S);
    if (options->upload)
        return;
    transfer->pending = request->body;
    transfer->pending_size = request->body_size;
    transfer->pending_last = true;
}

static void transfer_set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->connection->easy;

    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->words);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, transfer_give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
}

static void set_timeouts(struct transfer *transfer, const struct http_request *request,
                         const struct transfer_options *options)
{
    unsigned stall_ms = options->timeout_ms > 0  ? options->timeout_ms
                        : request->timeout_s > 0 ? request->timeout_s * 1000
                                                 : transfer->http->stall_timeout_ms;

    transfer->stall_timeout_ms = stall_ms;
    transfer->connect_timeout_ms =
        stall_ms < HTTP_CONNECT_TIMEOUT_MS ? stall_ms : HTTP_CONNECT_TIMEOUT_MS;
}

int transfer_open(struct http *http, const struct http_request *request,
                  const struct transfer_options *options, struct transfer **out, struct error *err)
{
    CLEANUP(text) char *name = text_display_url(options->url);
    CLEANUP(transfer) struct transfer *transfer = xcalloc(1, sizeof(*transfer));
    uint64_t end;

    transfer->origin = url_format_origin(options->url);
    if (transfer->origin == NULL)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' is not an http or https URL", name);
    if (!u64_add(request->offset, request->length, &end))
        return error_set(err, ERROR_INTERNAL, "a range of '%s' ends beyond 64 bits", name);
    transfer->http = http;
    transfer->cancel = request->cancel != NULL ? request->cancel : http->cancel;
    transfer->url = xstrdup(options->url);
    transfer->proxy =
        request->unix_socket != NULL ? "" : proxies_choose(&http->proxies, transfer->origin);
    transfer->unix_socket = request->unix_socket != NULL ? xstrdup(request->unix_socket) : NULL;
    const char *server = options->named_by != NULL ? options->named_by : request->named_by;
    transfer->least = server != NULL ? http_scope(http, server) : ADDRESS_NEVER;
    transfer->method = xstrdup(request->method);
    transfer->safe = http_method_is_safe(request->method);
    transfer->offset = request->offset;
    transfer->length = request->length;
    transfer->size = request->size;
    transfer->whole = options->whole;
    transfer->decode = options->decode || !options->stream || !transfer->safe;
    transfer->head = strcmp(request->method, "HEAD") == 0;
    transfer->left = UINT64_MAX;
    transfer->body_limit = request->body_limit > 0 ? request->body_limit : HTTP_BODY_LIMIT;
    transfer->stream = options->stream;
    transfer->upload = options->upload;
    set_timeouts(transfer, request, options);
    if (transfer_add_headers(transfer, request, options, err) < 0)
        return -1;

    CLEANUP(text) char *route = transfer_format_route(transfer);
    transfer->connection = pool_take(&http->pool, route);
    transfer_set_connection(transfer);
    transfer_set_body(transfer, request, options);
    transfer_set_decoding(transfer);
    if (transfer_set_route(transfer, err) < 0)
        return -1;
    transfer_set_method(transfer, request, options);
    transfer_set_callbacks(transfer);
    if (curl_multi_add_handle(transfer->connection->multi, transfer->connection->easy) != CURLM_OK)
        out_of_memory();
    log_debug(http->log, "%s %s", request->method, name);
    transfer->begun_us = clock_us();
    *out = TAKE(transfer);
    return 0;
}

void transfer_free(struct transfer *transfer)
{
    if (transfer == NULL)
        return;
    if (transfer->connection != NULL) {
        transfer_note_tls(transfer);
        transfer_note_trip(transfer);
        curl_multi_remove_handle(transfer->connection->multi, transfer->connection->easy);
        if (transfer->done && transfer->result == CURLE_OK)
            pool_put(&transfer->http->pool, TAKE(transfer->connection));
    }
    connection_free(transfer->connection);
    curl_slist_free_all(transfer->headers);
    http_response_release(&transfer->response);
    error_release(&transfer->refusal);
    free(transfer->window);
    free(transfer->unix_socket);
    free(transfer->method);
    free(transfer->origin);
    free(transfer->url);
    free(transfer);
}

static void transfer_collect(struct transfer *transfer)
{
    CURLMsg *message;
    int queued;
    curl_off_t uploaded = 0;

    while ((message = curl_multi_info_read(transfer->connection->multi, &queued)) != NULL)
        if (message->msg == CURLMSG_DONE) {
            transfer->done = true;
            transfer->result = message->data.result;
        }
    curl_easy_getinfo(transfer->connection->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    if (uploaded != transfer->uploaded) {
        pace_moved(transfer, (uint64_t)(uploaded - transfer->uploaded));
        transfer->uploaded = uploaded;
    }
}

/* Whether a server puts what was sent in its place. */
static bool is_answering(const struct transfer *transfer)
{
    bool sent = !transfer->upload || transfer->pending_last;

    return !transfer->safe && !transfer->answered && sent;
}

static uint64_t stall_limit_ms(const struct transfer *transfer)
{
    uint64_t limit_ms = transfer->stall_timeout_ms;

    return is_answering(transfer) ? patience_ms(limit_ms) : limit_ms;
}

static int transfer_check_stall(struct transfer *transfer, struct error *err)
{
    uint64_t limit_ms = stall_limit_ms(transfer);
    uint64_t silent_ms = clock_ms() - transfer->active_ms;

    transfer_note_silence(transfer, silent_ms, limit_ms);
    if (silent_ms < limit_ms)
        return pace_check(transfer, is_answering(transfer), err);
    CLEANUP(text) char *authority = url_format_authority(transfer->url);
    return error_set(err, ERROR_UNREACHABLE, "no byte to or from '%s' for %" PRIu64 " s", authority,
                     limit_ms / 1000);
}

static int drive(struct transfer *transfer, bool (*ready)(const struct transfer *transfer),
                 struct error *err)
{
    CURLM *multi = transfer->connection->multi;
    int running;

    transfer->active_ms = clock_ms();
    pace_resume(transfer);
    while (!transfer->done) {
        if (cancel_check(transfer->cancel, err) < 0)
            return -1;
        CURLMcode code = curl_multi_perform(multi, &running);
        if (code != CURLM_OK)
            return error_set(err, ERROR_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
        transfer_collect(transfer);
        if (transfer->done || ready(transfer))
            return 0;
        if (transfer_check_stall(transfer, err) < 0)
            return -1;
        curl_multi_poll(multi, NULL, 0, CANCEL_POLL_MS, NULL);
    }
    return 0;
}

int transfer_wait(struct transfer *transfer, bool (*ready)(const struct transfer *transfer),
                  struct error *err)
{
    int result = drive(transfer, ready, err);

    transfer->silent_ms += clock_ms() - transfer->active_ms;
    transfer_end_silence(transfer);
    return result;
}

static bool transfer_has_bytes(const struct transfer *transfer)
{
    return transfer->sink_filled > 0 || transfer->enough;
}

/* Has the bytes that come next put into `data`; how many is in `sink_filled`. */
static int transfer_receive(struct transfer *transfer, void *data, size_t size, struct error *err)
{
    transfer->window_start = transfer->window_end = 0;
    transfer->sink = data;
    transfer->sink_size = size;
    transfer->sink_filled = 0;
    curl_easy_pause(transfer->connection->easy, CURLPAUSE_CONT);
    int result = transfer_wait(transfer, transfer_has_bytes, err);
    transfer->sink = NULL;
    transfer->sink_size = 0;
    if (result < 0)
        return -1;
    return rate_wait(&transfer->http->received, transfer->sink_filled, transfer->cancel, err);
}

ssize_t transfer_read(struct transfer *transfer, void *data, size_t size, struct error *err)
{
    size = rate_portion(&transfer->http->received, size);
    if (transfer->window_start == transfer->window_end && !transfer->enough && !transfer->done) {
        if (transfer_receive(transfer, data, size, err) < 0)
            return -1;
        if (transfer->sink_filled > 0)
            return (ssize_t)transfer->sink_filled;
    }
    size_t part = transfer->window_end - transfer->window_start;
    if (part > size)
        part = size;
    if (part > 0) {
        memcpy(data, transfer->window + transfer->window_start, part);
        transfer->window_start += part;
        if (rate_wait(&transfer->http->received, part, transfer->cancel, err) < 0)
            return -1;
        return (ssize_t)part;
    }
    return transfer_outcome(transfer, err);
}

static bool transfer_has_taken(const struct transfer *transfer)
{
    return transfer->pending_size == 0;
}

int transfer_lend(struct transfer *transfer, const void *data, size_t size, struct error *err)
{
    transfer->pending = data;
    transfer->pending_size = size;
    if (!transfer->done)
        curl_easy_pause(transfer->connection->easy, CURLPAUSE_CONT);
    int result = transfer_wait(transfer, transfer_has_taken, err);
    transfer->pending = NULL;
    transfer->pending_size = 0;
    return result;
}

int transfer_outcome(const struct transfer *transfer, struct error *err)
{
    if (transfer->enough || transfer_wants_more(transfer))
        return 0;
    if (transfer->refusal.kind != ERROR_NONE)
        return error_set(err, transfer->refusal.kind, "%s", transfer->refusal.text);
    if (transfer->result != CURLE_OK) {
        if (transfer->answered && transfer->response.status >= 300)
            return 0; /* a refusal stays one even if its words broke off */
        return transfer_explain(transfer, err);
    }
    if (!transfer->answered) /* libcurl takes the end of the connection for that of the head */
        return transfer_explain_break(transfer, err);
    if (transfer_check_certificate(transfer, err) < 0)
        return -1;
    if (transfer->skip == 0 && !transfer->partial)
        return 0;
    CLEANUP(text) char *name = text_display_url(transfer->url);
    if (transfer->partial)
        return error_set(err, ERROR_UNREACHABLE, "'%s' sent only the first part of a range", name);
    return error_set(err, ERROR_UNREACHABLE,
                     "'%s' ended %" PRIu64 " bytes before the asked offset %" PRIu64, name,
                     transfer->skip, transfer->offset);
}
