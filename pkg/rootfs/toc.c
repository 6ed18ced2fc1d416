#include "rootfs/toc_internal.h"

#include "store/store.h"

#include <inttypes.h>
#include <string.h>

/* Of smaller layers the whole is one request, and not much more than footer, table and files. */
#define WORTH_IT (UINT64_C(256) * 1024)
#define MEMO_FOLDER "tables"
/* The kind of table in zstd:chunked, the only one there is. */
#define POSITION_TYPE 1

/* One number of a position, and the colon behind it. */
static int take_number(const char **at, bool is_last, uint64_t *out, struct error *err)
{
    size_t size = strcspn(*at, ":");
    CLEANUP(text) char *number = xstrndup(*at, size);

    if (parse_u64(number, INT64_MAX, out, err) < 0)
        return -1;
    *at += size;
    if ((**at == ':') == is_last)
        return error_set(err, ERROR_UNSUPPORTED, "expected four numbers");
    *at += !is_last;
    return 0;
}

int toc_parse_position(const char *text, uint64_t blob_size, struct toc *out, struct error *err)
{
    struct toc table = *out;
    const char *at = text;
    uint64_t plain_size = 0, type = 0, end = 0;

    if (take_number(&at, false, &table.offset, err) < 0 ||
        take_number(&at, false, &table.size, err) < 0 ||
        take_number(&at, false, &plain_size, err) < 0 || take_number(&at, true, &type, err) < 0) {
        err->kind = ERROR_UNSUPPORTED;
        return error_wrap(err, "the position of the table is '%s'", text);
    }
    if (type != POSITION_TYPE)
        return error_set(err, ERROR_UNSUPPORTED, "its table is of the type %" PRIu64, type);
    if (table.offset == 0 || table.size == 0 || !u64_add(table.offset, table.size, &end) ||
        end > blob_size)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the position of the table is '%s', in a blob of %" PRIu64 " bytes", text,
                         blob_size);
    *out = table;
    return 0;
}

int toc_promise(const struct rootfs_layer *layer, struct toc *out, struct error *err)
{
    struct toc table = {.format = TOC_NONE};
    const char *digest = layer->stargz_toc;

    if (layer->chunked_checksum != NULL && layer->chunked_position != NULL) {
        table.format = TOC_CHUNKED;
        digest = layer->chunked_checksum;
        if (toc_parse_position(layer->chunked_position, layer->blob.size, &table, err) < 0)
            return -1;
    } else if (digest != NULL) {
        table.format = TOC_STARGZ;
    }
    if (table.format != TOC_NONE && digest_parse(digest, &table.digest, err) < 0) {
        err->kind = ERROR_UNSUPPORTED;
        return error_wrap(err, "the digest of the table");
    }
    if (layer->blob.size < WORTH_IT || table.size > layer->blob.size / 2)
        table.format = TOC_NONE;
    *out = table;
    return 0;
}

/* What is being read of one layer's blob. */
struct toc_read {
    const struct toc_request *request;
    struct toc_scan scan;
    uint64_t end; /* of the files in the blob: where the table begins */
};

/* Bytes of the blob, counted. Both readers are the caller's. */
static int open_range(const struct toc_request *request, uint64_t offset, uint64_t size,
                      struct reader **stored, struct reader **counted, struct error *err)
{
    struct store *store = request->store;

    if (store->ops->open_blob(store, request->blob, offset, size, stored, err) < 0)
        return -1;
    *counted = count_reader_new(*stored, request->count, request->count_arg);
    return 0;
}

static int read_content(struct toc_read *read, const struct toc_content *content, struct error *err)
{
    struct listing *listing = read->scan.listing;
    CLEANUP(buf) struct buf path = BUF_INIT;
    const struct listing_entry entry = listing_at(listing, content->number, &path);
    uint64_t end = content->end != 0 ? content->end : read->end;
    CLEANUP(reader) struct reader *stored = NULL;
    CLEANUP(reader) struct reader *counted = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;

    if (end > read->end || content->offset >= end)
        return error_set(err, ERROR_CORRUPT, "'%s' is not among the files of the blob", entry.path);
    if (open_range(read->request, content->offset, end - content->offset, &stored, &counted, err) <
        0)
        return -1;
    CLEANUP(reader) struct reader *plain = unpack_reader_new(counted);
    if (reader_read_exactly(plain, content->inner, (size_t)entry.size, &bytes, err) < 0)
        return error_wrap(err, "'%s'", entry.path);
    struct digest found = digest_of(content->digest.algorithm, buf_text(&bytes), bytes.size);
    if (!digest_equal(&found, &content->digest))
        return error_set(err, ERROR_CORRUPT, "'%s' has the digest %s, its table says %s",
                         entry.path, digest_format(&found).text,
                         digest_format(&content->digest).text);
    return listing_set_content(listing, content->number, buf_text(&bytes), err);
}

