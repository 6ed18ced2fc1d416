#include "store/registry_internal.h"

#include "core/clock.h"
#include "store/archive_internal.h"

#include <string.h>
#include <unistd.h>

#define STATUS_OK 200
#define STATUS_CREATED 201
#define STATUS_ACCEPTED 202
#define STATUS_UNAUTHORIZED 401
#define STATUS_NO_CONTENT 204
/* A blob of no more than that is held in memory, and can be sent again without its source. */
#define HELD_MOST REGISTRY_HELD_MOST

/* Our token goes to the registry itself alone, wherever it sends the upload. */
static int authorize(const struct registry_blob *blob, char **out, struct error *err)
{
    struct registry *registry = blob->session.registry;
    struct registry_scope scope;

    if (!registry_session_is_own(&blob->session))
        return 0;
    if (registry_scope_init(registry, NULL, &scope, err) < 0)
        return -1;
    return auth_authorize(registry->auth, &scope.scope, out, err);
}

/* The body is gone with a refused token: with a new one, the blob can be sent again. */
static void forget_token(struct registry *registry)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the refusal itself is reported */
    struct registry_scope scope;

    if (registry_scope_init(registry, NULL, &scope, &ignored) == 0)
        auth_forget(registry->auth, &scope.scope);
}

/* Why a body did not arrive. What may pass another time, or another way, is ERROR_UNREACHABLE. */
static int explain_body(struct registry_blob *blob, struct error *err)
{
    struct registry *registry = blob->session.registry;
    const struct http_response *answer = &blob->answer;
    int status = answer->status;

    blob->session.is_silent = status == 0 && err->kind == ERROR_UNREACHABLE;
    if (status < 400)
        return -1;
    registry_refuse_body(answer, blob->size, err);
    if (status == STATUS_UNAUTHORIZED) {
        forget_token(registry);
        err->kind = ERROR_UNREACHABLE;
    } else if (registry_learn_refusal(registry, answer, blob->way == WAY_STREAM, blob->size) !=
               UPLOAD_RETRY_NONE) {
        err->kind = ERROR_UNREACHABLE;
    }
    return -1;
}

/* Begins the request that carries the blob: the PATCH of a stream, or the PUT. */
static int begin_body(struct registry_blob *blob, uint64_t size, struct error *err)
{
    struct registry *registry = blob->session.registry;
    CLEANUP(text) char *authorization = NULL;
    CLEANUP(text)
    char *put = blob->way != WAY_STREAM
                    ? registry_session_format_commit(&blob->session, blob->digest)
                    : NULL;
    const char *origin = NULL;

    if (registry_origin(registry, &origin, err) < 0)
        return -1;
    uint64_t begun_ms = clock_ms();
    if (authorize(blob, &authorization, err) < 0) {
        registry_session_note_wait(&blob->session, clock_ms() - begun_ms);
        return -1;
    }
    bool is_outside = !registry_session_is_own(&blob->session);
    struct http_request request = {
        .method = put != NULL ? "PUT" : "PATCH",
        .url = put != NULL ? put : blob->session.location,
        .authorization = authorization,
        .content_type = "application/octet-stream",
        .expect = HTTP_EXPECT(STATUS_ACCEPTED, STATUS_OK, STATUS_CREATED, STATUS_NO_CONTENT),
        .named_by = is_outside ? origin : NULL,
    };
    writer_free(TAKE(blob->body));
    http_response_release(&blob->answer);
    return http_upload(registry->http, &request, size, &blob->answer, &blob->body, err);
}

static int write_body(struct registry_blob *blob, const void *data, size_t size, struct error *err)
{
    if (writer_write(blob->body, data, size, err) == 0)
        return 0;
    registry_session_note_wait(&blob->session, blob->answer.silent_ms);
    return explain_body(blob, err);
}

/* Ends that request, and with it the upload. */
static int finish_body(struct registry_blob *blob, struct error *err)
{
    struct registry_session *session = &blob->session;

    if (writer_finish(blob->body, err) < 0) {
        registry_session_note_wait(session, blob->answer.silent_ms);
        return explain_body(blob, err);
    }
    if (blob->way != WAY_STREAM)
        return registry_session_check_commit(session, false, blob->size, blob->digest,
                                             &blob->answer, err);
    if (registry_session_move(session, &blob->answer, err) < 0)
        return -1;
    return registry_session_commit(session, blob->digest, NULL, 0, err);
}

static int send_held(struct registry_blob *blob, bool is_last, struct error *err)
{
    struct registry_session *session = &blob->session;
    bool is_whole = is_last && session->offset == 0;

    if (is_whole && blob->held_size > 0 &&
        registry_takes_in_put(session->registry, blob->held_size))
        return registry_session_commit(session, blob->digest, blob->held, blob->held_size, err);
    if (registry_session_write(session, blob->held, blob->held_size, is_whole, err) < 0)
        return -1;
    return is_last ? registry_session_commit(session, blob->digest, NULL, 0, err) : 0;
}

static int flush_held(struct registry_blob *blob, bool is_last, struct error *err)
{
    if (send_held(blob, is_last, err) < 0)
        return -1;
    blob->held_size = 0;
    return 0;
}

static int write_spool(const struct registry_blob *blob, const void *data, size_t size,
                       struct error *err)
{
    return fd_write(blob->spool, "a layer that is kept until its digest is known", data, size, err);
}

