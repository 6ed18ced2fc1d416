#ifndef INLAY_AUTH_AUTH_INTERNAL_H
#define INLAY_AUTH_AUTH_INTERNAL_H

#include "auth/auth.h"
#include "core/base64.h"
#include "core/secrets.h"
#include "core/text.h"

#include <pthread.h>
#include <time.h>

/* Seconds of a clock that only goes forward. */
time_t auth_now_s(void);
/* The value of a variable that is set and not empty; NULL otherwise. */
const char *auth_variable(const char *name);

/* Whoever may have repeated a secret in a message: it is taken out again. NULL: none. */
void secret_mask(struct error *err, const char *secret);

/* Who we are for a host, as found. All owned; empty: nobody. */
struct credential {
    char *user;           /* NULL: none */
    char *password;       /* NULL: none */
    char *identity_token; /* for the POST form of the token specification; NULL: none */
    char *registry_token; /* sent as it is; NULL: none */
    char *provenance; /* for messages: who this is and where it was found, or that nothing was */
};

#define CREDENTIAL_INIT                                                                            \
    {                                                                                              \
        NULL, NULL, NULL, NULL, NULL                                                               \
    }

bool credential_is_empty(const struct credential *credential);
/* Sets the provenance: "the credentials of 'bob' come from <origin>". */
void credential_tell(struct credential *credential, const char *origin);
void credential_release(struct credential *credential);
CLEANUP_RELEASE(credential)

/* Whose credentials are looked for. Borrowed. */
struct credential_query {
    const char *host;       /* "ghcr.io", "localhost:5000"; docker.io for its API host, too */
    const char *repository; /* "library/alpine"; NULL: none in particular */
};

/* "docker.io" for each of its names, else the same. */
const char *credential_host(const char *host);
/* What helpers and Docker's file call a host. */
const char *credential_server(const char *host);
/*
 * Whether a key of a credentials file is about the host, or about the repository or a namespace
 * above it: then *rank says how closely, the more the better; CREDENTIAL_RANK_PATH and above are
 * those with a path.
 */
#define CREDENTIAL_RANK_PATH 4
bool credential_key_fits(const char *key, const struct credential_query *query, unsigned *rank);

/* What one file says about a host. */
struct docker_config {
    struct credential own; /* of `auths`, the closest entry with something in it */
    unsigned rank;         /* of its key */
    char *key;             /* NULL: there is none */
    char *helper;          /* of `credHelpers`; NULL: none */
    char *store;           /* `credsStore`; NULL: none */
};

#define DOCKER_CONFIG_INIT                                                                         \
    {                                                                                              \
        CREDENTIAL_INIT, 0, NULL, NULL, NULL                                                       \
    }

void docker_config_release(struct docker_config *file);
CLEANUP_RELEASE(docker_config)

/* What is parsed, and how messages call it. */
struct credential_text {
    const char *name; /* required: a path, a variable */
    const char *data;
    size_t size;
    bool bare; /* ~/.dockercfg: the content of `auths` alone */
};

/* Parses config.json or auth.json. ERROR_LOCAL with name and place, never with what is there. */
int docker_config_parse(const struct credential_text *text, const struct credential_query *query,
                        struct docker_config *out, struct error *err) MUST_CHECK;

struct helper {
    const char *name;            /* required: NAME of docker-credential-NAME */
    const char *server;          /* required: whose credentials */
    const char *named_by;        /* required: the file that says so, for messages */
    const struct cancel *cancel; /* NULL: cannot be stopped */
    unsigned timeout_s;          /* 0: 60 */
};

/*
 * Runs docker-credential-NAME get, found by PATH, without a shell; what it says on its standard
 * error is seen by the user. *out stays empty if it knows none. ERROR_LOCAL if it is not there,
 * ends with another complaint, or takes too long.
 */
int helper_ask(const struct helper *helper, struct credential *out, struct error *err) MUST_CHECK;
/* Parses its answer: what it wrote, and the status it ended with. */
int helper_parse(const struct helper *helper, const struct buf *answer, int status,
                 struct credential *out, struct error *err) MUST_CHECK;
/* [A-Za-z0-9._-]+, not beginning with a dot. */
bool helper_is_name(const char *name);

/* "HOST=FILE" */
struct credential_option {
    char *host;
    char *file; /* NULL: standard input */
};

void credential_option_release(struct credential_option *creds);
CLEANUP_RELEASE(credential_option)

int credential_option_parse(const char *text, struct credential_option *out,
                            struct error *err) MUST_CHECK;
/* USER:PASSWORD in the first line; `from` is for messages. */
int credential_option_parse_line(const char *content, const char *from, struct credential *out,
                                 struct error *err) MUST_CHECK;

/* All places where credentials are. Safe to share between threads: one at a time looks. */
struct credential_finder;

