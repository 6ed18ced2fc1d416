#include "store/store_internal.h"

#include <string.h>

#define STATUS_OK 200
#define STATUS_CREATED 201
#define STATUS_ACCEPTED 202
#define STATUS_UNAUTHORIZED 401
#define STATUS_NO_CONTENT 204
#define STATUS_NOT_FOUND 404
/* A session that nobody used is trusted for so long; some services forget them in minutes. */
#define SESSION_LIFE_S 60

/*
 * One blob on its way (distribution-spec, "Pushing a blob in chunks", as a single chunk without
 * Content-Range, which is what every registry takes): POST opens a session, PATCH carries the
 * bytes, PUT names them.
 */
struct registry_blob {
    struct writer base;
    struct registry *registry;
    const struct digest *digest; /* borrowed; filled by the time of finish */
    uint64_t size;               /* SIZE_UNKNOWN: sent in chunks of the transfer */
    char *location;              /* of the session, the newest one */
    struct http_response answer; /* to the PATCH */
    struct writer *body;         /* of the PATCH; NULL: not begun */
};

static time_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static int refuse_write(const struct registry *registry, const struct http_response *response,
                        struct error *err)
{
    static const char *const hints[] = {
        [ERROR_DENIED] =
            "; it needs a login that may push, and inlay does not use stored credentials yet",
        [ERROR_NOT_FOUND] = "; it may have to be created first",
    };

    registry_refuse(response, err);
    const char *hint =
        err->kind == ERROR_DENIED || err->kind == ERROR_NOT_FOUND ? hints[err->kind] : "";
    return error_wrap(err, "'%s' cannot be written%s", registry->base.name, hint);
}

/* Opens an upload session; *location is where its bytes go. */
static int begin_upload(struct registry *registry, char **location, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = NULL;
    const char *origin = NULL;

    atomic_store(&registry->is_written, true);
    if (registry_origin(registry, &origin, err) < 0 ||
        registry_format_url(registry, "blobs/uploads/", &url, err) < 0)
        return -1;
    struct http_request request = {.method = "POST", .url = url};
    if (registry_send(registry, &request, &response, err) < 0)
        return error_wrap(err, "opening an upload to '%s'", registry->base.name);
    if (response.status != STATUS_ACCEPTED)
        return refuse_write(registry, &response, err);
    if (registry_location(origin, url, http_response_header(&response, "Location"), location, err) <
        0)
        return error_wrap(err, "opening an upload to '%s'", registry->base.name);
    return 0;
}

/* The session of an earlier probe, if it is fresh and nobody has taken it; else NULL. */
static char *take_session(struct registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    char *session = TAKE(registry->session);
    bool is_fresh = now_s() - registry->session_since_s <= SESSION_LIFE_S;
    pthread_mutex_unlock(&registry->lock);
    if (!is_fresh)
        free(TAKE(session));
    return session;
}

/* Only this proves the permission to push: registries let ping and HEAD pass. */
int registry_probe_write(struct store *store, struct error *err)
{
    struct registry *registry = registry_of(store);
    char *session = NULL;

    if (begin_upload(registry, &session, err) < 0)
        return -1;
    pthread_mutex_lock(&registry->lock);
    char *old = registry->session;
    registry->session = session;
    registry->session_since_s = now_s();
    pthread_mutex_unlock(&registry->lock);
    free(old);
    return 0;
}

/* Our token goes to the registry itself alone, wherever it sends the upload. */
static int authorize(const struct registry_blob *blob, char **out, struct error *err)
{
    struct registry_scope scope;

    if (registry_scope_init(blob->registry, NULL, &scope, err) < 0)
        return -1;
    if (!http_same_origin(blob->location, scope.scope.registry))
        return 0;
    return auth_authorize(blob->registry->auth, &scope.scope, out, err);
}

/* The body is gone with a refused token: with a new one, the blob can be sent again. */
static void forget_token(const struct registry_blob *blob)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the refusal itself is reported */
    struct registry_scope scope;

    if (registry_scope_init(blob->registry, NULL, &scope, &ignored) == 0)
        auth_forget(blob->registry->auth, &scope.scope);
}

/* A session that is gone may be replaced by a new one, and so may a token that ran out. */
static int explain_upload(const struct registry_blob *blob, struct error *err)
{
    if (blob->answer.status == STATUS_UNAUTHORIZED && err->kind == ERROR_DENIED) {
        forget_token(blob);
        err->kind = ERROR_UNREACHABLE;
    }
    if (err->kind == ERROR_NOT_FOUND)
        err->kind = ERROR_UNREACHABLE;
    return error_wrap(err, "uploading a blob to '%s'", blob->registry->base.name);
}

