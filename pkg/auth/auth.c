#include "auth/auth_internal.h"

#include "core/text.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define RENEW_BEFORE_S 10
#define UPLOAD_LIFE_S 60

/* What a registry asks for, and has given us, for one set of scopes. Guarded by auth->lock. */
struct grant {
    char *key;     /* registry and scopes */
    bool open;     /* an answer came without a token */
    char *realm;   /* of the last challenge; NULL: none yet */
    char *service; /* the same */
    char *asked;   /* the same: its scopes */
    struct token token;
    time_t begin_s;       /* when the token was asked for, by now_s() */
    unsigned generation;  /* counts renewals, successful or not */
    struct error failure; /* of the last renewal */
    bool busy;            /* somebody is renewing */
};

struct auth {
    struct http *http;     /* borrowed */
    const struct log *log; /* borrowed */
    pthread_mutex_t lock;
    pthread_cond_t renewed;
    struct grant **grants;
    size_t count;
};

static time_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

struct auth *auth_new(struct http *http, const struct log *log)
{
    struct auth *auth = xcalloc(1, sizeof(*auth));

    auth->http = http;
    auth->log = log;
    pthread_mutex_init(&auth->lock, NULL);
    pthread_cond_init(&auth->renewed, NULL);
    return auth;
}

static void grant_free(struct grant *grant)
{
    token_release(&grant->token);
    error_release(&grant->failure);
    free(grant->asked);
    free(grant->service);
    free(grant->realm);
    free(grant->key);
    free(grant);
}

void auth_free(struct auth *auth)
{
    if (auth == NULL)
        return;
    for (size_t i = 0; i < auth->count; i++)
        grant_free(auth->grants[i]);
    free(auth->grants);
    pthread_cond_destroy(&auth->renewed);
    pthread_mutex_destroy(&auth->lock);
    free(auth);
}

/* The grant for a scope; lives as long as `auth`. */
static struct grant *auth_grant(struct auth *auth, const struct auth_scope *scope)
{
    CLEANUP(buf) struct buf key = BUF_INIT;
    struct grant *found = NULL;

    buf_add_text(&key, scope->registry);
    for (size_t i = 0; scope->scopes[i] != NULL; i++)
        buf_addf(&key, " %s", scope->scopes[i]);
    pthread_mutex_lock(&auth->lock);
    for (size_t i = 0; i < auth->count && found == NULL; i++)
        if (strcmp(auth->grants[i]->key, buf_text(&key)) == 0)
            found = auth->grants[i];
    if (found == NULL) {
        found = xcalloc(1, sizeof(*found));
        found->key = buf_take(&key);
        auth->grants = xrealloc(auth->grants, auth->count + 1, sizeof(struct grant *));
        auth->grants[auth->count++] = found;
    }
    pthread_mutex_unlock(&auth->lock);
    return found;
}

/* "library/alpine" out of "repository:library/alpine:pull"; the caller frees it. */
static char *scope_subject(const struct auth_scope *scope)
{
    const char *text = scope->scopes[0] != NULL ? scope->scopes[0] : "";
    const char *start = strchr(text, ':');
    const char *end = strrchr(text, ':');

    if (start == NULL || start == end)
        return xstrdup(text);
    return xstrndup(start + 1, (size_t)(end - start - 1));
}

/* Ends a denial with what there is to know about it. */
static int auth_deny(const struct auth_scope *scope, const char *reason, struct error *err)
{
    CLEANUP(text) char *subject = scope_subject(scope);

    return error_set(err, ERROR_DENIED, "access to '%s' at '%s' is denied: %s; " AUTH_ANONYMOUS,
                     subject, scope->registry, reason);
}

static void set_text(char **to, const char *text)
{
    free(*to);
    *to = text != NULL ? xstrdup(text) : NULL;
}

static void grant_set_challenge(struct auth *auth, struct grant *grant,
                                const struct auth_challenge *challenge)
{
    pthread_mutex_lock(&auth->lock);
    set_text(&grant->realm, challenge->realm);
    set_text(&grant->service, challenge->service);
    set_text(&grant->asked, challenge->scope);
    grant->open = false;
    pthread_mutex_unlock(&auth->lock);
}

