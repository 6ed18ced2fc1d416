#include "injection.h"

#include "core/text.h"
#include "source/source.h"

#include <getopt.h>
#include <string.h>
#include <time.h>

void injection_release(struct injection *injection)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        model_reference_release(&injection->models[i]);
        source_free(injection->sources[i]);
    }
    free(injection->models);
    free(injection->sources);
    store_free(injection->base_store);
    store_free(injection->target_store);
    strings_release(&injection->include);
    strings_release(&injection->exclude);
    strings_release(&injection->environment);
    strings_release(&injection->more_targets);
    free(injection->platforms);
    free(injection->memo);
    free(injection->version);
    free(injection->name);
    session_release(&injection->session);
    reference_release(&injection->base);
    reference_release(&injection->target);
}

static int add_environment(struct injection *out, const char *text, struct error *err)
{
    if (text[0] == '=' || strchr(text, '=') == NULL || !text_is_utf8(text))
        return error_set(err, ERROR_USAGE, "--env '%s' is not NAME=VALUE", text);
    strings_add(&out->environment, text);
    return 0;
}

static int add_platform(struct injection *out, const char *text, struct error *err)
{
    struct inject_options *options = &out->options;

    out->platforms = xrealloc(out->platforms, options->platform_count + 1, sizeof(*out->platforms));
    if (oci_platform_parse(text, &out->platforms[options->platform_count], err) < 0)
        return error_wrap(err, "--platform");
    options->platforms = out->platforms;
    options->platform_count++;
    return 0;
}

static int set_layout(struct injection *out, const char *name, struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;

    out->options.layout = layout_find(name);
    if (out->options.layout != NULL)
        return 0;
    for (const struct layout *const *layout = layout_all(); *layout != NULL; layout++)
        buf_addf(&names, "%s%s", names.size > 0 ? ", " : "", (*layout)->name);
    return error_set(err, ERROR_USAGE, "--layout '%s' is not known; there are: %s", name,
                     buf_text(&names));
}

/* UID[:GID]; as in a Dockerfile, a number alone counts for both. */
static int set_owner(struct injection *out, const char *text, struct error *err)
{
    CLEANUP(text) char *uid = xstrdup(text);
    char *gid = strchr(uid, ':');
    uint64_t numbers[2];

    if (gid != NULL)
        *gid++ = '\0';
    if (parse_u64(uid, INT32_MAX, &numbers[0], err) < 0 ||
        parse_u64(gid != NULL ? gid : uid, INT32_MAX, &numbers[1], err) < 0)
        return error_wrap(err, "--owner '%s' is not UID[:GID]", text);
    out->owner = (struct tree_owner){(uint32_t)numbers[0], (uint32_t)numbers[1]};
    out->options.owner = &out->owner;
    return 0;
}

static int set_path(const char *option, const char *text, const char **out, struct error *err)
{
    if (text[0] != '/')
        return error_set(err, ERROR_USAGE, "%s '%s' is not an absolute path", option, text);
    *out = text;
    return 0;
}

enum argument {
    OPTION_TO = 256,
    OPTION_BASE,
    OPTION_OUTPUT,
    OPTION_INCLUDE,
    OPTION_EXCLUDE,
    OPTION_ALL_FILES,
    OPTION_PLATFORM,
    OPTION_NO_INDEX,
    OPTION_KEEP_ATTESTATIONS,
    OPTION_LAYOUT,
    OPTION_PATH,
    OPTION_ENV,
    OPTION_USER,
    OPTION_HOME,
    OPTION_CACHE_DIR,
    OPTION_OWNER,
    OPTION_GROUP_WRITABLE,
    OPTION_ONLINE,
    OPTION_FORCE,
    OPTION_JOBS,
    OPTION_JSON,
};

/* The first --to, or one more tag in the same place. */
static int add_target(struct injection *out, struct error *err)
{
    CLEANUP(reference) struct reference more = REFERENCE_INIT;

    if (!out->has_target) {
        out->has_target = true;
        return session_parse_target("--to", optarg, &out->target, err);
    }
    if (session_parse_target("--to", optarg, &more, err) < 0)
        return -1;
    if (!reference_is_same_place(&more, &out->target) || more.tag == NULL)
        return error_set(err, ERROR_USAGE,
                         "--to '%s' is in another place than the first; several --to are tags of "
                         "one repository, layout or archive",
                         optarg);
    strings_add(&out->more_targets, more.tag);
    return 0;
}

