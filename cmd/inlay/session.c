#include "session.h"

#include "core/text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define JOBS_MAX 64
#define CONNECTIONS_DEFAULT 8

/* Plain http and unverified TLS are as good as what is known beforehand: a digest, not a tag. */
static void warn_of_insecure(const struct log *log, const char *const *hosts)
{
    for (; *hosts != NULL; hosts++)
        log_warn(
            log,
            "--insecure %s: whoever is on the way can read what is sent there, and change what "
            "is not named by a digest",
            *hosts);
}

void session_open(struct session *session, const struct command_context *context,
                  const struct session_options *options)
{
    session->render = render_new(options->mode);
    const struct log *log = render_log(session->render);
    warn_of_insecure(log, options->insecure);
    session->http = http_new(&(struct http_options){
        .user_agent = "inlay/" INLAY_VERSION,
        .cancel = context->cancel,
        .log = log,
        .tls_ca = options->tls_ca,
        .cert_dir = options->cert_dir,
        .insecure = options->insecure,
        .limit_rate = options->limit_rate,
    });
    session->auth = auth_new(&(struct auth_options){
        .http = session->http,
        .log = log,
        .cancel = context->cancel,
        .authfile = options->authfile,
        .creds = options->creds,
    });
    session->pool =
        prefetch_pool_new(options->connections > 0 ? options->connections : CONNECTIONS_DEFAULT);
    session->stores = (struct store_context){session->http, session->auth, context->cancel, log};
}

void session_release(struct session *session)
{
    prefetch_pool_free(session->pool);
    auth_free(session->auth);
    http_free(session->http);
    render_free(session->render);
    *session = (struct session){0};
}

/* Whether one of them is read from standard input, which then cannot be an image. */
static bool reads_stdin(const struct session_options *options)
{
    for (size_t i = 0; options->creds[i] != NULL; i++)
        if (text_ends_with(options->creds[i], "=-"))
            return true;
    return false;
}

int session_parse_image(const struct session_options *options, const char *name, const char *text,
                        struct reference *out, struct error *err)
{
    if (reference_parse(text, out, err) < 0)
        return error_wrap(err, "%s", name);
    if (out->path != NULL && strcmp(out->path, "-") == 0 && reads_stdin(options))
        return error_set(err, ERROR_USAGE,
                         "%s and --creds both want to read standard input; name a file", name);
    return 0;
}

int session_parse_target(const char *name, const char *text, struct reference *out,
                         struct error *err)
{
    if (reference_parse(text, out, err) < 0)
        return error_wrap(err, "%s", name);
    if (out->digest.algorithm != DIGEST_NONE)
        return error_set(err, ERROR_USAGE,
                         "%s '%s' names a digest, which follows from the image; name a tag", name,
                         text);
    if (out->tag == NULL && reference_needs_tag(out))
        return error_set(err, ERROR_USAGE, "%s '%s' names no tag; expected oci:DIR:TAG", name,
                         text);
    return 0;
}

static int parse_count(const char *option, const char *text, unsigned max, unsigned *out,
                       struct error *err)
{
    uint64_t count = 0;

    if (parse_u64(text, max, &count, err) < 0)
        return error_wrap(err, "%s", option);
    if (count == 0)
        return error_set(err, ERROR_USAGE, "%s is 0, expected 1 to %u", option, max);
    *out = (unsigned)count;
    return 0;
}

int session_parse_jobs(const char *text, unsigned *out, struct error *err)
{
    return parse_count("--jobs", text, JOBS_MAX, out, err);
}

int session_parse_connections(const char *text, unsigned *out, struct error *err)
{
    return parse_count("--connections", text, PREFETCH_CONNECTIONS_MAX, out, err);
}

/* What getopt_long() did not take: `option` is what it returned. */
static int refuse_option(int option, char **argv, const char *command, struct error *err)
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

