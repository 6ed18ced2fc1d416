#ifndef INLAY_SESSION_H
#define INLAY_SESSION_H

#include "auth/auth.h"
#include "command.h"
#include "http/http.h"
#include "oci/reference.h"
#include "render.h"
#include "store/store.h"
#include "stream/stream.h"

#define SESSION_MANY 32

/* What people choose of that, the same in every command. Everything borrowed. */
struct session_options {
    enum render_mode mode;
    const char *authfile;                   /* NULL: by the environment */
    const char *tls_ca;                     /* NULL: the system's authorities alone */
    const char *cert_dir;                   /* NULL: certs.d */
    const char *creds[SESSION_MANY + 1];    /* "HOST=FILE", "HOST=-"; NULL-terminated */
    const char *insecure[SESSION_MANY + 1]; /* hosts; NULL-terminated */
    uint64_t limit_rate;                    /* bytes a second in each direction; 0: none */
    unsigned connections;                   /* for the contents of models; 0: 8 */
};

/* For getopt_long(): behind the command's own options, which have the numbers from 256 to 511. */
#define SESSION_SHORT_OPTIONS ":qv"
#define SESSION_OPTION_AUTHFILE 512
#define SESSION_OPTION_CREDS 513
#define SESSION_OPTION_TLS_CA 514
#define SESSION_OPTION_CERT_DIR 515
#define SESSION_OPTION_INSECURE 516
#define SESSION_OPTION_LIMIT_RATE 517
#define SESSION_OPTIONS                                                                            \
    {"quiet", no_argument, NULL, 'q'}, {"verbose", no_argument, NULL, 'v'},                        \
        {"authfile", required_argument, NULL, SESSION_OPTION_AUTHFILE},                            \
        {"creds", required_argument, NULL, SESSION_OPTION_CREDS},                                  \
        {"tls-ca", required_argument, NULL, SESSION_OPTION_TLS_CA},                                \
        {"cert-dir", required_argument, NULL, SESSION_OPTION_CERT_DIR},                            \
        {"limit-rate", required_argument, NULL, SESSION_OPTION_LIMIT_RATE},                        \
    {                                                                                              \
        "insecure", required_argument, NULL, SESSION_OPTION_INSECURE                               \
    }

/* The lines that tell of them in a command's help. */
#define SESSION_HELP                                                                               \
    "\n"                                                                                           \
    "Registries; logins of docker, skopeo and podman are found by themselves:\n"                   \
    "  --authfile FILE       the one file with logins, in place of those\n"                        \
    "  --creds HOST=FILE     USER:PASSWORD in FILE's first line; '-' is stdin; repeatable\n"       \
    "  --tls-ca FILE         authorities that are trusted too, in PEM; a folder of them will do\n" \
    "  --cert-dir DIR        its *.crt, *.cert and *.key, in place of those in certs.d\n"          \
    "  --insecure HOST       plain http and certificates of anybody; repeatable\n"                 \
    "\n"                                                                                           \
    "  --limit-rate RATE     bytes a second, received and sent, at most: 500K, 20M, 1G\n"          \
    "  -q, --quiet           warnings and errors only\n"                                           \
    "  -v, --verbose         requests, retries and digests too\n"                                  \
    "  -h, --help            this text\n"

/* Takes one of them, or refuses what is none of anybody's. */
int session_take_option(struct session_options *out, int option, char **argv, const char *command,
                        struct error *err) MUST_CHECK;

/* What every command opens: how it speaks to people and to servers. */
struct session {
    struct render *render;
    struct http *http;
    struct auth *auth;
    struct prefetch_pool *pool;  /* connections for the contents of models */
    struct store_context stores; /* of these, for store_open() */
};

/* Makes no request. `session` is zeroed before. */
void session_open(struct session *session, const struct command_context *context,
                  const struct session_options *options);
void session_release(struct session *session);
CLEANUP_RELEASE(session)

/* What commands have in common on their command lines; failures are ERROR_USAGE. */

/*
 * An image to be read. `name` is what the command line calls it: "BASE". Standard input is not
 * there for two.
 */
int session_parse_image(const struct session_options *options, const char *name, const char *text,
                        struct reference *out, struct error *err) MUST_CHECK;
/* Where an image is to be written: a tag, in most places. `name` is "--to" or "TO". */
int session_parse_target(const char *name, const char *text, struct reference *out,
                         struct error *err) MUST_CHECK;
/* The value of --jobs. */
int session_parse_jobs(const char *text, unsigned *out, struct error *err) MUST_CHECK;
/* "20M": bytes, with K, M, G or T for powers of 1024; false if it is none. */
bool session_parse_size(const char *text, uint64_t *out);
/* The value of --connections. */
int session_parse_connections(const char *text, unsigned *out, struct error *err) MUST_CHECK;
/* Where what is learned of bases' layers is kept; NULL: nowhere. Caller frees. */
char *session_memo_folder(void);

/*
 * Prints "TARGET@sha256:…", the one line on standard output of a command that writes an image; on
 * standard error if the image itself goes to standard output.
 */
int session_say_target(const struct reference *target, const struct digest *digest,
                       struct error *err) MUST_CHECK;

#endif
