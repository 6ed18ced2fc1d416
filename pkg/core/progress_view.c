#include "core/progress_view.h"

#include <inttypes.h>
#include <string.h>

#define TITLE_LEAST 8 /* columns, below which a title says nothing */
#define TITLE_MOST 60
#define BAR_LEAST 12
#define BAR_MOST 50

void progress_format_duration(uint64_t seconds, struct buf *out)
{
    if (seconds < 100)
        buf_addf(out, "%" PRIu64 " s", seconds);
    else if (seconds < 100 * UINT64_C(60))
        buf_addf(out, "%" PRIu64 " min", (seconds + 30) / 60);
    else
        buf_addf(out, "%" PRIu64 " h", (seconds + 1800) / 3600);
}

static unsigned percent_of(uint64_t done, uint64_t size)
{
    if (size == 0 || done >= size)
        return 100;
    return (unsigned)((double)done * 100 / (double)size);
}

unsigned progress_view_percent(const struct progress_view *view)
{
    return view->ended != NULL ? 100 : percent_of(view->moved + view->spared, view->expected);
}

/* Appends as much of the text as `width` has room for; what is cut off ends with "…". */
static void add_cut(struct buf *out, const char *text, size_t width)
{
    size_t room = text_width(text) > width ? width - (width > 0) : width;
    bool is_cut = room < width;

    for (size_t i = 0; *text != '\0'; text++) {
        i += text_width_at(text);
        if (i > room)
            break;
        buf_add(out, text, 1);
    }
    if (is_cut)
        buf_add_text(out, "…");
}

/* Appends the text if the line then still has no more than `width` columns. */
static bool add_fitting(struct buf *line, const char *text, size_t width)
{
    bool fits = text_width(buf_text(line)) + text_width(text) <= width;

    if (fits)
        buf_add_text(line, text);
    return fits;
}

/* "1.2 GB of 2.2 GB" */
static char *format_amount(uint64_t done, uint64_t size)
{
    CLEANUP(text) char *done_text = xstrdup(text_format_size(done).text);

    return xasprintf("%s of %s", done_text, text_format_size(size).text);
}

static char *format_total(const struct progress_view *view)
{
    return format_amount(view->moved, view->expected - view->spared);
}

/* "  9 s left"; "" if that is not known. */
static char *format_left(const struct progress_view *view)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (view->left_s != UINT64_MAX) {
        buf_add_text(&text, "  ");
        progress_format_duration(view->left_s, &text);
        buf_add_text(&text, " left");
    }
    return xstrdup(buf_text(&text));
}

void progress_view_format(const struct progress_view *view, struct buf *out)
{
    CLEANUP(text) char *amount = format_total(view);
    CLEANUP(text) char *left = format_left(view);

    buf_add_text(out, amount);
    if (view->spared > 0)
        buf_addf(out, " (%s were there)", text_format_size(view->spared).text);
    if (view->note != NULL) {
        buf_addf(out, "  %s", view->note);
        return;
    }
    if (view->rate > 0)
        buf_addf(out, "  %s/s", text_format_size(view->rate).text);
    buf_add_text(out, left);
}

static void add_bar(struct buf *line, unsigned percent, size_t room)
{
    size_t size = room < BAR_MOST ? room : BAR_MOST;
    size_t inner = size - 3; /* a space, and two brackets */

    buf_add_text(line, " [");
    for (size_t i = 0; i < inner; i++)
        buf_add_text(line, i < inner * percent / 100    ? "="
                           : i == inner * percent / 100 ? ">"
                                                        : " ");
    buf_add_text(line, "]");
}

/* What matters most comes first where there is no room for all: the amount, a wait, the time. */
static void add_total(const struct progress_view *view, size_t width, struct strings *out)
{
    CLEANUP(buf) struct buf line = BUF_INIT;
    CLEANUP(buf) struct buf tail = BUF_INIT;
    CLEANUP(text) char *amount = format_total(view);
    CLEANUP(text) char *left = format_left(view);
    CLEANUP(text) char *spared = xasprintf(" (%s were there)", text_format_size(view->spared).text);
    CLEANUP(text) char *rate = xasprintf("  %s/s", text_format_size(view->rate).text);
    unsigned percent = progress_view_percent(view);
    size_t room = width > 5 ? width - 5 : 0; /* behind "100% " */

    if (!add_fitting(&tail, amount, room))
        add_fitting(&tail, text_format_size(view->moved).text, room);
    if (view->spared > 0)
        add_fitting(&tail, spared, view->note != NULL ? room / 2 : room);
    if (view->ended != NULL) {
        add_fitting(&tail, "  ", room);
        add_fitting(&tail, view->ended, room);
    } else if (view->note != NULL && text_width(buf_text(&tail)) + TITLE_LEAST < room) {
        buf_add_text(&tail, "  ");
        add_cut(&tail, view->note, room - text_width(buf_text(&tail)));
    } else if (view->note == NULL) {
        if (view->rate > 0 &&
            text_width(buf_text(&tail)) + text_width(rate) + text_width(left) <= room)
            add_fitting(&tail, rate, room);
        add_fitting(&tail, left, room);
    }
    buf_addf(&line, "%3u%%", percent);
    size_t used = text_width(buf_text(&tail)) + 5;
    if (width >= used + BAR_LEAST)
        add_bar(&line, percent, width - used);
    if (tail.size > 0)
        buf_addf(&line, " %s", buf_text(&tail));
    CLEANUP(buf) struct buf cut = BUF_INIT;
    add_cut(&cut, buf_text(&line), width);
    strings_add(out, buf_text(&cut));
}

/* " 45% TITLE                1.2 GB of 2.2 GB" */
static void add_transfer(const struct progress_transfer *transfer, size_t width,
                         struct strings *out)
{
    CLEANUP(buf) struct buf line = BUF_INIT;
    CLEANUP(text) char *amount = format_amount(transfer->done, transfer->size);
    const char *tail = transfer->note != NULL ? transfer->note : amount;
    size_t room = width > 5 ? width - 5 : 0; /* behind "100% " */
    size_t title = text_width(transfer->title);

    buf_addf(&line, "%3u%% ", percent_of(transfer->done, transfer->size));
    if (title > TITLE_MOST)
        title = TITLE_MOST;
    if (title + 2 + text_width(tail) > room) {
        size_t most = room > text_width(tail) + 2 ? room - text_width(tail) - 2 : 0;
        if (transfer->note != NULL && most < room / 3)
            most = room / 3;
        title = most >= TITLE_LEAST || transfer->note != NULL ? most : room;
    }
    add_cut(&line, transfer->title, title);
    if (title + 2 < room) {
        buf_add_text(&line, "  ");
        add_cut(&line, tail, room - title - 2);
    }
    CLEANUP(buf) struct buf cut = BUF_INIT;
    add_cut(&cut, buf_text(&line), width);
    strings_add(out, buf_text(&cut));
}

void progress_view_lines(const struct progress_view *view, size_t width, size_t height,
                         struct strings *out)
{
    size_t room = height > 1 ? height - 1 : 0;
    size_t shown = view->transfer_count <= room ? view->transfer_count : room > 0 ? room - 1 : 0;

    for (size_t i = 0; i < shown; i++)
        add_transfer(&view->transfers[i], width, out);
    if (shown < view->transfer_count && room > 0) {
        CLEANUP(text) char *more = xasprintf("     and %zu more", view->transfer_count - shown);
        CLEANUP(buf) struct buf cut = BUF_INIT;
        add_cut(&cut, more, width);
        strings_add(out, buf_text(&cut));
    }
    add_total(view, width, out);
}