static int read_footer(struct toc_read *read, uint64_t *size, struct error *err)
{
    const struct toc_request *request = read->request;
    uint64_t blob_size = request->blob->size;
    CLEANUP(reader) struct reader *stored = NULL;
    CLEANUP(reader) struct reader *counted = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    size_t footer_size = 0;

    if (open_range(request, blob_size - STARGZ_FOOTER_MAX, STARGZ_FOOTER_MAX, &stored, &counted,
                   err) < 0 ||
        reader_read_exactly(counted, 0, STARGZ_FOOTER_MAX, &bytes, err) < 0 ||
        stargz_parse_footer((const unsigned char *)bytes.data, bytes.size, &read->end, &footer_size,
                            err) < 0)
        return -1;
    if (read->end >= blob_size - footer_size)
        return error_set(err, ERROR_UNSUPPORTED, "its footer leads behind its end");
    *size = blob_size - footer_size - read->end;
    return 0;
}

static int read_stargz(struct toc_read *read, struct error *err)
{
    const struct toc_request *request = read->request;
    CLEANUP(reader) struct reader *stored = NULL;
    CLEANUP(reader) struct reader *counted = NULL;
    CLEANUP(reader) struct reader *member = NULL;
    struct listing_entry itself = {.path = "stargz.index.json", .type = ROOTFS_FILE};
    uint64_t size = 0;

    if (read_footer(read, &size, err) < 0 ||
        open_range(request, read->end, size, &stored, &counted, err) < 0)
        return -1;
    CLEANUP(reader) struct reader *tar = gunzip_reader_new(counted);
    if (stargz_open_member(tar, &itself.size, &member, err) < 0)
        return -1;
    CLEANUP(reader)
    struct reader *json =
        verify_reader_new(member, "its table", itself.size, &request->table->digest);
    if (toc_scan_entries(&read->scan, json, err) < 0)
        return -1;
    /* To everyone else it is a file of the layer. */
    return listing_add(read->scan.listing, &itself, err);
}

static int read_chunked(struct toc_read *read, struct error *err)
{
    const struct toc_request *request = read->request;
    const struct toc *table = request->table;
    CLEANUP(reader) struct reader *stored = NULL;
    CLEANUP(reader) struct reader *counted = NULL;

    read->end = table->offset;
    if (open_range(request, table->offset, table->size, &stored, &counted, err) < 0)
        return -1;
    CLEANUP(reader)
    struct reader *verified = verify_reader_new(counted, "its table", table->size, &table->digest);
    CLEANUP(reader) struct reader *plain = unzstd_reader_new(verified);
    return toc_scan_entries(&read->scan, plain, err);
}

static int read_table(struct toc_read *read, struct listing **out, struct error *err)
{
    struct toc_scan *scan = &read->scan;
    int result = read->request->table->format == TOC_STARGZ ? read_stargz(read, err)
                                                            : read_chunked(read, err);

    for (size_t i = 0; result == 0 && i < scan->content_count; i++)
        result = read_content(read, &scan->contents[i], err);
    if (result < 0)
        return -1;
    listing_finish(scan->listing);
    *out = TAKE(scan->listing);
    return 0;
}

int toc_read_here(const struct toc_request *request, struct listing **out, struct error *err)
{
    struct toc_read read = {.request = request};

    toc_scan_init(&read.scan, &request->wanted, request->cancel);
    int result = read_table(&read, out, err);
    toc_scan_release(&read.scan);
    return result;
}

/* Kept apart from what is known of diff_ids, and by its own digest: it speaks for itself alone. */
static struct memo_key table_key(const struct toc_request *request)
{
    return (struct memo_key){.content = request->table->digest, .blob = request->blob->digest};
}

static bool recall(const struct toc_request *request, const char *folder, struct listing **out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct memo_key key = table_key(request);

    if (request->memo == NULL || request->wanted.path != NULL)
        return false;
    if (memo_load(folder, &key, out, &err) == 0)
        return true;
    if (err.kind != ERROR_NOT_FOUND)
        log_debug(request->log, "what was remembered of a table is ignored: %s", err.text);
    return false;
}

static void remember(const struct toc_request *request, const char *folder,
                     const struct listing *listing)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct memo_key key = table_key(request);

    if (request->memo != NULL && memo_save(folder, &key, listing, &err) < 0)
        log_debug(request->log, "what a table says is not remembered: %s", err.text);
}

/* Whatever is wrong with a table, the layer itself can be read. */
static int explain(const struct toc_request *request, struct error *why, struct error *err)
{
    struct digest_text name = digest_format(&request->blob->digest);

    if (why->kind == ERROR_CANCELED)
        return error_move(err, why);
    if (why->kind == ERROR_CORRUPT)
        log_warn(request->log,
                 "the layer %s is read whole, since its table of contents cannot be trusted: %s",
                 name.text, why->text);
    else
        log_debug(request->log, "the layer %s is read whole, for want of a table of contents: %s",
                  name.text, why->text);
    return 0;
}

int toc_find(const struct toc_request *request, struct listing **out, bool *is_remembered,
             struct error *err)
{
    CLEANUP(text)
    char *folder = xasprintf("%s/" MEMO_FOLDER, request->memo != NULL ? request->memo : "");
    CLEANUP(error) struct error why = ERROR_INIT;

    *is_remembered = recall(request, folder, out);
    if (*is_remembered)
        return 0;
    log_debug(request->log, "reading the table of contents of the layer %s",
              digest_format(&request->blob->digest).text);
    if (toc_read_apart(request, out, &why) < 0)
        return explain(request, &why, err);
    remember(request, folder, *out);
    return 0;
}
