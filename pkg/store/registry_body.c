#include "store/registry_internal.h"

#include "core/clock.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_WAIT_MS 500u
#define WAIT_MOST_MS 30000u
/* An answer that ends early without a break is asked for so often again: then it is what it is. */
#define SHORT_TRIES 2

/* A blob, or a part of it, that is read on from where its connection broke. */
struct blob_reader {
    struct reader base;
    struct registry *registry; /* borrowed */
    struct descriptor blob;
    struct blob_part part; /* what is left of it */
    uint64_t left;         /* bytes of it, as far as the descriptor is true */
    struct reader *body;   /* NULL between two connections */
    bool is_short;         /* the last one ended early, and as if that were right */
    unsigned tries;        /* since the last progress */
    uint64_t waited_ms;    /* for nothing, since then */
    uint64_t moved;        /* by this connection */
    uint64_t since_ms;     /* when it was wanted, by clock_ms() */
};

static ssize_t read_some(struct blob_reader *reader, void *data, size_t size, struct error *err)
{
    if (reader->body == NULL &&
        registry_open_part(reader->registry, &reader->blob, &reader->part, &reader->body, err) < 0)
        return -1;
    ssize_t taken = reader_read(reader->body, data, size, err);
    reader->is_short = taken == 0 && reader->left > 0;
    if (reader->is_short)
        return error_set(err, ERROR_UNREACHABLE,
                         "a blob of '%s' ended at byte %" PRIu64 ", %" PRIu64 " before its end",
                         reader->registry->base.name, reader->part.offset, reader->left);
    return taken;
}

static void count(struct blob_reader *reader, uint64_t taken)
{
    reader->part.offset += taken;
    if (reader->part.length != SIZE_UNKNOWN)
        reader->part.length -= taken < reader->part.length ? taken : reader->part.length;
    reader->left -= taken < reader->left ? taken : reader->left;
    reader->moved += taken;
    reader->part.is_rest = true;
}

/* Waits before the rest is asked for, and says why. */
static int pause_reading(struct blob_reader *reader, const char *why, unsigned tries_most,
                         struct error *err)
{
    const struct registry *registry = reader->registry;
    unsigned wait_ms = FIRST_WAIT_MS << (reader->tries < 16 ? reader->tries : 16);

    if (wait_ms > WAIT_MOST_MS)
        wait_ms = WAIT_MOST_MS;
    reader->tries++;
    log_again(registry->log, why, wait_ms, reader->tries + 1, tries_most + 1);
    reader_free(TAKE(reader->body));
    reader->moved = 0;
    if (cancel_wait(registry->cancel, wait_ms, err) < 0)
        return -1;
    reader->since_ms = clock_ms();
    return 0;
}

static ssize_t blob_read(struct reader *base, void *data, size_t size, struct error *err)
{
    struct blob_reader *reader = CONTAINER_OF(base, struct blob_reader, base);
    unsigned most = http_retries(reader->registry->http);

    for (;;) {
        CLEANUP(error) struct error broken = ERROR_INIT;
        uint64_t left = reader->left;
        uint64_t begun_ms = clock_ms();
        ssize_t taken = read_some(reader, data, size, &broken);
        if (taken >= 0) {
            if (taken > 0)
                count(reader, (uint64_t)taken);
            return taken;
        }
        if (http_is_progress(reader->moved, reader->since_ms))
            reader->waited_ms = reader->tries = 0;
        reader->waited_ms += clock_ms() - begun_ms;
        if (reader->body == NULL && reader->is_short && broken.kind == ERROR_UNSUPPORTED)
            return 0; /* there is no more of it: who verifies it tells */
        if (broken.kind != ERROR_UNREACHABLE || reader->body == NULL) /* that has had its tries */
            return error_move(err, &broken);
        if (left == 0)
            return 0;
        unsigned tries = reader->is_short && most > SHORT_TRIES ? SHORT_TRIES : most;
        if (reader->tries >= tries || http_has_waited(reader->registry->http, reader->waited_ms))
            return reader->is_short ? 0 : error_move(err, &broken); /* who verifies it tells */
        if (pause_reading(reader, broken.text, tries, err) < 0)
            return -1;
    }
}

static void blob_free(struct reader *base)
{
    struct blob_reader *reader = CONTAINER_OF(base, struct blob_reader, base);

    reader_free(reader->body);
    free(reader);
}

int registry_open_blob(struct store *store, const struct descriptor *blob, uint64_t offset,
                       uint64_t length, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {blob_read, blob_free};
    const struct blob_part part = {.offset = offset, .length = length};
    uint64_t behind = offset < blob->size ? blob->size - offset : 0;
    struct reader *body = NULL;

    if (registry_open_part(registry_of(store), blob, &part, &body, err) < 0)
        return -1;
    struct blob_reader *reader = xcalloc(1, sizeof(*reader));
    reader->base.ops = &ops;
    reader->registry = registry_of(store);
    reader->blob = *blob;
    reader->part = part;
    reader->left = length < behind ? length : behind;
    reader->body = body;
    reader->since_ms = clock_ms();
    *out = &reader->base;
    return 0;
}
