#include "render.h"

#include "core/buf.h"
#include "core/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 200
#define LINE_EVERY_MS 10000
#define STALLED_MS 5000
#define SAMPLES 50 /* ticks that the rate is taken over: ten seconds */
#define WIDTH_DEFAULT 80
#define WIDTH_MAX 120

/* How far it was at a tick. */
struct sample {
    int64_t at_ms;
    uint64_t moved;
    uint64_t spared;
};

struct render {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* the end has come */
    pthread_t thread;    /* draws at every tick, so that a standstill is seen as one */
    bool drawing;
    bool ending;
    struct log log;
    struct progress progress;
    bool bar;   /* stderr is a terminal */
    bool shown; /* a bar stands in the last line */
    uint64_t expected;
    uint64_t moved;
    uint64_t spared;   /* need not move; both together are expected at most */
    struct http *http; /* borrowed; NULL: nobody is waited for */
    bool began;        /* something has been expected */
    int64_t drawn_ms;
    struct sample samples[SAMPLES]; /* a ring */
    size_t sample_count;            /* ever taken */
    int64_t last_ms;                /* when a byte moved last */
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

/* Bytes a second over the last ten: those that moved, and all that were dealt with. */
struct rates {
    uint64_t moved;
    uint64_t dealt;
};

static struct rates current_rates(const struct render *render, int64_t now)
{
    size_t oldest = render->sample_count > SAMPLES ? render->sample_count % SAMPLES : 0;
    const struct sample *from = &render->samples[oldest];
    int64_t spent_ms = now - from->at_ms;
    uint64_t moved = render->moved - from->moved;
    uint64_t spared = render->spared - from->spared;

    if (render->sample_count < 3 || spent_ms <= 0)
        return (struct rates){0, 0};
    return (struct rates){
        .moved = moved * 1000 / (uint64_t)spent_ms,
        .dealt = (moved + spared) * 1000 / (uint64_t)spent_ms,
    };
}

/* "9 s", "12 min", "3 h" */
static void format_duration(uint64_t seconds, struct buf *out)
{
    if (seconds < 100)
        buf_addf(out, "%" PRIu64 " s", seconds);
    else if (seconds < 100 * UINT64_C(60))
        buf_addf(out, "%" PRIu64 " min", (seconds + 30) / 60);
    else
        buf_addf(out, "%" PRIu64 " h", (seconds + 1800) / 3600);
}

/* "  waiting for 'r.example' to answer, 35 s"; false if nobody is waited for. */
static bool format_wait(const struct render *render, struct buf *out)
{
    CLEANUP(buf) struct buf wait = BUF_INIT;

    if (render->http == NULL || !http_describe_wait(render->http, &wait))
        return false;
    buf_addf(out, "  %s", buf_text(&wait));
    return true;
}

/* "1.2 GB of 2.2 GB (3.0 GB were there)  118.3 MB/s  9 s left" */
static void format_numbers(const struct render *render, int64_t now, struct buf *out)
{
    bool is_still = now - render->last_ms >= STALLED_MS;
    struct rates rates = current_rates(render, now);
    uint64_t left = render->expected - render->moved - render->spared;

    buf_addf(out, "%s of %s", text_format_size(render->moved).text,
             text_format_size(render->expected - render->spared).text);
    if (render->spared > 0)
        buf_addf(out, " (%s were there)", text_format_size(render->spared).text);
    if (is_still && format_wait(render, out))
        return;
    if (is_still && left > 0) {
        buf_add_text(out, "  nothing moves for ");
        format_duration((uint64_t)(now - render->last_ms) / 1000, out);
    } else if (rates.dealt > 0 && left > 0) {
        buf_addf(out, "  %s/s  ", text_format_size(rates.moved).text);
        format_duration(left / rates.dealt + 1, out);
        buf_add_text(out, " left");
    }
}

static void bar_draw(struct render *render, int64_t now)
{
    CLEANUP(buf) struct buf numbers = BUF_INIT;
    CLEANUP(buf) struct buf line = BUF_INIT;
    double dealt = (double)render->moved + (double)render->spared;
    unsigned percent =
        render->expected > 0 ? (unsigned)(dealt * 100 / (double)render->expected) : 100;

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

static void tick(struct render *render)
{
    int64_t now = now_ms();

    render->samples[render->sample_count++ % SAMPLES] =
        (struct sample){now, render->moved, render->spared};
    if (render->bar) {
        bar_draw(render, now);
    } else if (now - render->drawn_ms >= LINE_EVERY_MS) {
        render->drawn_ms = now;
        line_draw(render, now);
    }
}

static void *render_thread(void *arg)
{
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    while (!render->ending) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&render->wake, &render->lock, &until);
        if (render->began && !render->ending)
            tick(render);
    }
    pthread_mutex_unlock(&render->lock);
    return NULL;
}

