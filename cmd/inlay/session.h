#ifndef INLAY_SESSION_H
#define INLAY_SESSION_H

#include "auth/auth.h"
#include "command.h"
#include "http/http.h"
#include "oci/reference.h"
#include "render.h"
#include "store/store.h"

/* What every command opens: how it speaks to people and to servers. */
struct session {
    struct render *render;
    struct http *http;
    struct auth *auth;
    struct store_context stores; /* of these, for store_open() */
};

/* Makes no request. `session` is zeroed before. */
void session_open(struct session *session, const struct command_context *context,
                  enum render_mode mode);
void session_release(struct session *session);
CLEANUP_RELEASE(session)

/* What commands have in common on their command lines; failures are ERROR_USAGE. */

/* The value of --to: a tag. */
int session_parse_target(const char *text, struct reference *out, struct error *err) MUST_CHECK;
/* The value of --jobs. */
int session_parse_jobs(const char *text, unsigned *out, struct error *err) MUST_CHECK;
/* Refuses what getopt_long() did not take: `option` is what it returned. Returns -1. */
int session_refuse_option(int option, char **argv, const char *command, struct error *err);

/* Prints "TARGET@sha256:…", the one line on standard output of a command that writes an image. */
int session_say_target(const struct reference *target, const struct digest *digest,
                       struct error *err) MUST_CHECK;

#endif
