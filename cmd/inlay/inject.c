#include "command.h"

#include "core/text.h"
#include "inject/inject.h"
#include "session.h"
#include "source/source.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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
    const char *user;
    const char *home;
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

enum argument {
    OPTION_TO = 256,
    OPTION_INCLUDE,
    OPTION_EXCLUDE,
    OPTION_ALL_FILES,
    OPTION_LAYOUT,
    OPTION_ENV,
    OPTION_USER,
    OPTION_HOME,
    OPTION_ONLINE,
    OPTION_JOBS,
};

static int take_option(struct arguments *out, int option, char **argv, struct error *err)
{
    switch (option) {
    case OPTION_TO:
        if (out->to != NULL)
            return error_set(err, ERROR_USAGE, "--to is given twice, as '%s' and '%s'", out->to,
                             optarg);
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
    case OPTION_USER:
        out->user = optarg;
        return 0;
    case OPTION_HOME:
        out->home = optarg;
        return 0;
    case OPTION_ONLINE:
        out->online = true;
        return 0;
    case OPTION_JOBS:
        return session_parse_jobs(optarg, &out->jobs, err);
    case 'q':
        out->mode = RENDER_QUIET;
        return 0;
    case 'v':
        out->mode = RENDER_VERBOSE;
        return 0;
    default:
        return session_refuse_option(option, argv, "inject", err);
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
        {"user", required_argument, NULL, OPTION_USER},
        {"home", required_argument, NULL, OPTION_HOME},
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
struct injection {
    struct session session;
    struct reference base;
    struct reference target;
    struct model_reference *models;
    size_t model_count;
    char created[sizeof("2026-01-01T00:00:00Z")]; /* "": the base's own */
    struct store *base_store;
    struct store *target_store;
    struct source **sources;
};

static void injection_release(struct injection *injection)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        model_reference_release(&injection->models[i]);
        source_free(injection->sources[i]);
    }
    free(injection->models);
    free(injection->sources);
    store_free(injection->base_store);
    store_free(injection->target_store);
    session_release(&injection->session);
    reference_release(&injection->base);
    reference_release(&injection->target);
}
CLEANUP_RELEASE(injection)

/* SOURCE_DATE_EPOCH (reproducible-builds.org): seconds since 1970. */
static int parse_created(struct injection *injection, struct error *err)
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
    strftime(injection->created, sizeof(injection->created), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return 0;
}

static bool is_named_before(const struct injection *injection, const struct model_reference *model)
{
    for (const struct model_reference *other = injection->models; other != model; other++)
        if (other->type == model->type && strcmp(other->id, model->id) == 0 &&
            strcmp(other->revision, model->revision) == 0)
            return true;
    return false;
}

/* Everything that can be wrong with the command line is found before the first request. */
static int injection_parse(struct injection *injection, const struct arguments *arguments,
                           struct error *err)
{
    if (reference_parse(arguments->base, &injection->base, err) < 0)
        return error_wrap(err, "BASE");
    if (session_parse_target(arguments->to, &injection->target, err) < 0)
        return -1;
    injection->models = xcalloc(arguments->model_count, sizeof(*injection->models));
    injection->sources = xcalloc(arguments->model_count, sizeof(struct source *));
    for (size_t i = 0; i < arguments->model_count; i++) {
        CLEANUP(model_reference) struct model_reference model = MODEL_REFERENCE_INIT;
        if (model_reference_parse(arguments->models[i], &model, err) < 0)
            return error_wrap(err, "MODEL");
        struct model_reference *out = &injection->models[injection->model_count++];
        *out = model;
        out->id = arguments->layout->model_id(model.id);
        model.revision = NULL; /* moved to *out */
        if (is_named_before(injection, out))
            return error_set(err, ERROR_USAGE, "MODEL: '%s' is named twice", arguments->models[i]);
    }
    return parse_created(injection, err);
}

