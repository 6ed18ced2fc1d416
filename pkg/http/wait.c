#include "http/http_internal.h"

#include <string.h>

/* From then on whoever asks is told of a silence, and then people are by themselves. */
#define SILENCE_SHOWN_MS 5000
#define SILENCE_SAID_MS 30000
/* A shorter wait is told at its end alone. */
#define SILENCE_LIMIT_LEAST_MS 2000
/* The same line of several transfers is one line. */
#define SAID_ONCE_MS 5000

void waiting_begin(struct http *http, struct waiting *waiting)
{
    pthread_mutex_lock(&http->lock);
    waiting->next = http->waiting;
    http->waiting = waiting;
    pthread_mutex_unlock(&http->lock);
}

void waiting_end(struct http *http, struct waiting *waiting)
{
    struct waiting **at = &http->waiting;

    pthread_mutex_lock(&http->lock);
    while (*at != NULL && *at != waiting)
        at = &(*at)->next;
    if (*at != NULL)
        *at = waiting->next;
    pthread_mutex_unlock(&http->lock);
}

/* Whoever was silent first, else whoever is asked again first; NULL: nobody is waited for. */
static const struct waiting *choose(const struct waiting *first)
{
    const struct waiting *found = first;

    for (const struct waiting *at = first; at != NULL; at = at->next) {
        bool is_pause = at->until_ms > 0;
        bool is_found_pause = found->until_ms > 0;
        if (is_pause != is_found_pause)
            found = is_pause ? found : at;
        else if (is_pause ? at->until_ms < found->until_ms : at->since_ms < found->since_ms)
            found = at;
    }
    return found;
}

unsigned http_retries(const struct http *http)
{
    return http->retries;
}

bool http_describe_wait(struct http *http, struct buf *out)
{
    uint64_t now = clock_ms();

    pthread_mutex_lock(&http->lock);
    const struct waiting *found = choose(http->waiting);
    if (found != NULL && found->until_ms > 0)
        buf_addf(out, "'%s' is asked again in %u s", found->host,
                 found->until_ms > now ? (unsigned)((found->until_ms - now + 999) / 1000) : 0);
    else if (found != NULL)
        buf_addf(out, "waiting for '%s' %s, %u s", found->host,
                 found->takes ? "to take more" : "to answer",
                 (unsigned)((now - found->since_ms) / 1000));
    pthread_mutex_unlock(&http->lock);
    return found != NULL;
}

/* Whether this has been said, and it still holds; from now on it is, until `until_ms`. */
static bool was_said(struct http *http, const char *text, uint64_t until_ms)
{
    uint64_t now = clock_ms();
    struct said *oldest = &http->said[0];
    bool found = false;

    pthread_mutex_lock(&http->lock);
    for (size_t i = 0; i < ARRAY_SIZE(http->said) && !found; i++) {
        struct said *each = &http->said[i];
        found = each->text != NULL && each->until_ms > now && strcmp(each->text, text) == 0;
        if (each->until_ms < oldest->until_ms)
            oldest = each;
    }
    if (!found) {
        free(oldest->text);
        *oldest = (struct said){xstrdup(text), until_ms};
    }
    pthread_mutex_unlock(&http->lock);
    return found;
}

static char *short_host(const char *url)
{
    CLEANUP(text) char *authority = url_format_authority(url);

    return host_shorten(authority);
}

/* "the hub at 'h.example' answers with status 429", or what `err` says. The caller frees it. */
static char *explain_again(const struct http_request *request, const struct http_response *response,
                           const struct error *err)
{
    if (response == NULL)
        return xstrdup(err->text);
    CLEANUP(text) char *host = short_host(response->url);
    bool is_peer = request->peer != NULL && http_same_origin(request->url, response->url);
    return xasprintf("%s%s'%s' answers with status %d", is_peer ? request->peer : "",
                     is_peer ? " at " : "", host, response->status);
}

int http_pause(struct http *http, const struct http_request *request,
               const struct http_pause *pause, struct error *err)
{
    const struct cancel *cancel = request->cancel != NULL ? request->cancel : http->cancel;
    const struct http_response *response = pause->response;
    CLEANUP(text) char *why = explain_again(request, response, err);
    CLEANUP(text) char *host = short_host(response != NULL ? response->url : request->url);
    uint64_t now = clock_ms();
    struct waiting waiting = {
        .host = host,
        .since_ms = now,
        .until_ms = now + pause->wait_ms,
    };

    if (!was_said(http, why, waiting.until_ms))
        log_again(http->log, why, pause->wait_ms, pause->attempt, pause->tries);
    error_release(err); /* or a try that works later would seem to have gone wrong */
    waiting_begin(http, &waiting);
    int result = cancel_wait(cancel, pause->wait_ms, err);
    waiting_end(http, &waiting);
    return result;
}

static void say_silence(struct transfer *transfer, uint64_t silent_ms, uint64_t limit_ms)
{
    const char *host = transfer->waiting.host;
    const char *what = transfer->waiting.takes ? "takes no byte" : "sends no byte";
    unsigned silent_s = (unsigned)(silent_ms / 1000);
    unsigned limit_s = (unsigned)(limit_ms / 1000);
    CLEANUP(text)
    char *text =
        transfer->answered || transfer->waiting.takes
            ? xasprintf("'%s' %s for %u s; the wait ends after %u s", host, what, silent_s, limit_s)
            : xasprintf("no answer from '%s' within %u s; the wait ends after %u s", host, silent_s,
                        limit_s);

    if (!was_said(transfer->http, text, clock_ms() + SAID_ONCE_MS))
        log_wait(transfer->http->log, "%s", text);
}

/* Connecting has a shorter limit of its own, whose end is told. */
static bool is_connected(const struct transfer *transfer)
{
    curl_off_t connected_us = 0;

    curl_easy_getinfo(transfer->connection->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    return connected_us > 0;
}

void transfer_note_silence(struct transfer *transfer, uint64_t silent_ms, uint64_t limit_ms)
{
    uint64_t shown_ms = limit_ms / 2 < SILENCE_SHOWN_MS ? limit_ms / 2 : SILENCE_SHOWN_MS;
    uint64_t said_ms = limit_ms / 2 < SILENCE_SAID_MS ? limit_ms / 2 : SILENCE_SAID_MS;
    bool is_due = silent_ms < limit_ms && limit_ms >= SILENCE_LIMIT_LEAST_MS;

    if (silent_ms < shown_ms) {
        transfer_end_silence(transfer);
        return;
    }
    if (!transfer->is_silent) {
        transfer->silent_host = short_host(transfer->url);
        transfer->waiting = (struct waiting){
            .host = transfer->silent_host,
            .since_ms = transfer->active_ms,
            .takes = transfer->upload && !transfer->answered && !transfer->pending_last,
        };
        transfer->said_ms = said_ms;
        transfer->is_silent = true;
        waiting_begin(transfer->http, &transfer->waiting);
    }
    if (is_due && silent_ms >= transfer->said_ms && is_connected(transfer)) {
        say_silence(transfer, silent_ms, limit_ms);
        transfer->said_ms *= 2;
    }
}

void transfer_end_silence(struct transfer *transfer)
{
    if (!transfer->is_silent)
        return;
    waiting_end(transfer->http, &transfer->waiting);
    free(TAKE(transfer->silent_host));
    transfer->is_silent = false;
}
