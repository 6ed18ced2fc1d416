#include "store/registry_internal.h"

#include "core/clock.h"
#include "core/workers.h"

#include <string.h>

#define STATUS_CREATED 201
#define STATUS_ACCEPTED 202
#define STATUS_NO_CONTENT 204
#define STATUS_NOT_ALLOWED 405
/* A session that nobody used is trusted for so long; some services forget them in minutes. */
#define SESSION_LIFE_MS 60000

static int refuse_write(struct registry *registry, const struct http_response *response,
                        struct error *err)
{
    registry_refuse(response, err);
    if (response->status == STATUS_NOT_ALLOWED) {
        err->kind = ERROR_DENIED;
        return error_wrap(err,
                          "'%s' cannot be written: the registry takes no uploads, as one that "
                          "is read-only or a cache of another",
                          registry->base.name);
    }
    if (err->kind == ERROR_NOT_FOUND)
        return error_wrap(err, "'%s' cannot be written; it may have to be created first",
                          registry->base.name);
    error_wrap(err, "'%s' cannot be written", registry->base.name);
    return err->kind == ERROR_DENIED ? registry_add_identity(registry, err) : -1;
}

void registry_session_note_wait(struct registry_session *session, uint64_t silent_ms)
{
    session->waited_ms += silent_ms;
}

static bool is_mute(struct registry *registry, const bool *quirk)
{
    pthread_mutex_lock(&registry->lock);
    bool is_set = *quirk;
    pthread_mutex_unlock(&registry->lock);
    return is_set;
}

/* Whoever asks for what can be done without asks no second time where there was no answer. */
static void learn_mute(struct registry *registry, bool *quirk, const struct error *err)
{
    if (err->kind != ERROR_UNREACHABLE)
        return;
    pthread_mutex_lock(&registry->lock);
    *quirk = true;
    pthread_mutex_unlock(&registry->lock);
}

/* Opens an upload session; *location is where its bytes go. */
static int open_session(struct registry_session *session, char **location, struct error *err)
{
    struct registry *registry = session->registry;
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = NULL;
    const char *origin = NULL;

    atomic_store(&registry->is_written, true);
    if (registry_wait(registry, err) < 0 || registry_origin(registry, &origin, err) < 0 ||
        registry_format_url(registry, "blobs/uploads/", &url, err) < 0)
        return -1;
    struct http_request request = {
        .method = "POST",
        .url = url,
        .no_retry = session->is_recovering,
        .cancel = session->cancel,
    };
    if (registry_send(registry, &request, &response, err) < 0) {
        registry_session_note_wait(session, response.silent_ms);
        return error_wrap(err, "opening an upload to '%s'", registry->base.name);
    }
    if (response.status != STATUS_ACCEPTED)
        return refuse_write(registry, &response, err);
    registry_learn_minimum(registry, &response);
    if (registry_location(registry->http, origin, url, http_response_header(&response, "Location"),
                          location, err) < 0)
        return error_wrap(err, "opening an upload to '%s'", registry->base.name);
    return 0;
}

/* The lock is held, and there is one. */
static struct kept_session remove_kept(struct registry *registry, size_t number)
{
    struct kept_session kept = registry->sessions[number];

    registry->session_count--;
    memmove(&registry->sessions[number], &registry->sessions[number + 1],
            (registry->session_count - number) * sizeof(kept));
    return kept;
}

static void cancel_kept(struct registry *registry, struct kept_session kept)
{
    struct registry_session session = {.registry = registry, .location = kept.location};

    registry_session_cancel(&session);
}

/* The newest that nobody has used; *out.location is NULL if there is none. */
static void take_newest(struct registry *registry, struct kept_session *out)
{
    *out = (struct kept_session){.location = NULL};
    pthread_mutex_lock(&registry->lock);
    if (registry->session_count > 0)
        *out = remove_kept(registry, registry->session_count - 1);
    pthread_mutex_unlock(&registry->lock);
}

/* The session that nobody has used, if it is fresh; else NULL. */
static char *take_kept(struct registry *registry)
{
    struct kept_session kept;

    for (;;) {
        take_newest(registry, &kept);
        if (kept.location == NULL || clock_ms() - kept.begun_ms <= SESSION_LIFE_MS)
            return kept.location;
        cancel_kept(registry, kept);
    }
}

/* Leaves a session to a blob that comes. A few at a time will do. */
static void keep_session(struct registry *registry, char *location)
{
    struct kept_session old = {.location = NULL};

    pthread_mutex_lock(&registry->lock);
    if (registry->session_count == REGISTRY_SESSIONS_MOST)
        old = remove_kept(registry, 0);
    registry->sessions[registry->session_count++] = (struct kept_session){location, clock_ms()};
    pthread_mutex_unlock(&registry->lock);
    cancel_kept(registry, old);
}

