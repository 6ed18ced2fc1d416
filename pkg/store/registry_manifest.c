#include "store/registry_internal.h"

#include "oci/media_type.h"

#define STATUS_OK 200
#define STATUS_CREATED 201
#define STATUS_BAD_REQUEST 400
#define STATUS_NOT_FOUND 404
#define STATUS_SERVER_ERROR 500
#define TRIES_MOST 4u
/* After a request to stop: for the answer to what was sent, and then to the question about it. */
#define PATIENCE_MS 10000u

/* What is known of the version that is being written. */
enum fate {
    FATE_OPEN,      /* something was sent, and it may have been taken */
    FATE_REFUSED,   /* it was sent and refused; whoever did that may stand behind who took it */
    FATE_NOT_SHOWN, /* it does not show the manifest */
    FATE_SHOWN,
};

/* A manifest on its way to a version. */
struct manifest_put {
    struct registry *registry;
    const char *version;
    bool is_tag;
    struct http_request request;
    struct descriptor what;
    const struct tag_state *expected; /* what the tag shows before */
    struct tag_state changed;         /* what the registry made of it; TAG_ANY: nothing else */
    enum fate fate;
    bool was_open;          /* it was in doubt for a while */
    bool may_repeat;        /* the last try went wrong in a way that may be different next time */
    unsigned asked_ms;      /* to wait before that, as the registry has asked */
    uint64_t waited_ms;     /* for an answer that takes it, see http_has_waited() */
    struct cancel answer;   /* what was sent is answered, or it is not */
    struct cancel question; /* the same of the question that comes after */
    struct tag_look look;   /* at what it shows before */
};

/* Who cannot get a token has sent nothing, and nothing is in doubt. */
static int get_token(struct registry *registry, struct error *err)
{
    CLEANUP(text) char *ignored = NULL; /* kept where the request finds it */
    struct registry_scope scope;

    if (cancel_check(registry->cancel, err) < 0 ||
        registry_scope_init(registry, NULL, &scope, err) < 0)
        return -1;
    return auth_authorize(registry->auth, &scope.scope, &ignored, err);
}

/* Other refusals than these mostly come from whoever has looked at it and left it at that. */
static bool is_doubtful(int status)
{
    return status < STATUS_BAD_REQUEST || status == STATUS_BAD_REQUEST || status == 408 ||
           status >= STATUS_SERVER_ERROR;
}

/* A blob that was just confirmed may take a moment to be seen; bytes may be changed on the way. */
static bool may_help_to_repeat(const struct http_response *response, unsigned attempt)
{
    return registry_status_is_transient(response->status) ||
           (attempt == 1 && (registry_error_has_code(&response->body, "DIGEST_INVALID") ||
                             registry_error_has_code(&response->body, "MANIFEST_INVALID"))) ||
           (attempt < 3 && registry_error_has_code(&response->body, "MANIFEST_BLOB_UNKNOWN"));
}

/* Somebody else may have moved the tag, the last time while this one was being repeated. */
static int look_before(struct manifest_put *put, struct error *err)
{
    bool is_shown = false;
    int result = tag_state_ask(&put->look, put->expected, &put->what.digest, &is_shown, err);

    if (is_shown)
        put->fate = FATE_SHOWN;
    else if (result < 0 && err->kind == ERROR_CONFLICT)
        put->fate = FATE_NOT_SHOWN;
    return result;
}

static void doubt(struct manifest_put *put)
{
    put->fate = FATE_OPEN;
    put->was_open = true;
}

/*
 * A registry has nothing to compare a tag's manifest with, and stores what was changed on its way.
 * It is sent once more then; what the tag shows until that is the work of this run.
 */
static int check_stored(struct manifest_put *put, const struct http_response *response,
                        struct error *err)
{
    const char *text = http_response_header(response, "Docker-Content-Digest");

    registry_learn_subject(put->registry, response);
    if (registry_check_digest(response, &put->what.digest, err) == 0)
        return 0;
    doubt(put);
    put->may_repeat = put->changed.kind == TAG_ANY;
    if (version_is_digest(text, &put->changed.digest))
        put->changed.kind = TAG_IMAGE;
    if (put->expected->kind != TAG_ANY)
        put->expected = &put->changed;
    return -1;
}

/* Sends it once. The same bytes under the same name: harmless to repeat. */
static int put_once(struct manifest_put *put, unsigned attempt, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    struct registry *registry = put->registry;

    put->may_repeat = false;
    put->asked_ms = 0;
    if (get_token(registry, err) < 0 || look_before(put, err) < 0)
        return -1;
    if (put->fate == FATE_SHOWN)
        return 0;
    int result = registry_send(registry, &put->request, &response, err);
    put->waited_ms += response.silent_ms;
    if (result < 0) {
        put->may_repeat = err->kind == ERROR_UNREACHABLE;
        if (err->kind == ERROR_DENIED)
            put->fate = FATE_REFUSED;
        else
            doubt(put);
        return -1;
    }
    if (response.status != STATUS_CREATED && response.status != STATUS_OK) {
        put->may_repeat = may_help_to_repeat(&response, attempt);
        put->asked_ms = http_retry_after_ms(&response);
        if (is_doubtful(response.status))
            doubt(put);
        else
            put->fate = FATE_REFUSED;
        return registry_refuse(&response, err);
    }
    return check_stored(put, &response, err);
}

