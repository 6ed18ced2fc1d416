#include "inject/inject_internal.h"

static int probe(void *arg, struct error *err)
{
    return store_probe_write(arg, err);
}

/* Whoever copies a layer on as soon as it is written needs it to be there. */
static bool copies_layers(const struct inject_options *options)
{
    return options->reuse.layer_cache != NULL || options->reuse.shard_count > 0;
}

void begun_init(const struct inject_options *options, const struct build_request *request,
                struct begun *out)
{
    struct store *target = options->target.store;

    *out = (struct begun){
        .target = target,
        .cancel = options->run.cancel,
        .tag = {.store = target, .version = options->target.version},
    };
    store_expect_write(target);
    if (!copies_layers(options))
        store_write_later(target);
    if (target->is_remote)
        ahead_begin(&out->probe, probe, target, options->run.cancel);
    known_begin(request, &out->known);
    model_lookups_begin(&options->models, &options->run, &out->models);
}

int begun_probe(struct begun *begun, struct store *target, struct error *err)
{
    return begun->probe.is_begun ? ahead_join(&begun->probe, err) : store_probe_write(target, err);
}

/* The folders, the config, and of each model at least one layer. */
static int open_sessions(void *arg, struct error *err)
{
    struct begun *begun = arg;

    (void)err;
    store_expect_blobs(begun->target, (unsigned)begun->models.count + 2);
    return 0;
}

void begun_sessions(struct begun *begun, const struct inject_options *options,
                    const struct known *known)
{
    if (begun->target->is_remote && known->shown.kind == TAG_NONE && !copies_layers(options))
        ahead_begin(&begun->sessions, open_sessions, begun, begun->cancel);
}

static int drop_unused(void *arg, struct error *err)
{
    (void)err;
    store_drop_unused(arg);
    return 0;
}

static bool is_known(const struct known *known, const struct digest *recipe)
{
    for (size_t i = 0; i < known->layer_count; i++)
        if (digest_equal(&known->layers[i].layer.record.recipe, recipe))
            return true;
    return false;
}

void begun_tag(struct begun *begun, const struct inject_options *options, const struct known *known,
               const struct build_plan *plan)
{
    bool is_there = begun->target->is_remote && options->reuse.shard_count == 0 &&
                    known->present.digest.algorithm != DIGEST_NONE;

    for (size_t i = 0; i < plan->layer_count && is_there; i++)
        is_there = is_known(known, &plan->layers[i].recipe->digest);
    if (!is_there)
        return;
    tag_look_begin(&begun->tag, begun->cancel);
    ahead_begin(&begun->unused, drop_unused, begun->target, begun->cancel);
}

void begun_release(struct begun *begun)
{
    tag_look_release(&begun->tag);
    ahead_release(&begun->unused);
    ahead_release(&begun->sessions);
    model_lookups_release(&begun->models);
    known_lookup_release(&begun->known);
    ahead_release(&begun->probe);
}