static int injection_open(struct injection *injection, const struct command_context *context,
                          enum render_mode mode, struct error *err)
{
    session_open(&injection->session, context, mode);
    const struct store_context *stores = &injection->session.stores;
    struct source_context sources = {stores->http, context->cancel, stores->log};

    if (store_open(&injection->base, stores, &injection->base_store, err) < 0 ||
        store_open(&injection->target, stores, &injection->target_store, err) < 0)
        return -1;
    for (size_t i = 0; i < injection->model_count; i++)
        if (source_open_huggingface(&sources, &injection->models[i], &injection->sources[i], err) <
            0)
            return -1;
    return 0;
}

static int say_result(const struct injection *injection, const struct inject_result *result,
                      struct error *err)
{
    log_info(injection->session.stores.log,
             "done: %zu layer%s built, %zu already there; moved %s of model, %s of base",
             result->layers_built, result->layers_built == 1 ? "" : "s", result->layers_reused,
             text_format_size(result->model_size).text, text_format_size(result->base_size).text);
    return session_say_target(&injection->target, &result->manifest.digest, err);
}

/* Where what is learned of base layers is kept; NULL: nowhere. Caller frees. */
static char *memo_folder(void)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    if (cache != NULL && cache[0] == '/')
        return xasprintf("%s/inlay", cache);
    return home != NULL && home[0] == '/' ? xasprintf("%s/.cache/inlay", home) : NULL;
}

static int run_inject(const struct command_context *context, int argc, char **argv,
                      struct error *err)
{
    CLEANUP(arguments) struct arguments arguments = {0};
    CLEANUP(injection)
    struct injection injection = {.base = REFERENCE_INIT, .target = REFERENCE_INIT};
    struct inject_result result;

    if (arguments_parse(argc, argv, &arguments, err) < 0 ||
        injection_parse(&injection, &arguments, err) < 0 ||
        injection_open(&injection, context, arguments.mode, err) < 0)
        return -1;

    CLEANUP(text) char *memo = memo_folder();
    CLEANUP(text) char *version = reference_version(&injection.base);
    CLEANUP(text) char *name = reference_format(&injection.base, true);
    struct inject_options options = {
        .sources = injection.sources,
        .source_count = injection.model_count,
        .layout = arguments.layout,
        .selection =
            {
                .include = (const char *const *)arguments.include.items,
                .exclude = (const char *const *)arguments.exclude.items,
                .all_files = arguments.all_files,
            },
        .base = injection.base_store,
        .base_version = version,
        .base_name = injection.base.kind == REFERENCE_REGISTRY ? name : NULL,
        .target = injection.target_store,
        .target_version = injection.target.tag,
        .user = arguments.user,
        .home = arguments.home,
        .memo = memo,
        .environment = (const char *const *)arguments.environment.items,
        .online = arguments.online,
        .created = injection.created[0] != '\0' ? injection.created : NULL,
        .jobs = arguments.jobs,
        .log = injection.session.stores.log,
        .cancel = context->cancel,
        .progress = render_progress(injection.session.render),
    };
    if (inject_run(&options, &result, err) < 0)
        return -1;
    return say_result(&injection, &result, err);
}

static const char help[] =
    "Usage: inlay inject BASE MODEL… --to TARGET [OPTION…]\n"
    "\n"
    "Adds models to an image, where its own environment makes the loading library look.\n"
    "\n"
    "  BASE, TARGET  [docker://]NAME[:TAG][@DIGEST]  an image in a registry\n"
    "                oci:DIR[:TAG][@DIGEST]          an image in an OCI layout\n"
    "                TARGET names a tag and no digest; until the end it shows what it showed.\n"
    "  MODEL         [hf://][ORG/]NAME[@REVISION]    a model of the Hugging Face Hub; REVISION\n"
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
    "  --user USER        whose home and files: USER[:GROUP], as in the image's /etc/passwd, or\n"
    "                     numbers, in place of the image's own user\n"
    "  --home PATH        in place of that user's home\n"
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
