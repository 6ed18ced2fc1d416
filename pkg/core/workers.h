#ifndef INLAY_CORE_WORKERS_H
#define INLAY_CORE_WORKERS_H

#include "core/base.h"
#include "core/cancel.h"
#include "core/error.h"

/* Jobs in flight where nobody says how many. */
#define WORKERS_DEFAULT 4

/* One job; `cancel` is requested once another job has failed or the caller's was. */
typedef int worker_fn(void *arg, size_t number, const struct cancel *cancel, struct error *err);

/*
 * Calls job(arg, 0) … job(arg, count - 1) on at most `threads` threads (0: WORKERS_DEFAULT), and
 * returns when all are done. The first failure cancels the rest; `err` tells of the lowest job that
 * failed by itself.
 */
int workers_run(unsigned threads, size_t count, worker_fn *job, void *arg,
                const struct cancel *cancel, struct error *err) MUST_CHECK;

#endif
