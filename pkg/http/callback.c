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
    transfer->silent_ms += clock_ms() - transfer->active_ms; /* what was sent is being answered */
    pace_moved(transfer, size);
    if (!size_add(transfer->header_size, size, &transfer->header_size) ||
        transfer->header_size > HTTP_HEADER_LIMIT) {
        CLEANUP(text) char *name = text_display_url(transfer->url);
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

struct content_range {
    uint64_t first;
    uint64_t last;
    uint64_t total; /* SIZE_UNKNOWN for "*" */
};

/* Content-Range: bytes FIRST-LAST/SIZE (RFC 9110, 14.4); SIZE may be "*". `text` may be NULL. */
static bool content_range_parse(const char *text, struct content_range *out)
{
    struct content_range range = {.total = SIZE_UNKNOWN};
    uint64_t total;

    if (text == NULL || strncasecmp(text, "bytes ", 6) != 0)
        return false;
    text += 6;
    if (!take_number(&text, &range.first) || *text++ != '-' || !take_number(&text, &range.last) ||
        *text++ != '/' || range.last < range.first)
        return false;
    if (take_number(&text, &total)) {
        if (total <= range.last)
            return false;
        range.total = total;
    }
    *out = range;
    return true;
}

/* NULL if the answer is not encoded. */
static const char *content_encoding(const struct http_response *response)
{
    const char *encoding = http_response_header(response, "Content-Encoding");

    return encoding != NULL && *encoding != '\0' && !text_equal_fold(encoding, "identity")
               ? encoding
               : NULL;
}

/* Whether libcurl has every encoding in a list like "deflate, gzip". */
static bool encoding_is_known(const char *list)
{
    static const struct {
        const char *name;
        int feature;
    } known[] = {
        {"identity", 0},
        {"gzip", CURL_VERSION_LIBZ},
        {"x-gzip", CURL_VERSION_LIBZ},
        {"deflate", CURL_VERSION_LIBZ},
        {"br", CURL_VERSION_BROTLI},
        {"zstd", CURL_VERSION_ZSTD},
    };
    int features = curl_version_info(CURLVERSION_NOW)->features;

    while (*(list += strspn(list, " \t,")) != '\0') {
        size_t size = strcspn(list, " \t,");
        CLEANUP(text) char *name = xstrndup(list, size);
        size_t i = 0;
        while (i < ARRAY_SIZE(known) && !text_equal_fold(known[i].name, name))
            i++;
        if (i == ARRAY_SIZE(known) || (features & known[i].feature) != known[i].feature)
            return false;
        list += size;
    }
    return true;
}

/* Bytes of the whole that the answer is, or is a part of; SIZE_UNKNOWN if it does not say. */
static uint64_t answer_size(const struct http_response *response)
{
    struct content_range range = {.total = SIZE_UNKNOWN};
    const char *length = http_response_header(response, "Content-Length");
    uint64_t size = SIZE_UNKNOWN;

    if (response->status != 206)
        return length != NULL && take_number(&length, &size) ? size : SIZE_UNKNOWN;
    content_range_parse(http_response_header(response, "Content-Range"), &range);
    return range.total;
}

/* The answer's body arrives decoded, or it is to be asked for once more, in a form that can be. */
static int judge_encoding(struct transfer *transfer, const char *encoding, struct error *err)
{
    struct http_response *response = &transfer->response;
    CLEANUP(text) char *name = text_display_url(transfer->url);

    if (!encoding_is_known(encoding))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' was sent with the content encoding '%s', where identity was asked, "
                         "and which is not known here",
                         name, encoding);
    transfer->wants_decoding = !transfer->decode;
    transfer->wants_whole = response->status == 206 && !transfer->whole;
    if (transfer_wants_more(transfer))
        return -1;
    if (response->status == 206) /* a part of a stream cannot be decoded by itself */
        return error_set(err, ERROR_CORRUPT,
                         "'%s' was sent in part with the content encoding '%s', where the whole "
                         "was asked as it is",
                         name, encoding);
    transfer->encoded = true;
    return 0;
}

/* A 206 to a request without a range is the whole, unless it says something else. */
static int judge_part(const struct transfer *transfer, struct error *err)
{
    const char *text = http_response_header(&transfer->response, "Content-Range");
    struct content_range range;

    if (!content_range_parse(text, &range) ||
        (range.first == 0 && (range.total == SIZE_UNKNOWN || range.last + 1 == range.total)))
        return 0;
    CLEANUP(text) char *name = text_display_url(transfer->url);
    return error_set(err, ERROR_CORRUPT,
                     "'%s' was sent with the range '%s', where the whole was asked", name, text);
}

static int judge_range(struct transfer *transfer, struct error *err)
{
    const char *text = http_response_header(&transfer->response, "Content-Range");
    struct content_range range;

    if (!content_range_parse(text, &range)) {
        transfer->wants_whole = true;
        return -1;
    }
    if (range.first != transfer->offset) {
        CLEANUP(text) char *name = text_display_url(transfer->url);
        return error_set(err, ERROR_CORRUPT,
                         "'%s' was sent with the range '%s', where one from %" PRIu64 " was asked",
                         name, text, transfer->offset);
    }
    uint64_t size = range.last - range.first + 1;
    bool is_short = transfer->length == 0 || size < transfer->length;
    transfer->partial = is_short && range.total != SIZE_UNKNOWN && range.last + 1 < range.total;
    return 0;
}

bool transfer_wants_more(const struct transfer *transfer)
{
    return transfer->wants_decoding || transfer->wants_whole;
}

int transfer_judge(struct transfer *transfer, struct error *err)
{
    const struct http_response *response = &transfer->response;
    const char *encoding = content_encoding(response);
    bool is_ranged = transfer->offset > 0 || transfer->length > 0;
    bool is_part = response->status == 206;

    if (!http_status_is_success(response->status)) {
        if (encoding != NULL && !transfer->decode)
            transfer->body_limit = 0; /* nothing that a person could read */
        return 0;
    }
    if (encoding != NULL && !transfer->decode && answer_size(response) == transfer->size)
        encoding = NULL; /* that of the content itself, as of a file *.gz */
    if (encoding != NULL && !transfer->head && judge_encoding(transfer, encoding, err) < 0)
        return -1;
    if (is_part && (transfer->whole || !is_ranged) && judge_part(transfer, err) < 0)
        return -1;
    if (is_part && !transfer->whole && is_ranged && judge_range(transfer, err) < 0)
        return -1;
    if (!is_part || transfer->whole)
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
        CLEANUP(text) char *name = text_display_url(transfer->url);
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
        transfer->window = xmalloc(HTTP_WINDOW);
    memcpy(transfer->window + transfer->window_end, data + part, size - part);
    transfer->window_end += size - part;
}

size_t transfer_take_body(char *data, size_t one, size_t size, void *arg)
{
    struct transfer *transfer = arg;
    bool stream = transfer->stream && http_status_is_success(transfer->response.status);

    size *= one;
    transfer->active_ms = clock_ms();
    size_t skipped = transfer->skip < size ? (size_t)transfer->skip : size;
    size_t wanted = size - skipped;
    if (wanted > transfer->left)
        wanted = (size_t)transfer->left;
    if (stream && wanted > stream_room(transfer))
        return CURL_WRITEFUNC_PAUSE; /* all of `data` comes again */
    pace_moved(transfer, size);
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
    transfer->active_ms = clock_ms();
    return part;
}
