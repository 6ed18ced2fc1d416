#include "trace.h"

#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"
#include "json.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct trace {
    pthread_mutex_t lock;
    char *path;
    FILE *file;
    struct secrets *secrets; /* borrowed; NULL: none */
    uint64_t begun_us;
    bool has_events;
};

int trace_open(const char *path, struct secrets *secrets, struct trace **out, struct error *err)
{
    if (file_refuse_irregular(path, err) < 0)
        return error_wrap(err, "--trace");
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return error_set_errno(err, errno, "opening '%s' for --trace", path);
    struct trace *trace = xcalloc(1, sizeof(*trace));
    pthread_mutex_init(&trace->lock, NULL);
    trace->path = xstrdup(path);
    trace->file = file;
    trace->secrets = secrets;
    trace->begun_us = clock_us();
    *out = trace;
    return 0;
}

/* Under the lock. Takes the event. */
static void write_event(struct trace *trace, json_t *event)
{
    CLEANUP(text) char *text = json_dumps(event, JSON_COMPACT);
    CLEANUP(buf) struct buf masked = BUF_INIT;

    json_decref(event);
    if (text == NULL)
        return; /* not UTF-8 */
    if (trace->secrets != NULL)
        secrets_mask(trace->secrets, text, strlen(text), &masked);
    else
        buf_add_text(&masked, text);
    fprintf(trace->file, "%s%s", trace->has_events ? ",\n" : "[\n", buf_text(&masked));
    fflush(trace->file); /* whole events, if the run ends here */
    trace->has_events = true;
}

/* What happened on a connection from one moment to another. */
static json_t *make_slice(const struct trace *trace, const struct http_trip *trip, const char *name,
                          uint64_t from_us, uint64_t to_us)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:I}", "name", name, "cat", "http", "ph", "X",
                     "ts", (json_int_t)(from_us - trace->begun_us), "dur",
                     (json_int_t)(to_us > from_us ? to_us - from_us : 0), "pid", 1, "tid",
                     (json_int_t)trip->connection);
}

static void name_connection(struct trace *trace, const struct http_trip *trip)
{
    CLEANUP(text) char *name = xasprintf("%u: %s", trip->connection, trip->origin);

    write_event(trace,
                json_pack("{s:s, s:s, s:i, s:I, s:{s:s}}", "name", "thread_name", "ph", "M", "pid",
                          1, "tid", (json_int_t)trip->connection, "args", "name", name));
}

/* The parts of a trip, which its slice has in it. */
static void add_parts(struct trace *trace, const struct http_trip *trip)
{
    uint64_t asked_us = trip->begun_us;

    if (trip->is_new_connection && trip->connected_us > 0) {
        write_event(trace, make_slice(trace, trip, "connect", asked_us, trip->connected_us));
        asked_us = trip->connected_us;
    }
    if (trip->answered_us <= asked_us)
        return;
    write_event(trace, make_slice(trace, trip, trip->sent > 0 ? "send, wait" : "wait", asked_us,
                                  trip->answered_us));
    if (trip->ended_us > trip->answered_us)
        write_event(trace, make_slice(trace, trip, "receive", trip->answered_us, trip->ended_us));
}

void trace_note(void *arg, const struct http_trip *trip)
{
    struct trace *trace = arg;
    CLEANUP(text) char *name = xasprintf("%s %s", trip->method, trip->url);
    json_t *args = json_pack("{s:i, s:I, s:I}", "status", trip->status, "sent",
                             (json_int_t)trip->sent, "received", (json_int_t)trip->received);

    pthread_mutex_lock(&trace->lock);
    json_t *slice = make_slice(trace, trip, name, trip->begun_us, trip->ended_us);
    json_object_set_new(slice, "args", args);
    if (trip->is_new_connection)
        name_connection(trace, trip);
    write_event(trace, slice);
    add_parts(trace, trip);
    pthread_mutex_unlock(&trace->lock);
}

int trace_close(struct trace *trace, struct error *err)
{
    if (trace == NULL)
        return 0;
    if (!trace->has_events)
        fputc('[', trace->file);
    fputs("\n]\n", trace->file);
    bool is_bad = ferror(trace->file) != 0;
    is_bad = fclose(trace->file) != 0 || is_bad;
    int result = is_bad ? error_set_errno(err, errno, "writing '%s' for --trace", trace->path) : 0;
    pthread_mutex_destroy(&trace->lock);
    free(trace->path);
    free(trace);
    return result;
}
