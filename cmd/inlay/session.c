#include "session.h"

#include "core/draft.h"
#include "core/file.h"
#include "core/text.h"
#include "named_here.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECTIONS_DEFAULT 8
#define CONNECTIONS_TINY 24
#define DOCTOR_TIMEOUT_S 5

/* Plain http and unverified TLS are as good as what is known beforehand: a digest, not a tag. */
static void warn_of_insecure(const struct log *log, const char *const *hosts)
{
    for (; hosts != NULL && *hosts != NULL; hosts++)
        log_warn(
            log,
            "--insecure %s: whoever is on the way can read what is sent there, and change what "
            "is not named by a digest",
            *hosts);
}

static enum render_mode choose_mode(const struct options *options)
{
    if (options_has(options, "verbose"))
        return RENDER_VERBOSE;
    if (options_has(options, "quiet"))
        return RENDER_QUIET;
    return options->command->id == COMMAND_PLAN ? RENDER_TERSE : RENDER_NORMAL;
}

/* As http_options.retries has it. */
static unsigned choose_retries(const struct options *options)
{
    if (options->command->id == COMMAND_DOCTOR) /* which tells what is so now */
        return HTTP_NO_RETRIES;
    uint64_t retries = options_number(options, "retries");

    return options_has(options, "retries") && retries == 0 ? HTTP_NO_RETRIES : (unsigned)retries;
}

/* As http_options.stall_timeout_s has it. */
static unsigned choose_timeout(const struct options *options)
{
    uint64_t timeout_s = options_number(options, "timeout");

    return timeout_s == 0 && options->command->id == COMMAND_DOCTOR ? DOCTOR_TIMEOUT_S
                                                                    : (unsigned)timeout_s;
}

/* Not every command has it. */
static uint64_t choose_chunk_size(const struct options *options)
{
    return (options->command->id & (COMMAND_INJECT | COMMAND_PLAN | COMMAND_COPY)) != 0
               ? options_number(options, "chunk-size")
               : 0;
}

/* Layers are parsed by this program, started anew. */
static struct sandbox *open_sandbox(const struct command_context *context,
                                    const struct options *options, const struct log *log)
{
    if (context->program == NULL || options_has(options, "no-sandbox"))
        return NULL;
    struct sandbox *sandbox = xcalloc(1, sizeof(*sandbox));
    *sandbox = (struct sandbox){context->program, SANDBOX_WORD, log};
    return sandbox;
}

int session_open(struct session *session, const struct command_context *context,
                 const struct options *options, struct error *err)
{
    const char *trace = options_text(options, "trace");

    if (trace != NULL && trace_open(trace, context->secrets, &session->trace, err) < 0)
        return -1;
    session->render =
        render_new(choose_mode(options), options_text(options, "progress"), context->listener);
    const struct log *log = render_log(session->render);
    uint64_t connections = options_number(options, "connections");
    warn_of_insecure(log, options_list(options, "insecure"));
    session->http = http_new(&(struct http_options){
        .user_agent = "inlay/" INLAY_VERSION,
        .cancel = context->cancel,
        .log = log,
        .secrets = context->secrets,
        .note_trip = trace != NULL ? trace_note : NULL,
        .trip_arg = session->trace,
        .stall_timeout_s = choose_timeout(options),
        .retries = choose_retries(options),
        .tls_ca = options_text(options, "tls-ca"),
        .cert_dir = options_text(options, "cert-dir"),
        .insecure = options_list(options, "insecure"),
        .limit_rate = options_number(options, "limit-rate"),
    });
    render_watch(session->render, session->http);
    session->auth = auth_new(&(struct auth_options){
        .http = session->http,
        .log = log,
        .cancel = context->cancel,
        .authfile = options_text(options, "authfile"),
        .creds = options_list(options, "creds"),
    });
    session->sandbox = open_sandbox(context, options, log);
    session->pool =
        prefetch_pool_new(connections > 0 ? (unsigned)connections : CONNECTIONS_DEFAULT);
    if (connections == 0)
        prefetch_pool_widen(session->pool, CONNECTIONS_TINY);
    session->stores = (struct store_context){
        .http = session->http,
        .auth = session->auth,
        .cancel = context->cancel,
        .log = log,
        .timeout_s = choose_timeout(options),
        .retries = choose_retries(options),
        .chunk_size = choose_chunk_size(options),
    };
    return 0;
}