/* Of an option that may be given several times. */
static int take_another(const char **list, const char *option, const char *value, struct error *err)
{
    size_t count = 0;

    while (list[count] != NULL)
        count++;
    if (count == SESSION_MANY)
        return error_set(err, ERROR_USAGE, "%s is given more than %d times", option, SESSION_MANY);
    list[count] = value;
    return 0;
}

static int take_creds(struct session_options *out, const char *value, struct error *err)
{
    bool from_stdin = reads_stdin(out);

    if (auth_check_creds(value, err) < 0)
        return error_wrap(err, "--creds");
    if (take_another(out->creds, "--creds", value, err) < 0)
        return -1;
    if (from_stdin && text_ends_with(value, "=-"))
        return error_set(err, ERROR_USAGE, "--creds wants to read standard input twice");
    return 0;
}

/* HOST or HOST:PORT; a URL is none. */
static int take_insecure(struct session_options *out, const char *value, struct error *err)
{
    if (*value == '\0' || strpbrk(value, "/@ ") != NULL)
        return error_set(err, ERROR_USAGE,
                         "--insecure '%s' is not a host; expected HOST or HOST:PORT", value);
    return take_another(out->insecure, "--insecure", value, err);
}

bool session_parse_size(const char *text, uint64_t *out)
{
    static const char units[] = "kmgt";
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the caller says what is expected */
    CLEANUP(text) char *digits = xstrdup(text);
    size_t size = strlen(digits);
    unsigned shift = 0;
    uint64_t number = 0;

    for (size_t i = 0; size > 0 && units[i] != '\0'; i++)
        if ((digits[size - 1] | 0x20) == units[i])
            shift = 10 * ((unsigned)i + 1);
    if (shift > 0)
        digits[size - 1] = '\0';
    if (parse_u64(digits, UINT64_MAX >> 40, &number, &ignored) < 0)
        return false;
    *out = number << shift;
    return true;
}

static int take_limit_rate(struct session_options *out, const char *text, struct error *err)
{
    uint64_t rate = 0;

    if (!session_parse_size(text, &rate) || rate < KIB)
        return error_set(err, ERROR_USAGE,
                         "--limit-rate '%s' is not a rate; expected bytes a second, at least 1K, "
                         "such as 500K, 20M or 1G",
                         text);
    out->limit_rate = rate;
    return 0;
}

int session_take_option(struct session_options *out, int option, char **argv, const char *command,
                        struct error *err)
{
    switch (option) {
    case 'q':
        out->mode = RENDER_QUIET;
        return 0;
    case 'v':
        out->mode = RENDER_VERBOSE;
        return 0;
    case SESSION_OPTION_AUTHFILE:
        out->authfile = optarg;
        return auth_check_authfile(optarg, err) == 0 ? 0 : error_wrap(err, "--authfile");
    case SESSION_OPTION_CREDS:
        return take_creds(out, optarg, err);
    case SESSION_OPTION_TLS_CA:
        out->tls_ca = optarg;
        return 0;
    case SESSION_OPTION_CERT_DIR:
        out->cert_dir = optarg;
        return 0;
    case SESSION_OPTION_INSECURE:
        return take_insecure(out, optarg, err);
    case SESSION_OPTION_LIMIT_RATE:
        return take_limit_rate(out, optarg, err);
    default:
        return refuse_option(option, argv, command, err);
    }
}

char *session_memo_folder(void)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    if (cache != NULL && cache[0] == '/')
        return xasprintf("%s/inlay", cache);
    return home != NULL && home[0] == '/' ? xasprintf("%s/.cache/inlay", home) : NULL;
}

int session_say_target(const struct reference *target, const struct digest *digest,
                       struct error *err)
{
    CLEANUP(text) char *name = reference_format(target, false);
    bool is_taken = target->path != NULL && strcmp(target->path, "-") == 0;

    fprintf(is_taken ? stderr : stdout, "%s@%s\n", name, digest_format(digest).text);
    if (fflush(is_taken ? stderr : stdout) == 0)
        return 0;
    return error_set(err, ERROR_LOCAL,
                     "%s@%s is published, but could not be written to standard output", name,
                     digest_format(digest).text);
}
