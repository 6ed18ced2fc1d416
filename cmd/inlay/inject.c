#include "command.h"

#include "auth/auth.h"
#include "core/text.h"
#include "http/http.h"
#include "inject/inject.h"
#include "oci/reference.h"
#include "render.h"
#include "source/source.h"
#include "store/store.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define JOBS_MAX 64

/* The command line of `inlay inject`. */
struct arguments {
    const char *base;
    const char *to;
    char **models; /* in argv */
    size_t model_count;
    struct strings include;
    struct strings exclude;
    struct strings environment;
    const struct layout *layout;
    bool all_files;
    bool online;
    unsigned jobs;
    enum render_mode mode;
};

static void arguments_release(struct arguments *arguments)
{
    strings_release(&arguments->include);
    strings_release(&arguments->exclude);
    strings_release(&arguments->environment);
}
CLEANUP_RELEASE(arguments)

static int add_environment(struct arguments *out, const char *text, struct error *err)
{
    if (text[0] == '=' || strchr(text, '=') == NULL || !text_is_utf8(text))
        return error_set(err, ERROR_USAGE, "--env '%s' is not NAME=VALUE", text);
    strings_add(&out->environment, text);
    return 0;
}

static int set_layout(struct arguments *out, const char *name, struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;

    out->layout = layout_find(name);
    if (out->layout != NULL)
        return 0;
    for (const struct layout *const *layout = layout_all(); *layout != NULL; layout++)
        buf_addf(&names, "%s%s", names.size > 0 ? ", " : "", (*layout)->name);
    return error_set(err, ERROR_USAGE, "--layout '%s' is not known; there are: %s", name,
                     buf_text(&names));
}

static int set_jobs(struct arguments *out, const char *text, struct error *err)
{
    uint64_t jobs = 0;

    if (parse_u64(text, JOBS_MAX, &jobs, err) < 0)
        return error_wrap(err, "--jobs");
    if (jobs == 0)
        return error_set(err, ERROR_USAGE, "--jobs is 0, expected 1 to %d", JOBS_MAX);
    out->jobs = (unsigned)jobs;
    return 0;
}

enum argument {
    OPTION_TO = 256,
    OPTION_INCLUDE,
    OPTION_EXCLUDE,
    OPTION_ALL_FILES,
    OPTION_LAYOUT,
    OPTION_ENV,
    OPTION_ONLINE,
    OPTION_JOBS,
};

static int take_option(struct arguments *out, int option, char **argv, struct error *err)
{
    switch (option) {
    case OPTION_TO:
        out->to = optarg;
        return 0;
    case OPTION_INCLUDE:
        strings_add(&out->include, optarg);
        return 0;
    case OPTION_EXCLUDE:
        strings_add(&out->exclude, optarg);
        return 0;
    case OPTION_ALL_FILES:
        out->all_files = true;
        return 0;
    case OPTION_LAYOUT:
        return set_layout(out, optarg, err);
    case OPTION_ENV:
        return add_environment(out, optarg, err);
    case OPTION_ONLINE:
        out->online = true;
        return 0;
    case OPTION_JOBS:
        return set_jobs(out, optarg, err);
    case 'q':
        out->mode = RENDER_QUIET;
        return 0;
    case 'v':
        out->mode = RENDER_VERBOSE;
        return 0;
    case ':':
        return error_set(err, ERROR_USAGE,
                         "the option '%s' wants a value; see 'inlay inject --help'",
                         argv[optind - 1]);
    default:
        return error_set(err, ERROR_USAGE,
                         "the option '%s' is not known; see 'inlay inject --help'",
                         argv[optind - 1]);
    }
}

static int arguments_check(const struct arguments *arguments, struct error *err)
{
    if (arguments->base == NULL)
        return error_set(err, ERROR_USAGE, "no BASE is named; see 'inlay inject --help'");
    if (arguments->model_count == 0)
        return error_set(err, ERROR_USAGE, "no MODEL is named; see 'inlay inject --help'");
    if (arguments->to == NULL)
        return error_set(err, ERROR_USAGE, "--to TARGET is missing; see 'inlay inject --help'");
    if (arguments->all_files && arguments->include.count > 0)
        return error_set(err, ERROR_USAGE,
                         "--all-files and --include exclude each other; leave one out");
    return 0;
}

