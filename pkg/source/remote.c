#include "source/source_internal.h"

bool source_range_is_empty(const struct source_range *range, uint64_t size)
{
    return range->length == 0 || range->offset > size ||
           (range->offset == size && range->offset > 0);
}

void remote_learn(const struct remote *remote, const char *path,
                  const struct http_response *response)
{
    if (response->status != 206)
        atomic_store(&remote->source->refuses_ranges, true);
    else if (!http_same_origin(response->url, remote->endpoint))
        address_memo_keep(remote->addresses, path, response->url);
}

int remote_open_remembered(const struct remote *remote, const struct plan_file *file,
                           const struct source_range *range, struct reader **body,
                           struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = address_memo_find(remote->addresses, file->path);

    if (url == NULL)
        return 0;
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .offset = range->offset,
        .length = range->length,
        .size = file->size,
        .named_by = remote->endpoint,
        .no_retry = true,
        .cancel = range->cancel,
    };
    if (http_open(remote->http, &request, &response, body, err) < 0 && err->kind == ERROR_CANCELED)
        return -1;
    error_release(err); /* a new address is asked for, and that is tried often */
    if (*body != NULL)
        remote_learn(remote, file->path, &response);
    else
        address_memo_forget(remote->addresses, file->path, url);
    return 0;
}
