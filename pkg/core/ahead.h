#ifndef INLAY_CORE_AHEAD_H
#define INLAY_CORE_AHEAD_H

#include "core/cancel.h"
#include "core/error.h"

#include <pthread.h>

/*
 * A lookup that is begun before its result is needed, on a thread of its own, so that lookups which
 * do not depend on each other wait for their servers at the same time. Whoever needs the result
 * joins it, and what went wrong is said there, as if it had been made there. Belongs to one thread,
 * and stays where it is while it runs.
 */
struct ahead {
    int (*lookup)(void *arg, struct error *err);
    void *arg;
    struct cancel cancel; /* ends it, as the caller's does */
    bool is_begun;
    bool has_thread; /* else whoever joins it has to do it */
    pthread_t thread;
    int result;
    struct error error;
};

/*
 * Begins lookup(arg, err); `cancel`, which may be NULL, and `arg` outlive it. What ends the job
 * that this thread is at (cancel_enter()) ends the lookup, too.
 */
void ahead_begin(struct ahead *ahead, int (*lookup)(void *arg, struct error *err), void *arg,
                 const struct cancel *cancel);
/* Waits for it; what it returned. Once; afterwards `ahead` is empty. */
int ahead_join(struct ahead *ahead, struct error *err) MUST_CHECK;
/* Stops what was not joined, and waits until it has ended. */
void ahead_release(struct ahead *ahead);
CLEANUP_RELEASE(ahead)

#endif
