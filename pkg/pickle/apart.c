#include "pickle/pickle_internal.h"

#include "sandbox/sandbox.h"

#include <inttypes.h>
#include <string.h>

#define RECORD_FINDINGS 'f'

/* The file, of which the process gets as much as a look may read. */
struct handed_out {
    const struct pickle_input *in;
    uint64_t left;
};

static int read_range(void *arg, const struct sandbox_range *range, struct buf *out,
                      struct error *err)
{
    struct handed_out *file = arg;
    uint64_t end = 0;

    if (!u64_add(range->offset, range->size, &end) || end > file->in->size ||
        range->size > file->left)
        return error_set(err, ERROR_CORRUPT, "the process that reads it asks for other bytes");
    file->left -= range->size;
    return file->in->read(file->in->arg, range->offset, range->size, out, err);
}

/* One record with all, and the end. */
static int receive(struct sandbox_talk *talk, struct pickle_findings *out, struct error *err)
{
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;
    const struct buf *record = NULL;
    char kind = SANDBOX_END;

    if (sandbox_talk_next(talk, &kind, &record, err) < 0)
        return -1;
    bool is_right = kind == RECORD_FINDINGS && strlen(buf_text(record)) == record->size &&
                    pickle_findings_parse(buf_text(record), &findings);
    if (is_right && sandbox_talk_next(talk, &kind, &record, err) < 0)
        return -1;
    if (!is_right || kind != SANDBOX_END)
        return error_set(err, ERROR_CORRUPT, "the process that reads it gives no answer to it");
    pickle_findings_release(out);
    *out = findings;
    findings = (struct pickle_findings)PICKLE_FINDINGS_INIT;
    return 0;
}

int pickle_scan_apart(const struct sandbox *sandbox, const char *path,
                      const struct pickle_input *in, struct pickle_findings *out, struct error *err)
{
    CLEANUP(sandbox_talk) struct sandbox_talk *talk = NULL;
    CLEANUP(buf) struct buf question = BUF_INIT;
    struct handed_out file = {in, PICKLE_READ_MAX};
    const struct sandbox_input input = {read_range, &file};
    const struct sandbox_call call = {PICKLE_JOB, "a pickle", &question, NULL};

    buf_addf(&question, "%" PRIu64 "%c%s", in->size, 0, path);
    if (sandbox_talk_start(sandbox, &call, &input, &talk, err) < 0)
        return -1;
    if (talk == NULL)
        return pickle_scan(path, in, out, err);
    if (receive(talk, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    return 0;
}

/* The other side. */

static int pull(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    const struct sandbox_range range = {.offset = offset, .size = size};

    (void)arg;
    return sandbox_pull(&range, out, err);
}

static int serve(void *arg, const struct buf *question, struct error *err)
{
    CLEANUP(pickle_findings) struct pickle_findings findings = PICKLE_FINDINGS_INIT;
    struct pickle_input in = {.read = pull};
    const char *text = buf_text(question);
    size_t size = strlen(text);

    (void)arg;
    if (parse_u64(text, UINT64_MAX, &in.size, err) < 0)
        return -1;
    const char *path = size < question->size ? text + size + 1 : "";
    if (pickle_scan(path, &in, &findings, err) < 0)
        return -1;
    CLEANUP(text) char *saved = pickle_findings_save(&findings);
    return sandbox_tell(RECORD_FINDINGS, saved, strlen(saved), err);
}

int pickle_serve(void)
{
    return sandbox_serve_talk(&(struct sandbox_job){.name = PICKLE_JOB, .serve = serve});
}