/* Options that only say yes; false for any other. */
static bool take_flag(struct injection *out, int option)
{
    switch (option) {
    case OPTION_ALL_FILES:
        return out->options.selection.all_files = true;
    case OPTION_NO_INDEX:
        return out->options.no_index = true;
    case OPTION_KEEP_ATTESTATIONS:
        return out->options.keep_attestations = true;
    case OPTION_GROUP_WRITABLE:
        return out->options.group_writable = true;
    case OPTION_ONLINE:
        return out->options.online = true;
    case OPTION_FORCE:
        return out->options.force = true;
    default:
        return false;
    }
}

static int take_option(struct injection *out, int option, char **argv,
                       const struct injection_style *style, struct error *err)
{
    if (take_flag(out, option))
        return 0;
    switch (option) {
    case OPTION_TO:
        return add_target(out, err);
    case OPTION_BASE:
        out->base_text = optarg;
        return 0;
    case 'o':
    case OPTION_OUTPUT:
        out->output = optarg;
        return 0;
    case OPTION_INCLUDE:
        strings_add(&out->include, optarg);
        return 0;
    case OPTION_EXCLUDE:
        strings_add(&out->exclude, optarg);
        return 0;
    case OPTION_PLATFORM:
        return add_platform(out, optarg, err);
    case OPTION_LAYOUT:
        return set_layout(out, optarg, err);
    case OPTION_ENV:
        return add_environment(out, optarg, err);
    case OPTION_USER:
        out->options.user = optarg;
        return 0;
    case OPTION_HOME:
        return set_path("--home", optarg, &out->options.home, err);
    case OPTION_PATH:
        return set_path("--path", optarg, &out->options.path, err);
    case OPTION_CACHE_DIR:
        return set_path("--cache-dir", optarg, &out->options.cache_dir, err);
    case OPTION_OWNER:
        return set_owner(out, optarg, err);
    case OPTION_JOBS:
        return session_parse_jobs(optarg, &out->options.jobs, err);
    case OPTION_JSON:
        out->json = true;
        return 0;
    default:
        return session_take_option(&out->how, option, argv, style->name, err);
    }
}

/* What a command cannot do without. */
static int check_command(const struct injection *injection, const struct injection_style *style,
                         struct error *err)
{
    if (style->command == INJECTION_INJECT && !injection->has_target)
        return error_set(err, ERROR_USAGE, "--to TARGET is missing; see 'inlay %s --help'",
                         style->name);
    if (style->command != INJECTION_LAYER)
        return 0;
    if (injection->output == NULL)
        return error_set(err, ERROR_USAGE, "-o FILE is missing; see 'inlay %s --help'",
                         style->name);
    if (injection->options.platform_count > 1)
        return error_set(err, ERROR_USAGE,
                         "--platform is given %zu times, and layers are for one image",
                         injection->options.platform_count);
    return 0;
}

static int check_options(const struct injection *injection, struct error *err)
{
    const struct inject_options *options = &injection->options;

    if (options->layout->wants_path && options->path == NULL)
        return error_set(err, ERROR_USAGE, "--layout %s wants --path, the model's folder",
                         options->layout->name);
    if (!options->layout->wants_path && options->path != NULL)
        return error_set(err, ERROR_USAGE,
                         "--path is for --layout dir; --cache-dir moves the cache of a loader");
    if (options->layout->cache_variable == NULL && options->cache_dir != NULL)
        return error_set(err, ERROR_USAGE, "--layout %s has no cache; name the folder by --path",
                         options->layout->name);
    if (options->selection.all_files && injection->include.count > 0)
        return error_set(err, ERROR_USAGE,
                         "--all-files and --include exclude each other; leave one out");
    if (options->group_writable && options->owner != NULL && options->owner->gid != 0)
        return error_set(err, ERROR_USAGE,
                         "--group-writable means group 0, and --owner names group %u; say "
                         "--owner %u:0",
                         options->owner->gid, options->owner->uid);
    return 0;
}

