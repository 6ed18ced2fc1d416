#ifndef INLAY_CORE_PROGRESS_VIEW_H
#define INLAY_CORE_PROGRESS_VIEW_H

#include "core/buf.h"
#include "core/text.h"

/* How far the work is, as lines for a terminal; no I/O. Everything in a view is borrowed. */

/* A transfer that is running. */
struct progress_transfer {
    const char *title;
    uint64_t size;
    uint64_t done;
    const char *note; /* why it stands, such as a retry; NULL: it does not */
};

struct progress_view {
    const struct progress_transfer *transfers;
    size_t transfer_count;
    uint64_t expected; /* bytes that are to be dealt with */
    uint64_t moved;
    uint64_t spared;   /* need not move: they were there */
    uint64_t rate;     /* bytes a second that moved of late; 0: not known */
    uint64_t left_s;   /* seconds until the end; UINT64_MAX: not known */
    const char *note;  /* why nothing moves; NULL: something does */
    const char *ended; /* "in 12 s": all is done; NULL: it is not */
};

/* "1.2 GB of 2.2 GB (3.0 GB were there)  118.3 MB/s  9 s left"; appends to `out`. */
void progress_view_format(const struct progress_view *view, struct buf *out);
/* "9 s", "12 min", "3 h" */
void progress_format_duration(uint64_t seconds, struct buf *out);
unsigned progress_view_percent(const struct progress_view *view);
/*
 * Adds a line for each transfer, and the total below them: none has more than `width` columns, and
 * they are no more than `height`, which is 1 at least; of more transfers the last line says how
 * many there are.
 */
void progress_view_lines(const struct progress_view *view, size_t width, size_t height,
                         struct strings *out);

#endif
