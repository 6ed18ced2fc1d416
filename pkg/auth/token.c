#include "auth/auth_internal.h"

#include "json/parse.h"

#include <jansson.h>
#include <string.h>

#define TOKEN_ANSWER_LIMIT ((size_t)1024 * 1024)
#define TOKEN_LIFETIME_MIN_S 60

void token_release(struct token *token)
{
    secret_free(token->header);
    *token = (struct token)TOKEN_INIT;
}

/* "host:port" of a URL as written; the caller frees it. */
static char *url_host(const char *url)
{
    CLEANUP(text) char *shown = text_display_url(url); /* without user */
    const char *start = strstr(shown, "://");

    start = start != NULL ? start + 3 : shown;
    return xstrndup(start, strcspn(start, "/"));
}

/* Where a registry may send us for tokens, maybe with its credentials. */
static int check_realm(const struct token_request *request, const char *realm, struct error *err)
{
    CLEANUP(text) char *name = text_display_url(realm);
    CLEANUP(text) char *host = url_host(realm);

    if (!text_starts_with(realm, "https://") && !text_starts_with(request->registry, "http://") &&
        !http_allows_insecure(request->http, host))
        return error_set(err, ERROR_DENIED,
                         "'%s' sends for tokens to '%s', which is not https and so is not asked",
                         request->registry, name);
    if (!http_may_name(request->http, request->registry, realm))
        return error_set(err, ERROR_DENIED,
                         "'%s' sends for tokens to '%s', where only a server that is there itself "
                         "may send inlay",
                         request->registry, name);
    return 0;
}

static bool list_has(const char *list, const char *item, size_t size, const char *separators)
{
    for (const char *at = list + strspn(list, separators); *at != '\0';) {
        size_t length = strcspn(at, separators);
        if (length == size && memcmp(at, item, size) == 0)
            return true;
        at += length;
        at += strspn(at, separators);
    }
    return false;
}

/* "repository:a:pull,push" covers "repository:a:pull". */
static bool scope_covers(const char *scope, const char *other)
{
    const char *actions = strrchr(scope, ':');
    const char *wanted = strrchr(other, ':');

    if (actions == NULL || wanted == NULL || actions - scope != wanted - other ||
        memcmp(scope, other, (size_t)(actions - scope)) != 0)
        return strcmp(scope, other) == 0;
    for (const char *at = wanted + 1; *at != '\0';) {
        size_t size = strcspn(at, ",");
        if (!list_has(actions + 1, at, size, ","))
            return false;
        at += size;
        at += strspn(at, ",");
    }
    return true;
}

static void add_parameter(struct buf *url, const char *name, const char *value)
{
    buf_addf(url, "%s%s=", strchr(buf_text(url), '?') != NULL ? "&" : "?", name);
    http_encode(url, value, ":/,");
}

/* Those of the caller and of the challenge, each once. */
static void collect_scopes(const struct token_request *request, struct strings *out)
{
    for (size_t i = 0; request->scopes[i] != NULL; i++)
        strings_add(out, request->scopes[i]);
    for (const char *at = request->asked != NULL ? request->asked : ""; *at != '\0';) {
        size_t size = strcspn(at, " ");
        CLEANUP(text) char *scope = xstrndup(at, size);
        bool covered = size == 0;
        for (size_t i = 0; i < out->count && !covered; i++)
            covered = scope_covers(out->items[i], scope);
        if (!covered)
            strings_add(out, scope);
        at += size;
        at += strspn(at, " ");
    }
}

static int resolve_realm(const struct token_request *request, char **out, struct error *err)
{
    CLEANUP(text) char *realm = NULL;

    if (http_resolve_url(request->registry, request->realm, &realm, err) < 0)
        return error_wrap(err, "where tokens for '%s' come from", request->registry);
    if (check_realm(request, realm, err) < 0)
        return -1;
    *out = TAKE(realm);
    return 0;
}

