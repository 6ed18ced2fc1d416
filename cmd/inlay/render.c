#include "render.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/progress_view.h"
#include "core/text.h"
#include "json.h"
#include "live_lines.h"
#include "progress_json.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 200
#define LINE_EVERY_MS 10000
#define JSON_EVERY_MS 1000
#define STALLED_MS 5000
#define SAMPLES 50  /* ticks that the rate is taken over: ten seconds */
#define ROWS_MAX 64 /* transfers that are told of; as many as there are jobs at most */

enum display {
    DISPLAY_NONE,
    DISPLAY_PLAIN,
    DISPLAY_TTY,
    DISPLAY_JSON,
};

static const char *const display_names[] = {[DISPLAY_NONE] = "none",
                                            [DISPLAY_PLAIN] = "plain",
                                            [DISPLAY_TTY] = "tty",
                                            [DISPLAY_JSON] = "json"};

/* How far it was at a tick. */
struct sample {
    int64_t at_ms;
    uint64_t moved;
    uint64_t spared;
};

/* A transfer of one thread. */
struct row {
    bool is_used;
    pthread_t thread;
    char *title;
    uint64_t size;
    uint64_t done;
    char *note; /* why it stands; NULL: it moves */
};

struct render {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* the end has come */
    pthread_t thread;    /* draws at every tick, so that a standstill is seen as one */
    bool drawing;
    bool ending;
    struct log log;
    struct progress progress;
    enum display display;
    struct live_lines live;
    uint64_t expected;
    uint64_t moved;
    uint64_t spared; /* need not move; both together are expected at most */
    struct row rows[ROWS_MAX];
    struct http *http;               /* borrowed; NULL: nobody is waited for */
    const struct listener *listener; /* borrowed; NULL: stderr is written to */
    bool began;                      /* something has been expected */
    bool has_said;                   /* a plain line about progress */
    bool is_over;                    /* nothing more is said of progress */
    int64_t made_ms;
    int64_t drawn_ms;
    struct sample samples[SAMPLES]; /* a ring */
    size_t sample_count;            /* ever taken */
    int64_t last_ms;                /* when a byte moved last */
};

/* Signed: a moment may be compared with one that another thread has noted since. */
static int64_t now_ms(void)
{
    return (int64_t)clock_ms();
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

/* What a view borrows. */
struct picture {
    struct progress_view view;
    struct progress_transfer transfers[ROWS_MAX];
    struct buf note;
};

static void picture_release(struct picture *picture)
{
    buf_release(&picture->note);
}
CLEANUP_RELEASE(picture)

/* Why nothing moves; nothing is added if something does. */
static void add_note(const struct render *render, int64_t now, struct buf *out)
{
    uint64_t left = render->expected - render->moved - render->spared;

    if (render->began && now - render->last_ms < STALLED_MS)
        return;
    if (render->http != NULL && http_describe_wait(render->http, out))
        return;
    if (render->began && left > 0) {
        buf_add_text(out, "nothing moves for ");
        progress_format_duration((uint64_t)(now - render->last_ms) / 1000, out);
    }
}

static void take_picture(const struct render *render, int64_t now, struct picture *out)
{
    struct rates rates = current_rates(render, now);
    uint64_t left = render->expected - render->moved - render->spared;

    out->view = (struct progress_view){
        .transfers = out->transfers,
        .expected = render->expected,
        .moved = render->moved,
        .spared = render->spared,
        .rate = left > 0 ? rates.moved : 0,
        .left_s = rates.dealt > 0 && left > 0 ? left / rates.dealt + 1 : UINT64_MAX,
    };
    for (size_t i = 0; i < ROWS_MAX; i++) {
        const struct row *row = &render->rows[i];
        if (row->is_used)
            out->transfers[out->view.transfer_count++] =
                (struct progress_transfer){row->title, row->size, row->done, row->note};
    }
    add_note(render, now, &out->note);
    if (out->note.size > 0)
        out->view.note = buf_text(&out->note);
}

/* Before anything moves there is only whom the program waits for. */
static void draw(struct render *render, const struct picture *picture)
{
    if (render->began || picture->view.note != NULL)
        live_lines_draw(&render->live, &picture->view);
    else
        live_lines_clear(&render->live);
}

static void say_json(const struct render *render, const json_t *document)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    json_to_buf(document, &text);
    if (render->listener != NULL)
        render->listener->progress(render->listener->arg, buf_text(&text));
    else
        fprintf(stderr, "%s\n", buf_text(&text));
}

