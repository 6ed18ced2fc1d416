#include "render.h"

#include "core/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BAR_EVERY_MS 100
#define LINE_EVERY_MS 10000
#define RATE_OVER_MS 500
#define WIDTH_DEFAULT 80
#define WIDTH_MAX 120

struct render {
    pthread_mutex_t lock;
    struct log log;
    struct inject_progress progress;
    bool bar;   /* stderr is a terminal */
    bool shown; /* a bar stands in the last line */
    uint64_t expected;
    uint64_t moved;
    int64_t began_ms; /* 0: nothing has been expected yet */
    int64_t drawn_ms;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH_DEFAULT;
    return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

static void bar_clear(struct render *render)
{
    if (render->shown)
        fputs("\r\033[K", stderr);
    render->shown = false;
}

/* "1.2 GB of 2.2 GB  118.3 MB/s  9 s left" */
static void format_numbers(const struct render *render, int64_t now, struct buf *out)
{
    int64_t spent_ms = now - render->began_ms;

    buf_addf(out, "%s of %s", text_format_size(render->moved).text,
             text_format_size(render->expected).text);
    if (spent_ms < RATE_OVER_MS || render->moved == 0)
        return;
    uint64_t rate = render->moved * 1000 / (uint64_t)spent_ms;
    buf_addf(out, "  %s/s", text_format_size(rate).text);
    if (rate > 0 && render->expected > render->moved)
        buf_addf(out, "  %" PRIu64 " s left", (render->expected - render->moved) / rate + 1);
}

static void bar_draw(struct render *render, int64_t now)
{
    CLEANUP(buf) struct buf numbers = BUF_INIT;
    CLEANUP(buf) struct buf line = BUF_INIT;
    unsigned percent = render->expected > 0
                           ? (unsigned)((double)render->moved * 100 / (double)render->expected)
                           : 100;

    format_numbers(render, now, &numbers);
    size_t width = terminal_width();
    size_t room = numbers.size + 12 < width ? width - numbers.size - 12 : 0;
    size_t filled = room / 100 * percent + room % 100 * percent / 100;
    buf_addf(&line, "\r%3u%% ", percent);
    if (room >= 10) {
        buf_add_text(&line, "[");
        for (size_t i = 0; i < room; i++)
            buf_add_text(&line, i < filled ? "=" : i == filled ? ">" : " ");
        buf_add_text(&line, "] ");
    }
    buf_addf(&line, "%s\033[K", buf_text(&numbers));
    fputs(buf_text(&line), stderr);
    fflush(stderr);
    render->shown = true;
}

static void line_draw(const struct render *render, int64_t now)
{
    CLEANUP(buf) struct buf numbers = BUF_INIT;

    format_numbers(render, now, &numbers);
    fprintf(stderr, "moved %s\n", buf_text(&numbers));
}

/* Draws if it is time to; the caller holds the lock. */
static void progress_draw(struct render *render)
{
    int64_t now = now_ms();

    if (now - render->drawn_ms < (render->bar ? BAR_EVERY_MS : LINE_EVERY_MS))
        return;
    render->drawn_ms = now;
    if (render->bar)
        bar_draw(render, now);
    else
        line_draw(render, now);
}

static void render_expect(void *arg, uint64_t size)
{
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    if (render->began_ms == 0)
        render->began_ms = render->drawn_ms = now_ms();
    render->expected += size;
    pthread_mutex_unlock(&render->lock);
}

static void render_moved(void *arg, uint64_t size)
{
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    render->moved += size;
    if (render->moved > render->expected) /* a transfer that was begun anew */
        render->moved = render->expected;
    progress_draw(render);
    pthread_mutex_unlock(&render->lock);
}

static void render_line(void *arg, enum log_level level, const char *line)
{
    static const char *const prefixes[] = {
        [LOG_WARN] = "warning: ", [LOG_INFO] = "", [LOG_DEBUG] = "debug: "};
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    bar_clear(render);
    fprintf(stderr, "%s%s\n", prefixes[level], line);
    pthread_mutex_unlock(&render->lock);
}

struct render *render_new(enum render_mode mode)
{
    static const enum log_level levels[] = {
        [RENDER_NORMAL] = LOG_INFO, [RENDER_QUIET] = LOG_WARN, [RENDER_VERBOSE] = LOG_DEBUG};
    struct render *render = xcalloc(1, sizeof(*render));

    pthread_mutex_init(&render->lock, NULL);
    render->log = (struct log){.level = levels[mode], .write = render_line, .arg = render};
    render->bar = isatty(STDERR_FILENO) == 1;
    if (mode != RENDER_QUIET)
        render->progress =
            (struct inject_progress){.expect = render_expect, .moved = render_moved, .arg = render};
    return render;
}

void render_free(struct render *render)
{
    if (render == NULL)
        return;
    bar_clear(render);
    pthread_mutex_destroy(&render->lock);
    free(render);
}

const struct log *render_log(struct render *render)
{
    return &render->log;
}

const struct inject_progress *render_progress(struct render *render)
{
    return &render->progress;
}