/* Remembers the first Bearer challenge in a header; *basic tells whether Basic is offered. */
static bool grant_learn_header(struct auth *auth, struct grant *grant, const char *value,
                               bool *basic)
{
    struct auth_challenge *challenges = NULL;
    size_t count = 0;
    bool bearer = false;

    auth_challenges_parse(value, &challenges, &count);
    for (size_t i = 0; i < count && !bearer; i++) {
        *basic = *basic || text_equal_fold(challenges[i].scheme, "Basic");
        bearer = text_equal_fold(challenges[i].scheme, "Bearer") && challenges[i].realm != NULL;
        if (bearer)
            grant_set_challenge(auth, grant, &challenges[i]);
    }
    auth_challenges_free(challenges, count);
    return bearer;
}

/* Remembers the Bearer challenge of a 401. ERROR_DENIED if there is none that can be met. */
static int grant_learn(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                       const struct http_response *response, struct error *err)
{
    bool basic = false;

    for (size_t i = 0; i < response->header_count; i++)
        if (text_equal_fold(response->headers[i].name, "WWW-Authenticate") &&
            grant_learn_header(auth, grant, response->headers[i].value, &basic))
            return 0;
    return auth_deny(scope,
                     basic ? "it wants a user and a password"
                           : "it answered with status 401 and does not say how to log in",
                     err);
}

/* Asks for a token; the caller has made the grant busy. */
static int grant_fetch(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                       struct token *out, struct error *err)
{
    pthread_mutex_lock(&auth->lock);
    CLEANUP(text) char *realm = xstrdup(grant->realm);
    CLEANUP(text) char *service = grant->service != NULL ? xstrdup(grant->service) : NULL;
    CLEANUP(text) char *asked = grant->asked != NULL ? xstrdup(grant->asked) : NULL;
    pthread_mutex_unlock(&auth->lock);
    struct token_request request = {
        .registry = scope->registry,
        .realm = realm,
        .service = service,
        .asked = asked,
        .scopes = scope->scopes,
    };

    if (token_fetch(auth->http, &request, out, err) < 0) {
        if (err->kind != ERROR_DENIED)
            return -1;
        CLEANUP(text) char *reason = xstrdup(err->text);
        return auth_deny(scope, reason, err);
    }
    log_debug(auth->log, "token for '%s', valid for %u s", grant->key, out->lifetime_s);
    return 0;
}

/*
 * Replaces the token of `generation`, unless somebody else does or has: then it waits for that. Its
 * wait needs no look at cancel, since the request that it waits for has one.
 */
static int grant_renew(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                       unsigned generation, struct error *err)
{
    CLEANUP(token) struct token token = TOKEN_INIT;
    int result = 0;

    pthread_mutex_lock(&auth->lock);
    while (grant->busy)
        pthread_cond_wait(&auth->renewed, &auth->lock);
    if (grant->generation != generation) {
        if (grant->failure.kind != ERROR_NONE)
            result = error_set(err, grant->failure.kind, "%s", grant->failure.text);
        pthread_mutex_unlock(&auth->lock);
        return result;
    }
    grant->busy = true;
    pthread_mutex_unlock(&auth->lock);

    time_t begin_s = now_s();
    result = grant_fetch(auth, grant, scope, &token, err);

    pthread_mutex_lock(&auth->lock);
    token_release(&grant->token);
    error_release(&grant->failure);
    if (result < 0)
        error_set(&grant->failure, err->kind, "%s", err->text);
    grant->token = token;
    token = (struct token)TOKEN_INIT;
    grant->begin_s = begin_s;
    grant->generation++;
    grant->busy = false;
    pthread_cond_broadcast(&auth->renewed);
    pthread_mutex_unlock(&auth->lock);
    return result;
}

/* Whether the token will do for another `needed_s` seconds, or for most of what it ever lives. */
static bool grant_is_fresh(const struct grant *grant, unsigned needed_s)
{
    time_t most_s = (time_t)grant->token.lifetime_s * 9 / 10;
    time_t left_s = grant->begin_s + (time_t)grant->token.lifetime_s - now_s();

    return grant->token.header != NULL && left_s >= (most_s < needed_s ? most_s : needed_s);
}

/* Renews a token that is about to end; with `for_upload`, also gets one if there is none yet. */
static int grant_freshen(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                         bool for_upload, struct error *err)
{
    pthread_mutex_lock(&auth->lock);
    unsigned needed_s = grant->token.lifetime_s / 10;
    if (needed_s < RENEW_BEFORE_S)
        needed_s = RENEW_BEFORE_S;
    if (for_upload && needed_s < UPLOAD_LIFE_S)
        needed_s = UPLOAD_LIFE_S;
    bool asked = grant->realm != NULL && !grant->open;
    bool wanted = for_upload || grant->token.header != NULL;
    bool stale = asked && wanted && !grant_is_fresh(grant, needed_s);
    unsigned generation = grant->generation;
    pthread_mutex_unlock(&auth->lock);
    return stale ? grant_renew(auth, grant, scope, generation, err) : 0;
}

