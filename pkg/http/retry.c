#include "http/http_internal.h"

#include <string.h>
#include <sys/random.h>

/* Seconds to the reset, from 'RateLimit: "resolvers";r=0;t=55'; false if it does not apply. */
static bool rate_limit_seconds(const char *value, uint64_t *out)
{
    const char *remaining = strstr(value, ";r=0");
    const char *reset = strstr(value, ";t=");
    uint64_t seconds = 0;

    if (remaining == NULL || reset == NULL)
        return false;
    for (const char *at = reset + 3; *at >= '0' && *at <= '9' && seconds < 100000; at++)
        seconds = seconds * 10 + (uint64_t)(*at - '0');
    *out = seconds + 1;
    return true;
}

/* Retry-After: seconds, or a date (RFC 9110, 10.2.3). */
static bool retry_after_seconds(const char *value, time_t now, uint64_t *out)
{
    uint64_t seconds = 0;
    const char *at = value;

    for (; *at >= '0' && *at <= '9' && seconds < 100000; at++)
        seconds = seconds * 10 + (uint64_t)(*at - '0');
    if (at > value) {
        *out = seconds;
        return true;
    }
    time_t date = curl_getdate(value, NULL);
    if (date < 0)
        return false;
    *out = date > now ? (uint64_t)(date - now) : 0;
    return true;
}

static bool asked_seconds(const struct http_response *response, time_t now, uint64_t *out)
{
    if (response == NULL)
        return false;
    const char *limit = http_response_header(response, "RateLimit");
    if (response->status == 429 && limit != NULL && rate_limit_seconds(limit, out))
        return true;
    const char *after = http_response_header(response, "Retry-After");
    return after != NULL && retry_after_seconds(after, now, out);
}

unsigned http_retry_after_ms(const struct http_response *response)
{
    uint64_t seconds = 0;

    if (!asked_seconds(response, time(NULL), &seconds))
        return 0;
    return seconds < HTTP_RETRY_AFTER_LIMIT_MS / 1000 ? (unsigned)seconds * 1000
                                                      : HTTP_RETRY_AFTER_LIMIT_MS;
}

/* Up to a quarter of `wait_ms`, so that many clients do not come back together. */
static unsigned jitter_ms(unsigned wait_ms)
{
    unsigned random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = (unsigned)clock_ms();
    return random % (wait_ms / 4 + 1);
}

uint64_t patience_ms(uint64_t stall_timeout_ms)
{
    return stall_timeout_ms < HTTP_PATIENCE_MOST_MS ? stall_timeout_ms * HTTP_PATIENCE
                                                    : stall_timeout_ms;
}

bool http_has_waited(const struct http *http, uint64_t waited_ms)
{
    return waited_ms >= HTTP_PATIENCE_TIMES * patience_ms(http->stall_timeout_ms);
}

unsigned retry_choose_wait(const struct http *http, unsigned attempt,
                           const struct http_response *response, time_t now)
{
    uint64_t limit_ms = (uint64_t)http->retry_wait_ms * 30;
    uint64_t wait_ms = (uint64_t)http->retry_wait_ms << (attempt < 16 ? attempt : 16);
    uint64_t seconds;

    if (wait_ms > limit_ms)
        wait_ms = limit_ms;
    if (asked_seconds(response, now, &seconds) && seconds * 1000 > wait_ms)
        wait_ms = seconds * 1000;
    if (wait_ms > HTTP_RETRY_AFTER_LIMIT_MS)
        wait_ms = HTTP_RETRY_AFTER_LIMIT_MS;
    return (unsigned)wait_ms +
           jitter_ms(wait_ms < limit_ms ? (unsigned)wait_ms : (unsigned)limit_ms);
}
