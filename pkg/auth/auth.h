#ifndef INLAY_AUTH_AUTH_H
#define INLAY_AUTH_AUTH_H

#include "core/error.h"
#include "core/log.h"
#include "http/http.h"

/*
 * Who we are for a host. Registries: user and password, or bearer tokens, anonymous or not, as the
 * challenge asks (distribution-spec, the Docker token specification). Tokens are kept per registry
 * and scope, renewed on 401 or shortly before they end, one renewal at a time, and never sent to a
 * host they were not made for. Credentials are those that other tools keep after a login; they go
 * to the registry itself and to the realm that it names, over https, and to none on this machine
 * or a private network unless the registry is there, too. Safe to share between threads.
 */
struct auth;

struct auth_options {
    struct http *http;           /* required; borrowed, as all here: outlives the auth */
    const struct log *log;       /* NULL: silent */
    const struct cancel *cancel; /* NULL: cannot be stopped */
    const char *authfile;        /* the one file to look in; NULL: by the environment */
    const char *const *creds;    /* "HOST=FILE" or "HOST=-", which is stdin: USER:PASSWORD in the
                                    first line; NULL-terminated; NULL: none */
};

/*
 * A value of `creds`, before any request: ERROR_USAGE if it is not of the form, ERROR_LOCAL if the
 * file cannot be read. Its content, and all other files, are looked at when a registry asks who we
 * are; what is wrong with them is an error then.
 */
int auth_check_creds(const char *text, struct error *err) MUST_CHECK;
/* The same of `authfile`: ERROR_LOCAL if it cannot be read. */
int auth_check_authfile(const char *path, struct error *err) MUST_CHECK;

struct auth *auth_new(const struct auth_options *options);
/*
 * Warns of logins of `creds` whose host has not asked for one, where another one has and found
 * none: its name may be mistyped. When all requests have ended.
 */
void auth_tell_idle(struct auth *auth);
void auth_free(struct auth *auth);
CLEANUP_FREE(auth)

/* What a request is about. Both borrowed. */
struct auth_scope {
    const char *registry;      /* origin of the registry's API: "https://ghcr.io" */
    const char *const *scopes; /* "repository:N:pull,push"; NULL-terminated, essential one first */
};

/*
 * http_send() with the token for `scope`: a 401 is answered by getting a token as the challenge
 * asks, once. ERROR_DENIED if that is not enough, telling who we were, unless request->expect names
 * 401; a NULL there does not. ERROR_LOCAL if stored credentials cannot be used.
 */
int auth_send(struct auth *auth, const struct auth_scope *scope, const struct http_request *request,
              struct http_response *response, struct error *err) MUST_CHECK;
/* http_open() in the same way. */
int auth_open(struct auth *auth, const struct auth_scope *scope, const struct http_request *request,
              struct http_response *response, struct reader **body, struct error *err) MUST_CHECK;
/*
 * The header value for a request whose body cannot be repeated: a token with at least a minute to
 * live, by the challenge that the registry gave last for this scope. *out is NULL if the registry
 * wants none. The caller frees it.
 */
int auth_authorize(struct auth *auth, const struct auth_scope *scope, char **out,
                   struct error *err) MUST_CHECK;

/* The registry refused what auth_authorize() gave: the next call gets a new token. */
void auth_forget(struct auth *auth, const struct auth_scope *scope);

/*
 * The Hub's token: HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the file HF_TOKEN_PATH, else "token" in
 * HF_HOME (or XDG_CACHE_HOME/huggingface, or HOME/.cache/huggingface); line ends removed, blanks
 * around it stripped. *out is NULL if there is none (HF_HUB_DISABLE_IMPLICIT_TOKEN drops a token
 * of the file). ERROR_LOCAL if a file exists and cannot be read. The caller frees *out.
 */
int auth_hub_token(char **out, struct error *err) MUST_CHECK;
/* The same, and where it is from: a variable or a file; NULL without one. The caller frees both. */
int auth_find_hub_token(char **out, char **from, struct error *err) MUST_CHECK;

/*
 * Who we were for the registry, for the end of a refusal: "the credentials of 'bob' come from
 * '/home/bob/.docker/config.json', key 'ghcr.io'", or that there are none and how to store some.
 * Never a secret. The caller frees it.
 */
char *auth_describe(struct auth *auth, const struct auth_scope *scope);

struct auth_challenge {
    char *scheme; /* as sent: "Bearer", "Basic" */
    char *realm;  /* NULL: none, for this and the following */
    char *service;
    char *scope;
    char *error;
};

/*
 * Parses one WWW-Authenticate value, which may hold several challenges (RFC 9110, 11.6.1). *out
 * is an array of *count, freed by auth_challenges_free(). Never fails: what it does not
 * understand it leaves out.
 */
void auth_challenges_parse(const char *value, struct auth_challenge **out, size_t *count);
void auth_challenges_free(struct auth_challenge *challenges, size_t count);

#endif
