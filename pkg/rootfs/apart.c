#include "rootfs/rootfs_internal.h"

#include "sandbox/sandbox.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

/* The first byte of an answer. */
#define ANSWER_LISTING 'L' /* what told_give() gives follows */
#define ANSWER_ERROR 'E'   /* the kind and the text follow */
#define ANSWER_BROKEN 'B'  /* what was to be read has failed, and nothing before */
#define ERROR_LIMIT ((size_t)64 * 1024)

/*
 * Fields, each ended by a NUL: ALGORITHM HASHES LIMIT PATH SELECTION {LINKED}…, with an empty path
 * or selection for none.
 */
static void format_question(const struct scan_request *scan, struct buf *out)
{
    const struct scan_wanted *wanted = &scan->wanted;

    buf_addf(out, "%d%c%d%c%zu%c%s%c%s%c", (int)scan->algorithm, 0, scan->hash_contents ? 1 : 0, 0,
             wanted->path != NULL ? wanted->limit : 0, 0, wanted->path != NULL ? wanted->path : "",
             0, scan->selection != NULL ? scan->selection->name : "", 0);
    for (size_t i = 0; scan->linked != NULL && i < scan->linked->count; i++)
        buf_add(out, scan->linked->items[i], strlen(scan->linked->items[i]) + 1);
}

static int read_refusal(struct reader *answer, struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (reader_read_all(answer, ERROR_LIMIT, &text, err) < 0)
        return -1;
    if (text.size < 2)
        return error_set(err, ERROR_CORRUPT, "the process that reads it gives no reason");
    return error_set(err, sandbox_error_kind(text.data[0]), "%s", buf_text(&text) + 1);
}

/* One listing as an answer to all that was given. */
struct result {
    struct listing *listing;
    struct digest digest;
};

static int read_answer(struct reader *answer, enum sandbox_feeding feeding, struct error *why,
                       struct result *out, struct error *err)
{
    char first = 0;
    ssize_t size = reader_read(answer, &first, 1, err);

    if (size < 0)
        return -1;
    if (size == 1 && first == ANSWER_ERROR)
        return read_refusal(answer, err);
    if (size == 1 && feeding == SANDBOX_BROKEN)
        return error_move(err, why);
    if (size == 1 && first == ANSWER_LISTING && feeding == SANDBOX_FED)
        return told_read(answer, &out->listing, &out->digest, err);
    return error_set(err, ERROR_CORRUPT, "the process that reads it gives no answer to it");
}

/* How the process has ended says more than the half of an answer. */
static int receive(struct sandbox_process *process, enum sandbox_feeding feeding, struct error *why,
                   struct result *out, struct error *err)
{
    CLEANUP(reader) struct reader *answer = sandbox_answer_reader_new(process);
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(error) struct error said = ERROR_INIT;
    struct result result = {.digest = DIGEST_INIT};
    int status = read_answer(answer, feeding, why, &result, &said);

    listing = result.listing;
    if (status < 0 && said.kind != ERROR_CORRUPT)
        return error_move(err, &said);
    if (sandbox_finish(process, err) < 0)
        return -1;
    if (status < 0)
        return error_move(err, &said);
    out->digest = result.digest;
    out->listing = TAKE(listing);
    return 0;
}

static int scan_here(const struct scan_request *scan, struct reader *packed, struct listing **out,
                     struct digest *digest, struct error *err)
{
    CLEANUP(reader) struct reader *unpacked = NULL;
    struct scan_request request = *scan;

    if (scan->algorithm != DIGEST_NONE)
        unpacked = unpack_reader_new(packed);
    request.plain = unpacked != NULL ? unpacked : packed;
    return scan_tar(&request, out, digest, err);
}

int scan_apart(const struct sandbox *sandbox, const struct scan_request *scan,
               struct reader *packed, struct listing **out, struct digest *digest,
               struct error *err)
{
    CLEANUP(sandbox_process) struct sandbox_process process = SANDBOX_PROCESS_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(buf) struct buf question = BUF_INIT;
    enum sandbox_feeding feeding = SANDBOX_FED;
    struct result result = {.listing = NULL};
    bool is_apart = false;

    format_question(scan, &question);
    const struct sandbox_call call = {ROOTFS_JOB_LAYER, "a layer", &question, scan->cancel};
    if (sandbox_call(sandbox, &call, &process, &is_apart, err) < 0)
        return -1;
    if (!is_apart)
        return scan_here(scan, packed, out, digest, err);
    if (sandbox_feed(&process, packed, &feeding, &why, err) < 0 ||
        receive(&process, feeding, &why, &result, err) < 0)
        return -1;
    *digest = result.digest;
    *out = result.listing;
    return 0;
}

/* The other side. */

/* A question, whose text is borrowed. */
struct asked {
    const struct buf *text;
    struct strings linked;
    struct scan_request scan;
    const char *at;
};

