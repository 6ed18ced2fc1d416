#include "store/registry_internal.h"

#include <inttypes.h>
#include <string.h>

#define STATUS_TOO_MANY 429
#define STATUS_RANGE 416
#define TRIES 5u
#define WAIT_MS 500u
/* Whoever refuses a part of this size refuses parts. */
#define CHUNK_SMALL (4 * MIB)

/* What goes in one PATCH. */
struct piece {
    const char *data;
    size_t size;
    bool is_whole; /* nothing before it and nothing after: then every registry takes it */
};

bool registry_range_parse(const char *text, uint64_t *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is nothing alike */
    uint64_t first = 0;
    uint64_t last = 0;

    if (text_starts_with(text, "bytes="))
        text += strlen("bytes=");
    const char *dash = strchr(text, '-');
    if (dash == NULL)
        return false;
    CLEANUP(text) char *start = xstrndup(text, (size_t)(dash - text));
    if (parse_u64(start, 0, &first, &ignored) < 0 ||
        parse_u64(dash + 1, UINT64_MAX - 1, &last, &ignored) < 0)
        return false;
    *out = last > 0 ? last + 1 : 0; /* "0-0" is what is said of nothing, too */
    return true;
}

static bool is_taken(int status)
{
    return status == 200 || status == 201 || status == 202 || status == 204;
}

static int send_piece(struct registry_session *session, const struct piece *piece,
                      struct http_response *response, struct error *err)
{
    CLEANUP(text)
    char *range =
        xasprintf("%" PRIu64 "-%" PRIu64, session->offset, session->offset + piece->size - 1);
    struct http_request request = {
        .method = "PATCH",
        .url = session->location,
        .content_type = "application/octet-stream",
        .content_range = piece->is_whole ? NULL : range,
        .body = piece->data,
        .body_size = piece->size,
    };

    if (registry_session_send(session, &request, response, err) < 0)
        return -1;
    if (!is_taken(response->status))
        return registry_refuse_body(response, piece->size, err);
    if (!piece->is_whole)
        registry_learn_chunk(session->registry, true);
    return registry_session_move(session, response, err);
}

/*
 * How much of an accepted piece the registry has. Only a Range that ends inside the piece says that
 * it is less: some registries count from the start of the piece, so that its size is all of it, or
 * repeat an old answer. Which is meant cannot be told of every number; the digest finds the rest.
 */
static size_t count_taken(const struct registry_session *session, const struct piece *piece,
                          const struct http_response *response)
{
    const char *range = http_response_header(response, "Range");
    uint64_t end = 0;

    if (range == NULL || !registry_range_parse(range, &end) || end <= session->offset ||
        end - session->offset >= piece->size || end == piece->size)
        return piece->size;
    return (size_t)(end - session->offset);
}

int registry_session_ask(struct registry_session *session, uint64_t *out, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    struct http_request request = {
        .method = "GET",
        .url = session->location,
        .no_retry = session->is_recovering,
        .cancel = session->cancel,
    };
    uint64_t end = 0;

    if (registry_session_send(session, &request, &response, err) < 0)
        return -1;
    const char *range = http_response_header(&response, "Range");
    if (!is_taken(response.status))
        return registry_refuse(&response, err);
    if (range == NULL || !registry_range_parse(range, &end))
        return error_set(err, ERROR_UNREACHABLE,
                         "the registry says '%s' of how far an upload is, expected a range",
                         range != NULL ? range : "");
    if (registry_session_move(session, &response, err) < 0)
        return -1;
    *out = end;
    return 0;
}

/* Asks how far the upload is, and goes on there. */
static int find_offset(struct registry_session *session, const struct piece *piece,
                       struct error *err)
{
    uint64_t end = 0;

    if (registry_session_ask(session, &end, err) < 0)
        return -1;
    if (end < session->offset || end - session->offset > piece->size)
        return error_set(err, ERROR_UNREACHABLE,
                         "the registry has %" PRIu64 " bytes of an upload, expected at least "
                         "%" PRIu64 " and %zu more at most",
                         end, session->offset, piece->size);
    session->offset = end;
    return 0;
}

void registry_session_tell(const struct registry_session *session, uint64_t passed,
                           unsigned attempt, const struct error *err)
{
    CLEANUP(buf) struct buf line = BUF_INIT;

    buf_addf(&line, "%s: %s, at %s", session->name != NULL ? session->name : "a blob", err->text,
             text_format_size(passed).text);
    if (session->size != SIZE_UNKNOWN)
        buf_addf(&line, " of %s", text_format_size(session->size).text);
    if (session->offset > 0)
        buf_addf(&line, "; going on at %s", text_format_size(session->offset).text);
    else
        buf_add_text(&line, "; beginning it anew");
    log_wait(session->registry->log, "%s (try %u)", buf_text(&line), attempt);
}

