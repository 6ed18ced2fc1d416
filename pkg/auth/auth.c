#include "auth/auth_internal.h"

#include "core/clock.h"

struct auth *auth_new(const struct auth_options *options)
{
    struct auth *auth = xcalloc(1, sizeof(*auth));

    auth->http = options->http;
    auth->log = options->log;
    auth->credentials = credential_finder_new(options);
    pthread_mutex_init(&auth->lock, NULL);
    pthread_cond_init(&auth->renewed, NULL);
    return auth;
}

void auth_tell_idle(struct auth *auth)
{
    credential_finder_tell_idle(auth->credentials);
}

void auth_free(struct auth *auth)
{
    if (auth == NULL)
        return;
    for (size_t i = 0; i < auth->count; i++)
        grant_free(auth->grants[i]);
    free(auth->grants);
    credential_finder_free(auth->credentials);
    pthread_cond_destroy(&auth->renewed);
    pthread_mutex_destroy(&auth->lock);
    free(auth);
}

/* A request that may be sent twice, and its answer. */
struct call {
    struct auth *auth;
    const struct auth_scope *scope;
    const struct http_request *request;
    struct grant *grant;
    bool own; /* it goes to the registry itself: nobody else gets the registry's token */
    bool stream;
    struct http_response response;
    struct reader *body;
    uint64_t silent_ms; /* of all tries, and of tokens that were waited for in vain */
};

static void call_release(struct call *call)
{
    http_response_release(&call->response);
    reader_free(TAKE(call->body));
}
CLEANUP_RELEASE(call)

/* What came to nothing since then, by clock_ms(), was waited for. */
static int call_note_wait(struct call *call, uint64_t begun_ms)
{
    call->silent_ms += clock_ms() - begun_ms;
    return -1;
}

/* Sends it once; *generation tells of the token that went with it. */
static int call_try(struct call *call, unsigned *generation, struct error *err)
{
    struct http_request request = *call->request;
    uint64_t begun_ms = clock_ms();

    if (call->own && grant_freshen(call->auth, call->grant, call->scope, false, err) < 0)
        return call_note_wait(call, begun_ms);
    CLEANUP(secret)
    char *header = call->own ? grant_copy_header(call->auth, call->grant, generation) : NULL;
    request.authorization = header;
    request.expect = NULL; /* every status is looked at here */
    call_release(call);
    int result = call->stream
                     ? http_open(call->auth->http, &request, &call->response, &call->body, err)
                     : http_send(call->auth->http, &request, &call->response, err);
    call->silent_ms += call->response.silent_ms;
    return result;
}

static bool call_is_challenged(const struct call *call)
{
    return call->own && call->response.status == 401 &&
           http_same_origin(call->scope->registry, call->response.url);
}

/* Gets another token than the one that was refused. */
static int call_renew(struct call *call, unsigned generation, struct error *err)
{
    grant_note_refused(call->auth, call->grant, generation);
    if (grant_learn(call->auth, call->grant, call->scope, &call->response, err) < 0)
        return -1;
    uint64_t begun_ms = clock_ms();
    if (grant_renew(call->auth, call->grant, call->scope, generation, err) < 0)
        return call_note_wait(call, begun_ms);
    return 0;
}

/* A 401 is handed over to those alone who name it. */
static bool call_admits_401(const struct call *call)
{
    const int *status = call->request->expect;

    while (status != NULL && *status != 0 && *status != 401)
        status++;
    return status != NULL && *status == 401;
}

/* What the registry said to the last try, and who we were in it. */
static int call_deny(const struct call *call, struct error *err)
{
    struct http_request request = *call->request;

    request.expect = HTTP_EXPECT(200); /* anything but a 401 */
    if (http_check(&request, &call->response, err) == 0)
        return error_set(err, ERROR_INTERNAL, "a denial of an answer with status %d",
                         call->response.status);
    CLEANUP(text) char *reason = xstrdup(err->text);
    return grant_deny(call->auth, call->grant, call->scope, reason, err);
}