/* Reads the version, to find out what became of it; -1 if that cannot be found out. */
static int ask(struct manifest_put *put, bool is_last, struct error *err)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    struct http_request request = {
        .method = "GET",
        .url = put->request.url,
        .accept = MEDIA_TYPES_MANIFEST,
        .body_limit = DOCUMENT_LIMIT,
        .no_retry = !is_last,
        .cancel = &put->question,
    };

    if (registry_send(put->registry, &request, &response, err) < 0)
        return -1;
    if (response.status != STATUS_OK && response.status != STATUS_NOT_FOUND)
        return registry_refuse(&response, err);
    struct digest found =
        digest_of(put->what.digest.algorithm, buf_text(&response.body), response.body.size);
    bool is_shown = response.status == STATUS_OK && digest_equal(&found, &put->what.digest);
    put->fate = is_shown ? FATE_SHOWN : FATE_NOT_SHOWN;
    return 0;
}

/*
 * After a while: what has no answer may still be under way. A request to stop ends the longer
 * wait for which a registry has asked.
 */
static void look(struct manifest_put *put, unsigned wait_ms)
{
    CLEANUP(error) struct error why = ERROR_INIT; /* then it stays open */
    unsigned first_ms = put->registry->manifest_wait_ms;

    if (cancel_wait(&put->question, first_ms, &why) == 0 &&
        cancel_wait(put->registry->cancel, wait_ms - first_ms, &why) < 0)
        error_release(&why);
    if (ask(put, false, &why) < 0)
        log_debug(put->registry->log, "asking what '%s' of '%s' shows: %s", put->version,
                  put->registry->base.name, why.text);
}

/* --retries may say fewer. */
static unsigned tries_most(const struct registry *registry)
{
    unsigned retries = http_retries(registry->http);

    return retries < TRIES_MOST ? retries + 1 : TRIES_MOST;
}

static void say_again(const struct manifest_put *put, const char *why, unsigned wait_ms,
                      unsigned attempt, unsigned tries)
{
    CLEANUP(text)
    char *words = xasprintf("'%s' of '%s': %s", put->version, put->registry->base.name, why);

    log_again(put->registry->log, words, wait_ms, attempt, tries);
}

static int put_until(struct manifest_put *put, struct error *err)
{
    unsigned first_ms = put->registry->manifest_wait_ms;
    unsigned tries = tries_most(put->registry);

    for (unsigned attempt = 1; put_once(put, attempt, err) < 0; attempt++) {
        unsigned wait_ms = first_ms << (attempt - 1);
        bool again = put->may_repeat && attempt < tries &&
                     !http_has_waited(put->registry->http, put->waited_ms);
        if (wait_ms < put->asked_ms)
            wait_ms = put->asked_ms;
        if (again)
            say_again(put, err->text, wait_ms, attempt + 1, tries);
        if (put->fate == FATE_OPEN)
            look(put, again ? wait_ms : first_ms);
        else if (again && cancel_wait(put->registry->cancel, wait_ms, err) < 0)
            return -1;
        if (put->fate == FATE_SHOWN || !again)
            return -1;
        error_release(err);
    }
    return 0;
}

/* What an error says is the truth about the tag. */
static int settle(struct manifest_put *put, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct registry *registry = put->registry;
    CLEANUP(text) char *words = xstrdup(err->text);

    if ((put->fate == FATE_OPEN || put->fate == FATE_REFUSED) &&
        ask(put, put->was_open, &why) < 0) {
        /* Who may not write may not be told either: then the refusal alone is said. */
        if (!put->was_open)
            return -1;
        if (put->is_tag)
            return error_set(err, ERROR_UNCERTAIN,
                             "%s; it may have been published all the same, since asking what '%s' "
                             "shows is no better: %s; 'inlay inspect %s:%s' tells",
                             words, put->version, why.text, registry->base.name, put->version);
    }
    if (put->fate == FATE_SHOWN) {
        log_debug(registry->log, "'%s' of '%s' shows it all the same: %s", put->version,
                  registry->base.name, words);
        error_release(err);
        return 0;
    }
    if (put->was_open && put->is_tag)
        return error_set(err, err->kind, "%s; '%s' does not show the image", words, put->version);
    return -1;
}

int registry_write_manifest(struct store *store, const char *version, const char *media_type,
                            const struct buf *manifest, struct error *err)
{
    static const struct tag_state any = {.kind = TAG_ANY};

    return registry_write_tag(store, version, media_type, manifest, &any, err);
}

int registry_write_tag(struct store *store, const char *version, const char *media_type,
                       const struct buf *manifest, const struct tag_state *expected,
                       struct error *err)
{
    struct registry *registry = registry_of(store);
    CLEANUP(text) char *path = xasprintf("manifests/%s", version);
    CLEANUP(text) char *url = NULL;
    struct digest digest = DIGEST_INIT;
    struct manifest_put put = {
        .registry = registry,
        .version = version,
        .expected = expected,
        .fate = FATE_NOT_SHOWN,
        .look = {.store = store, .version = version},
        .answer = {.parent = registry->cancel, .patience_ms = PATIENCE_MS},
        .question = {.parent = registry->cancel, .patience_ms = 2 * PATIENCE_MS},
    };

    atomic_store(&registry->is_written, true);
    if (registry_check_version(registry, version, &digest, err) < 0 ||
        version_describe(manifest, media_type, &digest, &put.what, err) < 0 ||
        registry_format_url(registry, path, &url, err) < 0)
        return -1;
    put.is_tag = digest.algorithm == DIGEST_NONE;
    put.request = (struct http_request){
        .method = "PUT",
        .url = url,
        .content_type = media_type,
        .body = buf_text(manifest),
        .body_size = manifest->size,
        .cancel = &put.answer,
    };
    if (expected->kind != TAG_ANY && registry_unsettled(store) > 0)
        tag_look_begin(&put.look, registry->cancel);
    int result = registry_settle(store, err);
    if (result == 0 && put_until(&put, err) < 0)
        result = settle(&put, err);
    tag_look_release(&put.look);
    return result == 0 ? 0
                       : error_wrap(err, "writing the manifest '%s' to '%s'", version, store->name);
}
