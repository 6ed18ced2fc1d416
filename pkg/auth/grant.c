#include "auth/auth_internal.h"

#include <string.h>

#define RENEW_BEFORE_S 10
#define UPLOAD_LIFE_S 60

void grant_free(struct grant *grant)
{
    token_release(&grant->token);
    error_release(&grant->failure);
    free(grant->provenance);
    free(grant->asked);
    free(grant->service);
    free(grant->realm);
    free(grant->key);
    free(grant);
}

static void set_text(char **to, const char *text)
{
    free(*to);
    *to = text != NULL ? xstrdup(text) : NULL;
}

/* The lock is held. `found` is new, and registries mostly have one challenge for all they have. */
static void foresee(const struct auth *auth, const char *registry, struct grant *found)
{
    size_t size = strlen(registry);

    for (size_t i = 0; i < auth->count; i++) {
        const struct grant *other = auth->grants[i];
        bool is_met = other->token.header != NULL && !other->refused && !other->open &&
                      (other->realm != NULL || other->basic);
        if (!is_met || strncmp(other->key, registry, size) != 0 || other->key[size] != ' ')
            continue;
        set_text(&found->realm, other->realm);
        set_text(&found->service, other->service);
        found->basic = other->basic;
        found->is_foreseen = true;
        return;
    }
}

/* The lock is held. */
static void forget_foreseen(struct grant *grant)
{
    set_text(&grant->realm, NULL);
    set_text(&grant->service, NULL);
    grant->basic = grant->is_foreseen = false;
    error_release(&grant->failure);
}

struct grant *auth_grant(struct auth *auth, const struct auth_scope *scope)
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
        foresee(auth, scope->registry, found);
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

char *auth_describe(struct auth *auth, const struct auth_scope *scope)
{
    const struct grant *grant = auth_grant(auth, scope);

    pthread_mutex_lock(&auth->lock);
    char *provenance =
        xstrdup(grant->provenance != NULL
                    ? grant->provenance
                    : "the registry has not asked for credentials, so none were sent");
    pthread_mutex_unlock(&auth->lock);
    return provenance;
}

int grant_deny(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
               const char *reason, struct error *err)
{
    CLEANUP(text) char *subject = scope_subject(scope);

    pthread_mutex_lock(&auth->lock);
    CLEANUP(text) char *provenance = grant->provenance != NULL ? xstrdup(grant->provenance) : NULL;
    pthread_mutex_unlock(&auth->lock);
    return error_set(err, ERROR_DENIED, "access to '%s' at '%s' is denied: %s%s%s", subject,
                     scope->registry, reason, provenance != NULL ? "; " : "",
                     provenance != NULL ? provenance : "");
}

static void grant_set_challenge(struct auth *auth, struct grant *grant,
                                const struct auth_challenge *challenge)
{
    pthread_mutex_lock(&auth->lock);
    grant->basic = text_equal_fold(challenge->scheme, "Basic");
    set_text(&grant->realm, grant->basic ? NULL : challenge->realm);
    set_text(&grant->service, challenge->service);
    set_text(&grant->asked, challenge->scope);
    grant->open = grant->is_foreseen = false;
    pthread_mutex_unlock(&auth->lock);
}

/* The first Bearer challenge in a header, with its realm; else the first Basic one; else NULL. */
static const struct auth_challenge *choose(const struct auth_challenge *challenges, size_t count)
{
    const struct auth_challenge *basic = NULL;

    for (size_t i = 0; i < count; i++) {
        if (text_equal_fold(challenges[i].scheme, "Bearer") && challenges[i].realm != NULL)
            return &challenges[i];
        if (basic == NULL && text_equal_fold(challenges[i].scheme, "Basic"))
            basic = &challenges[i];
    }
    return basic;
}

/* All challenges of an answer in one list, as if it had one header. */
static char *join_challenges(const struct http_response *response)
{
    struct buf all = BUF_INIT;

    for (size_t i = 0; i < response->header_count; i++)
        if (text_equal_fold(response->headers[i].name, "WWW-Authenticate"))
            buf_addf(&all, "%s%s", all.size > 0 ? ", " : "", response->headers[i].value);
    return buf_take(&all);
}

int grant_learn(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                const struct http_response *response, struct error *err)
{
    CLEANUP(text) char *value = join_challenges(response);
    struct auth_challenge *challenges = NULL;
    size_t count = 0;

    auth_challenges_parse(value, &challenges, &count);
    const struct auth_challenge *chosen = choose(challenges, count);
    bool found = chosen != NULL;
    if (found)
        grant_set_challenge(auth, grant, chosen);
    auth_challenges_free(challenges, count);
    if (found)
        return 0;
    return grant_deny(auth, grant, scope,
                      "it answered with status 401 and does not say how to log in", err);
}

/* What the last challenge said, and who answers it. All owned. */
struct question {
    char *realm;
    char *service;
    char *asked;
    char *repository;
    struct credential credential;
    bool basic;
    bool fresh;
};

static void question_release(struct question *question)
{
    free(question->realm);
    free(question->service);
    free(question->asked);
    free(question->repository);
    credential_release(&question->credential);
}
CLEANUP_RELEASE(question)

static void question_fill(struct question *question, struct auth *auth, struct grant *grant)
{
    pthread_mutex_lock(&auth->lock);
    set_text(&question->realm, grant->realm);
    set_text(&question->service, grant->service);
    set_text(&question->asked, grant->asked);
    question->basic = grant->basic;
    question->fresh = grant->refused;
    grant->refused = false;
    pthread_mutex_unlock(&auth->lock);
}

