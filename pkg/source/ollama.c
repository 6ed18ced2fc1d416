#include "source/ollama_internal.h"

#include "auth/auth.h"
#include "core/text.h"
#include "oci/document.h"
#include "oci/media_type.h"
#include "oci/reference.h"

#include <string.h>

#define STATUS_OK 200
#define STATUS_UNAUTHORIZED 401
#define STATUS_FORBIDDEN 403
#define STATUS_NOT_FOUND 404
#define STATUS_RANGE 416

/* A model in a registry that Ollama pulls from, by the distribution-spec. */
struct ollama {
    struct source base;
    struct http *http;     /* borrowed, as the next two */
    struct auth *auth;     /* required */
    const struct log *log; /* may be NULL */
    struct origin model;
    struct ollama_name name;
    char *scope; /* "repository:library/llama3.2:pull" */
    struct address_memo addresses;
    bool offline;
    pthread_mutex_t lock; /* over what follows */
    char *origin;         /* of the registry's API; NULL: not known yet */
    struct buf manifest;  /* as it came; empty: not asked for yet */
};

/* Set once: what is there may be read without the lock afterwards. */
static int find_origin(struct ollama *ollama, struct error *err)
{
    const char *host = ollama->name.host;
    CLEANUP(text) char *found = NULL;

    pthread_mutex_lock(&ollama->lock);
    bool is_known = ollama->origin != NULL;
    pthread_mutex_unlock(&ollama->lock);
    if (is_known)
        return 0;
    if (!reference_host_is_loopback(host) && !http_allows_insecure(ollama->http, host))
        found = xasprintf("https://%s", host);
    else if (http_find_origin(ollama->http, host, "/v2/", &found, err) < 0)
        return error_wrap(err, "looking for the registry");
    pthread_mutex_lock(&ollama->lock);
    if (ollama->origin == NULL)
        ollama->origin = TAKE(found);
    pthread_mutex_unlock(&ollama->lock);
    return 0;
}

/* "/v2/NAMESPACE/MODEL/KIND/VERSION" at the registry, whose origin is known. Caller frees. */
static char *format_url(const struct ollama *ollama, const char *kind, const char *version)
{
    return xasprintf("%s/v2/%s/%s/%s", ollama->origin, ollama->name.repository, kind, version);
}

/* Turns an answer into an error a person can act on. Returns -1. */
static int refuse(const struct ollama *ollama, const struct http_request *request,
                  const struct http_response *response, struct error *err)
{
    struct http_request wanted = *request;
    bool is_denied =
        response->status == STATUS_UNAUTHORIZED || response->status == STATUS_FORBIDDEN;

    wanted.expect = HTTP_EXPECT(STATUS_OK);
    if (http_check(&wanted, response, err) == 0)
        return error_set(err, ERROR_INTERNAL, "status %d is no refusal", response->status);
    if (!http_same_origin(response->url, ollama->origin)) {
        if (is_denied) /* signed addresses expire, and the registry gives a new one */
            err->kind = ERROR_UNREACHABLE;
        return -1;
    }
    if (response->status == STATUS_NOT_FOUND)
        return error_wrap(err, "'%s' has no model '%s' with the tag '%s'", ollama->name.host,
                          ollama->name.repository, ollama->model.revision);
    if (is_denied)
        return error_wrap(err, "'%s' of '%s' may not be read: it does not exist, or is private",
                          ollama->name.repository, ollama->name.host);
    return -1;
}

static int fetch_manifest(struct ollama *ollama, const char *version, struct buf *out,
                          struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = format_url(ollama, "manifests", version);
    const char *const scopes[] = {ollama->scope, NULL};
    const struct auth_scope scope = {.registry = ollama->origin, .scopes = scopes};
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .peer = "the registry",
        .accept = MEDIA_TYPE_DOCKER_MANIFEST,
        .body_limit = DOCUMENT_LIMIT,
    };

    if (auth_send(ollama->auth, &scope, &request, &response, err) < 0)
        return -1;
    if (response.status != STATUS_OK)
        return refuse(ollama, &request, &response, err);
    if (response.body.size == 0)
        return error_set(err, ERROR_CORRUPT, "the manifest is empty");
    *out = response.body;
    response.body = (struct buf)BUF_INIT;
    return 0;
}

/* The first one that came stays, so that all that is read is of one state. */
static int need_manifest(struct ollama *ollama, const char *version, struct error *err)
{
    CLEANUP(text) char *name = origin_format(&ollama->model);
    CLEANUP(buf) struct buf found = BUF_INIT;

    if (ollama->offline)
        return source_refuse_offline(&ollama->model, err);
    pthread_mutex_lock(&ollama->lock);
    bool is_known = ollama->manifest.size > 0;
    pthread_mutex_unlock(&ollama->lock);
    if (is_known)
        return 0;
    if (find_origin(ollama, err) < 0 || fetch_manifest(ollama, version, &found, err) < 0)
        return error_wrap(err, "asking for '%s'", name);
    pthread_mutex_lock(&ollama->lock);
    if (ollama->manifest.size == 0) {
        ollama->manifest = found;
        found = (struct buf)BUF_INIT;
    }
    pthread_mutex_unlock(&ollama->lock);
    return 0;
}

/* Where Ollama keeps it, below its folder of models. Caller frees. */
static char *format_manifest_path(const struct ollama *ollama)
{
    return xasprintf("manifests/%s/%s/%s", ollama->name.host, ollama->name.repository,
                     ollama->model.revision);
}

