#include "injection_options.h"

#include "core/text.h"

#include <getopt.h>
#include <string.h>

#define SHARDS_MAX 1024

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

/* K/N, K from 1 to N. */
static int set_shard(struct injection *out, const char *text, struct error *err)
{
    CLEANUP(text) char *number = xstrdup(text);
    char *count = strchr(number, '/');
    uint64_t numbers[2] = {0, 0};

    if (count != NULL)
        *count++ = '\0';
    if (count == NULL || parse_u64(number, SHARDS_MAX, &numbers[0], err) < 0 ||
        parse_u64(count, SHARDS_MAX, &numbers[1], err) < 0 || numbers[0] == 0 ||
        numbers[0] > numbers[1])
        return error_set(err, ERROR_USAGE, "--shard '%s' is not K/N, with K from 1 to N", text);
    out->options.shard = (unsigned)numbers[0] - 1;
    out->options.shard_count = (unsigned)numbers[1];
    return 0;
}

static int set_compression(struct injection *out, const char *text, struct error *err)
{
    if (compression_parse(text, &out->options.compression, err) < 0)
        return error_wrap(err, "--compression");
    return 0;
}

static int set_path(const char *option, const char *text, const char **out, struct error *err)
{
    size_t size = strlen(text);

    if (text[0] != '/')
        return error_set(err, ERROR_USAGE, "%s '%s' is not an absolute path", option, text);
    if (strstr(text, "/../") != NULL || (size >= 3 && strcmp(text + size - 3, "/..") == 0))
        return error_set(err, ERROR_USAGE, "%s '%s' has a part '..'; name the folder itself",
                         option, text);
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
    OPTION_REUSE_FROM,
    OPTION_LAYER_CACHE,
    OPTION_SHARD,
    OPTION_COMPRESSION,
    OPTION_JOBS,
    OPTION_CONNECTIONS,
    OPTION_DOWNLOAD_CACHE,
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
    if (!strings_has(&out->more_targets, more.tag) &&
        (out->target.tag == NULL || strcmp(out->target.tag, more.tag) != 0))
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
    case OPTION_REUSE_FROM:
        strings_add(&out->reuse_texts, optarg);
        return 0;
    case OPTION_LAYER_CACHE:
        out->cache_text = optarg;
        return 0;
    case OPTION_SHARD:
        return set_shard(out, optarg, err);
    case OPTION_COMPRESSION:
        return set_compression(out, optarg, err);
    case OPTION_JOBS:
        return session_parse_jobs(optarg, &out->options.jobs, err);
    case OPTION_CONNECTIONS:
        return session_parse_connections(optarg, &out->how.connections, err);
    case OPTION_DOWNLOAD_CACHE:
        out->download_text = optarg;
        return 0;
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
    for (size_t i = 0; options->cache_dir != NULL && i < injection->environment.count; i++) {
        const char *variable = options->layout->cache_variable;
        const char *assignment = injection->environment.items[i];
        if (text_starts_with(assignment, variable) && assignment[strlen(variable)] == '=')
            return error_set(err, ERROR_USAGE,
                             "--cache-dir sets %s, and so does --env '%s'; leave one out", variable,
                             assignment);
    }
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

int injection_check_options(const struct injection *injection, const struct injection_style *style,
                            struct error *err)
{
    if (check_command(injection, style, err) < 0)
        return -1;
    return check_options(injection, err);
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
    {{"reuse-from", required_argument, NULL, OPTION_REUSE_FROM}, INJECTION_IMAGE},
    {{"layer-cache", required_argument, NULL, OPTION_LAYER_CACHE}, INJECTION_IMAGE},
    {{"shard", required_argument, NULL, OPTION_SHARD}, INJECTION_INJECT},
    {{"compression", required_argument, NULL, OPTION_COMPRESSION}, INJECTION_ALL},
    {{"jobs", required_argument, NULL, OPTION_JOBS}, INJECTION_ALL},
    {{"connections", required_argument, NULL, OPTION_CONNECTIONS}, INJECTION_ALL},
    {{"download-cache", required_argument, NULL, OPTION_DOWNLOAD_CACHE},
     INJECTION_INJECT | INJECTION_LAYER},
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
int injection_parse_options(struct injection *out, const struct injection_style *style, int argc,
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
