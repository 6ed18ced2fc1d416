#include "store/store.h"

#include <inttypes.h>

/* What arrives with another digest may have been changed on its way. */
#define STREAMS_MAX 2u
#define ANEW_WAIT_MS 1000u

/* One blob on its way from one store to another. */
struct copy {
    struct store *from;
    const struct descriptor *blob;
    const struct store_copy_options *options;
};

/* What an upload has lost; that it is the same again, its digest says at the end. */
static int copy_replay(void *arg, uint64_t offset, uint64_t end, struct writer *out,
                       struct error *err)
{
    const struct copy *copy = arg;
    CLEANUP(reader) struct reader *reader = NULL;
    CLEANUP(text) char *part = xcalloc(1, (size_t)(256 * KIB));

    if (copy->from->ops->open_blob(copy->from, copy->blob, offset, SIZE_UNKNOWN, &reader, err) < 0)
        return -1;
    while (offset < end) {
        uint64_t left = end - offset;
        size_t size = left < 256 * KIB ? (size_t)left : (size_t)(256 * KIB);
        ssize_t got = reader_read(reader, part, size, err);
        if (got < 0 || cancel_check(copy->options->cancel, err) < 0)
            return -1;
        if (got == 0)
            return error_set(err, ERROR_CORRUPT, "it ends after %" PRIu64 " bytes", offset);
        if (writer_write(out, part, (size_t)got, err) < 0)
            return -1;
        offset += (uint64_t)got;
    }
    return 0;
}

/* Writes what is read through it. */
struct tee_reader {
    struct reader base;
    struct reader *next; /* borrowed, as the writer */
    struct writer *to;
};

static ssize_t tee_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct tee_reader *tee = CONTAINER_OF(reader, struct tee_reader, base);
    ssize_t part = reader_read(tee->next, data, size, err);

    if (part > 0 && writer_write(tee->to, data, (size_t)part, err) < 0)
        return -1;
    return part;
}

static void tee_free(struct reader *reader)
{
    (void)reader; /* the caller's */
}

static int pass_on(const struct store_copy_options *options, struct reader *from, struct writer *to,
                   struct error *err)
{
    static const struct reader_ops ops = {tee_read, tee_free};
    struct tee_reader tee = {{&ops}, from, to};

    if (options->inspect != NULL)
        return options->inspect(options->inspect_arg, &tee.base, err);
    return stream_copy(from, to, options->cancel, err);
}

/*
 * A copy keeps its name, whatever the algorithm: the store gets the descriptor's digest, which the
 * reader has verified before the last byte passes.
 */
static int stream_blob(struct copy *copy, struct store *to, struct error *err)
{
    const struct descriptor *blob = copy->blob;
    const struct digest_text name = digest_format(&blob->digest);
    CLEANUP(reader) struct reader *raw = NULL;
    CLEANUP(reader) struct reader *counted = NULL;
    CLEANUP(writer) struct writer *writer = NULL;

    if (copy->from->ops->open_blob(copy->from, blob, 0, SIZE_UNKNOWN, &raw, err) < 0)
        return -1;
    if (copy->options->count != NULL)
        counted = count_reader_new(raw, copy->options->count, copy->options->count_arg);
    CLEANUP(reader)
    struct reader *verified =
        verify_reader_new(counted != NULL ? counted : raw, name.text, blob->size, &blob->digest);
    if (to->ops->create_blob(to, blob->size, &blob->digest, &writer, err) < 0)
        return -1;
    if (to->ops->set_replay != NULL)
        to->ops->set_replay(
            writer, &(struct blob_replay){name.text, copy_replay, copy, copy->options->cancel});
    if (pass_on(copy->options, verified, writer, err) < 0)
        return -1;
    return writer_finish(writer, err);
}

int store_copy_blob(struct store *from, struct store *to, const struct descriptor *blob,
                    const struct store_copy_options *options, enum store_copied *how,
                    struct error *err)
{
    struct copy copy = {from, blob, options};
    bool is_there = options->presence == STORE_HAS_IT;

    if (options->presence == STORE_IS_ASKED && to->ops->has_blob(to, blob, &is_there, err) < 0)
        return -1;
    if (is_there) {
        *how = STORE_WAS_THERE;
        return 0;
    }
    if (to->ops->mount_blob != NULL && options->presence != STORE_CANNOT_MOUNT &&
        to->ops->mount_blob(to, blob, from, &is_there, err) < 0)
        return -1;
    if (is_there) {
        *how = STORE_MOUNTED;
        return 0;
    }
    for (unsigned attempt = 1; stream_blob(&copy, to, err) < 0; attempt++) {
        if (err->kind == ERROR_CORRUPT && attempt < STREAMS_MAX && options->inspect == NULL) {
            log_again(options->log, err->text, ANEW_WAIT_MS, attempt + 1, STREAMS_MAX);
            error_release(err);
            if (cancel_wait(options->cancel, ANEW_WAIT_MS, err) < 0)
                return -1;
            continue;
        }
        return error_wrap(err, "copying the blob '%s' from '%s' to '%s'",
                          digest_format(&blob->digest).text, from->name, to->name);
    }
    *how = STORE_STREAMED;
    return 0;
}