static void render_expect(void *arg, uint64_t size)
{
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    if (!render->began)
        render->drawn_ms = render->last_ms = now_ms();
    render->began = true;
    render->expected += size;
    pthread_mutex_unlock(&render->lock);
}

/* No more than is expected: what was begun anew would count twice. */
static void count(struct render *render, uint64_t *what, uint64_t size)
{
    if (size == 0)
        return;
    pthread_mutex_lock(&render->lock);
    uint64_t left = render->expected - render->moved - render->spared;
    *what += size < left ? size : left;
    render->last_ms = now_ms();
    pthread_mutex_unlock(&render->lock);
}

static void render_moved(void *arg, uint64_t size)
{
    struct render *render = arg;

    count(render, &render->moved, size);
}

static void render_spared(void *arg, uint64_t size)
{
    struct render *render = arg;

    count(render, &render->spared, size);
}

static void render_line(void *arg, enum log_level level, const char *line)
{
    static const char *const prefixes[] = {
        [LOG_WARN] = "warning: ", [LOG_WAIT] = "", [LOG_INFO] = "", [LOG_DEBUG] = "debug: "};
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    bar_clear(render);
    fprintf(stderr, "%s%s\n", prefixes[level], line);
    pthread_mutex_unlock(&render->lock);
}

struct render *render_new(enum render_mode mode)
{
    static const enum log_level levels[] = {
        [RENDER_NORMAL] = LOG_INFO,
        [RENDER_TERSE] = LOG_WAIT,
        [RENDER_QUIET] = LOG_WARN,
        [RENDER_VERBOSE] = LOG_DEBUG,
    };
    struct render *render = xcalloc(1, sizeof(*render));

    pthread_mutex_init(&render->lock, NULL);
    render->log = (struct log){.level = levels[mode], .write = render_line, .arg = render};
    render->bar = isatty(STDERR_FILENO) == 1;
    if (mode == RENDER_QUIET || mode == RENDER_TERSE)
        return render;
    render->progress = (struct progress){
        .expect = render_expect, .moved = render_moved, .spared = render_spared, .arg = render};
    pthread_cond_init(&render->wake, NULL);
    render->drawing = pthread_create(&render->thread, NULL, render_thread, render) == 0;
    return render;
}

void render_free(struct render *render)
{
    if (render == NULL)
        return;
    pthread_mutex_lock(&render->lock);
    render->ending = true;
    pthread_mutex_unlock(&render->lock);
    if (render->drawing) {
        pthread_cond_signal(&render->wake);
        pthread_join(render->thread, NULL);
    }
    bar_clear(render);
    pthread_mutex_destroy(&render->lock);
    free(render);
}

void render_watch(struct render *render, struct http *http)
{
    pthread_mutex_lock(&render->lock);
    render->http = http;
    pthread_mutex_unlock(&render->lock);
}

const struct log *render_log(struct render *render)
{
    return &render->log;
}

const struct progress *render_progress(struct render *render)
{
    return &render->progress;
}
