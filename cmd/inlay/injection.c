#include "injection.h"

#include "cache/cache.h"
#include "core/text.h"
#include "preset_list.h"
#include "source/source.h"

#include <string.h>
#include <time.h>

const struct argument_help injection_arguments[] = {
    ARGUMENT_HELP_IMAGE("BASE, TARGET", "stdin or stdout"),
    {"", "scratch", "as BASE: nothing"},
    {"", NULL, "TARGET names a tag and no digest; until the end it shows what it showed."},
    ARGUMENT_HELP_MODEL,
    {NULL, NULL, NULL},
};

void injection_release(struct injection *injection)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        injection_model_release(&injection->models[i]);
        if (injection->sources != NULL)
            source_free(injection->sources[i]);
    }
    free(injection->models);
    free(injection->choices);
    for (size_t i = 0; i < injection->companion_count; i++)
        source_free(injection->companions[i]);
    free(injection->companions);
    free(injection->sources);
    cache_free(injection->download_cache);
    free(injection->hub_cache);
    store_free(injection->base_store);
    store_free(injection->target_store);
    injection_release_reuse(injection);
    free(injection->memo);
    free(injection->version);
    free(injection->name);
    presets_release(&injection->presets);
    project_release(&injection->project);
    lock_release(&injection->lock);
    free(injection->expected_layers);
    free(injection->expected_by);
    notes_release(&injection->notes);
    if (injection->lent == NULL)
        session_release(&injection->session);
    reference_release(&injection->base);
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

/* The one layout that all models have; else that of the models without one of their own. */
static const struct layout *common_layout(const struct injection *injection)
{
    const struct layout *layout = injection->models[0].layout;

    for (size_t i = 1; i < injection->model_count; i++)
        if (injection->models[i].layout != layout)
            return injection->line->layout != NULL ? injection->line->layout : layout_find(NULL);
    return layout;
}

/* The loader has no variable that names its place as it is. */
static int refuse_cache_dir(const struct layout *layout, struct error *err)
{
    if (layout->takes_path)
        return error_set(err, ERROR_USAGE, "--layout %s has no cache; name the folder by --path",
                         layout->name);
    if (layout->places == NULL)
        return error_set(err, ERROR_USAGE,
                         "--cache-dir cannot move the place of --layout %s, for which its loader "
                         "has no variable",
                         layout->name);
    return error_set(err, ERROR_USAGE,
                     "--layout %s has no variable for its place itself, but %s for a folder above "
                     "it; set that by --env %s=PATH",
                     layout->name, layout->places[0].variable, layout->places[0].variable);
}

/* Whose cache --cache-dir moves. */
static int choose_cache(struct injection *injection, struct error *err)
{
    struct placement_options *placement = &injection->options.placement;
    const char *const *environment = options_list(injection->line, "env");
    const struct layout *layout = common_layout(injection);

    if (placement->cache_dir == NULL)
        return 0;
    if (layout->cache_variable == NULL)
        return refuse_cache_dir(layout, err);
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *variable = layout->cache_variable;
        const char *assignment = *environment;
        if (text_starts_with(assignment, variable) && assignment[strlen(variable)] == '=')
            return error_set(err, ERROR_USAGE,
                             "--cache-dir sets %s, and so does --env '%s'; leave one out", variable,
                             assignment);
    }
    placement->cache_layout = layout;
    return 0;
}

/* What does not go together. */
static int check_placement(struct injection *injection, struct error *err)
{
    const struct placement_options *placement = &injection->options.placement;

    if (placement->owner != NULL && placement->shared != NULL)
        return error_set(err, ERROR_USAGE,
                         "--shared leaves the models to root, for every user; leave --owner out");
    if (choose_cache(injection, err) < 0)
        return -1;
    if (placement->group_writable && placement->owner != NULL && placement->owner->gid != 0)
        return error_set(err, ERROR_USAGE,
                         "--group-writable means group 0, and --owner names group %u; say "
                         "--owner %u:0",
                         placement->owner->gid, placement->owner->uid);
    return 0;
}

/* The base is an argument, or an option of a command that goes without; or the project's. */
static const char *find_base(const struct injection *injection)
{
    const struct options *line = injection->line;

    if (injection_base_is_option(line))
        return options_text(line, "base");
    return line->name_count > 0 ? line->names[0] : injection->project.base;
}