struct credential_finder *credential_finder_new(const struct auth_options *options);
/* As auth_tell_idle(). */
void credential_finder_tell_idle(struct credential_finder *credentials);
void credential_finder_free(struct credential_finder *credentials);
/*
 * *out is empty but for its provenance if there are none. `fresh`: what was found was refused, so
 * that no earlier answer of a helper will do.
 */
int credential_finder_find(struct credential_finder *credentials,
                           const struct credential_query *query, bool fresh, struct credential *out,
                           struct error *err) MUST_CHECK;

/* What proves who we are, as the value of the Authorization header. */
struct token {
    char *header;
    unsigned lifetime_s; /* from when it was asked for */
};

#define TOKEN_INIT                                                                                 \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
#define TOKEN_LIFETIME_MAX_S (24 * 3600)

void token_release(struct token *token);
CLEANUP_RELEASE(token)

struct token_request {
    struct http *http;                   /* required */
    const struct log *log;               /* may be NULL */
    const struct credential *credential; /* NULL: anonymous */
    const char *registry;                /* required: the origin that gave the challenge */
    const char *realm;                   /* required: of the challenge, as all that follows */
    const char *service;                 /* NULL: none */
    const char *asked;                   /* its scopes, separated by blanks; NULL: none */
    const char *const *scopes;           /* the caller's own, NULL-terminated */
};

/*
 * The URL to ask for a token (Docker token specification). ERROR_DENIED if the realm is one that a
 * registry has no business sending us to.
 */
int token_format_url(const struct token_request *request, struct buf *out,
                     struct error *err) MUST_CHECK;
/* The same in its POST form, with the identity token in the body. */
int token_format_form(const struct token_request *request, char **url, struct buf *body,
                      struct error *err) MUST_CHECK;
/* Parses the answer. Its limits are those of the Docker token specification. */
int token_parse(const char *data, size_t size, struct token *out, struct error *err) MUST_CHECK;
int token_fetch(const struct token_request *request, struct token *out,
                struct error *err) MUST_CHECK;
/* "Basic …"; ERROR_DENIED if there is no user with a password. */
int token_from_password(const struct credential *credential, struct token *out,
                        struct error *err) MUST_CHECK;
/* "Bearer …" of a token that is sent as it is. */
int token_from_text(const char *text, struct token *out, struct error *err) MUST_CHECK;

/* What a registry asks for, and has given us, for one set of scopes. Guarded by auth->lock. */
struct grant {
    char *key;        /* registry and scopes */
    bool open;        /* an answer came without a token */
    bool basic;       /* the last challenge wants user and password */
    char *realm;      /* of the last challenge; NULL: none yet, or `basic` */
    char *service;    /* the same */
    char *asked;      /* the same: its scopes */
    char *provenance; /* of the credentials that were last looked for; NULL: not yet */
    struct token token;
    time_t begin_s;       /* when the token was asked for, by auth_now_s() */
    unsigned generation;  /* counts renewals, successful or not */
    struct error failure; /* of the last renewal */
    bool refused;         /* the token was; what it was made from may be out of date */
    bool is_foreseen;     /* the challenge is one that another grant of the registry has met */
    bool busy;            /* somebody is renewing */
};

struct auth {
    struct http *http;     /* borrowed */
    const struct log *log; /* borrowed */
    struct credential_finder *credentials;
    pthread_mutex_t lock;
    pthread_cond_t renewed;
    struct grant **grants;
    size_t count;
};

/*
 * The grant for a scope; lives as long as `auth`. A new one foresees the challenge that another of
 * the same registry has met, so that its first request has a token. If no token comes of that, the
 * registry is asked as if nothing were known, unless the server of tokens cannot be reached.
 */
struct grant *auth_grant(struct auth *auth, const struct auth_scope *scope);
void grant_free(struct grant *grant);
/* Ends a denial with what there is to know about it. */
int grant_deny(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
               const char *reason, struct error *err);
/* Remembers the challenge of a 401. ERROR_DENIED if there is none that can be met. */
int grant_learn(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                const struct http_response *response, struct error *err) MUST_CHECK;
/* Replaces the token of `generation`, unless somebody else does or has: then it waits for that. */
int grant_renew(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                unsigned generation, struct error *err) MUST_CHECK;
/*
 * Renews a token that is about to end; with `for_upload`, or if the challenge is foreseen, also
 * gets one if there is none yet.
 */
int grant_freshen(struct auth *auth, struct grant *grant, const struct auth_scope *scope,
                  bool for_upload, struct error *err) MUST_CHECK;
/* The token of now, or NULL if there is none; the caller frees it by secret_free(). */
char *grant_copy_header(struct auth *auth, struct grant *grant, unsigned *generation);
/* An answer came without a token. */
void grant_note_open(struct auth *auth, struct grant *grant);
/* The token of `generation` was refused. */
void grant_note_refused(struct auth *auth, struct grant *grant, unsigned generation);

#endif