#define INJECTION_IMAGE (INJECTION_INJECT | INJECTION_PLAN) /* who makes one, or would */
#define INJECTION_ALL (INJECTION_IMAGE | INJECTION_LAYER)

static const struct {
    struct option option;
    unsigned commands; /* that take it */
} own_options[] = {
    {{"json", no_argument, NULL, OPTION_JSON}, INJECTION_PLAN},
    {{"output", required_argument, NULL, OPTION_OUTPUT}, INJECTION_LAYER},
    {{"base", required_argument, NULL, OPTION_BASE}, INJECTION_LAYER},
    {{"to", required_argument, NULL, OPTION_TO}, INJECTION_IMAGE},
    {{"include", required_argument, NULL, OPTION_INCLUDE}, INJECTION_ALL},
    {{"exclude", required_argument, NULL, OPTION_EXCLUDE}, INJECTION_ALL},
    {{"all-files", no_argument, NULL, OPTION_ALL_FILES}, INJECTION_ALL},
    {{"platform", required_argument, NULL, OPTION_PLATFORM}, INJECTION_ALL},
    {{"no-index", no_argument, NULL, OPTION_NO_INDEX}, INJECTION_IMAGE},
    {{"keep-attestations", no_argument, NULL, OPTION_KEEP_ATTESTATIONS}, INJECTION_IMAGE},
    {{"layout", required_argument, NULL, OPTION_LAYOUT}, INJECTION_ALL},
    {{"path", required_argument, NULL, OPTION_PATH}, INJECTION_ALL},
    {{"env", required_argument, NULL, OPTION_ENV}, INJECTION_ALL},
    {{"user", required_argument, NULL, OPTION_USER}, INJECTION_ALL},
    {{"home", required_argument, NULL, OPTION_HOME}, INJECTION_ALL},
    {{"cache-dir", required_argument, NULL, OPTION_CACHE_DIR}, INJECTION_ALL},
    {{"owner", required_argument, NULL, OPTION_OWNER}, INJECTION_ALL},
    {{"group-writable", no_argument, NULL, OPTION_GROUP_WRITABLE}, INJECTION_ALL},
    {{"online", no_argument, NULL, OPTION_ONLINE}, INJECTION_IMAGE},
    {{"force", no_argument, NULL, OPTION_FORCE}, INJECTION_IMAGE},
    {{"jobs", required_argument, NULL, OPTION_JOBS}, INJECTION_ALL},
};

static const struct option common_options[] = {SESSION_OPTIONS, {NULL, 0, NULL, 0}};

#define OPTIONS_MAX (ARRAY_SIZE(own_options) + ARRAY_SIZE(common_options))

/* The options that a command takes, with an empty one behind them. */
static void list_options(enum injection_command command, struct option *out)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(own_options); i++)
        if ((own_options[i].commands & command) != 0)
            out[count++] = own_options[i].option;
    memcpy(&out[count], common_options, sizeof(common_options));
}

/* Options; what remains of argv is BASE, where it is no option, and the models. */
static int parse_options(struct injection *out, const struct injection_style *style, int argc,
                         char **argv, struct error *err)
{
    const char *letters =
        style->command == INJECTION_LAYER ? SESSION_SHORT_OPTIONS "o:" : SESSION_SHORT_OPTIONS;
    struct option options[OPTIONS_MAX];
    int option;

    list_options(style->command, options);
    opterr = 0;
    while ((option = getopt_long(argc, argv, letters, options, NULL)) != -1)
        if (take_option(out, option, argv, style, err) < 0)
            return -1;
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

static int add_model(struct injection *injection, const char *text, struct error *err)
{
    CLEANUP(model_reference) struct model_reference model = MODEL_REFERENCE_INIT;

    if (model_reference_parse(text, &model, err) < 0)
        return error_wrap(err, "MODEL");
    struct model_reference *out = &injection->models[injection->model_count++];
    *out = model;
    out->id = injection->options.layout->model_id(model.id);
    model.revision = NULL; /* moved to *out */
    if (is_named_before(injection, out))
        return error_set(err, ERROR_USAGE, "MODEL: '%s' is named twice", text);
    return 0;
}

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
    injection->options.created = injection->created;
    return 0;
}