static int give_up(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct registry *registry = arg;
    struct kept_session kept;

    (void)number;
    (void)cancel;
    (void)err;
    take_newest(registry, &kept);
    cancel_kept(registry, kept);
    return 0;
}

void registry_drop_unused(struct store *store)
{
    struct registry *registry = registry_of(store);
    CLEANUP(error) struct error ignored = ERROR_INIT;

    pthread_mutex_lock(&registry->lock);
    size_t count = registry->session_count;
    pthread_mutex_unlock(&registry->lock);
    if (workers_run((unsigned)count, count, give_up, registry, NULL, &ignored) < 0)
        error_release(&ignored); /* none fails */
}

/* Only this proves the permission to push: registries let ping and HEAD pass. */
int registry_probe_write(struct store *store, struct error *err)
{
    struct registry_session session = {.registry = registry_of(store)};
    char *location = NULL;

    if (open_session(&session, &location, err) < 0)
        return -1;
    keep_session(session.registry, location);
    return 0;
}

static int open_another(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct store *store = arg;

    (void)number;
    (void)cancel;
    return registry_probe_write(store, err);
}

void registry_expect_blobs(struct store *store, unsigned count)
{
    struct registry *registry = registry_of(store);
    CLEANUP(error) struct error why = ERROR_INIT; /* the blob will find it out */

    if (count > REGISTRY_SESSIONS_MOST)
        count = REGISTRY_SESSIONS_MOST;
    pthread_mutex_lock(&registry->lock);
    count -= registry->session_count < count ? (unsigned)registry->session_count : count;
    pthread_mutex_unlock(&registry->lock);
    if (count > 0 && workers_run(count, count, open_another, store, registry->cancel, &why) < 0)
        log_debug(registry->log, "opening uploads ahead: %s", why.text);
}

/* A registry that cannot mount opens an upload instead: it serves the next blob. */
static void keep_opened(struct registry *registry, const char *url,
                        const struct http_response *response)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* nobody has asked for it */
    const char *location = http_response_header(response, "Location");
    const char *origin = NULL;
    char *session = NULL;

    if (response->status != STATUS_ACCEPTED || registry_origin(registry, &origin, &ignored) < 0 ||
        registry_location(registry->http, origin, url, location, &session, &ignored) < 0)
        return;
    registry_learn_minimum(registry, response);
    keep_session(registry, session);
}

/* From another repository of the same registry. */
bool registry_may_mount(struct store *store, const struct store *from)
{
    struct registry *registry = registry_of(store);
    const struct registry *source = (const struct registry *)(const void *)from;

    return from->ops == store->ops && strcmp(source->host, registry->host) == 0 &&
           strcmp(source->repository, registry->repository) != 0 &&
           !is_mute(registry, &registry->quirks.is_mute_to_mount);
}

/* Whatever stands in the way of a mount, the bytes can be sent instead. */
int registry_mount_blob(struct store *store, const struct descriptor *blob,
                        const struct store *from, bool *out, struct error *err)
{
    struct registry *registry = registry_of(store);
    const struct registry *source = (const struct registry *)(const void *)from;
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error difference = ERROR_INIT; /* then it is not mounted */
    CLEANUP(text) char *url = NULL;
    struct registry_scope scope;

    *out = false;
    if (!registry_may_mount(store, from))
        return 0;
    atomic_store(&registry->is_written, true);
    CLEANUP(text)
    char *path = xasprintf("blobs/uploads/?mount=%s&from=%s", digest_format(&blob->digest).text,
                           source->repository);
    if (registry_format_url(registry, path, &url, err) < 0 ||
        registry_scope_init(registry, source->pull_scope, &scope, err) < 0)
        return -1;
    struct http_request request = {.method = "POST", .url = url};
    if (auth_send(registry->auth, &scope.scope, &request, &response, err) < 0) {
        if (err->kind == ERROR_CANCELED)
            return -1;
        log_debug(registry->log, "mounting a blob from '%s': %s", from->name, err->text);
        learn_mute(registry, &registry->quirks.is_mute_to_mount, err);
        error_release(err);
        return 0;
    }
    *out = response.status == STATUS_CREATED &&
           registry_check_digest(&response, &blob->digest, &difference) == 0;
    keep_opened(registry, url, &response);
    return 0;
}

int registry_session_begin(struct registry_session *session, struct error *err)
{
    CLEANUP(text) char *location = take_kept(session->registry);

    if (location == NULL && open_session(session, &location, err) < 0)
        return -1;
    free(session->location);
    session->location = TAKE(location);
    session->offset = 0;
    return 0;
}

