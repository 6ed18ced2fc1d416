#ifndef INLAY_SESSION_H
#define INLAY_SESSION_H

#include "auth/auth.h"
#include "command.h"
#include "http/http.h"
#include "oci/reference.h"
#include "options.h"
#include "render.h"
#include "sandbox/sandbox.h"
#include "source/source.h"
#include "store/store.h"
#include "stream/stream.h"
#include "trace.h"

/*
 * The first word of a command line that nobody types: this process reads for another one what a
 * stranger has made, a layer or what else the second word says.
 */
#define SANDBOX_WORD "__read"
/* apart.c: does so; returns the status to end with. */
int apart_serve(const char *job);

/* What every command opens: how it speaks to people and to servers. */
struct session {
    struct render *render;
    struct trace *trace; /* NULL: none */
    struct http *http;
    struct auth *auth;
    struct prefetch_pool *pool;  /* connections for the contents of models */
    struct store_context stores; /* of these, for store_open() */
    struct sandbox *sandbox;     /* where strangers' bytes are parsed; NULL: in this process */
};

/* Makes no request. `session` is zeroed before. ERROR_LOCAL for the file of --trace. */
int session_open(struct session *session, const struct command_context *context,
                 const struct options *options, struct error *err) MUST_CHECK;
void session_release(struct session *session);
CLEANUP_RELEASE(session)

/* What commands have in common on their command lines; failures are ERROR_USAGE. */

/*
 * An image to be read. `name` is what the command line calls it: "BASE". Standard input is not
 * there for two.
 */
int session_parse_image(const struct options *options, const char *name, const char *text,
                        struct reference *out, struct error *err) MUST_CHECK;
/* The same of an image that there has to be, which 'scratch' is not. */
int session_parse_existing(const struct options *options, const char *name, const char *text,
                           struct reference *out, struct error *err) MUST_CHECK;
/* Where an image is to be written: a tag, in most places. `name` is "--to" or "TO". */
int session_parse_target(const char *name, const char *text, struct reference *out,
                         struct error *err) MUST_CHECK;
/*
 * What --expect and --overwrite want a tag of `target` to show before; *out is NULL without them,
 * and else belongs to `options` or nobody.
 */
int session_find_expected(const struct options *options, const struct reference *target,
                          const struct tag_state **out, struct error *err) MUST_CHECK;
/*
 * Fills in the members of *out about --hub-cache and --offline, which HF_HUB_OFFLINE stands for,
 * too. *folder is what they borrow; caller frees. Fails with ERROR_NOT_FOUND, too, for a folder
 * that is not there.
 */
int session_find_hub_cache(const struct options *options, struct source_context *out, char **folder,
                           struct error *err) MUST_CHECK;
/* Whether no hub is to be asked: --offline, or HF_HUB_OFFLINE. */
bool session_is_offline(const struct options *options);
/*
 * Where what is learned of bases' layers is kept; NULL: nowhere. What killed runs have left there
 * is removed. Caller frees.
 */
char *session_memo_folder(void);
/* Warns if nothing can be kept there; NULL is none. */
void session_tell_memo(const struct session *session, const char *folder);

#endif
