#include "sandbox/sandbox_internal.h"

#include <string.h>

#define AHEAD_SIZE ((size_t)64 * 1024)
#define ERROR_TEXT_MAX ((size_t)64 * 1024)

struct sandbox_talk {
    struct sandbox_process process;
    struct sandbox_input input;
    struct buf record;
    struct buf part; /* that it was given last */
    size_t begin;    /* of what was read of its words, and was not looked at yet */
    size_t end;
    char ahead[AHEAD_SIZE];
};

int sandbox_talk_start(const struct sandbox *sandbox, const struct sandbox_call *call,
                       const struct sandbox_input *input, struct sandbox_talk **out,
                       struct error *err)
{
    CLEANUP(sandbox_talk) struct sandbox_talk *talk = xcalloc(1, sizeof(*talk));
    bool is_apart = false;

    talk->process = (struct sandbox_process)SANDBOX_PROCESS_INIT;
    talk->input = *input;
    if (sandbox_call(sandbox, call, &talk->process, &is_apart, err) < 0)
        return -1;
    *out = is_apart ? TAKE(talk) : NULL;
    return 0;
}

void sandbox_talk_free(struct sandbox_talk *talk)
{
    if (talk == NULL)
        return;
    sandbox_process_release(&talk->process);
    buf_release(&talk->record);
    buf_release(&talk->part);
    free(talk);
}

/* How it has ended says more than the half of a record. */
static int explain_end(struct sandbox_talk *talk, struct error *err)
{
    if (sandbox_finish(&talk->process, err) < 0)
        return -1;
    return error_set(err, ERROR_CORRUPT, "the process that reads it gives no answer to it");
}

/* Puts the next `size` bytes of its words into `out`. */
static int take(struct sandbox_talk *talk, size_t size, struct buf *out, struct error *err)
{
    buf_clear(out);
    while (out->size < size) {
        if (talk->begin == talk->end) {
            ssize_t got = process_read(&talk->process, talk->ahead, sizeof(talk->ahead), err);
            if (got <= 0)
                return got < 0 ? -1 : explain_end(talk, err);
            talk->begin = 0;
            talk->end = (size_t)got;
        }
        size_t left = size - out->size;
        size_t part = talk->end - talk->begin < left ? talk->end - talk->begin : left;
        buf_add(out, talk->ahead + talk->begin, part);
        talk->begin += part;
    }
    return 0;
}

static int take_record(struct sandbox_talk *talk, uint8_t *kind, struct error *err)
{
    struct record_head head;

    if (take(talk, sizeof(head), &talk->record, err) < 0)
        return -1;
    memcpy(&head, talk->record.data, sizeof(head));
    size_t size = (size_t)head.size[0] | (size_t)head.size[1] << 8 | (size_t)head.size[2] << 16 |
                  (size_t)head.size[3] << 24;
    if (size > SANDBOX_RECORD_MAX)
        return error_set(err, ERROR_CORRUPT, "the process that reads it tells too much at once");
    *kind = head.kind;
    return take(talk, size, &talk->record, err);
}

/* It waits for the answer to what it has asked last, and so has said nothing behind it. */
static int serve_pull(struct sandbox_talk *talk, struct error *err)
{
    struct pull pull;

    if (talk->record.size != sizeof(pull) || talk->begin != talk->end)
        return error_set(err, ERROR_CORRUPT, "the process that reads it asks for nothing");
    memcpy(&pull, talk->record.data, sizeof(pull));
    if (pull.size == 0 || pull.size > SANDBOX_PULL_MAX)
        return error_set(err, ERROR_CORRUPT, "the process that reads it asks for too much at once");
    const struct sandbox_range range = {pull.offset, pull.until, (size_t)pull.size};
    buf_clear(&talk->part);
    if (cancel_check(talk->process.cancel, err) < 0 ||
        talk->input.read(talk->input.arg, &range, &talk->part, err) < 0)
        return -1;
    if (talk->part.size > pull.size)
        return error_set(err, ERROR_INTERNAL, "more is given than was asked for");
    return process_give_part(&talk->process, &talk->part, err);
}

static int refuse(const struct buf *record, struct error *err)
{
    if (record->size < 2 || record->size > ERROR_TEXT_MAX)
        return error_set(err, ERROR_CORRUPT, "the process that reads it gives no reason");
    return error_set(err, sandbox_error_kind(record->data[0]), "%s", buf_text(record) + 1);
}

int sandbox_talk_next(struct sandbox_talk *talk, char *kind, const struct buf **record,
                      struct error *err)
{
    uint8_t number = RECORD_PULL;

    for (;;) {
        if (take_record(talk, &number, err) < 0)
            return -1;
        if (number != RECORD_PULL)
            break;
        if (serve_pull(talk, err) < 0)
            return -1;
    }
    if (number == RECORD_ERROR)
        return refuse(&talk->record, err);
    *kind = (char)number;
    *record = &talk->record;
    return number == RECORD_END ? sandbox_finish(&talk->process, err) : 0;
}

struct record_reader {
    struct reader base;
    struct sandbox_talk *talk;
    const struct buf *record; /* NULL: none yet */
    size_t at;
    char kind;
    bool has_ended;
};

static int next_record(struct record_reader *reader, struct error *err)
{
    char kind = SANDBOX_END;

    reader->at = 0;
    if (sandbox_talk_next(reader->talk, &kind, &reader->record, err) < 0)
        return -1;
    reader->has_ended = kind == SANDBOX_END;
    if (!reader->has_ended && kind != reader->kind)
        return error_set(err, ERROR_CORRUPT, "the process that reads it gives no answer to it");
    return 0;
}

static ssize_t record_read(struct reader *base, void *data, size_t size, struct error *err)
{
    struct record_reader *reader = CONTAINER_OF(base, struct record_reader, base);

    while (!reader->has_ended && (reader->record == NULL || reader->at == reader->record->size))
        if (next_record(reader, err) < 0)
            return -1;
    if (reader->has_ended || size == 0)
        return 0;
    size_t left = reader->record->size - reader->at;
    size = size < left ? size : left;
    memcpy(data, reader->record->data + reader->at, size);
    reader->at += size;
    return (ssize_t)size;
}

static void record_free(struct reader *base)
{
    struct record_reader *reader = CONTAINER_OF(base, struct record_reader, base);

    sandbox_talk_free(reader->talk);
    free(reader);
}

struct reader *sandbox_talk_reader_new(struct sandbox_talk *talk, char kind)
{
    static const struct reader_ops ops = {record_read, record_free};
    struct record_reader *reader = xcalloc(1, sizeof(*reader));

    reader->base.ops = &ops;
    reader->talk = talk;
    reader->kind = kind;
    return &reader->base;
}

enum error_kind sandbox_error_kind(char letter)
{
    switch (letter) {
    case 'u':
        return ERROR_UNSUPPORTED;
    case 'l':
        return ERROR_LOCAL;
    case 'i':
        return ERROR_INTERNAL;
    default:
        return ERROR_CORRUPT;
    }
}

char sandbox_error_letter(enum error_kind kind)
{
    if (kind == ERROR_UNSUPPORTED)
        return 'u';
    if (kind == ERROR_LOCAL)
        return 'l';
    return kind == ERROR_INTERNAL ? 'i' : 'c';
}