/* What broke off came from a registry, or a proxy, that may let less of it through. */
static void choose_smaller(struct registry_session *session, const struct piece *piece)
{
    uint64_t least = registry_chunk_least(session->registry);
    uint64_t half = piece->size / 2;

    session->chunk_most = half > least ? half : least;
}

/* The piece is still in memory; what came before it is not. */
static int resume(struct registry_session *session, const struct piece *piece, unsigned attempt,
                  struct error *err)
{
    struct registry *registry = session->registry;
    CLEANUP(error) struct error broken = ERROR_INIT;
    uint64_t passed = session->offset + piece->size;
    uint64_t before = session->offset;

    error_move(&broken, err);
    if (registry_wait(registry, err) < 0 ||
        cancel_wait(registry->cancel, WAIT_MS << (attempt - 1), err) < 0)
        return -1;
    if (find_offset(session, piece, err) == 0) {
        if (session->offset == before && attempt > 1)
            choose_smaller(session, piece);
        registry_session_tell(session, passed, attempt + 1, &broken);
        return 0;
    }
    if (err->kind == ERROR_NOT_FOUND || err->kind == ERROR_UNSUPPORTED)
        err->kind = ERROR_UNREACHABLE; /* it cannot tell; from the start it may work */
    if (err->kind == ERROR_UNREACHABLE)
        error_wrap(err, "%s", broken.text);
    return -1;
}

/* Parts were our idea, and may not be the registry's: smaller ones, or none. */
static int learn_no_chunk(struct registry_session *session, const struct piece *piece,
                          struct error *err)
{
    if (piece->size > CHUNK_SMALL) {
        session->chunk_most = CHUNK_SMALL;
        error_release(err);
        return 0;
    }
    registry_learn_chunk(session->registry, false);
    err->kind = ERROR_UNREACHABLE;
    return -1;
}

static bool is_no_chunk(int status)
{
    return status == 400 || status == 405 || status == 411 || status == STATUS_RANGE ||
           status == 501;
}

/* A piece did not arrive, and `err` says why: 0 if there is more to try in this session. */
static int recover(struct registry_session *session, const struct piece *piece,
                   const struct http_response *response, unsigned attempt, struct error *err)
{
    struct registry *registry = session->registry;
    int status = response->status;
    bool is_lost =
        status == 0 ? err->kind == ERROR_UNREACHABLE : registry_status_is_transient(status);

    if (status == 0 && !is_lost)
        return -1;
    if (status == STATUS_TOO_MANY) { /* turned away before anything was stored */
        registry_learn_wait(registry, response);
        error_release(err);
        if (cancel_wait(registry->cancel, WAIT_MS << (attempt - 1), err) < 0)
            return -1;
        return registry_wait(registry, err);
    }
    if (!piece->is_whole && is_no_chunk(status) &&
        registry_may_refuse_chunks(registry, session->is_resumed))
        return learn_no_chunk(session, piece, err);
    if (session->offset > 0 && (is_lost || status == STATUS_RANGE)) {
        registry_learn_wait(registry, response);
        return resume(session, piece, attempt, err);
    }
    if (status == 0)
        return -1;
    switch (registry_learn_refusal(registry, response, true, piece->size)) {
    case UPLOAD_RETRY_SMALLER:
        error_release(err);
        return 0;
    case UPLOAD_RETRY_ANEW:
        err->kind = ERROR_UNREACHABLE;
        return -1;
    case UPLOAD_RETRY_NONE:
        return -1;
    }
    return -1;
}

static size_t choose_size(const struct registry_session *session, size_t left)
{
    uint64_t most = registry_chunk_size(session->registry);

    if (session->is_resumed && most == SIZE_UNKNOWN)
        most = registry_resume_size(session->registry);
    if (session->chunk_most > 0 && session->chunk_most < most)
        most = session->chunk_most;
    return left > most && most > 0 ? (size_t)most : left;
}

int registry_session_write(struct registry_session *session, const void *data, size_t size,
                           bool is_whole, struct error *err)
{
    uint64_t start = session->offset;
    unsigned attempt = 0;

    while (session->offset - start < size) {
        CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
        uint64_t before = session->offset;
        size_t done = (size_t)(before - start);
        struct piece piece = {
            .data = (const char *)data + done,
            .size = choose_size(session, size - done),
        };
        piece.is_whole = is_whole && piece.size == size;
        if (send_piece(session, &piece, &response, err) == 0) {
            session->offset += count_taken(session, &piece, &response);
            session->waited_ms = 0;
            attempt = 0;
            continue;
        }
        if (++attempt == TRIES || http_has_waited(session->registry->http, session->waited_ms) ||
            recover(session, &piece, &response, attempt, err) < 0)
            return -1;
        if (session->offset > before)
            attempt = 0;
    }
    return 0;
}
