#include "core/file.h"
#include "models/models_internal.h"
#include "stream/stream.h"

#include <string.h>

/* Where findings are kept; the number changes when what is known of imports does. */
#define MEMO_FOLDER "pickles-3"
#define MEMO_MAX ((size_t)MIB)
/* Of a file that its server hands out from the start on alone, so much may be passed over. */
#define WITHOUT_RANGES_MAX (4 * MIB)
/* A file of so much is read as a whole, which tells whether it has the digest. */
#define WHOLE_MAX (4 * MIB)
#define CHUNK_SIZE ((size_t)(256 * KIB))

/* A range as it came when it was looked at. */
struct seen {
    uint64_t offset;
    uint64_t size;
    struct digest digest;
    struct hasher *again; /* of the same range of the whole file */
};

/* A file while it is read. */
struct code_reading {
    const struct model *model;
    const struct plan_file *file;
    const struct cancel *cancel;
    struct buf whole; /* of a small file */
    struct seen *seen;
    size_t seen_count;
    bool is_verified; /* `whole` has the file's digest */
    bool gives_up;    /* its server knows no ranges */
};

static void code_reading_release(struct code_reading *reading)
{
    for (size_t i = 0; i < reading->seen_count; i++)
        hasher_free(reading->seen[i].again);
    free(reading->seen);
    buf_release(&reading->whole);
}
CLEANUP_RELEASE(code_reading)

static int read_part(struct code_reading *reading, uint64_t offset, size_t size, struct buf *out,
                     struct error *err)
{
    const struct source_range range = {offset, size, reading->cancel};

    return source_read_part(reading->model->from, &reading->model->plan, reading->file, &range, out,
                            err);
}

/* Parts are not verified: what came is noted, to be compared with the file that is. */
static void note_seen(struct code_reading *reading, uint64_t offset, const char *data, size_t size)
{
    reading->seen = xrealloc(reading->seen, reading->seen_count + 1, sizeof(*reading->seen));
    reading->seen[reading->seen_count++] =
        (struct seen){offset, size, digest_of(DIGEST_SHA256, data, size), NULL};
}

static int read_range(void *arg, uint64_t offset, size_t size, struct buf *out, struct error *err)
{
    struct code_reading *reading = arg;
    size_t before = out->size;

    if (reading->whole.size == reading->file->size) {
        buf_add(out, buf_text(&reading->whole) + offset, size);
        return 0;
    }
    reading->gives_up = reading->gives_up || (offset > WITHOUT_RANGES_MAX &&
                                              atomic_load(&reading->model->from->refuses_ranges));
    if (reading->gives_up)
        return 0;
    if (read_part(reading, offset, size, out, err) < 0)
        return -1;
    note_seen(reading, offset, buf_text(out) + before, out->size - before);
    return 0;
}

/* A small file at once, and whether it is the one that the plan has. */
static int read_whole(struct code_reading *reading, struct error *err)
{
    const struct plan_file *file = reading->file;

    if (file->size == 0 || file->size > WHOLE_MAX)
        return 0;
    if (read_part(reading, 0, (size_t)file->size, &reading->whole, err) < 0)
        return -1;
    if (reading->whole.size != file->size || file->digest.algorithm == DIGEST_NONE)
        return 0;
    CLEANUP(hasher) struct hasher *hasher = hasher_new(file->digest.algorithm, file->size);
    hasher_add(hasher, buf_text(&reading->whole), reading->whole.size);
    const struct digest digest = hasher_finish(hasher);
    reading->is_verified = digest_equal(&digest, &file->digest);
    if (!reading->is_verified)
        note_seen(reading, 0, buf_text(&reading->whole), reading->whole.size);
    return 0;
}

/* Bytes of the file from `at` on, as far as they are in the range. */
static void compare(struct seen *seen, uint64_t at, const char *data, size_t size)
{
    uint64_t from = seen->offset > at ? seen->offset : at;
    uint64_t to = seen->offset + seen->size < at + size ? seen->offset + seen->size : at + size;

    if (from >= to)
        return;
    if (seen->again == NULL)
        seen->again = hasher_new(DIGEST_SHA256, seen->size);
    hasher_add(seen->again, data + (from - at), (size_t)(to - from));
}

