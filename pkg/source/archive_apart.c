#include "source/unpack_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <locale.h>
#include <string.h>

/* Letters of records; a member's is by its kind. */
static const char kinds[] = {
    [ARCHIVE_FILE] = 'f',   [ARCHIVE_LINK] = 'l',    [ARCHIVE_HARD_LINK] = 'h',
    [ARCHIVE_FOLDER] = 'd', [ARCHIVE_SPECIAL] = 's',
};
#define RECORD_ARCHIVE 'a' /* it is one */
#define RECORD_CONTENT 'c'
#define RECORD_NAMELESS 'n'

/* SIZE NAME NUL TARGET, with the size in eight bytes of this machine's order. */
void archive_format_member(const struct archive_member *member, char *kind, struct buf *out)
{
    *kind = RECORD_NAMELESS;
    if (member->name != NULL)
        *kind = kinds[member->kind];
    buf_clear(out);
    buf_add(out, &member->size, sizeof(member->size));
    if (member->name != NULL)
        buf_add(out, member->name, strlen(member->name) + 1);
    buf_add_text(out, member->target);
}

static int take_member(char kind, const struct buf *record, const struct archive_sink *sink,
                       struct error *err)
{
    struct archive_member member = {.target = ""};
    const char *name = buf_text(record) + sizeof(member.size);
    bool is_known = kind == RECORD_NAMELESS;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i] == kind) {
            member.kind = (enum archive_kind)i;
            is_known = true;
        }
    if (!is_known || record->size < sizeof(member.size))
        return error_set(err, ERROR_CORRUPT, "the process that reads it gives no answer to it");
    memcpy(&member.size, record->data, sizeof(member.size));
    if (kind == RECORD_NAMELESS)
        return sink->member(sink->arg, &member, err);
    size_t left = record->size - sizeof(member.size);
    size_t size = strnlen(name, left);
    if (size == left || strlen(name + size + 1) != left - size - 1)
        return error_set(err, ERROR_CORRUPT, "the process that reads it names nothing");
    member.name = name;
    member.target = name + size + 1;
    return sink->member(sink->arg, &member, err);
}

int archive_take_record(char kind, const struct buf *record, const struct archive_sink *sink,
                        bool *is_archive, struct error *err)
{
    bool is_first = !*is_archive;

    *is_archive = true;
    if ((kind == RECORD_ARCHIVE) != is_first)
        return error_set(err, ERROR_CORRUPT, "the process that reads it does not say what it is");
    if (is_first)
        return 0;
    if (kind == RECORD_CONTENT)
        return sink->content(sink->arg, buf_text(record), record->size, err);
    return take_member(kind, record, sink, err);
}

int archive_parse_apart(const struct sandbox *sandbox, const struct cancel *cancel,
                        const struct archive_input *in, const struct archive_sink *sink,
                        bool *is_archive, struct error *err)
{
    CLEANUP(sandbox_talk) struct sandbox_talk *talk = NULL;
    CLEANUP(buf) struct buf question = BUF_INIT;
    const struct sandbox_call call = {SOURCE_JOB_ARCHIVE, "an archive", &question, cancel};
    const struct buf *record = NULL;
    char kind = SANDBOX_END;

    buf_addf(&question, "%" PRIu64 "%c%s", in->size, 0, in->only != NULL ? in->only : "");
    if (sandbox_talk_start(sandbox, &call, &in->bytes, &talk, err) < 0)
        return -1;
    if (talk == NULL)
        return archive_parse(in, sink, is_archive, err);
    *is_archive = false;
    for (;;) {
        if (sandbox_talk_next(talk, &kind, &record, err) < 0)
            return -1;
        if (kind == SANDBOX_END)
            return 0;
        if (archive_take_record(kind, record, sink, is_archive, err) < 0)
            return -1;
    }
}

/* The other side. */

struct telling {
    struct buf record;
    bool is_told; /* that it is an archive */
};

