#include "session.h"

#include "core/text.h"

#include <getopt.h>
#include <stdio.h>

#define JOBS_MAX 64

void session_open(struct session *session, const struct command_context *context,
                  enum render_mode mode)
{
    session->render = render_new(mode);
    const struct log *log = render_log(session->render);
    session->http = http_new(&(struct http_options){
        .user_agent = "inlay/" INLAY_VERSION,
        .cancel = context->cancel,
        .log = log,
    });
    session->auth = auth_new(session->http, log);
    session->stores = (struct store_context){session->http, session->auth, context->cancel, log};
}

void session_release(struct session *session)
{
    auth_free(session->auth);
    http_free(session->http);
    render_free(session->render);
    *session = (struct session){0};
}

int session_parse_target(const char *text, struct reference *out, struct error *err)
{
    if (reference_parse(text, out, err) < 0)
        return error_wrap(err, "--to");
    if (out->digest.algorithm != DIGEST_NONE)
        return error_set(err, ERROR_USAGE,
                         "--to '%s' names a digest, which is not known beforehand; name a tag",
                         text);
    if (out->tag == NULL)
        return error_set(err, ERROR_USAGE, "--to '%s' names no tag; expected oci:DIR:TAG", text);
    return 0;
}

int session_parse_jobs(const char *text, unsigned *out, struct error *err)
{
    uint64_t jobs = 0;

    if (parse_u64(text, JOBS_MAX, &jobs, err) < 0)
        return error_wrap(err, "--jobs");
    if (jobs == 0)
        return error_set(err, ERROR_USAGE, "--jobs is 0, expected 1 to %d", JOBS_MAX);
    *out = (unsigned)jobs;
    return 0;
}

int session_refuse_option(int option, char **argv, const char *command, struct error *err)
{
    if (option == ':')
        return error_set(err, ERROR_USAGE, "the option '%s' wants a value; see 'inlay %s --help'",
                         argv[optind - 1], command);
    if (optopt > 0 && optopt < 256) /* a letter, maybe one of several in a word */
        return error_set(err, ERROR_USAGE, "the option '-%c' is not known; see 'inlay %s --help'",
                         optopt, command);
    return error_set(err, ERROR_USAGE, "the option '%s' is not known; see 'inlay %s --help'",
                     argv[optind - 1], command);
}

int session_say_target(const struct reference *target, const struct digest *digest,
                       struct error *err)
{
    CLEANUP(text) char *name = reference_format(target, false);

    printf("%s@%s\n", name, digest_format(digest).text);
    if (fflush(stdout) == 0)
        return 0;
    return error_set(err, ERROR_LOCAL,
                     "%s@%s is published, but could not be written to standard output", name,
                     digest_format(digest).text);
}
