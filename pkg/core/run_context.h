#ifndef INLAY_CORE_RUN_CONTEXT_H
#define INLAY_CORE_RUN_CONTEXT_H

#include "core/cancel.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/workers.h"

struct sandbox;

/*
 * What the work of a use case goes by, whatever it works on: the same for each of its phases.
 * Everything is borrowed. The zero value is a run that nobody watches, ends or remembers. Safe to
 * share between threads if what it points to is.
 */
struct run_context {
    const char *memo;            /* folder for what is learned on the way; NULL: nothing is kept */
    unsigned jobs;               /* side by side; 0: WORKERS_DEFAULT */
    const struct log *log;       /* may be NULL */
    const struct cancel *cancel; /* may be NULL */
    const struct progress *progress; /* may be NULL */
    const struct sandbox *sandbox;   /* where layers are parsed; NULL: in this process */
};

#endif