/* The token, or NULL if there is none; the caller frees it. */
static char *grant_copy_header(struct auth *auth, struct grant *grant, unsigned *generation)
{
    pthread_mutex_lock(&auth->lock);
    char *header = grant->token.header != NULL ? xstrdup(grant->token.header) : NULL;
    *generation = grant->generation;
    pthread_mutex_unlock(&auth->lock);
    return header;
}

static void grant_note_open(struct auth *auth, struct grant *grant)
{
    pthread_mutex_lock(&auth->lock);
    grant->open = grant->token.header == NULL;
    pthread_mutex_unlock(&auth->lock);
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
};

static void call_release(struct call *call)
{
    http_response_release(&call->response);
    reader_free(TAKE(call->body));
}
CLEANUP_RELEASE(call)

/* Sends it once; *generation tells of the token that went with it. */
static int call_try(struct call *call, unsigned *generation, struct error *err)
{
    struct http_request request = *call->request;

    if (call->own && grant_freshen(call->auth, call->grant, call->scope, false, err) < 0)
        return -1;
    CLEANUP(text)
    char *header = call->own ? grant_copy_header(call->auth, call->grant, generation) : NULL;
    request.authorization = header;
    request.expect = NULL; /* every status is looked at here */
    call_release(call);
    if (call->stream)
        return http_open(call->auth->http, &request, &call->response, &call->body, err);
    return http_send(call->auth->http, &request, &call->response, err);
}

static bool call_is_challenged(const struct call *call)
{
    return call->own && call->response.status == 401 &&
           http_same_origin(call->scope->registry, call->response.url);
}

/* Gets another token than the one that was refused. */
static int call_renew(struct call *call, unsigned generation, struct error *err)
{
    if (grant_learn(call->auth, call->grant, call->scope, &call->response, err) < 0)
        return -1;
    return grant_renew(call->auth, call->grant, call->scope, generation, err);
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
    if (http_check(call->request, &call->response, err) == 0)
        return 0;
    if (refusal.kind != ERROR_NONE)
        return error_move(err, &refusal);
    if (!call_is_challenged(call))
        return -1;
    CLEANUP(text) char *reason = xstrdup(err->text);
    return auth_deny(call->scope, reason, err);
}

static void call_take_response(struct call *call, struct http_response *out)
{
    http_response_release(out);
    *out = call->response;
    call->response = (struct http_response)HTTP_RESPONSE_INIT;
}

int auth_send(struct auth *auth, const struct auth_scope *scope, const struct http_request *request,
              struct http_response *response, struct error *err)
{
    CLEANUP(call)
    struct call call = {.auth = auth, .scope = scope, .request = request, .stream = false};

    if (call_run(&call, err) < 0)
        return -1;
    call_take_response(&call, response);
    return 0;
}

int auth_open(struct auth *auth, const struct auth_scope *scope, const struct http_request *request,
              struct http_response *response, struct reader **body, struct error *err)
{
    CLEANUP(call)
    struct call call = {.auth = auth, .scope = scope, .request = request, .stream = true};

    if (call_run(&call, err) < 0)
        return -1;
    call_take_response(&call, response);
    if (call.body != NULL)
        *body = TAKE(call.body);
    return 0;
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

int auth_authorize(struct auth *auth, const struct auth_scope *scope, char **out, struct error *err)
{
    struct grant *grant = auth_grant(auth, scope);
    unsigned generation;

    pthread_mutex_lock(&auth->lock);
    bool known = grant->open || grant->realm != NULL;
    pthread_mutex_unlock(&auth->lock);
    if (!known && grant_ping(auth, grant, scope, err) < 0)
        return -1;
    if (grant_freshen(auth, grant, scope, true, err) < 0)
        return -1;
    *out = grant_copy_header(auth, grant, &generation);
    return 0;
}

void auth_forget(struct auth *auth, const struct auth_scope *scope)
{
    struct grant *grant = auth_grant(auth, scope);

    pthread_mutex_lock(&auth->lock);
    if (!grant->busy)
        token_release(&grant->token);
    grant->open = false;
    pthread_mutex_unlock(&auth->lock);
}
