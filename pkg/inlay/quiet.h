#ifndef INLAY_QUIET_H
#define INLAY_QUIET_H

#include <signal.h>
#include <stdbool.h>

/*
 * A connection or pipe that breaks, and a file that grows too large, are errors of a job, and no
 * signals of its host: blocked in this thread, and in those that it starts meanwhile.
 */
struct quiet {
    sigset_t before;
    bool was_pending;
};

void quiet_begin(struct quiet *quiet);
/* Takes away a SIGPIPE that came meanwhile, and lets them in again. */
void quiet_end(const struct quiet *quiet);

#endif