/* All requests have ended. What the run has done stays so if its trace cannot be written. */
static void end_trace(struct session *session)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    if (trace_close(TAKE(session->trace), &err) < 0 && session->render != NULL)
        log_warn(render_log(session->render), "%s", err.text);
}

void session_release(struct session *session)
{
    prefetch_pool_free(session->pool);
    if (session->auth != NULL)
        auth_tell_idle(session->auth);
    auth_free(session->auth);
    if (session->render != NULL)
        render_watch(session->render, NULL);
    http_free(session->http);
    end_trace(session);
    render_free(session->render);
    free(session->sandbox);
    *session = (struct session){0};
}

/* Whether one of them is read from standard input, which then cannot be an image. */
static bool reads_stdin(const struct options *options)
{
    const char *const *creds = options_list(options, "creds");

    for (; creds != NULL && *creds != NULL; creds++)
        if (text_ends_with(*creds, "=-"))
            return true;
    return false;
}

int session_parse_image(const struct options *options, const char *name, const char *text,
                        struct reference *out, struct error *err)
{
    enum image_use use = options->command->id == COMMAND_SCAN ? IMAGE_SCANNED : IMAGE_READ;

    if (named_here_refuse(text, use, err) < 0 || reference_parse(text, out, err) < 0)
        return error_wrap(err, "%s", name);
    if (out->path != NULL && strcmp(out->path, "-") == 0 && reads_stdin(options))
        return error_set(err, ERROR_USAGE,
                         "%s and --creds both want to read standard input; name a file", name);
    return 0;
}

int session_parse_existing(const struct options *options, const char *name, const char *text,
                           struct reference *out, struct error *err)
{
    if (session_parse_image(options, name, text, out, err) < 0)
        return -1;
    if (out->kind == REFERENCE_SCRATCH)
        return error_set(err, ERROR_USAGE,
                         "%s 'scratch' is the empty base of 'inlay inject', and no image; name one",
                         name);
    return 0;
}

int session_parse_target(const char *name, const char *text, struct reference *out,
                         struct error *err)
{
    if (named_here_refuse(text, IMAGE_WRITTEN, err) < 0 || reference_parse(text, out, err) < 0)
        return error_wrap(err, "%s", name);
    if (out->digest.algorithm != DIGEST_NONE)
        return error_set(err, ERROR_USAGE,
                         "%s '%s' names a digest, which follows from the image; name a tag", name,
                         text);
    if (out->kind == REFERENCE_SCRATCH)
        return error_set(err, ERROR_USAGE,
                         "%s 'scratch' is nothing to write to; name a repository, oci:DIR:TAG or a "
                         "file",
                         name);
    if (out->tag == NULL && reference_needs_tag(out))
        return error_set(err, ERROR_USAGE, "%s '%s' names no tag; expected oci:DIR:TAG", name,
                         text);
    return 0;
}

int session_find_expected(const struct options *options, const struct reference *target,
                          const struct tag_state **out, struct error *err)
{
    static const struct tag_state any = {.kind = TAG_ANY};
    bool has_tags = reference_has_tags(target);

    *out = options_has(options, "overwrite") ? &any : NULL;
    if (!options_has(options, "expect"))
        return 0;
    if (*out != NULL)
        return error_set(err, ERROR_USAGE,
                         "--overwrite takes any image for right, and --expect one; leave one out");
    if (!has_tags)
        return error_set(err, ERROR_USAGE,
                         "--expect is for a tag of a registry or of an OCI layout; an archive is "
                         "written anew, and an engine is not asked");
    *out = &options->expected;
    return 0;
}

