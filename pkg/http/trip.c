#include "http/http_internal.h"

#include "core/text.h"

/* When that was, by libcurl's clock, which starts with the transfer; 0: it was not. */
static uint64_t moment(const struct transfer *transfer, CURLINFO what)
{
    curl_off_t us = 0;

    curl_easy_getinfo(transfer->connection->easy, what, &us);
    return us > 0 ? transfer->begun_us + (uint64_t)us : 0;
}

static uint64_t count(const struct transfer *transfer, CURLINFO what)
{
    curl_off_t bytes = 0;

    curl_easy_getinfo(transfer->connection->easy, what, &bytes);
    return bytes > 0 ? (uint64_t)bytes : 0;
}

void transfer_note_trip(const struct transfer *transfer)
{
    const struct http *http = transfer->http;
    long status = 0, connections = 0;

    if (http->note_trip == NULL)
        return;
    CLEANUP(text) char *url = text_display_url(transfer->url);
    curl_easy_getinfo(transfer->connection->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->connection->easy, CURLINFO_NUM_CONNECTS, &connections);
    struct http_trip trip = {
        .method = transfer->method,
        .url = url,
        .origin = transfer->origin,
        .connection = transfer->connection->number,
        .is_new_connection = connections > 0,
        .status = (int)status,
        .sent = count(transfer, CURLINFO_SIZE_UPLOAD_T),
        .received = count(transfer, CURLINFO_SIZE_DOWNLOAD_T),
        .begun_us = transfer->begun_us,
        .connected_us = moment(transfer, CURLINFO_PRETRANSFER_TIME_T),
        .answered_us = moment(transfer, CURLINFO_STARTTRANSFER_TIME_T),
        .ended_us = clock_us(),
    };
    http->note_trip(http->trip_arg, &trip);
}