static void print_json(const struct render *render, const struct progress_view *view)
{
    json_auto_t *document = progress_to_json(view);

    say_json(render, document);
}

static void print_plain(const struct progress_view *view)
{
    CLEANUP(buf) struct buf numbers = BUF_INIT;

    progress_view_format(view, &numbers);
    fprintf(stderr, "moved %s\n", buf_text(&numbers));
}

static void show(struct render *render, const struct picture *picture, int64_t now)
{
    switch (render->display) {
    case DISPLAY_NONE:
        return;
    case DISPLAY_TTY:
        draw(render, picture);
        return;
    case DISPLAY_PLAIN:
        if (!render->began || now - render->drawn_ms < LINE_EVERY_MS)
            return;
        render->has_said = true;
        print_plain(&picture->view);
        break;
    case DISPLAY_JSON:
        if (!render->began || now - render->drawn_ms < JSON_EVERY_MS)
            return;
        print_json(render, &picture->view);
        break;
    }
    render->drawn_ms = now;
}

static void tick(struct render *render)
{
    CLEANUP(picture) struct picture picture = {.note = BUF_INIT};
    int64_t now = now_ms();

    if (render->began)
        render->samples[render->sample_count++ % SAMPLES] =
            (struct sample){now, render->moved, render->spared};
    take_picture(render, now, &picture);
    show(render, &picture, now);
}

