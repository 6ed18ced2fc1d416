#include "live_lines.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define HEIGHT_DEFAULT 24
#define HEIGHT_MOST 10

static void terminal_size(size_t *width, size_t *height)
{
    struct winsize size;
    bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;

    *width = is_known ? size.ws_col : WIDTH_DEFAULT;
    *height = is_known && size.ws_row > 0 ? size.ws_row : HEIGHT_DEFAULT;
}

/*
 * Moves the cursor from the last line to where the lines begin. A terminal that has become narrower
 * has broken them into more lines.
 */
static void add_way_back(const struct live_lines *lines, size_t width, struct buf *out)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < lines->shown.count; i++) {
        size_t columns = text_width(lines->shown.items[i]);
        count += columns > width ? (columns + width - 1) / width : 1;
    }
    buf_add_text(out, "\r");
    if (count > 0)
        buf_addf(out, "\033[%zuA", count);
}

/* In one piece, so that nothing flickers. */
void live_lines_draw(struct live_lines *lines, const struct progress_view *view)
{
    CLEANUP(strings) struct strings next = STRINGS_INIT;
    CLEANUP(buf) struct buf text = BUF_INIT;
    size_t width = 0, height = 0;

    terminal_size(&width, &height);
    if (height > HEIGHT_MOST)
        height = HEIGHT_MOST;
    /* The last column stays free: some terminals begin a new line as soon as it is written. */
    progress_view_lines(view, width > 1 ? width - 1 : 1, height > 1 ? height - 1 : 1, &next);
    if (lines->shown.count > 0)
        add_way_back(lines, width, &text);
    for (size_t i = 0; i < next.count; i++)
        buf_addf(&text, "%s\r%s\033[K", i > 0 ? "\n" : "", next.items[i]);
    /*
     * What is typed, the terminal shows at the cursor: behind a line that is full, the "^C" would
     * begin another one, of which nobody here knows. At its beginning it is drawn over.
     */
    buf_add_text(&text, "\033[J\r");
    fputs(buf_text(&text), stderr);
    fflush(stderr);
    strings_release(&lines->shown);
    lines->shown = next;
    next = (struct strings)STRINGS_INIT;
}

void live_lines_clear(struct live_lines *lines)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    size_t width = 0, height = 0;

    if (lines->shown.count == 0)
        return;
    terminal_size(&width, &height);
    add_way_back(lines, width, &text);
    buf_add_text(&text, "\033[J");
    fputs(buf_text(&text), stderr);
    strings_release(&lines->shown);
}

void live_lines_leave(struct live_lines *lines)
{
    if (lines->shown.count > 0)
        fprintf(stderr, "\r%s\n", lines->shown.items[lines->shown.count - 1]);
    strings_release(&lines->shown);
}