bool registry_session_is_own(const struct registry_session *session)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* there is a location: the origin is known */
    const char *origin = NULL;

    return registry_origin(session->registry, &origin, &ignored) == 0 &&
           http_same_origin(session->location, origin);
}

/* A bearer token for pushing does not cover it; whoever has one leaves the session to time out. */
static int cancel_own(const struct registry_session *session, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *authorization = NULL;
    struct registry *registry = session->registry;
    struct registry_scope scope;

    if (cancel_check(registry->cancel, err) < 0 ||
        registry_scope_init(registry, NULL, &scope, err) < 0 ||
        auth_authorize(registry->auth, &scope.scope, &authorization, err) < 0)
        return -1;
    if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0)
        return 0;
    struct http_request request = {
        .method = "DELETE",
        .url = session->location,
        .authorization = authorization,
        .no_retry = true,
    };
    return http_send(registry->http, &request, &response, err);
}

void registry_session_cancel(struct registry_session *session)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the registry forgets it after a while */
    struct registry *registry = session->registry;
    const struct cancel *job = cancel_enter(NULL); /* which may be over */

    if (session->location != NULL && !session->is_silent && registry_session_is_own(session) &&
        !is_mute(registry, &registry->quirks.is_mute_to_cancel) &&
        cancel_own(session, &ignored) < 0) {
        log_debug(registry->log, "leaving an upload: %s", ignored.text);
        learn_mute(registry, &registry->quirks.is_mute_to_cancel, &ignored);
    }
    free(TAKE(session->location));
    cancel_enter(job);
}

int registry_session_send(struct registry_session *session, const struct http_request *request,
                          struct http_response *response, struct error *err)
{
    struct registry *registry = session->registry;
    struct http_request foreign = *request;
    const char *origin = NULL;

    if (registry_origin(registry, &origin, err) < 0)
        return -1;
    foreign.named_by = origin;
    int result = registry_session_is_own(session)
                     ? registry_send(registry, request, response, err)
                     : http_send(registry->http, &foreign, response, err);
    session->is_silent = result < 0;
    if (result < 0 || registry_status_is_transient(response->status))
        registry_session_note_wait(session, response->silent_ms);
    return result;
}

int registry_session_move(struct registry_session *session, const struct http_response *response,
                          struct error *err)
{
    const char *location = http_response_header(response, "Location");
    const char *origin = NULL;
    char *next = NULL;

    if (location == NULL)
        return 0;
    if (registry_origin(session->registry, &origin, err) < 0 ||
        registry_location(session->registry->http, origin, session->location, location, &next,
                          err) < 0)
        return -1;
    free(session->location);
    session->location = next;
    return 0;
}

char *registry_session_format_commit(const struct registry_session *session,
                                     const struct digest *digest)
{
    struct buf url = BUF_INIT;

    buf_addf(&url, "%s%cdigest=", session->location,
             strchr(session->location, '?') != NULL ? '&' : '?');
    http_encode(&url, digest_format(digest).text, "");
    return buf_take(&url);
}

/* After a repeated PUT a session may be gone because the first has done its work. */
static bool is_committed(struct registry_session *session, const struct digest *digest)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then the refusal stands */
    struct descriptor what = {.digest = *digest};
    bool is_there = false;

    return registry_has_blob(&session->registry->base, &what, &is_there, &ignored) == 0 && is_there;
}

int registry_session_check_commit(struct registry_session *session, bool is_patched, uint64_t size,
                                  const struct digest *digest, const struct http_response *response,
                                  struct error *err)
{
    int status = response->status;

    if (status == STATUS_CREATED || status == STATUS_NO_CONTENT) {
        free(TAKE(session->location));
        return registry_check_digest(response, digest, err);
    }
    registry_refuse_body(response, size, err);
    bool is_digest = registry_error_has_code(&response->body, "DIGEST_INVALID");
    bool may_be_body = !is_patched && size > 0 && size <= REGISTRY_HELD_MOST && !is_digest;
    if (registry_learn_refusal(session->registry, response, false, size) != UPLOAD_RETRY_ANEW &&
        !(may_be_body && registry_learn_no_put(session->registry, status)))
        return -1;
    if (is_patched && is_committed(session, digest)) {
        error_release(err);
        free(TAKE(session->location));
        return 0;
    }
    err->kind = ERROR_UNREACHABLE;
    return -1;
}

int registry_session_commit(struct registry_session *session, const struct digest *digest,
                            const void *data, size_t size, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = registry_session_format_commit(session, digest);
    struct http_request request = {
        .method = "PUT",
        .url = url,
        .content_type = "application/octet-stream",
        .body = size > 0 ? data : NULL,
        .body_size = size,
    };

    if (registry_session_send(session, &request, &response, err) < 0)
        return -1;
    return registry_session_check_commit(session, size == 0, size, digest, &response, err);
}
