#ifndef INLAY_RENDER_H
#define INLAY_RENDER_H

#include "core/log.h"
#include "core/progress.h"
#include "http/http.h"

/*
 * What people see on stderr: log lines, and how far the work is. On a terminal that is a line for
 * each running transfer, and a total, below all other lines; elsewhere a plain line now and then,
 * or JSON. Safe to share between threads.
 */
struct render;

/*
 * Who is told in the place of stderr: each line, and the same events that --progress json prints,
 * as JSON without a line feed. Called by whichever thread has something to say, one at a time.
 */
struct listener {
    void (*log)(void *arg, enum log_level level, const char *line);
    void (*progress)(void *arg, const char *json);
    void *arg;
};

enum render_mode {
    RENDER_NORMAL,
    RENDER_TERSE,   /* for a result that says it all: warnings and waits, no progress */
    RENDER_QUIET,   /* warnings only, no progress */
    RENDER_VERBOSE, /* requests and retries too */
};

/*
 * `progress` is how it is shown, a value of --progress; NULL is "auto": "tty" if stderr is a
 * terminal that can move its cursor, and this is no CI system, else "plain". With a `listener`,
 * which is borrowed, nothing is written to stderr, and a value counts only if it is "none".
 */
struct render *render_new(enum render_mode mode, const char *progress,
                          const struct listener *listener);
/* Whether --progress has this value. */
bool render_is_progress(const char *text);
/* Takes the lines about progress away. */
void render_free(struct render *render);
CLEANUP_FREE(render)

/* Progress tells whom `http` waits for, too, until it is another, or NULL for none. */
void render_watch(struct render *render, struct http *http);
/*
 * All work is done: where progress is shown, the total stays as the last word on it. Before results
 * are printed.
 */
void render_finish(struct render *render);
/* Seconds since the render was made. */
uint64_t render_seconds(const struct render *render);

/* Both belong to the render. */
const struct log *render_log(struct render *render);
const struct progress *render_progress(struct render *render);

#endif
