#ifndef INLAY_CORE_CANCEL_H
#define INLAY_CORE_CANCEL_H

#include "core/base.h"
#include "core/error.h"

#include <stdatomic.h>

/*
 * A request to stop, seen by every wait within 200 ms. Requests also reach whoever watches a child
 * of it. Safe to share between threads; cancel_request() is safe in a signal handler.
 */
struct cancel {
    atomic_bool requested;
    const struct cancel *parent; /* NULL: none; must outlive this one */
    unsigned patience_ms;        /* so long after a request to the parent it reaches this one */
    _Atomic uint64_t since_ms;   /* of the request, by the monotonic clock */
};

#define CANCEL_POLL_MS 200

void cancel_request(struct cancel *cancel);
/*
 * From now on this thread works on a job that `cancel` ends: what looks at a parent of that looks
 * at it, too, so that who waits in a job need not be told whose it is. NULL: on none. Returns what
 * was in its place, to be put back.
 */
const struct cancel *cancel_enter(const struct cancel *cancel);
/* NULL never asks to stop. */
bool cancel_is_requested(const struct cancel *cancel);
/* 0, or -1 with ERROR_CANCELED. */
int cancel_check(const struct cancel *cancel, struct error *err) MUST_CHECK;
/* Waits `wait_ms` milliseconds, or less if asked to stop: then -1 with ERROR_CANCELED. */
int cancel_wait(const struct cancel *cancel, unsigned wait_ms, struct error *err) MUST_CHECK;

#endif