/* As it is sent: USER:PASSWORD, of which every form is a secret. */
static void note_pair(struct http *http, const struct credential *credential)
{
    if (credential->user == NULL || credential->password == NULL)
        return;
    CLEANUP(secret)
    char *pair = xasprintf("%s:%s", credential->user, credential->password);
    http_note_secret(http, pair);
}

/* Who we are for the registry; the provenance is kept for messages. */
static int question_find(struct question *question, struct auth *auth, struct grant *grant,
                         const struct auth_scope *scope, struct error *err)
{
    const char *start = strstr(scope->registry, "://");
    struct credential_query query = {
        .host = start != NULL ? start + 3 : scope->registry,
        .repository = question->repository,
    };

    if (credential_finder_find(auth->credentials, &query, question->fresh, &question->credential,
                               err) < 0)
        return -1;
    http_note_secret(auth->http, question->credential.password);
    http_note_secret(auth->http, question->credential.identity_token);
    note_pair(auth->http, &question->credential);
    pthread_mutex_lock(&auth->lock);
    set_text(&grant->provenance, question->credential.provenance);
    pthread_mutex_unlock(&auth->lock);
    return 0;
}

/* The answer to it: a token, or what stands in its place. */
static int question_answer(const struct question *question, const struct auth *auth,
                           const struct auth_scope *scope, struct token *out, struct error *err)
{
    const struct credential *credential = &question->credential;
    struct token_request request = {
        .http = auth->http,
        .log = auth->log,
        .credential = credential_is_empty(credential) ? NULL : credential,
        .registry = scope->registry,
        .realm = question->realm,
        .service = question->service,
        .asked = question->asked,
        .scopes = scope->scopes,
    };

    if (question->basic)
        return token_from_password(credential, out, err);
    if (credential->registry_token != NULL)
        return token_from_text(credential->registry_token, out, err);
    return token_fetch(&request, out, err);
}

/* Asks for a token; the caller has made the grant busy. */
static int grant_fetch(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                       struct token *out, struct error *err)
{
    CLEANUP(question)
    struct question question = {
        .repository = scope_subject(scope),
        .credential = CREDENTIAL_INIT,
    };

    question_fill(&question, auth, grant);
    if (question_find(&question, auth, grant, scope, err) < 0)
        return -1;
    if (question_answer(&question, auth, scope, out, err) < 0) {
        secret_mask(err, question.credential.password);
        secret_mask(err, question.credential.identity_token);
        if (err->kind != ERROR_DENIED)
            return -1;
        CLEANUP(text) char *reason = xstrdup(err->text);
        return grant_deny(auth, grant, scope, reason, err);
    }
    log_debug(auth->log, "%s for '%s', valid for %u s",
              question.basic ? "user and password" : "token", grant->key, out->lifetime_s);
    return 0;
}

/* Its wait needs no look at cancel, since the request that it waits for has one. */
int grant_renew(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
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

    time_t begin_s = auth_now_s();
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
    time_t left_s = grant->begin_s + (time_t)grant->token.lifetime_s - auth_now_s();

    return grant->token.header != NULL && left_s >= (most_s < needed_s ? most_s : needed_s);
}

/* What was foreseen is no reason to fail: what the registry says itself is. */
static int give_up_foreseen(struct auth *auth, struct grant *grant, struct error *err)
{
    if (err->kind == ERROR_CANCELED || err->kind == ERROR_UNREACHABLE)
        return -1;
    log_debug(auth->log, "no token for '%s' by another's challenge: %s", grant->key, err->text);
    error_release(err);
    pthread_mutex_lock(&auth->lock);
    if (grant->is_foreseen)
        forget_foreseen(grant);
    pthread_mutex_unlock(&auth->lock);
    return 0;
}

int grant_freshen(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                  bool for_upload, struct error *err)
{
    pthread_mutex_lock(&auth->lock);
    unsigned needed_s = grant->token.lifetime_s / 10;
    if (needed_s < RENEW_BEFORE_S)
        needed_s = RENEW_BEFORE_S;
    if (for_upload && needed_s < UPLOAD_LIFE_S)
        needed_s = UPLOAD_LIFE_S;
    bool asked = (grant->realm != NULL || grant->basic) && !grant->open;
    bool is_foreseen = grant->is_foreseen;
    bool wanted = for_upload || is_foreseen || grant->token.header != NULL;
    bool stale = asked && wanted && !grant_is_fresh(grant, needed_s);
    unsigned generation = grant->generation;
    pthread_mutex_unlock(&auth->lock);
    if (!stale || grant_renew(auth, grant, scope, generation, err) == 0)
        return 0;
    return is_foreseen ? give_up_foreseen(auth, grant, err) : -1;
}

char *grant_copy_header(struct auth *auth, struct grant *grant, unsigned *generation)
{
    pthread_mutex_lock(&auth->lock);
    char *header = grant->token.header != NULL ? xstrdup(grant->token.header) : NULL;
    *generation = grant->generation;
    pthread_mutex_unlock(&auth->lock);
    return header;
}

void grant_note_open(struct auth *auth, struct grant *grant)
{
    pthread_mutex_lock(&auth->lock);
    grant->open = grant->token.header == NULL;
    pthread_mutex_unlock(&auth->lock);
}

void grant_note_refused(struct auth *auth, struct grant *grant, unsigned generation)
{
    pthread_mutex_lock(&auth->lock);
    if (grant->generation == generation && grant->token.header != NULL)
        grant->refused = true;
    pthread_mutex_unlock(&auth->lock);
}