static int tell_archive(struct telling *telling, struct error *err)
{
    bool is_told = telling->is_told;

    telling->is_told = true;
    return is_told ? 0 : sandbox_tell(RECORD_ARCHIVE, NULL, 0, err);
}

static int tell_member(void *arg, const struct archive_member *member, struct error *err)
{
    struct telling *telling = arg;
    char kind = RECORD_NAMELESS;

    archive_format_member(member, &kind, &telling->record);
    if (tell_archive(telling, err) < 0)
        return -1;
    return sandbox_tell(kind, telling->record.data, telling->record.size, err);
}

static int tell_content(void *arg, const void *data, size_t size, struct error *err)
{
    (void)arg;
    return sandbox_tell(RECORD_CONTENT, data, size, err);
}

static int pull(void *arg, const struct sandbox_range *range, struct buf *out, struct error *err)
{
    (void)arg;
    return sandbox_pull(range, out, err);
}

static int serve(void *arg, const struct buf *question, struct error *err)
{
    struct telling telling = {.record = BUF_INIT};
    const struct archive_sink sink = {tell_member, tell_content, &telling};
    struct archive_input in = {.bytes = {pull, NULL}};
    const char *text = buf_text(question);
    size_t size = strlen(text);
    bool is_archive = false;

    (void)arg;
    if (parse_u64(text, UINT64_MAX, &in.size, err) < 0)
        return -1;
    if (size + 1 < question->size)
        in.only = text + size + 1;
    int result = archive_parse(&in, &sink, &is_archive, err);
    buf_release(&telling.record);
    return result < 0 || !is_archive ? result : tell_archive(&telling, err);
}

/* An archive with a file whose name is not ASCII. */
static void make_archive(int (*choose)(struct archive *archive), struct buf *out)
{
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    char bytes[32 * 1024];
    size_t size = 0;

    if (archive == NULL || entry == NULL)
        out_of_memory();
    archive_entry_set_pathname(entry, "\xc3\xa4");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, 0);
    if (choose(archive) == ARCHIVE_OK &&
        archive_write_open_memory(archive, bytes, sizeof(bytes), &size) == ARCHIVE_OK &&
        archive_write_header(archive, entry) == ARCHIVE_OK &&
        archive_write_close(archive) == ARCHIVE_OK)
        buf_add(out, bytes, size);
    archive_entry_free(entry);
    archive_write_free(archive);
}

static int read_bytes(void *arg, const struct sandbox_range *range, struct buf *out,
                      struct error *err)
{
    const struct buf *bytes = arg;

    (void)err;
    if (range->offset < bytes->size && bytes->size - range->offset <= range->size)
        buf_add(out, bytes->data + range->offset, bytes->size - (size_t)range->offset);
    return 0;
}

static int ignore_member(void *arg, const struct archive_member *member, struct error *err)
{
    (void)arg;
    (void)member;
    (void)err;
    return 0;
}

static int ignore_content(void *arg, const void *data, size_t size, struct error *err)
{
    (void)arg;
    (void)data;
    (void)size;
    (void)err;
    return 0;
}

/* Both locales stay, and what libraries open for them has been opened. */
static void prepare(void)
{
    static int (*const formats[])(struct archive * archive) = {archive_write_set_format_zip,
                                                               archive_write_set_format_pax};
    static locale_t kept[2];
    static const struct archive_sink nowhere = {ignore_member, ignore_content, NULL};

    kept[0] = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    kept[1] = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        CLEANUP(error) struct error ignored = ERROR_INIT;
        bool is_archive = false;
        locale_t before = uselocale(kept[0] != (locale_t)0 ? kept[0] : LC_GLOBAL_LOCALE);
        make_archive(formats[i], &bytes);
        uselocale(before);
        const struct archive_input in = {.bytes = {read_bytes, &bytes}, .size = bytes.size};
        (void)!archive_parse(&in, &nowhere, &is_archive, &ignored);
    }
}

int source_serve_archive(void)
{
    return sandbox_serve_talk(
        &(struct sandbox_job){.name = SOURCE_JOB_ARCHIVE, .prepare = prepare, .serve = serve});
}