static void asked_release(struct asked *asked)
{
    strings_release(&asked->linked);
}
CLEANUP_RELEASE(asked)

/* The question's next field; "" behind its end. */
static const char *next_field(struct asked *asked)
{
    const char *field = asked->at;
    const char *end = buf_text(asked->text) + asked->text->size;

    if (field < end)
        asked->at += strlen(field) + 1;
    return field < end ? field : "";
}

static int parse_question(struct asked *asked, const struct rootfs_selection *const *selections,
                          struct error *err)
{
    struct scan_request *scan = &asked->scan;
    uint64_t algorithm = 0, hashes = 0, limit = 0;

    asked->at = buf_text(asked->text);
    if (parse_u64(next_field(asked), DIGEST_SHA1, &algorithm, err) < 0 ||
        parse_u64(next_field(asked), 1, &hashes, err) < 0 ||
        parse_u64(next_field(asked), SIZE_MAX, &limit, err) < 0)
        return -1;
    const char *path = next_field(asked);
    const char *name = next_field(asked);
    scan->algorithm = (enum digest_algorithm)algorithm;
    scan->hash_contents = hashes != 0;
    if (*path != '\0')
        scan->wanted = (struct scan_wanted){path, (size_t)limit};
    for (; *name != '\0' && *selections != NULL && scan->selection == NULL; selections++)
        if (strcmp((*selections)->name, name) == 0)
            scan->selection = *selections;
    if (*name != '\0' && scan->selection == NULL)
        return error_set(err, ERROR_INTERNAL, "nobody here knows the selection '%s'", name);
    while (asked->at < buf_text(asked->text) + asked->text->size)
        strings_add(&asked->linked, next_field(asked));
    scan->linked = &asked->linked;
    return 0;
}

static int answer_part(void *arg, const char *data, size_t size, struct error *err)
{
    (void)arg;
    return sandbox_answer(data, size, err);
}

static int answer_refusal(const struct error *why, bool is_broken, struct error *err)
{
    CLEANUP(text)
    char *text = xasprintf("%c%c%s", ANSWER_ERROR, sandbox_error_letter(why->kind), why->text);

    if (is_broken)
        text[0] = ANSWER_BROKEN;
    return sandbox_answer(text, is_broken ? 1 : strlen(text), err);
}

static int answer(struct asked *asked, struct error *err)
{
    bool is_broken = false;
    CLEANUP(reader) struct reader *packed = sandbox_input_reader_new(&is_broken);
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(error) struct error why = ERROR_INIT;
    struct digest digest = DIGEST_INIT;
    const char first = ANSWER_LISTING;

    if (scan_here(&asked->scan, packed, &listing, &digest, &why) < 0)
        return answer_refusal(&why, is_broken, err);
    if (sandbox_answer(&first, 1, err) < 0)
        return -1;
    return told_give(listing, &digest, answer_part, NULL, err);
}

static int serve(void *arg, const struct buf *question, struct error *err)
{
    CLEANUP(asked) struct asked asked = {.text = question, .linked = STRINGS_INIT};

    return parse_question(&asked, arg, err) < 0 ? -1 : answer(&asked, err);
}

/* A tar with a file whose name is not ASCII, and has to be in an extended header. */
static void make_tar(struct buf *out)
{
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    char bytes[16 * 1024];
    size_t size = 0;

    if (archive == NULL || entry == NULL)
        out_of_memory();
    archive_entry_set_pathname(entry, "\xc3\xa4");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_mtime(entry, 1, 1);
    archive_entry_set_size(entry, 0);
    if (archive_write_set_format_pax(archive) == ARCHIVE_OK &&
        archive_write_open_memory(archive, bytes, sizeof(bytes), &size) == ARCHIVE_OK &&
        archive_write_header(archive, entry) == ARCHIVE_OK &&
        archive_write_close(archive) == ARCHIVE_OK)
        buf_add(out, bytes, size);
    archive_entry_free(entry);
    archive_write_free(archive);
}

/*
 * Libraries open files when they are used for the first time: character sets, their settings. What
 * is read later has the same result as outside of the sandbox if they have done so.
 */
static void warm_up(void)
{
    CLEANUP(buf) struct buf tar = BUF_INIT;
    CLEANUP(listing) struct listing *listing = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct digest digest = DIGEST_INIT;

    make_tar(&tar);
    CLEANUP(reader) struct reader *plain = memory_reader_new(buf_text(&tar), tar.size);
    const struct scan_request scan = {
        .plain = plain, .algorithm = DIGEST_SHA256, .hash_contents = true};
    (void)!scan_tar(&scan, &listing, &digest, &err);
}

int rootfs_serve_layer(const struct rootfs_selection *const *selections)
{
    return sandbox_serve(&(struct sandbox_job){
        .name = ROOTFS_JOB_LAYER,
        .prepare = warm_up,
        .serve = serve,
        .arg = (void *)(uintptr_t)selections,
    });
}
