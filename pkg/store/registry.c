#include "store/registry_internal.h"

#include <string.h>

#define MANIFEST_WAIT_MS 1000u

struct registry *registry_of(struct store *store)
{
    return CONTAINER_OF(store, struct registry, base);
}

int registry_origin(struct registry *registry, const char **out, struct error *err)
{
    CLEANUP(text) char *found = NULL;

    pthread_mutex_lock(&registry->lock);
    const char *known = registry->origin;
    pthread_mutex_unlock(&registry->lock);
    if (known == NULL && http_find_origin(registry->http, registry->host, "/v2/", &found, err) < 0)
        return error_wrap(err, "looking for the registry");
    pthread_mutex_lock(&registry->lock);
    if (registry->origin == NULL)
        registry->origin = TAKE(found);
    *out = registry->origin;
    pthread_mutex_unlock(&registry->lock);
    return 0;
}

int registry_format_url(struct registry *registry, const char *path, char **out, struct error *err)
{
    const char *origin = NULL;

    if (registry_origin(registry, &origin, err) < 0)
        return -1;
    *out = xasprintf("%s/v2/%s/%s", origin, registry->repository, path);
    return 0;
}

int registry_scope_init(struct registry *registry, const char *more, struct registry_scope *out,
                        struct error *err)
{
    const char *origin = NULL;

    if (registry_origin(registry, &origin, err) < 0)
        return -1;
    out->texts[0] =
        atomic_load(&registry->is_written) ? registry->push_scope : registry->pull_scope;
    out->texts[1] = more;
    out->texts[2] = NULL;
    out->scope = (struct auth_scope){.registry = origin, .scopes = out->texts};
    return 0;
}

int registry_send(struct registry *registry, const struct http_request *request,
                  struct http_response *response, struct error *err)
{
    struct http_request named = *request;
    struct registry_scope scope;

    named.peer = "the registry";
    if (registry_scope_init(registry, NULL, &scope, err) < 0)
        return -1;
    return auth_send(registry->auth, &scope.scope, &named, response, err);
}

int registry_add_identity(struct registry *registry, struct error *err)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* an answer came, so the origin is known */
    struct registry_scope scope;

    if (registry_scope_init(registry, NULL, &scope, &ignored) < 0)
        return -1;
    CLEANUP(text) char *who = auth_describe(registry->auth, &scope.scope);
    CLEANUP(text) char *words = xstrdup(err->text);
    return error_set(err, err->kind, "%s; %s", words, who);
}

int registry_check_digest(const struct http_response *response, const struct digest *digest,
                          struct error *err)
{
    const char *text = http_response_header(response, "Docker-Content-Digest");
    struct digest found = DIGEST_INIT;

    if (text == NULL || !version_is_digest(text, &found) || found.algorithm != digest->algorithm ||
        digest_equal(&found, digest))
        return 0;
    return error_set(err, ERROR_CORRUPT, "the registry stored it as '%s', expected '%s'", text,
                     digest_format(digest).text);
}

int registry_check_version(const struct registry *registry, const char *version, struct digest *out,
                           struct error *err)
{
    if (version == NULL)
        return error_set(err, ERROR_USAGE, "'%s' needs a tag or a digest", registry->base.name);
    if (!version_is_digest(version, out) && !reference_is_tag(version))
        return error_set(err, ERROR_USAGE, "'%s' is not a tag and not a digest", version);
    return 0;
}

static void registry_expect_write(struct store *store)
{
    atomic_store(&registry_of(store)->is_written, true);
}

static void registry_write_later(struct store *store)
{
    struct registry *registry = registry_of(store);

    pthread_mutex_lock(&registry->lock);
    registry->writes_later = true;
    pthread_mutex_unlock(&registry->lock);
}

static void registry_free(struct store *store)
{
    struct registry *registry = registry_of(store);

    registry_later_release(registry);
    registry_drop_unused(store);
    pthread_mutex_destroy(&registry->lock);
    free(registry->host);
    free(registry->repository);
    free(registry->pull_scope);
    free(registry->push_scope);
    free(registry->origin);
    free(registry);
}

int registry_open(const struct reference *reference, const struct store_context *context,
                  struct store **out, struct error *err)
{
    static const struct store_ops ops = {
        .read_manifest = registry_read_manifest,
        .open_blob = registry_open_blob,
        .has_blob = registry_has_blob,
        .create_blob = registry_create_blob,
        .set_replay = registry_set_replay,
        .write_manifest = registry_write_manifest,
        .write_tag = registry_write_tag,
        .list_referrers = registry_list_referrers,
        .write_referrer = registry_write_referrer,
        .expect_write = registry_expect_write,
        .probe_write = registry_probe_write,
        .drop_unused = registry_drop_unused,
        .expect_blobs = registry_expect_blobs,
        .write_later = registry_write_later,
        .settle = registry_settle,
        .unsettled = registry_unsettled,
        .may_mount = registry_may_mount,
        .mount_blob = registry_mount_blob,
        .check_blob_size = registry_check_blob_size,
        .free = registry_free,
    };
    struct registry *registry = xcalloc(1, sizeof(*registry));

    (void)err;
    registry->base.ops = &ops;
    registry->base.keeps_referrers = true;
    registry->base.is_remote = true;
    registry->base.name = xasprintf("%s/%s", reference->registry, reference->repository);
    registry->http = context->http;
    registry->auth = context->auth;
    registry->cancel = context->cancel;
    registry->log = context->log;
    registry->quirks.chunk = context->chunk_size;
    registry->quirks.chunk_origin = CHUNK_ASKED;
    registry->host = xstrdup(reference_api_host(reference));
    registry->repository = xstrdup(reference->repository);
    registry->pull_scope = xasprintf("repository:%s:pull", reference->repository);
    registry->push_scope = xasprintf("repository:%s:pull,push", reference->repository);
    registry->manifest_wait_ms = MANIFEST_WAIT_MS;
    pthread_mutex_init(&registry->lock, NULL);
    if (!reference_host_is_loopback(registry->host) &&
        !http_allows_insecure(registry->http, registry->host))
        registry->origin = xasprintf("https://%s", registry->host);
    *out = &registry->base;
    return 0;
}

int registry_open_target(const struct reference *reference, const struct store_context *context,
                         struct store **out, struct error *err)
{
    if (registry_open(reference, context, out, err) < 0)
        return -1;
    registry_of(*out)->is_target = true;
    return 0;
}