static int parse_names(struct injection *injection, struct error *err)
{
    const struct options *line = injection->line;
    bool is_option = injection_base_is_option(line);
    const char *base = find_base(injection);

    if (session_parse_image(line, is_option ? "--base" : "BASE", base != NULL ? base : "scratch",
                            &injection->base, err) < 0 ||
        preset_list_read(line, &injection->notes, &injection->presets, err) < 0)
        return -1;
    for (size_t i = is_option ? 0 : 1; injection_names_models(line) && i < line->name_count; i++)
        if (injection_parse_model(injection, line->names[i], err) < 0)
            return -1;
    injection->named_count = injection->model_count;
    if (injection_add_project(injection, err) < 0)
        return -1;
    if (injection_parse_reuse(injection, err) < 0)
        return -1;
    return parse_created(injection, err);
}

static int check_all(struct injection *injection, struct error *err)
{
    if (injection->model_count == 0)
        return error_set(err, ERROR_USAGE, "no MODEL is named, and the project has none");
    return injection_check_models(injection, err) < 0 ? -1 : check_placement(injection, err);
}

/* Nothing, for each platform that is asked for. */
static struct store *open_scratch(const struct options *line)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    for (size_t i = 0; i < line->platform_count; i++) {
        CLEANUP(text) char *name = oci_platform_format(&line->platforms[i]);
        if (!strings_has(&names, name))
            strings_add(&names, name);
    }
    return store_new_scratch((const char *const *)names.items);
}

/* What a scan of the base adds is checked as if it were named. */
static int open_base(struct injection *injection, const struct command_context *context,
                     struct error *err)
{
    if (injection->lent != NULL)
        injection->session = *injection->lent;
    else if (session_open(&injection->session, context, injection->line, err) < 0)
        return -1;
    if (injection->base.kind == REFERENCE_SCRATCH)
        injection->base_store = open_scratch(injection->line);
    else if (store_open(&injection->base, &injection->session.stores, &injection->base_store, err) <
             0)
        return -1;
    if (!options_has(injection->line, "scan"))
        return 0;
    return injection_add_scan(injection, err) < 0 ? -1 : check_all(injection, err);
}

static int open_download_cache(struct injection *injection, struct error *err)
{
    const struct cache_options options = {
        .folder = options_text(injection->line, "download-cache"),
        .log = injection->session.stores.log,
    };

    if (options.folder == NULL)
        return 0;
    if (cache_open(&options, &injection->download_cache, err) < 0)
        return error_wrap(err, "--download-cache");
    return 0;
}

/* By the lock, if the model goes by one. */
static void pin_source(const struct injection_model *model, struct source *source)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;

    if (model->locked == NULL)
        return;
    plan_copy(&model->locked->plan, &plan);
    origin_copy(&model->origin, &plan.origin);
    source_pin(source, &plan);
}

static int open_sources(struct injection *injection, struct error *err)
{
    injection->sources = xcalloc(injection->model_count, sizeof(struct source *));
    for (size_t i = 0; i < injection->model_count; i++) {
        const struct injection_model *model = &injection->models[i];
        if (source_open(&injection->source_context, &model->origin, &injection->sources[i], err) <
            0)
            return -1;
        pin_source(model, injection->sources[i]);
    }
    return 0;
}

/* An eStargz layer is found to be one by its annotations, which stand in the manifest. */
static void warn_of_lost_table(const struct injection *injection)
{
    const struct reference_traits *place = reference_traits(injection->line->target.kind);

    if (place->lacks_manifests && injection->options.compression.kind == COMPRESSION_ESTARGZ)
        log_warn(injection->session.stores.log,
                 "%s keeps no annotations, without which estargz layers are not pulled lazily; "
                 "write to a registry, oci: or oci-archive:",
                 place->title);
}

static int open_all(struct injection *injection, const struct command_context *context,
                    struct error *err)
{
    const struct options *line = injection->line;

    const struct store_context *stores = &injection->session.stores;
    for (size_t i = 0; i < injection->notes.count; i++)
        log_info(stores->log, "%s", injection->notes.items[i].text);

