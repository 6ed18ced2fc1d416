#include "http/http_internal.h"

#include "core/text.h"

#include <inttypes.h>
#include <string.h>

static bool is_end_of_headers(const char *line, size_t size)
{
    return size == 0 || *line == '\n' || (*line == '\r' && (size == 1 || line[1] == '\n'));
}

size_t transfer_take_header(char *data, size_t one, size_t size, void *arg)
{
    struct transfer *transfer = arg;
    long status = 0;

    size *= one;
    transfer->active_ms = now_ms();
    if (!size_add(transfer->header_size, size, &transfer->header_size) ||
        transfer->header_size > HTTP_HEADER_LIMIT) {
        CLEANUP(text) char *name = http_display_url(transfer->url);
        error_set(&transfer->refusal, ERROR_CORRUPT,
                  "'%s' has more than %zu bytes of headers, the most that is read", name,
                  HTTP_HEADER_LIMIT);
        return 0;
    }
    if (transfer->answered) /* trailers of a chunked body */
        return size;
    if (size >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        http_response_release(&transfer->response); /* of an interim answer */
        return size;
    }
    if (!is_end_of_headers(data, size)) {
        http_response_add_header(&transfer->response, data, size);
        return size;
    }
    curl_easy_getinfo(transfer->connection->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200)
        return size;
    transfer->response.status = (int)status;
    transfer->response.url = xstrdup(transfer->url);
    transfer->answered = true;
    transfer_note_address(transfer);
    return transfer_judge(transfer, &transfer->refusal) < 0 ? 0 : size;
}

/* Takes decimal digits from *at, which moves behind them. */
static bool take_number(const char **at, uint64_t *out)
{
    const char *start = *at;
    uint64_t value = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            !u64_add(value, (uint64_t)(**at - '0'), &value))
            return false;
    *out = value;
    return *at > start;
}

/* Content-Range: bytes FIRST-LAST/SIZE (RFC 9110, 14.4); SIZE may be "*". */
static bool range_starts_at(const char *range, uint64_t offset)
{
    uint64_t first = 0;
    uint64_t last = 0;

    if (range == NULL || strncasecmp(range, "bytes ", 6) != 0)
        return false;
    range += 6;
    if (!take_number(&range, &first) || *range++ != '-' || !take_number(&range, &last))
        return false;
    return first == offset && last >= first && *range == '/';
}

int transfer_judge(struct transfer *transfer, struct error *err)
{
    const struct http_response *response = &transfer->response;
    const char *encoding = http_response_header(response, "Content-Encoding");
    bool encoded = encoding != NULL && *encoding != '\0' && !text_equal_fold(encoding, "identity");
    bool ranged = transfer->offset > 0 || transfer->length > 0;

    if (!http_status_is_success(response->status)) {
        if (encoded)
            transfer->body_limit = 0; /* nothing that a person could read */
        return 0;
    }
    CLEANUP(text) char *name = http_display_url(transfer->url);
    if (encoded)
        return error_set(err, ERROR_CORRUPT,
                         "'%s' was sent with the content encoding '%s', where identity was asked",
                         name, encoding);
    if (!ranged)
        return 0;
    const char *range = http_response_header(response, "Content-Range");
    if (response->status == 206 && !range_starts_at(range, transfer->offset))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' was sent with the range '%s', where one from %" PRIu64 " was asked",
                         name, range != NULL ? range : "", transfer->offset);
    if (response->status != 206)
        transfer->skip = transfer->offset;
    if (transfer->length > 0)
        transfer->left = transfer->length;
    return 0;
}

/* Keeps bytes of a body; false if the transfer is to end here. */
static bool keep_body(struct transfer *transfer, const char *data, size_t size)
{
    struct http_response *response = &transfer->response;

    if (http_status_is_success(response->status)) {
        if (buf_add_limited(&response->body, data, size, transfer->body_limit,
                            &transfer->refusal) == 0)
            return true;
        CLEANUP(text) char *name = http_display_url(transfer->url);
        error_wrap(&transfer->refusal, "the answer of '%s'", name);
        return false;
    }
    size_t room = transfer->body_limit - response->body.size;
    buf_add(&response->body, data, size < room ? size : room);
    if (size > room)
        transfer->enough = true;
    return size <= room;
}

/* What can be taken now: the window is empty as long as the sink is not full. */
static size_t stream_room(const struct transfer *transfer)
{
    return transfer->sink_size - transfer->sink_filled + HTTP_WINDOW - transfer->window_end;
}

static void stream_add(struct transfer *transfer, const char *data, size_t size)
{
    size_t part = transfer->sink_size - transfer->sink_filled;

    if (part > size)
        part = size;
    if (part > 0)
        memcpy(transfer->sink + transfer->sink_filled, data, part);
    transfer->sink_filled += part;
    if (part == size)
        return;
    if (transfer->window == NULL)
        transfer->window = xcalloc(1, HTTP_WINDOW);
    memcpy(transfer->window + transfer->window_end, data + part, size - part);
    transfer->window_end += size - part;
}

size_t transfer_take_body(char *data, size_t one, size_t size, void *arg)
{
    struct transfer *transfer = arg;
    bool stream = transfer->stream && http_status_is_success(transfer->response.status);

    size *= one;
    transfer->active_ms = now_ms();
    size_t skipped = transfer->skip < size ? (size_t)transfer->skip : size;
    size_t wanted = size - skipped;
    if (wanted > transfer->left)
        wanted = (size_t)transfer->left;
    if (stream && wanted > stream_room(transfer))
        return CURL_WRITEFUNC_PAUSE; /* all of `data` comes again */
    transfer->skip -= skipped;
    if (transfer->left != UINT64_MAX)
        transfer->left -= wanted;
    if (stream)
        stream_add(transfer, data + skipped, wanted);
    else if (!keep_body(transfer, data + skipped, wanted))
        return 0;
    if (transfer->left == 0)
        transfer->enough = true;
    return skipped + wanted;
}

size_t transfer_give_body(char *data, size_t one, size_t size, void *arg)
{
    struct transfer *transfer = arg;
    size_t part = transfer->pending_size;

    size *= one;
    if (part > size)
        part = size;
    if (part == 0)
        return transfer->pending_last ? 0 : CURL_READFUNC_PAUSE;
    memcpy(data, transfer->pending, part);
    transfer->pending += part;
    transfer->pending_size -= part;
    transfer->active_ms = now_ms();
    return part;
}