int token_format_url(const struct token_request *request, struct buf *out, struct error *err)
{
    CLEANUP(strings) struct strings scopes = STRINGS_INIT;
    CLEANUP(text) char *realm = NULL;

    if (resolve_realm(request, &realm, err) < 0)
        return -1;
    buf_add_text(out, realm);
    if (request->service != NULL)
        add_parameter(out, "service", request->service);
    collect_scopes(request, &scopes);
    for (size_t i = 0; i < scopes.count; i++)
        add_parameter(out, "scope", scopes.items[i]);
    return 0;
}

static void add_field(struct buf *form, const char *name, const char *value)
{
    buf_addf(form, "%s%s=", form->size > 0 ? "&" : "", name);
    http_encode(form, value, "");
}

int token_format_form(const struct token_request *request, char **url, struct buf *body,
                      struct error *err)
{
    CLEANUP(strings) struct strings scopes = STRINGS_INIT;
    CLEANUP(buf) struct buf scope = BUF_INIT;

    if (resolve_realm(request, url, err) < 0)
        return -1;
    collect_scopes(request, &scopes);
    for (size_t i = 0; i < scopes.count; i++)
        buf_addf(&scope, "%s%s", i > 0 ? " " : "", scopes.items[i]);
    add_field(body, "grant_type", "refresh_token");
    if (request->service != NULL)
        add_field(body, "service", request->service);
    add_field(body, "client_id", "inlay");
    if (scope.size > 0)
        add_field(body, "scope", buf_text(&scope));
    add_field(body, "refresh_token", request->credential->identity_token);
    return 0;
}

static const char *member_text(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text != NULL && *text != '\0' ? text : NULL;
}

static unsigned member_lifetime(const json_t *json)
{
    const json_t *member = json_object_get(json, "expires_in");
    double seconds = json_number_value(member); /* 0 if it is no number */

    if (!(seconds > TOKEN_LIFETIME_MIN_S))
        return TOKEN_LIFETIME_MIN_S;
    return seconds < TOKEN_LIFETIME_MAX_S ? (unsigned)seconds : TOKEN_LIFETIME_MAX_S;
}

int token_from_text(const char *text, struct token *out, struct error *err)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at <= 0x20 || *at >= 0x7f)
            return error_set(err, ERROR_CORRUPT, "the token has characters that no token has");
    token_release(out);
    out->header = xasprintf("Bearer %s", text);
    out->lifetime_s = TOKEN_LIFETIME_MAX_S;
    return 0;
}

static char *format_basic(const char *user, const char *secret)
{
    CLEANUP(secret) char *pair = xasprintf("%s:%s", user, secret);
    CLEANUP(secret) char *text = base64_encode(pair, strlen(pair));

    return xasprintf("Basic %s", text);
}

int token_from_password(const struct credential *credential, struct token *out, struct error *err)
{
    if (credential->user == NULL || credential->password == NULL)
        return error_set(err, ERROR_DENIED, "it wants a user and a password");
    token_release(out);
    out->header = format_basic(credential->user, credential->password);
    out->lifetime_s = TOKEN_LIFETIME_MAX_S;
    return 0;
}

/* issued_at is left alone: by a clock that differs from ours, every token would have ended. */
int token_parse(const char *data, size_t size, struct token *out, struct error *err)
{
    static const struct json_rules rules = {.name = "the answer with a token",
                                            .flags = JSON_REJECT_DUPLICATES};
    json_auto_t *json = NULL;

    if (json_parse(data, size, &rules, &json, err) < 0)
        return -1;
    if (!json_is_object(json))
        return error_set(err, ERROR_CORRUPT, "the answer with a token is not a JSON object");
    const char *token = member_text(json, "token");
    if (token == NULL)
        token = member_text(json, "access_token");
    if (token == NULL)
        return error_set(err, ERROR_CORRUPT,
                         "the answer has neither 'token' nor 'access_token' in it");
    if (token_from_text(token, out, err) < 0)
        return -1;
    out->lifetime_s = member_lifetime(json);
    return 0;
}

