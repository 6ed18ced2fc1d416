#ifndef INLAY_RENDER_H
#define INLAY_RENDER_H

#include "core/log.h"
#include "core/progress.h"
#include "http/http.h"

/*
 * What people see on stderr: log lines, and how far the work is. On a terminal that is a bar in
 * the last line; elsewhere a plain line now and then. Safe to share between threads.
 */
struct render;

enum render_mode {
    RENDER_NORMAL,
    RENDER_TERSE,   /* for a result that says it all: warnings and waits, no progress */
    RENDER_QUIET,   /* warnings only, no progress */
    RENDER_VERBOSE, /* requests and retries too */
};

struct render *render_new(enum render_mode mode);
/* Takes the bar away. */
void render_free(struct render *render);
CLEANUP_FREE(render)

/* Progress tells whom `http` waits for, too, until it is another, or NULL for none. */
void render_watch(struct render *render, struct http *http);

/* Both belong to the render. */
const struct log *render_log(struct render *render);
const struct progress *render_progress(struct render *render);

#endif