static int arguments_parse(int argc, char **argv, struct arguments *out, struct error *err)
{
    static const struct option options[] = {
        {"to", required_argument, NULL, OPTION_TO},
        {"include", required_argument, NULL, OPTION_INCLUDE},
        {"exclude", required_argument, NULL, OPTION_EXCLUDE},
        {"all-files", no_argument, NULL, OPTION_ALL_FILES},
        {"layout", required_argument, NULL, OPTION_LAYOUT},
        {"env", required_argument, NULL, OPTION_ENV},
        {"online", no_argument, NULL, OPTION_ONLINE},
        {"jobs", required_argument, NULL, OPTION_JOBS},
        {"quiet", no_argument, NULL, 'q'},
        {"verbose", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    int option;

    out->layout = layout_find(NULL);
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":qv", options, NULL)) != -1)
        if (take_option(out, option, argv, err) < 0)
            return -1;
    if (optind < argc)
        out->base = argv[optind++];
    out->models = argv + optind;
    out->model_count = (size_t)(argc - optind);
    return arguments_check(out, err);
}

/* What the parsed command line opens: everything that inject_run() is handed. */
struct session {
    struct reference base;
    struct reference target;
    struct model_reference *models;
    size_t model_count;
    char created[sizeof("2026-01-01T00:00:00Z")]; /* "": the base's own */
    struct render *render;
    struct http *http;
    struct auth *auth;
    struct store *base_store;
    struct store *target_store;
    struct source **sources;
};

static void session_release(struct session *session)
{
    for (size_t i = 0; i < session->model_count; i++) {
        model_reference_release(&session->models[i]);
        source_free(session->sources[i]);
    }
    free(session->models);
    free(session->sources);
    store_free(session->base_store);
    store_free(session->target_store);
    auth_free(session->auth);
    http_free(session->http);
    render_free(session->render);
    reference_release(&session->base);
    reference_release(&session->target);
}
CLEANUP_RELEASE(session)

/* SOURCE_DATE_EPOCH (reproducible-builds.org): seconds since 1970. */
static int parse_created(struct session *session, struct error *err)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds = 0;
    struct tm parts;

    if (text == NULL || text[0] == '\0')
        return 0;
    if (parse_u64(text, UINT64_C(253402300799), &seconds, err) < 0) /* the last of year 9999 */
        return error_wrap(err, "SOURCE_DATE_EPOCH");
    time_t moment = (time_t)seconds;
    gmtime_r(&moment, &parts);
    strftime(session->created, sizeof(session->created), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return 0;
}

static int parse_target(const char *text, struct reference *out, struct error *err)
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

/* Everything that can be wrong with the command line is found before the first request. */
static int session_parse(struct session *session, const struct arguments *arguments,
                         struct error *err)
{
    if (reference_parse(arguments->base, &session->base, err) < 0)
        return error_wrap(err, "BASE");
    if (parse_target(arguments->to, &session->target, err) < 0)
        return -1;
    session->models = xcalloc(arguments->model_count, sizeof(*session->models));
    session->sources = xcalloc(arguments->model_count, sizeof(struct source *));
    for (size_t i = 0; i < arguments->model_count; i++) {
        CLEANUP(model_reference) struct model_reference model = MODEL_REFERENCE_INIT;
        if (model_reference_parse(arguments->models[i], &model, err) < 0)
            return error_wrap(err, "MODEL");
        struct model_reference *out = &session->models[session->model_count++];
        *out = model;
        out->id = arguments->layout->model_id(model.id);
        model.revision = NULL; /* moved to *out */
    }
    return parse_created(session, err);
}

static int session_open(struct session *session, const struct command_context *context,
                        enum render_mode mode, struct error *err)
{
    session->render = render_new(mode);
    const struct log *log = render_log(session->render);
    session->http = http_new(&(struct http_options){
        .user_agent = "inlay/" INLAY_VERSION,
        .cancel = context->cancel,
        .log = log,
    });
    session->auth = auth_new(session->http, log);
    struct store_context stores = {session->http, session->auth, context->cancel, log};
    struct source_context sources = {session->http, context->cancel, log};

    if (store_open(&session->base, &stores, &session->base_store, err) < 0 ||
        store_open(&session->target, &stores, &session->target_store, err) < 0)
        return -1;
    for (size_t i = 0; i < session->model_count; i++)
        if (source_open_huggingface(&sources, &session->models[i], &session->sources[i], err) < 0)
            return -1;
    return 0;
}

