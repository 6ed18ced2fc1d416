#ifndef INLAY_LIVE_LINES_H
#define INLAY_LIVE_LINES_H

#include "core/progress_view.h"

/*
 * Lines at the end of the terminal that stderr is, which are drawn anew in their place. All else
 * is printed while there are none. Belongs to whoever holds the lock of the output; zero is none.
 */
struct live_lines {
    struct strings shown; /* the cursor is at the beginning of the last one */
};

/* In place of those that stand there; as the terminal is now, which may have changed its size. */
void live_lines_draw(struct live_lines *lines, const struct progress_view *view);
/* Takes them away. */
void live_lines_clear(struct live_lines *lines);
/* They stay, and what comes next stands below them. */
void live_lines_leave(struct live_lines *lines);

#endif
