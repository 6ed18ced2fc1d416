#include "core/cancel.h"

#include "core/clock.h"

#include <time.h>

void cancel_request(struct cancel *cancel)
{
    if (atomic_load(&cancel->requested))
        return;
    atomic_store(&cancel->since_ms, clock_ms());
    atomic_store(&cancel->requested, true);
}

/* What ends the job that this thread works on; NULL: it works on none. */
static _Thread_local const struct cancel *job;

const struct cancel *cancel_enter(const struct cancel *cancel)
{
    const struct cancel *before = job;

    job = cancel;
    return before;
}

/* What ends the whole ends each job of it, and a job may end before that. */
static const struct cancel *narrow(const struct cancel *cancel)
{
    const struct cancel *at = job;

    while (at != NULL && at != cancel)
        at = at->parent;
    return at != NULL ? job : cancel;
}

bool cancel_is_requested(const struct cancel *cancel)
{
    uint64_t patience_ms = 0;

    for (cancel = narrow(cancel); cancel != NULL; cancel = cancel->parent) {
        if (atomic_load(&cancel->requested) &&
            (patience_ms == 0 || clock_ms() - atomic_load(&cancel->since_ms) >= patience_ms))
            return true;
        patience_ms += cancel->patience_ms;
    }
    return false;
}

int cancel_check(const struct cancel *cancel, struct error *err)
{
    if (cancel_is_requested(cancel))
        return error_set(err, ERROR_CANCELED, "stopped on request");
    return 0;
}

int cancel_wait(const struct cancel *cancel, unsigned wait_ms, struct error *err)
{
    while (wait_ms > 0) {
        unsigned step_ms = wait_ms < CANCEL_POLL_MS ? wait_ms : CANCEL_POLL_MS;
        struct timespec pause = {.tv_nsec = (long)step_ms * 1000000L};
        if (cancel_check(cancel, err) < 0)
            return -1;
        nanosleep(&pause, NULL);
        wait_ms -= step_ms;
    }
    return cancel_check(cancel, err);
}