static int ollama_list(struct source *source, struct plan *plan, struct error *err)
{
    struct ollama *ollama = CONTAINER_OF(source, struct ollama, base);
    CLEANUP(text) char *path = format_manifest_path(ollama);
    CLEANUP(plan) struct plan listed = PLAN_INIT;

    if (need_manifest(ollama, ollama->model.revision, err) < 0)
        return -1;
    if (ollama_manifest_parse(&ollama->manifest, path, &listed, err) < 0)
        return error_wrap(err, "the manifest of '%s'", ollama->model.name);
    struct digest digest =
        digest_of(DIGEST_SHA256, buf_text(&ollama->manifest), ollama->manifest.size);
    log_debug(ollama->log, "'%s' is the manifest %s", ollama->model.name,
              digest_format(&digest).text);
    origin_copy(&ollama->model, &listed.origin);
    listed.pin = xstrdup(digest_format(&digest).text);
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}

/* A part of the manifest: it is small, and here. */
static int open_manifest(struct ollama *ollama, const struct plan *plan,
                         const struct source_range *range, struct reader **out, struct error *err)
{
    if (need_manifest(ollama, plan->pin, err) < 0)
        return -1;
    size_t left =
        range->offset < ollama->manifest.size ? ollama->manifest.size - (size_t)range->offset : 0;
    size_t size = range->length < left ? (size_t)range->length : left;
    *out = memory_reader_new(size > 0 ? ollama->manifest.data + range->offset : "", size);
    return 0;
}

static struct remote remote_of(struct ollama *ollama)
{
    return (struct remote){
        .http = ollama->http,
        .endpoint = ollama->origin,
        .addresses = &ollama->addresses,
        .source = &ollama->base,
    };
}

/* Asks the registry itself, which gives the blob or sends us to where it is. */
static int open_at_registry(struct ollama *ollama, const struct plan_file *file,
                            const struct source_range *range, struct reader **body,
                            struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = format_url(ollama, "blobs", digest_format(&file->digest).text);
    const char *const scopes[] = {ollama->scope, NULL};
    const struct auth_scope scope = {.registry = ollama->origin, .scopes = scopes};
    const struct remote remote = remote_of(ollama);
    bool is_bounded = range->length != SIZE_UNKNOWN;
    const struct http_request request = {
        .method = "GET",
        .url = url,
        .peer = "the registry",
        .offset = range->offset,
        .length = is_bounded ? range->length : 0,
        .size = file->size,
        .cancel = range->cancel,
    };

    if (auth_open(ollama->auth, &scope, &request, &response, body, err) < 0)
        return -1;
    if (*body == NULL && response.status == STATUS_RANGE && range->offset > 0) {
        *body = memory_reader_new("", 0); /* ends before: to be found by who verifies it */
        return 0;
    }
    if (*body == NULL && response.status == STATUS_NOT_FOUND)
        return error_set(err, ERROR_NOT_FOUND, "'%s' of '%s' has no file '%s'",
                         ollama->name.repository, ollama->name.host, file->path);
    if (*body == NULL)
        return refuse(ollama, &request, &response, err);
    if (is_bounded)
        remote_learn(&remote, file->path, &response);
    return 0;
}

static int ollama_open(struct source *source, const struct plan *plan, const struct plan_file *file,
                       const struct source_range *range, struct reader **out, struct error *err)
{
    struct ollama *ollama = CONTAINER_OF(source, struct ollama, base);
    CLEANUP(reader) struct reader *body = NULL;

    if (!text_starts_with(file->path, "blobs/"))
        return open_manifest(ollama, plan, range, out, err);
    if (source_range_is_empty(range, file->size)) {
        *out = memory_reader_new("", 0);
        return 0;
    }
    if (ollama->offline)
        return source_refuse_offline(&ollama->model, err);
    if (find_origin(ollama, err) < 0)
        return -1;
    const struct remote remote = remote_of(ollama);
    if (range->length != SIZE_UNKNOWN &&
        remote_open_remembered(&remote, file, range, &body, err) < 0)
        return -1;
    if (body == NULL && open_at_registry(ollama, file, range, &body, err) < 0)
        return -1;
    *out = TAKE(body);
    return 0;
}

static void ollama_free(struct source *source)
{
    struct ollama *ollama = CONTAINER_OF(source, struct ollama, base);

    origin_release(&ollama->model);
    ollama_name_release(&ollama->name);
    address_memo_release(&ollama->addresses);
    pthread_mutex_destroy(&ollama->lock);
    buf_release(&ollama->manifest);
    free(ollama->scope);
    free(ollama->origin);
    free(ollama);
}

/*
 * A model in a registry of Ollama, with the credentials of `context->auth`, which is required. Its
 * files are what Ollama keeps of it: manifests/HOST/NAMESPACE/MODEL/TAG, the manifest as it came,
 * and blobs/sha256-HEX of its config and layers; the pin is the manifest's digest. The manifest is
 * asked for once, by the first source_list(). In plain http registries on this machine may answer,
 * and those of `http`'s `insecure`. Makes no request.
 */
int source_open_ollama(const struct source_context *context, const struct origin *model,
                       struct source **out, struct error *err)
{
    static const struct source_ops ops = {ollama_list, ollama_open, ollama_free};

    if (context->auth == NULL)
        return error_set(err, ERROR_UNSUPPORTED, "'%s': registries are not read here", model->name);
    struct ollama *ollama = xcalloc(1, sizeof(*ollama));
    ollama->base.ops = &ops;
    ollama->base.pool = context->pool;
    ollama->base.cache = context->cache;
    address_memo_init(&ollama->addresses);
    pthread_mutex_init(&ollama->lock, NULL);
    ollama->http = context->http;
    ollama->auth = context->auth;
    ollama->log = context->log;
    ollama->offline = context->offline;
    origin_copy(model, &ollama->model);
    ollama_name_parse(model->name, &ollama->name);
    ollama->scope = xasprintf("repository:%s:pull", ollama->name.repository);
    *out = &ollama->base;
    return 0;
}
