#include "injection.h"

#include "cache/cache.h"
#include "core/text.h"
#include "injection_options.h"
#include "source/source.h"

#include <getopt.h>
#include <string.h>
#include <time.h>

static void release_reuse(struct injection *injection)
{
    for (size_t i = 0; i < injection->reuse_count; i++) {
        reference_release(&injection->reuse[i]);
        store_free(injection->reuse_images[i].store);
        free(injection->reuse_versions[i]);
    }
    free(injection->reuse);
    free(injection->reuse_images);
    free(injection->reuse_versions);
    strings_release(&injection->reuse_texts);
    store_free(injection->cache_store);
    reference_release(&injection->cache);
}

void injection_release(struct injection *injection)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        model_reference_release(&injection->models[i]);
        source_free(injection->sources[i]);
    }
    free(injection->models);
    free(injection->sources);
    cache_free(injection->download_cache);
    store_free(injection->base_store);
    store_free(injection->target_store);
    strings_release(&injection->include);
    strings_release(&injection->exclude);
    strings_release(&injection->environment);
    strings_release(&injection->more_targets);
    release_reuse(injection);
    free(injection->platforms);
    free(injection->memo);
    free(injection->version);
    free(injection->name);
    session_release(&injection->session);
    reference_release(&injection->base);
    reference_release(&injection->target);
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

/* What layers may be taken from, and where they are kept. */
static int parse_reuse(struct injection *injection, struct error *err)
{
    size_t count = injection->reuse_texts.count;

    injection->reuse = xcalloc(count, sizeof(*injection->reuse));
    injection->reuse_images = xcalloc(count, sizeof(*injection->reuse_images));
    injection->reuse_versions = xcalloc(count, sizeof(char *));
    for (; injection->reuse_count < count; injection->reuse_count++)
        if (session_parse_image(&injection->how, "--reuse-from",
                                injection->reuse_texts.items[injection->reuse_count],
                                &injection->reuse[injection->reuse_count], err) < 0)
            return -1;
    if (injection->cache_text == NULL)
        return 0;
    if (reference_parse(injection->cache_text, &injection->cache, err) < 0)
        return error_wrap(err, "--layer-cache");
    if (injection->cache.kind != REFERENCE_REGISTRY && injection->cache.kind != REFERENCE_OCI_DIR)
        return error_set(err, ERROR_USAGE, "--layer-cache '%s' is neither a repository nor oci:DIR",
                         injection->cache_text);
    return 0;
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
    if (injection_check_options(injection, style, err) < 0 ||
        parse_base(injection, base, has_option ? "--base" : "BASE", err) < 0)
        return -1;
    injection->models = xcalloc((size_t)argc, sizeof(*injection->models));
    injection->sources = xcalloc((size_t)argc, sizeof(struct source *));
    for (int i = optind; i < argc; i++)
        if (add_model(injection, argv[i], err) < 0)
            return -1;
    if (parse_reuse(injection, err) < 0)
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

static int open_reuse(struct injection *injection, const struct store_context *stores,
                      struct error *err)
{
    struct inject_options *options = &injection->options;

    for (size_t i = 0; i < injection->reuse_count; i++) {
        struct inject_image *image = &injection->reuse_images[i];
        if (store_open(&injection->reuse[i], stores, &image->store, err) < 0)
            return -1;
        injection->reuse_versions[i] = reference_version(&injection->reuse[i]);
        image->version = injection->reuse_versions[i];
    }
    options->reuse_from = injection->reuse_images;
    options->reuse_count = injection->reuse_count;
    if (injection->cache_text != NULL &&
        store_open_target(&injection->cache, stores, &injection->cache_store, err) < 0)
        return -1;
    options->layer_cache = injection->cache_store;
    return 0;
}

static int open_download_cache(struct injection *injection, struct error *err)
{
    const struct cache_options options = {
        .folder = injection->download_text,
        .log = injection->session.stores.log,
    };

    if (injection->download_text == NULL)
        return 0;
    if (cache_open(&options, &injection->download_cache, err) < 0)
        return error_wrap(err, "--download-cache");
    return 0;
}

static int open_all(struct injection *injection, const struct command_context *context,
                    const struct injection_style *style, struct error *err)
{
    if (style->command == INJECTION_PLAN && injection->how.mode == RENDER_NORMAL)
        injection->how.mode = RENDER_QUIET; /* the plan says it all */
    session_open(&injection->session, context, &injection->how);
    const struct store_context *stores = &injection->session.stores;

    if (open_download_cache(injection, err) < 0)
        return -1;
    struct source_context sources = {stores->http, context->cancel, stores->log,
                                     injection->session.pool, injection->download_cache};
    if (open_base(injection, stores, err) < 0)
        return -1;
    if (injection->has_target &&
        store_open_target(&injection->target, stores, &injection->target_store, err) < 0)
        return -1;
    if (open_reuse(injection, stores, err) < 0)
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
    if (injection_parse_options(injection, style, argc, argv, err) < 0 ||
        parse_names(injection, style, argc, argv, err) < 0 ||
        open_all(injection, context, style, err) < 0)
        return -1;
    fill_options(injection, context);
    return 0;
}