    if (open_download_cache(injection, err) < 0)
        return -1;
    struct source_context *sources = &injection->source_context;
    *sources = (struct source_context){
        .http = stores->http,
        .auth = stores->auth,
        .cancel = context->cancel,
        .log = stores->log,
        .hub_endpoint = options_text(line, "hub-endpoint"),
        .pool = injection->session.pool,
        .cache = injection->download_cache,
        .sandbox = injection->session.sandbox,
        .open_oci_model = oci_source_open,
        .unverified = options_has(line, "unverified"),
    };
    injection->opener = (struct oci_opener){
        .stores = stores, .sources = sources, .sandbox = injection->session.sandbox};
    sources->open_arg = &injection->opener;
    if (session_find_hub_cache(line, sources, &injection->hub_cache, err) < 0)
        return -1;
    if (line->target.kind != REFERENCE_NONE &&
        store_open_target(&line->target, stores, &injection->target_store, err) < 0)
        return -1;
    warn_of_lost_table(injection);
    if (injection_open_reuse(injection, stores, err) < 0)
        return -1;
    return open_sources(injection, err);
}

/* What models make their loaders ask for besides, found while they are listed. */
static int open_companion(void *arg, const struct origin *origin, struct source **out,
                          struct error *err)
{
    struct injection *injection = arg;
    size_t count = injection->companion_count;

    injection->companions = xrealloc(injection->companions, count + 1, sizeof(struct source *));
    if (source_open(&injection->source_context, origin, &injection->companions[count], err) < 0)
        return -1;
    *out = injection->companions[injection->companion_count++];
    return 0;
}

struct preview_options injection_preview_options(const struct inject_options *options)
{
    return (struct preview_options){
        .models = options->models,
        .base = options->base,
        .target = {options->target.store, options->target.version},
        .reuse = options->reuse,
        .placement = options->placement,
        .compression = options->compression,
        .expected = options->expected,
        .run = options->run,
    };
}

static void fill_options(struct injection *injection, const struct command_context *context)
{
    const struct options *line = injection->line;
    struct inject_options *options = &injection->options;

    injection_fill_choices(injection);
    injection_expect_layers(injection);
    injection->memo = session_memo_folder();
    session_tell_memo(&injection->session, injection->memo);
    injection->version = reference_version(&injection->base);
    injection->name = reference_format_name(&injection->base, true);
    options->models.sources = injection->sources;
    options->models.count = injection->model_count;
    options->models.choices = injection->choices;
    options->models.companions = injection->line->companions;
    options->models.looks_for_code = line->command->id != COMMAND_LOCK;
    options->models.safe_only = options_has(line, "safe-only");
    options->models.licenses = (struct license_rules){
        .allowed = (const char *const *)line->allowed_licenses.items,
        .denied = (const char *const *)line->denied_licenses.items,
    };
    options->models.open_companion = open_companion;
    options->models.open_arg = injection;
    options->base.store = injection->base_store;
    options->base.version = injection->version;
    options->base.name = injection->base.kind == REFERENCE_REGISTRY ? injection->name : NULL;
    options->base.platforms = line->platforms;
    options->base.platform_count = line->platform_count;
    options->target.store = injection->target_store;
    options->target.version = line->target.tag;
    options->target.more_versions = (const char *const *)line->more_targets.items;
    options->run.memo = injection->memo;
    options->placement.environment = options_list(line, "env");
    options->placement.start = &line->start;
    options->run.jobs = (unsigned)options_number(line, "jobs");
    options->run.log = injection->session.stores.log;
    options->run.cancel = context->cancel;
    options->run.progress = render_progress(injection->session.render);
    options->run.sandbox = injection->session.sandbox;
}

int injection_parse(struct injection *injection, struct options *line, struct error *err)
{
    injection->line = line;
    if (injection_read_project(injection, line, err) < 0)
        return -1;
    injection->options = line->inject;
    if (parse_names(injection, err) < 0 ||
        session_find_expected(line, &line->target, &injection->options.target.expected, err) < 0)
        return -1;
    if (injection->model_count == 0 && line->command->id == COMMAND_LOCK)
        return 0; /* of a set or of the models of all */
    if (!options_has(line, "scan") && check_all(injection, err) < 0)
        return -1;
    return injection_use_lock(injection, err);
}

int injection_connect(struct injection *injection, const struct command_context *context,
                      struct error *err)
{
    if (open_base(injection, context, err) < 0 || open_all(injection, context, err) < 0)
        return -1;
    fill_options(injection, context);
    return 0;
}

int injection_open(struct injection *injection, const struct command_context *context,
                   struct options *line, struct error *err)
{
    if (injection_parse(injection, line, err) < 0)
        return -1;
    return injection_connect(injection, context, err);
}