/* Sends it, with a token if need be, up to an answer that the caller expects. */
static int call_run(struct call *call, struct error *err)
{
    CLEANUP(error) struct error refusal = ERROR_INIT;
    unsigned generation = 0;

    call->grant = auth_grant(call->auth, call->scope);
    call->own = http_same_origin(call->scope->registry, call->request->url);
    if (call_try(call, &generation, err) < 0)
        return -1;
    if (call_is_challenged(call)) {
        bool renewed = call_renew(call, generation, &refusal) == 0;
        if (renewed)
            error_release(&refusal); /* of tries before the one that worked */
        if (renewed && call_try(call, &generation, err) < 0)
            return -1;
        if (!renewed && refusal.kind != ERROR_DENIED)
            return error_move(err, &refusal);
    } else if (call->own && call->response.status < 400) {
        grant_note_open(call->auth, call->grant);
    }
    if (!call_is_challenged(call) || call_admits_401(call))
        return http_check(call->request, &call->response, err);
    return refusal.kind != ERROR_NONE ? error_move(err, &refusal) : call_deny(call, err);
}

/* The answer, if there is one, and how long was waited for it. */
static void call_take_response(struct call *call, int result, struct http_response *out)
{
    if (result == 0) {
        http_response_release(out);
        *out = call->response;
        call->response = (struct http_response)HTTP_RESPONSE_INIT;
    }
    out->silent_ms = call->silent_ms;
}

int auth_send(struct auth *auth, const struct auth_scope *scope, const struct http_request *request,
              struct http_response *response, struct error *err)
{
    CLEANUP(call)
    struct call call = {.auth = auth, .scope = scope, .request = request, .stream = false};

    int result = call_run(&call, err);
    call_take_response(&call, result, response);
    return result;
}

int auth_open(struct auth *auth, const struct auth_scope *scope, const struct http_request *request,
              struct http_response *response, struct reader **body, struct error *err)
{
    CLEANUP(call)
    struct call call = {.auth = auth, .scope = scope, .request = request, .stream = true};

    int result = call_run(&call, err);
    call_take_response(&call, result, response);
    if (result == 0 && call.body != NULL)
        *body = TAKE(call.body);
    return result;
}

/* Asks the registry itself what it wants (distribution-spec, "Determining Support"). */
static int grant_ping(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                      struct error *err)
{
    CLEANUP(text) char *url = xasprintf("%s/v2/", scope->registry);
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    struct http_request request = {.method = "GET", .url = url, .keep_redirect = true};

    if (http_send(auth->http, &request, &response, err) < 0)
        return error_wrap(err, "asking '%s' for its kind of login", scope->registry);
    if (response.status == 401)
        return grant_learn(auth, grant, scope, &response, err);
    grant_note_open(auth, grant); /* 403 and 404 too: some registries have no such page */
    return 0;
}

static bool grant_is_known(struct auth *auth, const struct grant *grant)
{
    pthread_mutex_lock(&auth->lock);
    bool is_known = grant->open || grant->basic || grant->realm != NULL;
    pthread_mutex_unlock(&auth->lock);
    return is_known;
}

int auth_authorize(struct auth *auth, const struct auth_scope *scope, char **out, struct error *err)
{
    struct grant *grant = auth_grant(auth, scope);
    unsigned generation;

    if (grant_is_known(auth, grant) && grant_freshen(auth, grant, scope, true, err) < 0)
        return -1;
    /* Also where what was foreseen did not hold. */
    if (!grant_is_known(auth, grant) && (grant_ping(auth, grant, scope, err) < 0 ||
                                         grant_freshen(auth, grant, scope, true, err) < 0))
        return -1;
    *out = grant_copy_header(auth, grant, &generation);
    return 0;
}

void auth_forget(struct auth *auth, const struct auth_scope *scope)
{
    struct grant *grant = auth_grant(auth, scope);

    pthread_mutex_lock(&auth->lock);
    if (!grant->busy) {
        token_release(&grant->token);
        grant->refused = true;
    }
    grant->open = false;
    pthread_mutex_unlock(&auth->lock);
}
