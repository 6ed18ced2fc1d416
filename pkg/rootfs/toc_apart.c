#include "rootfs/toc_internal.h"

#include "sandbox/sandbox.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

#define PART_SIZE ((size_t)256 * 1024)
#define RECORD_LISTING 'l'

/* Ranges of a blob, as the process asks for them: the same one goes on, or another begins. */
struct served {
    const struct toc_request *request;
    struct reader *stored;
    struct reader *counted;
    uint64_t position;
    uint64_t until;
    uint64_t opened; /* bytes of all ranges so far */
};

static void served_close(struct served *served)
{
    reader_free(TAKE(served->counted));
    reader_free(TAKE(served->stored));
}

/* A table is there so that less than the blob is fetched. */
static int open_range(struct served *served, const struct sandbox_range *range, struct error *err)
{
    const struct toc_request *request = served->request;
    struct store *store = request->store;

    served_close(served);
    if (range->until <= range->offset || range->until > request->blob->size ||
        !u64_add(served->opened, range->until - range->offset, &served->opened) ||
        served->opened / 2 > request->blob->size)
        return error_set(err, ERROR_CORRUPT, "its table leads to more than the blob has");
    if (store->ops->open_blob(store, request->blob, range->offset, range->until - range->offset,
                              &served->stored, err) < 0)
        return -1;
    served->counted = count_reader_new(served->stored, request->count, request->count_arg);
    served->position = range->offset;
    served->until = range->until;
    return 0;
}

static int read_range(void *arg, const struct sandbox_range *range, struct buf *out,
                      struct error *err)
{
    struct served *served = arg;
    CLEANUP(text) char *part = xmalloc(PART_SIZE);

    if ((served->counted == NULL || range->offset != served->position ||
         range->until != served->until) &&
        open_range(served, range, err) < 0)
        return -1;
    ssize_t size =
        reader_read(served->counted, part, range->size < PART_SIZE ? range->size : PART_SIZE, err);
    if (size < 0)
        return -1;
    buf_add(out, part, (size_t)size);
    served->position += (uint64_t)size;
    return 0;
}

/* Fields, each ended by a NUL: FORMAT DIGEST OFFSET SIZE BLOB_SIZE LIMIT PATH. */
static void format_question(const struct toc_request *request, struct buf *out)
{
    const struct toc *table = request->table;
    const struct scan_wanted *wanted = &request->wanted;

    buf_addf(out, "%d%c%s%c%" PRIu64 "%c%" PRIu64 "%c%" PRIu64 "%c%zu%c%s%c", (int)table->format, 0,
             digest_format(&table->digest).text, 0, table->offset, 0, table->size, 0,
             request->blob->size, 0, wanted->path != NULL ? wanted->limit : 0, 0,
             wanted->path != NULL ? wanted->path : "", 0);
}

int toc_read_apart(const struct toc_request *request, struct listing **out, struct error *err)
{
    CLEANUP(buf) struct buf question = BUF_INIT;
    struct served served = {.request = request};
    const struct sandbox_input input = {read_range, &served};
    const struct sandbox_call call = {ROOTFS_JOB_TABLE, "a table of contents", &question,
                                      request->cancel};
    struct sandbox_talk *talk = NULL;
    struct digest digest = DIGEST_INIT;

    format_question(request, &question);
    if (sandbox_talk_start(request->sandbox, &call, &input, &talk, err) < 0)
        return -1;
    if (talk == NULL)
        return toc_read_here(request, out, err);
    CLEANUP(reader) struct reader *told = sandbox_talk_reader_new(talk, RECORD_LISTING);
    int result = told_read(told, out, &digest, err);
    served_close(&served);
    return result;
}

/* The other side: a store of one blob, whose bytes have to be asked for. */

static int open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                     uint64_t length, struct reader **out, struct error *err)
{
    (void)store;
    (void)blob;
    (void)err;
    *out = sandbox_pull_reader_new(&(struct sandbox_range){offset, offset + length, PART_SIZE});
    return 0;
}

static void ignore_count(void *arg, uint64_t size)
{
    (void)arg;
    (void)size;
}

static int tell_part(void *arg, const char *data, size_t size, struct error *err)
{
    (void)arg;
    return sandbox_tell(RECORD_LISTING, data, size, err);
}

struct asked {
    struct toc table;
    struct descriptor blob;
    struct scan_wanted wanted;
};

static const char *next_field(const char **at, const struct buf *question)
{
    const char *field = *at;
    const char *end = buf_text(question) + question->size;

    if (field < end)
        *at += strlen(field) + 1;
    return field < end ? field : "";
}

static int parse_question(const struct buf *question, struct asked *out, struct error *err)
{
    const char *at = buf_text(question);
    uint64_t format = 0, limit = 0;

    if (parse_u64(next_field(&at, question), TOC_CHUNKED, &format, err) < 0 ||
        digest_parse(next_field(&at, question), &out->table.digest, err) < 0 ||
        parse_u64(next_field(&at, question), UINT64_MAX, &out->table.offset, err) < 0 ||
        parse_u64(next_field(&at, question), UINT64_MAX, &out->table.size, err) < 0 ||
        parse_u64(next_field(&at, question), UINT64_MAX, &out->blob.size, err) < 0 ||
        parse_u64(next_field(&at, question), SIZE_MAX, &limit, err) < 0)
        return -1;
    out->table.format = (enum toc_format)format;
    const char *path = next_field(&at, question);
    if (*path != '\0')
        out->wanted = (struct scan_wanted){path, (size_t)limit};
    return 0;
}

static int serve(void *arg, const struct buf *question, struct error *err)
{
    static const struct store_ops ops = {.open_blob = open_blob};
    struct store store = {.ops = &ops};
    CLEANUP(listing) struct listing *listing = NULL;
    struct asked asked = {.table.format = TOC_NONE};

    (void)arg;
    if (parse_question(question, &asked, err) < 0)
        return -1;
    const struct toc_request request = {
        .store = &store,
        .blob = &asked.blob,
        .table = &asked.table,
        .wanted = asked.wanted,
        .count = ignore_count,
    };
    if (toc_read_here(&request, &listing, err) < 0)
        return -1;
    return told_give(listing, &asked.table.digest, tell_part, NULL, err);
}

int rootfs_serve_table(void)
{
    return sandbox_serve_talk(&(struct sandbox_job){.name = ROOTFS_JOB_TABLE, .serve = serve});
}