static void *render_thread(void *arg)
{
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    while (!render->ending) {
        clock_wait(&render->wake, &render->lock, TICK_MS);
        if (!render->ending && !render->is_over)
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

/* That of this thread; NULL: it has none. The lock is held. */
static struct row *find_row(struct render *render)
{
    for (size_t i = 0; i < ROWS_MAX; i++)
        if (render->rows[i].is_used && pthread_equal(render->rows[i].thread, pthread_self()))
            return &render->rows[i];
    return NULL;
}

static void row_clear(struct row *row)
{
    free(row->title);
    free(row->note);
    *row = (struct row){.is_used = false};
}

static void render_begin(void *arg, const char *title, uint64_t size)
{
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    struct row *row = find_row(render);
    for (size_t i = 0; i < ROWS_MAX && row == NULL; i++)
        if (!render->rows[i].is_used)
            row = &render->rows[i];
    if (row != NULL) {
        char *copy = xstrdup(title);
        text_mask(copy);
        row_clear(row);
        *row = (struct row){true, pthread_self(), copy, size, 0, NULL};
    }
    pthread_mutex_unlock(&render->lock);
}

static void render_end(void *arg)
{
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    struct row *row = find_row(render);
    if (row != NULL)
        row_clear(row);
    pthread_mutex_unlock(&render->lock);
}

/* No more than is expected: what was begun anew would count twice. */
static void count(struct render *render, uint64_t *what, uint64_t size)
{
    if (size == 0)
        return;
    pthread_mutex_lock(&render->lock);
    uint64_t left = render->expected - render->moved - render->spared;
    struct row *row = find_row(render);
    *what += size < left ? size : left;
    render->last_ms = now_ms();
    if (row != NULL) {
        row->done += size < row->size - row->done ? size : row->size - row->done;
        free(row->note);
        row->note = NULL;
    }
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

/* A wait or a retry also stands with the transfer that it keeps. */
static void render_line(void *arg, enum log_level level, const char *line)
{
    static const char *const prefixes[] = {
        [LOG_WARN] = "warning: ", [LOG_WAIT] = "", [LOG_INFO] = "", [LOG_DEBUG] = "debug: "};
    static const char *const names[] = {
        [LOG_WARN] = "warning", [LOG_WAIT] = "wait", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
    struct render *render = arg;

    pthread_mutex_lock(&render->lock);
    struct row *row = level == LOG_WAIT ? find_row(render) : NULL;
    if (row != NULL) {
        free(row->note);
        row->note = xstrdup(line);
    }
    live_lines_clear(&render->live);
    if (render->listener != NULL) {
        render->listener->log(render->listener->arg, level, line);
    } else if (render->display == DISPLAY_JSON) {
        json_auto_t *document =
            json_pack("{s:s, s:o}", "level", names[level], "text", text_to_json(line));
        say_json(render, document);
    } else {
        fprintf(stderr, "%s%s\n", prefixes[level], line);
    }
    pthread_mutex_unlock(&render->lock);
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' && strcmp(value, "false") != 0;
}

bool render_is_progress(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(display_names); i++)
        if (strcmp(text, display_names[i]) == 0)
            return true;
    return strcmp(text, "auto") == 0;
}

static enum display choose_display(const char *progress, const struct listener *listener)
{
    const char *terminal = getenv("TERM");

    if (listener != NULL && (progress == NULL || strcmp(progress, "none") != 0))
        return DISPLAY_JSON;
    for (size_t i = 0; progress != NULL && i < ARRAY_SIZE(display_names); i++)
        if (strcmp(progress, display_names[i]) == 0)
            return (enum display)i;
    if (isatty(STDERR_FILENO) != 1 || is_set("CI") || terminal == NULL ||
        strcmp(terminal, "dumb") == 0)
        return DISPLAY_PLAIN;
    return DISPLAY_TTY;
}

struct render *render_new(enum render_mode mode, const char *progress,
                          const struct listener *listener)
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
    render->listener = listener;
    render->display = choose_display(progress, listener);
    render->made_ms = now_ms();
    if (mode == RENDER_QUIET || mode == RENDER_TERSE || render->display == DISPLAY_NONE)
        return render;
    render->progress = (struct progress){.expect = render_expect,
                                         .moved = render_moved,
                                         .spared = render_spared,
                                         .begin = render_begin,
                                         .end = render_end,
                                         .arg = render};
    clock_condition_init(&render->wake);
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
    live_lines_clear(&render->live);
    for (size_t i = 0; i < ROWS_MAX; i++)
        row_clear(&render->rows[i]);
    pthread_mutex_destroy(&render->lock);
    free(render);
}

void render_watch(struct render *render, struct http *http)
{
    pthread_mutex_lock(&render->lock);
    render->http = http;
    pthread_mutex_unlock(&render->lock);
}

uint64_t render_seconds(const struct render *render)
{
    return (uint64_t)(now_ms() - render->made_ms) / 1000;
}

void render_finish(struct render *render)
{
    CLEANUP(picture) struct picture picture = {.note = BUF_INIT};
    CLEANUP(buf) struct buf ended = BUF_INIT;

    pthread_mutex_lock(&render->lock);
    if (!render->is_over && render->drawing) {
        render->is_over = true;
        render->expected = render->moved + render->spared;
        buf_add_text(&ended, "in ");
        progress_format_duration(render_seconds(render), &ended);
        take_picture(render, now_ms(), &picture);
        picture.view.note = NULL;
        picture.view.transfer_count = 0;
        picture.view.ended = buf_text(&ended);
        live_lines_clear(&render->live);
        if (render->began && render->display == DISPLAY_TTY) {
            draw(render, &picture);
            live_lines_leave(&render->live);
        } else if (render->began && render->display == DISPLAY_JSON) {
            print_json(render, &picture.view);
        } else if (render->has_said) {
            print_plain(&picture.view);
        }
    }
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