static void say_result(const struct session *session, const struct inject_result *result)
{
    CLEANUP(text) char *target = reference_format(&session->target, false);

    log_info(render_log(session->render),
             "done: %zu layer%s built, %zu already there; moved %s of model, %s of base",
             result->layers_built, result->layers_built == 1 ? "" : "s", result->layers_reused,
             text_format_size(result->model_size).text, text_format_size(result->base_size).text);
    printf("%s@%s\n", target, digest_format(&result->manifest.digest).text);
}

static int run_inject(const struct command_context *context, int argc, char **argv,
                      struct error *err)
{
    CLEANUP(arguments) struct arguments arguments = {0};
    CLEANUP(session) struct session session = {.base = REFERENCE_INIT, .target = REFERENCE_INIT};
    struct inject_result result;

    if (arguments_parse(argc, argv, &arguments, err) < 0 ||
        session_parse(&session, &arguments, err) < 0 ||
        session_open(&session, context, arguments.mode, err) < 0)
        return -1;

    CLEANUP(text) char *version = reference_version(&session.base);
    CLEANUP(text) char *name = reference_format(&session.base, true);
    struct inject_options options = {
        .sources = session.sources,
        .source_count = session.model_count,
        .layout = arguments.layout,
        .selection =
            {
                .include = (const char *const *)arguments.include.items,
                .exclude = (const char *const *)arguments.exclude.items,
                .all_files = arguments.all_files,
            },
        .base = session.base_store,
        .base_version = version,
        .base_name = session.base.kind == REFERENCE_REGISTRY ? name : NULL,
        .target = session.target_store,
        .target_version = session.target.tag,
        .environment = (const char *const *)arguments.environment.items,
        .online = arguments.online,
        .created = session.created[0] != '\0' ? session.created : NULL,
        .jobs = arguments.jobs,
        .log = render_log(session.render),
        .cancel = context->cancel,
        .progress = render_progress(session.render),
    };
    if (inject_run(&options, &result, err) < 0)
        return -1;
    say_result(&session, &result);
    return 0;
}

static const char help[] =
    "Usage: inlay inject BASE MODEL… --to TARGET [OPTION…]\n"
    "\n"
    "Adds models to an image, where its own environment makes the loading library look.\n"
    "\n"
    "  BASE, TARGET  [docker://]NAME[:TAG][@DIGEST]  an image in a registry\n"
    "                oci:DIR[:TAG]                   an image in an OCI layout\n"
    "                TARGET is a tag; until the end it shows what it showed before.\n"
    "  MODEL         [hf://]ORG/NAME[@REVISION]      a model of the Hugging Face Hub; REVISION\n"
    "                is a branch, a tag, a commit or refs/pr/N; main if left out.\n"
    "                datasets/ORG/NAME               a dataset\n"
    "\n"
    "Which files:\n"
    "  --include GLOB  only files that match; repeatable. In place of the automatic choice,\n"
    "                  which leaves out second copies of the same weights.\n"
    "  --exclude GLOB  no files that match; repeatable\n"
    "  --all-files     everything in the repo\n"
    "                  '*' matches '/' too, as in 'hf download'.\n"
    "\n"
    "What the image becomes:\n"
    "  --layout NAME      huggingface: the Hub's own cache (default)\n"
    "                     sentence-transformers: its versions before 2.3, old LangChain\n"
    "  --env NAME=VALUE   sets a variable; repeatable\n"
    "  --online           does not set HF_HUB_OFFLINE=1\n"
    "\n"
    "How it works:\n"
    "  --jobs N       layers and blobs in flight, 1 to 64 (4)\n"
    "  -q, --quiet    warnings and errors only\n"
    "  -v, --verbose  requests, retries and digests too\n"
    "  -h, --help     this text\n"
    "\n"
    "Environment: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME as the Hub's clients read them;\n"
    "SOURCE_DATE_EPOCH; HTTPS_PROXY, HTTP_PROXY, NO_PROXY; SSL_CERT_FILE.\n"
    "\n"
    "Prints TARGET@DIGEST on standard output. Exit status: 0 done, 2 usage, 3 not found, 4 "
    "denied,\n"
    "5 unreachable, 6 unsupported, 7 corrupt, 8 this machine, 130 interrupted, 1 a defect.\n";

const struct command inject_command = {
    .name = "inject",
    .summary = "add models to an image",
    .help = help,
    .run = run_inject,
};