/* As the Hub's clients read it. */
static bool is_true(const char *value)
{
    static const char *const words[] = {"1", "ON", "YES", "TRUE"};

    for (size_t i = 0; value != NULL && i < ARRAY_SIZE(words); i++)
        if (text_equal_fold(value, words[i]))
            return true;
    return false;
}

/* Where the Hub's clients of this machine have their cache; NULL: nowhere. Caller frees. */
static char *find_hub_cache(void)
{
    static const struct {
        const char *variable, *below;
    } places[] = {
        {"HF_HUB_CACHE", ""},
        {"HUGGINGFACE_HUB_CACHE", ""},
        {"HF_HOME", "/hub"},
        {"XDG_CACHE_HOME", "/huggingface/hub"},
        {"HOME", "/.cache/huggingface/hub"},
    };
    const char *home = getenv("HOME");

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        const char *value = getenv(places[i].variable);
        if (value == NULL || value[0] == '\0')
            continue;
        bool is_in_home = home != NULL && value[0] == '~' && (value[1] == '/' || value[1] == '\0');
        return xasprintf("%s%s%s", is_in_home ? home : "", is_in_home ? value + 1 : value,
                         places[i].below);
    }
    return NULL;
}

bool session_is_offline(const struct options *options)
{
    return options_has(options, "offline") || is_true(getenv("HF_HUB_OFFLINE"));
}

int session_find_hub_cache(const struct options *options, struct source_context *out, char **folder,
                           struct error *err)
{
    const char *named = options_text(options, "hub-cache");
    bool is_auto = named == NULL || strcmp(named, "auto") == 0;
    struct stat status;

    out->offline = session_is_offline(options);
    if (named == NULL && !out->offline)
        return 0;
    *folder = is_auto ? find_hub_cache() : xstrdup(named);
    if (*folder == NULL && named != NULL)
        return error_set(err, ERROR_USAGE,
                         "--hub-cache auto: neither HF_HUB_CACHE, HF_HOME nor HOME is set; name "
                         "the folder");
    if (!is_auto && (stat(*folder, &status) < 0 || !S_ISDIR(status.st_mode)))
        return error_set(err, ERROR_NOT_FOUND,
                         "--hub-cache '%s' is no folder, expected one with 'models--ORG--NAME' in "
                         "it",
                         named);
    if (is_auto && *folder != NULL && file_is_hidden(*folder)) {
        free(*folder);
        *folder = NULL; /* in a home that is another user's: there is none */
    }
    out->hub_cache = *folder;
    out->hub_cache_is_implied = named == NULL;
    return 0;
}

/* It may be made where its closest folder is. */
static bool may_be_made(const char *path)
{
    CLEANUP(text) char *existing = file_find_existing(path);
    struct stat found;

    return stat(existing, &found) == 0 && S_ISDIR(found.st_mode) &&
           access(existing, W_OK | X_OK) == 0;
}

void session_tell_memo(const struct session *session, const char *folder)
{
    if (folder == NULL)
        log_warn(session->stores.log,
                 "neither XDG_CACHE_HOME nor HOME names a folder: nothing that is learned of "
                 "layers is kept, and the next run reads them again");
    else if (!may_be_made(folder))
        log_warn(session->stores.log,
                 "'%s' cannot be written: nothing that is learned of layers is kept, and the next "
                 "run reads them again; XDG_CACHE_HOME names another folder",
                 folder);
}

char *session_memo_folder(void)
{
    static const char *const parts[] = {"contents", "layers", "recipes"};
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    char *folder = NULL;

    if (cache != NULL && cache[0] == '/')
        folder = xasprintf("%s/inlay", cache);
    else if (home != NULL && home[0] == '/')
        folder = xasprintf("%s/.cache/inlay", home);
    for (size_t i = 0; folder != NULL && i < ARRAY_SIZE(parts); i++) {
        CLEANUP(text) char *part = xasprintf("%s/%s", folder, parts[i]);
        draft_sweep(part);
    }
    return folder;
}
