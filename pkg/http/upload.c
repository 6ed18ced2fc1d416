#include "http/http_internal.h"

#include <inttypes.h>
#include <string.h>

struct upload_writer {
    struct writer base;
    struct transfer *transfer;      /* owned */
    struct http_response *response; /* borrowed; filled by finish */
    struct http_request request;    /* what http_check() needs of it */
    char *method;
    char *url;
    int *expect;
    uint64_t size; /* SIZE_UNKNOWN: not announced */
    uint64_t sent;
};

static struct upload_writer *upload_of(struct writer *writer)
{
    return CONTAINER_OF(writer, struct upload_writer, base);
}

/* Once libcurl is done: hands over the answer; 0 if it is one that was hoped for. */
static int upload_check(const struct upload_writer *upload, struct error *err)
{
    struct http_response *answer = &upload->transfer->response;

    upload->response->silent_ms = answer->silent_ms = upload->transfer->silent_ms;
    if (transfer_outcome(upload->transfer, err) < 0)
        return -1;
    http_response_mask(answer, upload->transfer->http->secrets);
    if (answer->status != 0) {
        http_response_release(upload->response);
        *upload->response = *answer;
        *answer = (struct http_response)HTTP_RESPONSE_INIT;
    }
    return http_check(&upload->request, upload->response, err);
}

static int upload_check_size(const struct upload_writer *upload, uint64_t sent, bool last,
                             struct error *err)
{
    if (upload->size == SIZE_UNKNOWN || sent == upload->size || (sent < upload->size && !last))
        return 0;
    CLEANUP(text) char *name = text_display_url(upload->url);
    return error_set(err, ERROR_CORRUPT, "%s bytes for '%s' than the %" PRIu64 " announced",
                     sent > upload->size ? "more" : "fewer", name, upload->size);
}

/* The same of what failed before. */
static int upload_break(const struct upload_writer *upload)
{
    upload->response->silent_ms = upload->transfer->silent_ms;
    return -1;
}

static int upload_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct upload_writer *upload = upload_of(writer);
    struct transfer *transfer = upload->transfer;

    if (size == 0)
        return 0;
    if (upload_check_size(upload, upload->sent + size, false, err) < 0)
        return -1;
    for (size_t offset = 0; offset < size && !transfer->done;) {
        size_t part = rate_portion(&transfer->http->sent, size - offset);
        if (rate_wait(&transfer->http->sent, part, transfer->cancel, err) < 0 ||
            transfer_lend(transfer, (const char *)data + offset, part, err) < 0)
            return upload_break(upload);
        offset += part;
    }
    upload->sent += size;
    return transfer->done ? upload_check(upload, err) : 0;
}

static int upload_finish(struct writer *writer, struct error *err)
{
    struct upload_writer *upload = upload_of(writer);
    struct transfer *transfer = upload->transfer;

    if (upload_check_size(upload, upload->sent, true, err) < 0)
        return -1;
    transfer->pending_last = true;
    if (!transfer->done)
        curl_easy_pause(transfer->connection->easy, CURLPAUSE_CONT);
    if (transfer_wait(transfer, transfer_is_done, err) < 0)
        return upload_break(upload);
    return upload_check(upload, err);
}

static void upload_free(struct writer *writer)
{
    struct upload_writer *upload = upload_of(writer);

    transfer_free(upload->transfer);
    free(upload->expect);
    free(upload->method);
    free(upload->url);
    free(upload);
}

static int *copy_expect(const int *expect)
{
    size_t count = 0;

    if (expect == NULL)
        return NULL;
    while (expect[count] != 0)
        count++;
    int *copy = xcalloc(count + 1, sizeof(int));
    memcpy(copy, expect, count * sizeof(int));
    return copy;
}

int http_upload(struct http *http, const struct http_request *request, uint64_t size,
                struct http_response *response, struct writer **out, struct error *err)
{
    static const struct writer_ops ops = {
        .write = upload_write, .finish = upload_finish, .free = upload_free};
    struct transfer *transfer = NULL;
    struct transfer_options options = {
        .url = request->url,
        .authorization = request->authorization,
        .cookie = request->cookie,
        .upload = true,
        .upload_size = size,
    };

    if (size != SIZE_UNKNOWN && size > INT64_MAX)
        return error_set(err, ERROR_INTERNAL, "an upload of %" PRIu64 " bytes", size);
    if (transfer_open(http, request, &options, &transfer, err) < 0)
        return -1;
    struct upload_writer *upload = xcalloc(1, sizeof(*upload));
    upload->base.ops = &ops;
    upload->transfer = transfer;
    upload->response = response;
    upload->method = xstrdup(request->method);
    upload->url = xstrdup(request->url);
    upload->expect = copy_expect(request->expect);
    upload->request = (struct http_request){
        .method = upload->method,
        .url = upload->url,
        .expect = upload->expect,
    };
    upload->size = size;
    *out = &upload->base;
    return 0;
}