/* Sends what was made for `url`, and takes the token out of the answer. */
static int token_send(const struct token_request *request, struct http_request *asked,
                      struct http_response *response, struct token *out, struct error *err)
{
    asked->peer = "the token server";
    asked->accept = "application/json";
    asked->body_limit = TOKEN_ANSWER_LIMIT;
    asked->keep_redirect = true; /* where it leads has not been checked */
    asked->named_by = request->registry;
    if (!http_same_origin(asked->url, request->registry)) {
        CLEANUP(text) char *name = text_display_url(asked->url);
        log_debug(request->log, "'%s' sends for tokens to '%s'%s", request->registry, name,
                  request->credential != NULL ? ", which gets its credentials" : "");
    }
    if (http_send(request->http, asked, response, err) < 0) {
        if (err->kind ==
            ERROR_NOT_FOUND) /* the server of tokens is not, and that says nothing of images */
            err->kind = ERROR_UNSUPPORTED;
        return error_wrap(err, "getting a token for '%s'", request->registry);
    }
    int result = -1;
    if (response->status == 200)
        result = token_parse(buf_text(&response->body), response->body.size, out, err);
    if (response->body.data != NULL)
        explicit_bzero(response->body.data, response->body.size);
    if (response->status != 200 || result == 0)
        return 0;
    CLEANUP(text) char *name = text_display_url(asked->url);
    return error_wrap(err, "getting a token for '%s' from '%s'", request->registry, name);
}

/* The form that all servers know; `secret` goes with the user, NULL: anonymous. */
static int token_get(const struct token_request *request, const char *secret, struct token *out,
                     struct error *err)
{
    const struct credential *credential = request->credential;
    CLEANUP(buf) struct buf url = BUF_INIT;
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(secret) char *header = NULL;

    if (token_format_url(request, &url, err) < 0)
        return -1;
    if (secret != NULL) {
        add_parameter(&url, "account", credential->user);
        header = format_basic(credential->user, secret);
    }
    struct http_request asked = {
        .method = "GET",
        .url = buf_text(&url),
        .authorization = header,
        .expect = HTTP_EXPECT(200),
    };
    return token_send(request, &asked, &response, out, err);
}

/* *known tells whether the server knows this form; if not, there is no token yet. */
static int token_post(const struct token_request *request, bool *known, struct token *out,
                      struct error *err)
{
    static const int refusals[] = {400, 401, 404, 405};
    CLEANUP(secret_buf) struct buf form = BUF_INIT;
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(text) char *url = NULL;
    bool has_user = request->credential->user != NULL && *request->credential->user != '\0';

    if (token_format_form(request, &url, &form, err) < 0)
        return -1;
    struct http_request asked = {
        .method = "POST",
        .url = url,
        .content_type = "application/x-www-form-urlencoded",
        .body = buf_text(&form),
        .body_size = form.size,
        .expect = has_user ? HTTP_EXPECT(200, 400, 401, 404, 405) : HTTP_EXPECT(200),
        .repeatable = true,
    };
    if (token_send(request, &asked, &response, out, err) < 0)
        return -1;
    *known = true;
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        *known = *known && response.status != refusals[i];
    return 0;
}

/*
 * An identity token goes into the POST form alone, but some servers know only GET, or answer so:
 * those take it as the password of its user, if there is one.
 */
int token_fetch(const struct token_request *request, struct token *out, struct error *err)
{
    const struct credential *credential = request->credential;
    bool known = false;

    if (credential == NULL || credential->identity_token == NULL)
        return token_get(request, credential != NULL ? credential->password : NULL, out, err);
    if (token_post(request, &known, out, err) < 0)
        return -1;
    return known ? 0 : token_get(request, credential->identity_token, out, err);
}