static int begin_body(struct registry_blob *blob, struct error *err)
{
    CLEANUP(text) char *authorization = NULL;

    if (authorize(blob, &authorization, err) < 0)
        return -1;
    struct http_request request = {
        .method = "PATCH",
        .url = blob->location,
        .authorization = authorization,
        .content_type = "application/octet-stream",
        .expect = HTTP_EXPECT(STATUS_ACCEPTED, STATUS_OK, STATUS_CREATED, STATUS_NO_CONTENT),
    };
    return http_upload(blob->registry->http, &request, blob->size, &blob->answer, &blob->body, err);
}

static int registry_blob_write(struct writer *writer, const void *data, size_t size,
                               struct error *err)
{
    struct registry_blob *blob = CONTAINER_OF(writer, struct registry_blob, base);

    if (size == 0)
        return 0;
    if ((blob->body == NULL && begin_body(blob, err) < 0) ||
        writer_write(blob->body, data, size, err) < 0)
        return explain_upload(blob, err);
    return 0;
}

/* Ends the PATCH; an empty blob has none. */
static int finish_body(struct registry_blob *blob, struct error *err)
{
    const char *origin = NULL;
    CLEANUP(text) char *next = NULL;

    if (blob->body == NULL)
        return 0;
    if (registry_origin(blob->registry, &origin, err) < 0 || writer_finish(blob->body, err) < 0)
        return -1;
    const char *location = http_response_header(&blob->answer, "Location");
    if (location == NULL)
        return 0;
    if (registry_location(origin, blob->location, location, &next, err) < 0)
        return -1;
    free(blob->location);
    blob->location = TAKE(next);
    return 0;
}

/* After a repeated PUT a session may be gone because the first has done its work. */
static bool is_committed(const struct registry_blob *blob)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then the refusal stands */
    struct descriptor what = {.digest = *blob->digest};
    bool is_there = false;

    return registry_has_blob(&blob->registry->base, &what, &is_there, &ignored) == 0 && is_there;
}

static int commit(const struct registry_blob *blob, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(buf) struct buf url = BUF_INIT;
    const char *origin = NULL;

    if (registry_origin(blob->registry, &origin, err) < 0)
        return -1;
    buf_addf(&url, "%s%cdigest=", blob->location, strchr(blob->location, '?') != NULL ? '&' : '?');
    http_encode(&url, digest_format(blob->digest).text, "");
    struct http_request request = {
        .method = "PUT",
        .url = buf_text(&url),
        .content_type = "application/octet-stream",
    };
    int result = http_same_origin(blob->location, origin)
                     ? registry_send(blob->registry, &request, &response, err)
                     : http_send(blob->registry->http, &request, &response, err);
    if (result < 0)
        return -1;
    if (response.status == STATUS_CREATED || response.status == STATUS_NO_CONTENT)
        return registry_check_digest(&response, blob->digest, err);
    if (response.status == STATUS_NOT_FOUND && is_committed(blob))
        return 0;
    return registry_refuse(&response, err);
}

static int registry_blob_finish(struct writer *writer, struct error *err)
{
    struct registry_blob *blob = CONTAINER_OF(writer, struct registry_blob, base);

    if (finish_body(blob, err) < 0 || commit(blob, err) < 0)
        return explain_upload(blob, err);
    return 0;
}

/* An upload that was not finished is left to the registry, which forgets it after a while. */
static void registry_blob_free(struct writer *writer)
{
    struct registry_blob *blob = CONTAINER_OF(writer, struct registry_blob, base);

    writer_free(blob->body);
    http_response_release(&blob->answer);
    free(blob->location);
    free(blob);
}

int registry_create_blob(struct store *store, uint64_t size, const struct digest *digest,
                         struct writer **out, struct error *err)
{
    static const struct writer_ops ops = {registry_blob_write, registry_blob_finish,
                                          registry_blob_free};
    struct registry *registry = registry_of(store);
    CLEANUP(text) char *location = take_session(registry);

    if (location == NULL && begin_upload(registry, &location, err) < 0)
        return -1;
    struct registry_blob *blob = xcalloc(1, sizeof(*blob));
    blob->base.ops = &ops;
    blob->registry = registry;
    blob->digest = digest;
    blob->size = size;
    blob->location = TAKE(location);
    *out = &blob->base;
    return 0;
}
