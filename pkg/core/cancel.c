#include "core/cancel.h"

#include <time.h>

void cancel_request(struct cancel *cancel)
{
    atomic_store(&cancel->requested, true);
}

bool cancel_is_requested(const struct cancel *cancel)
{
    for (; cancel != NULL; cancel = cancel->parent)
        if (atomic_load(&cancel->requested))
            return true;
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