/* Reads the file as a whole, which fails unless it has its digest; *is_same: the ranges that were
 * looked at are in it as they came. */
static int verify_seen(struct code_reading *reading, bool *is_same, struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(text) char *chunk = xcalloc(1, CHUNK_SIZE);
    uint64_t at = 0;
    ssize_t size = 0;

    *is_same = true;
    if (source_open_file(reading->model->from, &reading->model->plan, reading->file,
                         reading->cancel, &reader, err) < 0)
        return -1;
    while ((size = reader_read(reader, chunk, CHUNK_SIZE, err)) > 0) {
        for (size_t i = 0; i < reading->seen_count; i++)
            compare(&reading->seen[i], at, chunk, (size_t)size);
        at += (uint64_t)size;
    }
    if (size < 0)
        return -1;
    for (size_t i = 0; i < reading->seen_count; i++) {
        struct seen *seen = &reading->seen[i];
        if (seen->size == 0)
            continue;
        const struct digest again = seen->again != NULL ? hasher_finish(seen->again)
                                                        : (struct digest){.algorithm = DIGEST_NONE};
        *is_same = *is_same && digest_equal(&again, &seen->digest);
    }
    return 0;
}

/* By the digest and the ending, since the same bytes are another thing for another loader. */
static char *memo_path(const char *memo, const struct plan_file *file)
{
    const char *slash = strrchr(file->path, '/');
    const char *dot = strrchr(slash != NULL ? slash : file->path, '.');

    if (memo == NULL || file->digest.algorithm == DIGEST_NONE)
        return NULL;
    return xasprintf("%s/" MEMO_FOLDER "/%s%s", memo, digest_format_hex(&file->digest).text,
                     dot != NULL ? dot : "");
}

/* What cannot be read is looked for again. */
static bool recall(const char *path, struct pickle_findings *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    return path != NULL && file_read(path, MEMO_MAX, &bytes, &ignored) == 0 &&
           pickle_findings_parse(buf_text(&bytes), out);
}

static void remember(const char *memo, const char *path, const struct pickle_findings *findings)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;
    CLEANUP(text) char *text = pickle_findings_save(findings);
    CLEANUP(text)
    char *folder = path != NULL ? xasprintf("%s/" MEMO_FOLDER, memo) : NULL;

    if (path != NULL && file_make_private_folders(folder, &ignored) == 0)
        (void)!file_replace_private(path, text, strlen(text), &ignored);
}

static void say_unread(struct pickle_findings *findings, const char *why)
{
    free(findings->unread);
    findings->unread = xstrdup(why);
}

/* Where code is refused, what is let in is not believed before it has the file's digest. */
static int make_sure(const struct code_look *look, struct code_reading *reading,
                     struct pickle_findings *findings, struct error *err)
{
    bool is_same = true;

    if (!look->is_strict || reading->is_verified || findings->runs_code ||
        findings->unread != NULL || reading->file->digest.algorithm == DIGEST_NONE)
        return 0;
    if (verify_seen(reading, &is_same, err) < 0)
        return -1;
    reading->is_verified = is_same;
    if (!is_same)
        say_unread(findings, "its server has handed out other bytes than it has");
    return 0;
}

int code_look(const struct code_look *look, struct code_file *code, struct error *err)
{
    CLEANUP(code_reading)
    struct code_reading reading = {
        .model = look->model, .file = code->file, .cancel = look->cancel};
    const struct pickle_input in = {code->file->size, read_range, &reading};
    CLEANUP(text) char *memo = memo_path(look->memo, code->file);

    if (code->is_source || recall(memo, &code->findings))
        return 0;
    if (read_whole(&reading, err) < 0 ||
        pickle_scan_apart(look->sandbox, code->file->path, &in, &code->findings, err) < 0)
        return error_wrap(err, "'%s'", look->model->title);
    if (reading.gives_up)
        say_unread(&code->findings, "its server hands it out as a whole only");
    if (make_sure(look, &reading, &code->findings, err) < 0)
        return error_wrap(err, "'%s'", look->model->title);
    if (reading.is_verified)
        remember(look->memo, memo, &code->findings);
    return 0;
}