static int send_spool(struct registry_blob *blob, struct error *err)
{
    CLEANUP(reader)
    struct reader *kept = fd_reader_new(blob->spool, "the layer that was kept", 0, blob->spooled);

    blob->size = blob->spooled;
    if (begin_body(blob, blob->spooled, err) < 0)
        return -1;
    if (stream_copy(kept, blob->body, blob->session.registry->cancel, err) < 0)
        return explain_body(blob, err);
    return finish_body(blob, err);
}

/* More comes than can be held. */
static int pass_on_held(struct registry_blob *blob, struct error *err)
{
    switch (blob->way) {
    case WAY_CHUNKS:
        return flush_held(blob, false, err);
    case WAY_SPOOL:
        if (temporary_create(&blob->spool, err) < 0 ||
            write_spool(blob, blob->held, blob->held_size, err) < 0)
            return -1;
        blob->spooled = blob->held_size;
        break;
    case WAY_STREAM:
    case WAY_PUT:
        if (begin_body(blob, blob->size, err) < 0 ||
            write_body(blob, blob->held, blob->held_size, err) < 0)
            return -1;
        break;
    }
    blob->held_size = 0;
    return 0;
}

int registry_blob_put(struct registry_blob *blob, const char *data, size_t size, struct error *err)
{
    while (size > 0) {
        if (blob->body != NULL)
            return write_body(blob, data, size, err);
        if (blob->spool >= 0) {
            blob->spooled += size;
            return write_spool(blob, data, size, err);
        }
        if (blob->held_size == blob->held_most) {
            if (pass_on_held(blob, err) < 0)
                return -1;
            continue;
        }
        size_t part = blob->held_most - blob->held_size;
        if (part > size)
            part = size;
        if (blob->held == NULL)
            blob->held = xcalloc(blob->held_most, 1);
        memcpy(blob->held + blob->held_size, data, part);
        blob->held_size += part;
        data += part;
        size -= part;
    }
    return 0;
}

int registry_blob_end(struct registry_blob *blob, struct error *err)
{
    if (blob->is_committed)
        return 0;
    if (blob->body != NULL)
        return finish_body(blob, err);
    return blob->spool >= 0 ? send_spool(blob, err) : flush_held(blob, true, err);
}

bool registry_blob_is_kept(const struct registry_blob *blob, bool is_last)
{
    return is_last && blob->body == NULL && (blob->spool >= 0 || blob->held_size == blob->passed);
}

void registry_blob_drop(struct registry_blob *blob)
{
    writer_free(TAKE(blob->body));
    http_response_release(&blob->answer);
    free(TAKE(blob->held));
    blob->held_size = 0;
}

int registry_blob_explain(const struct registry_blob *blob, struct error *err)
{
    return error_wrap(err, "uploading a blob to '%s'", blob->session.registry->base.name);
}

static int registry_blob_write(struct writer *writer, const void *data, size_t size,
                               struct error *err)
{
    struct registry_blob *blob = CONTAINER_OF(writer, struct registry_blob, base);

    blob->passed += size;
    if (registry_blob_put(blob, data, size, err) < 0 && registry_blob_recover(blob, false, err) < 0)
        return registry_blob_explain(blob, err);
    return 0;
}

static int registry_blob_finish(struct writer *writer, struct error *err)
{
    struct registry_blob *blob = CONTAINER_OF(writer, struct registry_blob, base);

    if (registry_blob_leave(blob))
        return 0;
    while (registry_blob_end(blob, err) < 0)
        if (registry_blob_recover(blob, true, err) < 0)
            return registry_blob_explain(blob, err);
    return 0;
}

/* A session that was not finished is given up. */
void registry_blob_free(struct writer *writer)
{
    struct registry_blob *blob = CONTAINER_OF(writer, struct registry_blob, base);

    writer_free(blob->body);
    registry_session_cancel(&blob->session);
    http_response_release(&blob->answer);
    if (blob->spool >= 0)
        close(blob->spool);
    free(blob->held);
    free(blob);
}

void registry_blob_choose_way(struct registry_blob *blob)
{
    struct registry *registry = blob->session.registry;
    uint64_t chunk = registry_chunk_size(registry);
    bool is_known = blob->size != SIZE_UNKNOWN;

    blob->held_most = is_known && blob->size > HELD_MOST ? 0 : HELD_MOST;
    if (registry_refuses_patch(registry)) {
        bool is_named = is_known && blob->digest->algorithm != DIGEST_NONE;
        blob->way = is_named ? WAY_PUT : WAY_SPOOL;
    } else if (chunk != SIZE_UNKNOWN) {
        blob->way = WAY_CHUNKS;
        blob->held_most = (size_t)chunk;
    } else {
        blob->way = WAY_STREAM;
    }
    if (is_known && blob->size < blob->held_most)
        blob->held_most = (size_t)blob->size;
}

int registry_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                         struct writer **out, struct error *err)
{
    static const struct writer_ops ops = {
        .write = registry_blob_write, .finish = registry_blob_finish, .free = registry_blob_free};
    struct registry_session session = {.registry = registry_of(store), .size = size};

    if (registry_session_begin(&session, err) < 0)
        return -1;
    struct registry_blob *blob = xcalloc(1, sizeof(*blob));
    blob->since_ms = clock_ms();
    blob->base.ops = &ops;
    blob->digest = digest;
    blob->size = size;
    blob->session = session;
    blob->spool = -1;
    registry_blob_choose_way(blob);
    *out = &blob->base;
    return 0;
}