static int parse_base(struct injection *injection, const char *text, const char *name,
                      struct error *err)
{
    return session_parse_image(&injection->how, name, text, &injection->base, err);
}

static int parse_names(struct injection *injection, const struct injection_style *style, int argc,
                       char **argv, struct error *err)
{
    bool has_option = style->command == INJECTION_LAYER;
    const char *base = injection->base_text != NULL ? injection->base_text : "scratch";

    if (!has_option && optind == argc)
        return error_set(err, ERROR_USAGE, "no BASE is named; see 'inlay %s --help'", style->name);
    if (!has_option)
        base = argv[optind++];
    if (optind == argc)
        return error_set(err, ERROR_USAGE, "no MODEL is named; see 'inlay %s --help'", style->name);
    if (check_command(injection, style, err) < 0 || check_options(injection, err) < 0 ||
        parse_base(injection, base, has_option ? "--base" : "BASE", err) < 0)
        return -1;
    injection->models = xcalloc((size_t)argc, sizeof(*injection->models));
    injection->sources = xcalloc((size_t)argc, sizeof(struct source *));
    for (int i = optind; i < argc; i++)
        if (add_model(injection, argv[i], err) < 0)
            return -1;
    return parse_created(injection, err);
}

/* Nothing, for each platform that is asked for. */
static struct store *open_scratch(const struct injection *injection)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    for (size_t i = 0; i < injection->options.platform_count; i++) {
        CLEANUP(text) char *name = oci_platform_format(&injection->platforms[i]);
        if (!strings_has(&names, name))
            strings_add(&names, name);
    }
    return store_new_scratch((const char *const *)names.items);
}

static int open_base(struct injection *injection, const struct store_context *stores,
                     struct error *err)
{
    if (injection->base.kind != REFERENCE_SCRATCH)
        return store_open(&injection->base, stores, &injection->base_store, err);
    injection->base_store = open_scratch(injection);
    return 0;
}

static int open_all(struct injection *injection, const struct command_context *context,
                    struct error *err)
{
    session_open(&injection->session, context, &injection->how);
    const struct store_context *stores = &injection->session.stores;
    struct source_context sources = {stores->http, context->cancel, stores->log};

    if (open_base(injection, stores, err) < 0)
        return -1;
    if (injection->has_target &&
        store_open_target(&injection->target, stores, &injection->target_store, err) < 0)
        return -1;
    for (size_t i = 0; i < injection->model_count; i++)
        if (source_open_huggingface(&sources, &injection->models[i], &injection->sources[i], err) <
            0)
            return -1;
    return 0;
}

static void fill_options(struct injection *injection, const struct command_context *context)
{
    struct inject_options *options = &injection->options;

    injection->memo = session_memo_folder();
    injection->version = reference_version(&injection->base);
    injection->name = reference_format(&injection->base, true);
    options->sources = injection->sources;
    options->source_count = injection->model_count;
    options->selection.include = (const char *const *)injection->include.items;
    options->selection.exclude = (const char *const *)injection->exclude.items;
    options->base = injection->base_store;
    options->base_version = injection->version;
    options->base_name = injection->base.kind == REFERENCE_REGISTRY ? injection->name : NULL;
    options->target = injection->target_store;
    options->target_version = injection->target.tag;
    options->more_versions = (const char *const *)injection->more_targets.items;
    options->memo = injection->memo;
    options->environment = (const char *const *)injection->environment.items;
    options->log = injection->session.stores.log;
    options->cancel = context->cancel;
    options->progress = render_progress(injection->session.render);
}

int injection_open(struct injection *injection, const struct command_context *context,
                   const struct injection_style *style, int argc, char **argv, struct error *err)
{
    injection->options.layout = layout_find(NULL);
    if (parse_options(injection, style, argc, argv, err) < 0 ||
        parse_names(injection, style, argc, argv, err) < 0 || open_all(injection, context, err) < 0)
        return -1;
    fill_options(injection, context);
    return 0;
}
