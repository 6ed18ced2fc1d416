#include "sandbox/sandbox_internal.h"

#include <string.h>

/* So much is told in one go. */
#define PENDING_SIZE ((size_t)64 * 1024)

/* What is told and was not sent yet; a process has one talk, and one thread. */
static struct {
    char bytes[PENDING_SIZE];
    size_t size;
} pending;

static int flush(struct error *err)
{
    size_t size = pending.size;

    pending.size = 0;
    return sandbox_answer(pending.bytes, size, err);
}

static int send(const void *data, size_t size, struct error *err)
{
    if (size > sizeof(pending.bytes) - pending.size && flush(err) < 0)
        return -1;
    if (size > sizeof(pending.bytes))
        return sandbox_answer(data, size, err);
    if (size > 0)
        memcpy(pending.bytes + pending.size, data, size);
    pending.size += size;
    return 0;
}

static int tell(uint8_t kind, const void *data, size_t size, struct error *err)
{
    const struct record_head head = {
        .kind = kind,
        .size = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), (uint8_t)(size >> 24)},
    };

    if (size > SANDBOX_RECORD_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "what it holds is too much to be told at once");
    return send(&head, sizeof(head), err) < 0 ? -1 : send(data, size, err);
}

int sandbox_tell(char kind, const void *data, size_t size, struct error *err)
{
    return tell((uint8_t)kind, data, size, err);
}

int sandbox_pull(const struct sandbox_range *range, struct buf *out, struct error *err)
{
    const struct pull pull = {range->offset, range->until, range->size};

    if (range->size == 0)
        return 0;
    if (tell(RECORD_PULL, &pull, sizeof(pull), err) < 0 || flush(err) < 0)
        return -1;
    return read_part(out, range->size, err);
}

struct pull_reader {
    struct reader base;
    struct sandbox_range range; /* what is not pulled yet */
    struct buf part;
    size_t at;
};

static int pull_part(struct pull_reader *reader, struct error *err)
{
    struct sandbox_range range = reader->range;
    uint64_t left = range.until > range.offset ? range.until - range.offset : 0;

    if (left < range.size)
        range.size = (size_t)left;
    buf_clear(&reader->part);
    reader->at = 0;
    if (sandbox_pull(&range, &reader->part, err) < 0)
        return -1;
    reader->range.offset += reader->part.size;
    return 0;
}

static ssize_t pull_read(struct reader *base, void *data, size_t size, struct error *err)
{
    struct pull_reader *reader = CONTAINER_OF(base, struct pull_reader, base);

    if (reader->at == reader->part.size && pull_part(reader, err) < 0)
        return -1;
    size_t left = reader->part.size - reader->at;
    size = size < left ? size : left;
    memcpy(data, buf_text(&reader->part) + reader->at, size);
    reader->at += size;
    return (ssize_t)size;
}

static void pull_free(struct reader *base)
{
    struct pull_reader *reader = CONTAINER_OF(base, struct pull_reader, base);

    buf_release(&reader->part);
    free(reader);
}

struct reader *sandbox_pull_reader_new(const struct sandbox_range *range)
{
    static const struct reader_ops ops = {pull_read, pull_free};
    struct pull_reader *reader = xcalloc(1, sizeof(*reader));

    reader->base.ops = &ops;
    reader->range = *range;
    return &reader->base;
}

static int tell_error(const struct error *why, struct error *err)
{
    CLEANUP(text) char *text = xasprintf("%c%.60000s", sandbox_error_letter(why->kind), why->text);

    return tell(RECORD_ERROR, text, strlen(text), err);
}

static int open_job(const struct sandbox_job *job, struct buf *question, struct error *err)
{
    sandbox_enter(job->outlives_thread);
    if (job->prepare != NULL)
        job->prepare();
    const struct sandbox_barriers barriers = sandbox_confine();
    return sandbox_greet(&barriers, err) < 0 ? -1 : sandbox_read_question(question, err);
}

int sandbox_serve(const struct sandbox_job *job)
{
    CLEANUP(buf) struct buf question = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (open_job(job, &question, &err) < 0 || job->serve(job->arg, &question, &err) < 0)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

int sandbox_serve_talk(const struct sandbox_job *job)
{
    CLEANUP(buf) struct buf question = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (open_job(job, &question, &err) < 0)
        return EXIT_FAILURE;
    int result = job->serve(job->arg, &question, &why) < 0 ? tell_error(&why, &err)
                                                           : tell(RECORD_END, NULL, 0, &err);
    return result < 0 || flush(&err) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
