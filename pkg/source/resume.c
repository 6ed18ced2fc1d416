#include "source/source_internal.h"

#include "core/clock.h"

#include <inttypes.h>
#include <sys/random.h>

#define WAIT_MOST_MS 30000u
/* What ends early without a break is asked for so often again: then it is what it is. */
#define SHORT_TRIES 2
#define FIRST_WAIT_MS 200

struct resume_reader {
    struct reader base;
    struct source *source;
    const struct plan *plan;
    const struct plan_file *file;
    struct source_range range; /* what is left of it */
    uint64_t end;              /* one behind its last byte */
    struct reader *body;       /* NULL between two connections */
    bool is_short;             /* it ended early, and as if that were right */
    unsigned tries;            /* since the last progress */
    uint64_t moved;            /* by this connection */
    uint64_t since_ms;         /* when it was wanted, by clock_ms() */
    uint64_t waited_ms;        /* for nothing, since the last progress */
};

/* Waits double and vary by a quarter, so that many jobs do not come back as one. */
static unsigned choose_wait(unsigned tries)
{
    unsigned wait_ms = (unsigned)FIRST_WAIT_MS << (tries < 16 ? tries : 16);
    uint32_t jitter = 0;

    if (wait_ms > WAIT_MOST_MS)
        wait_ms = WAIT_MOST_MS;
    if (getrandom(&jitter, sizeof(jitter), 0) != sizeof(jitter))
        return wait_ms;
    return wait_ms + jitter % (wait_ms / 4);
}

static unsigned tries_most(const struct resume_reader *resume)
{
    unsigned most = resume->source->tries;

    return resume->is_short && most > SHORT_TRIES ? SHORT_TRIES : most;
}

/* Tries alone are no limit where a server is silent in each of them. */
static bool has_waited(const struct resume_reader *resume)
{
    const struct http *http = resume->source->http;

    return http != NULL && http_has_waited(http, resume->waited_ms);
}

/* From now on a connection is waited for. */
static void resume_begin(struct resume_reader *resume)
{
    resume->moved = 0;
    resume->since_ms = clock_ms();
}

/* Counts the try and decides, by what broke it, whether there is another: 0 then, after a wait. */
static int resume_wait(struct resume_reader *resume, struct error *broken, struct error *err)
{
    unsigned most = tries_most(resume);

    if (broken->kind != ERROR_UNREACHABLE)
        return error_move(err, broken);
    if (resume->tries == most || resume->body == NULL ||
        has_waited(resume)) { /* to open it has been tried often */
        error_move(err, broken);
        return error_wrap(err, "no progress behind byte %" PRIu64 " in %u %s", resume->range.offset,
                          resume->tries > 1 ? resume->tries : 1,
                          resume->tries > 1 ? "tries" : "try");
    }
    unsigned wait_ms = choose_wait(resume->tries++);
    log_again(resume->source->log, broken->text, wait_ms, resume->tries + 1, most + 1);
    reader_free(TAKE(resume->body));
    if (cancel_wait(resume->range.cancel, wait_ms, err) < 0)
        return -1;
    resume_begin(resume);
    return 0;
}

static ssize_t resume_try(struct resume_reader *resume, void *data, size_t size, struct error *err)
{
    resume->is_short = false;
    if (resume->body == NULL &&
        resume->source->ops->open(resume->source, resume->plan, resume->file, &resume->range,
                                  &resume->body, err) < 0)
        return -1;
    ssize_t part = reader_read(resume->body, data, size, err);
    resume->is_short =
        part == 0 && size > 0 && resume->end != SIZE_UNKNOWN && resume->range.offset < resume->end;
    if (resume->is_short)
        return error_set(
            err, ERROR_UNREACHABLE, "'%s' ended at byte %" PRIu64 ", %" PRIu64 " before its end",
            resume->file->path, resume->range.offset, resume->end - resume->range.offset);
    return part;
}

static ssize_t resume_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct resume_reader *resume = CONTAINER_OF(reader, struct resume_reader, base);

    for (;;) {
        CLEANUP(error) struct error broken = ERROR_INIT;
        uint64_t begun_ms = clock_ms();
        ssize_t part = resume_try(resume, data, size, &broken);
        if (part >= 0) {
            resume->range.offset += (uint64_t)part;
            if (resume->range.length != SIZE_UNKNOWN)
                resume->range.length -= (uint64_t)part;
            resume->moved += (uint64_t)part;
            return part;
        }
        if (http_is_progress(resume->moved, resume->since_ms))
            resume->waited_ms = resume->tries = 0;
        resume->waited_ms += clock_ms() - begun_ms;
        /* Behind the last byte is nothing to ask for: what has come is whole, right or not. */
        if (broken.kind == ERROR_UNREACHABLE && resume->range.offset == resume->end)
            return 0;
        if (resume->is_short && resume->tries >= tries_most(resume))
            return 0; /* whoever verifies it tells */
        if (resume_wait(resume, &broken, err) < 0)
            return -1;
    }
}

static void resume_free(struct reader *reader)
{
    struct resume_reader *resume = CONTAINER_OF(reader, struct resume_reader, base);

    reader_free(resume->body);
    free(resume);
}

int resume_reader_open(struct source *source, const struct plan *plan, const struct plan_file *file,
                       const struct source_range *range, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {resume_read, resume_free};
    struct reader *body = NULL;

    if (source->ops->open(source, plan, file, range, &body, err) < 0)
        return -1;
    struct resume_reader *resume = xcalloc(1, sizeof(*resume));
    resume->base.ops = &ops;
    resume->source = source;
    resume->plan = plan;
    resume->file = file;
    resume->range = *range;
    resume->end = range->length != SIZE_UNKNOWN ? range->offset + range->length : file->size;
    resume->body = body;
    resume_begin(resume);
    *out = &resume->base;
    return 0;
}
