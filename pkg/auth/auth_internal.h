#ifndef INLAY_AUTH_AUTH_INTERNAL_H
#define INLAY_AUTH_AUTH_INTERNAL_H

#include "auth/auth.h"

/* Said wherever a login would have helped. */
#define AUTH_ANONYMOUS                                                                             \
    "inlay sends no stored credentials yet; only anonymous access and anonymous tokens work"

/* A bearer token, as the value of the Authorization header. */
struct token {
    char *header;
    unsigned lifetime_s; /* from when it was asked for */
};

#define TOKEN_INIT                                                                                 \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

void token_release(struct token *token);
CLEANUP_RELEASE(token)

struct token_request {
    const char *registry;      /* required: the origin that gave the challenge */
    const char *realm;         /* required: of the challenge, as all that follows */
    const char *service;       /* NULL: none */
    const char *asked;         /* scopes of the challenge, separated by blanks; NULL: none */
    const char *const *scopes; /* the caller's own, NULL-terminated */
};

/*
 * The URL to ask for a token (Docker token specification). ERROR_DENIED if the realm is one that a
 * registry has no business sending us to.
 */
int token_format_url(const struct token_request *request, struct buf *out,
                     struct error *err) MUST_CHECK;
/* Parses the answer. Its limits are those of the Docker token specification. */
int token_parse(const char *data, size_t size, struct token *out, struct error *err) MUST_CHECK;
int token_fetch(struct http *http, const struct token_request *request, struct token *out,
                struct error *err) MUST_CHECK;

#endif
