#include "http/http_internal.h"

#include <inttypes.h>

/*
 * A byte now and then is no progress: while bytes are waited for, and once the first has moved,
 * each window of the stall's limit has to bring as many as the least rate does. Time in which
 * nobody here waits does not count, nor does the wait for the answer to what has been sent.
 */

void pace_moved(struct transfer *transfer, uint64_t size)
{
    transfer->active_ms = clock_ms();
    if (!transfer->pace.has_begun)
        transfer->pace = (struct pace){.has_begun = true, .since_ms = transfer->active_ms};
    transfer->pace.moved += size;
}

void pace_resume(struct transfer *transfer)
{
    transfer->pace.since_ms = clock_ms();
}

int pace_check(struct transfer *transfer, bool is_answering, struct error *err)
{
    struct pace *pace = &transfer->pace;
    uint64_t now = clock_ms();
    uint64_t limit_ms = transfer->stall_timeout_ms;

    if (is_answering || !pace->has_begun) {
        *pace = (struct pace){.has_begun = false};
        return 0;
    }
    pace->waited_ms += now - pace->since_ms;
    pace->since_ms = now;
    if (pace->waited_ms < limit_ms)
        return 0;
    uint64_t moved = pace->moved;
    uint64_t waited_ms = pace->waited_ms;
    *pace = (struct pace){.has_begun = true, .since_ms = now};
    if (moved / HTTP_RATE_LEAST >= waited_ms / 1000)
        return 0;
    transfer->active_ms = now - waited_ms; /* so little is silence, too */
    CLEANUP(text) char *authority = url_format_authority(transfer->url);
    return error_set(err, ERROR_UNREACHABLE,
                     "only %" PRIu64 " bytes to or from '%s' in %" PRIu64
                     " s, expected %u a second at least",
                     moved, authority, waited_ms / 1000, HTTP_RATE_LEAST);
}

bool http_is_progress(uint64_t moved, uint64_t since_ms)
{
    return moved > 0 && moved / HTTP_RATE_LEAST >= (clock_ms() - since_ms) / 1000;
}
