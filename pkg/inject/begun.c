#include "inject/inject_internal.h"

#include "core/clock.h"

static int probe(void *arg, struct error *err)
{
    struct begun *begun = arg;
    int result = store_probe_write(begun->target, err);

    pthread_mutex_lock(&begun->lock);
    begun->is_probe_told = true;
    begun->is_writable = result == 0;
    pthread_cond_broadcast(&begun->told);
    pthread_mutex_unlock(&begun->lock);
    return result;
}

static void note_tag(void *arg, bool is_missing)
{
    struct begun *begun = arg;

    pthread_mutex_lock(&begun->lock);
    begun->is_tag_told = true;
    begun->is_new = is_missing;
    pthread_cond_broadcast(&begun->told);
    pthread_mutex_unlock(&begun->lock);
}

/* The lock is held. Wakes by itself in time to look at who asks to stop. */
static void wait_to_be_told(struct begun *begun)
{
    clock_wait(&begun->told, &begun->lock, CANCEL_POLL_MS);
}

/* Nothing is downloaded for a target that cannot be written, or may have the layers. */
static bool are_files_needed(void *arg, const struct cancel *cancel)
{
    struct begun *begun = arg;

    pthread_mutex_lock(&begun->lock);
    while (!(begun->is_tag_told && begun->is_probe_told) && !cancel_is_requested(cancel))
        wait_to_be_told(begun);
    bool are_needed =
        begun->is_tag_told && begun->is_probe_told && begun->is_new && begun->is_writable;
    pthread_mutex_unlock(&begun->lock);
    return are_needed;
}

/* Nothing is written for models that are refused, or a tag that may have it all. */
static bool may_mount(void *arg, const struct cancel *cancel)
{
    struct begun *begun = arg;

    pthread_mutex_lock(&begun->lock);
    while (!begun->is_agreed_told && !(begun->is_tag_told && !begun->is_new) &&
           !cancel_is_requested(cancel))
        wait_to_be_told(begun);
    bool may = begun->is_agreed_told && begun->is_agreed;
    pthread_mutex_unlock(&begun->lock);
    return may;
}

static void note_agreed(struct begun *begun, bool is_agreed)
{
    pthread_mutex_lock(&begun->lock);
    begun->is_agreed_told = true;
    begun->is_agreed = is_agreed;
    pthread_cond_broadcast(&begun->told);
    pthread_mutex_unlock(&begun->lock);
}

static void begun_open(struct begun *begun)
{
    pthread_mutex_init(&begun->lock, NULL);
    clock_condition_init(&begun->told);
}

/* Layers that others may have need no files. */
static bool may_read_early(const struct inject_options *options)
{
    return options->target.store->is_remote && options->target.version != NULL &&
           options->reuse.layer_cache == NULL && options->reuse.shard_count == 0 &&
           options->reuse.image_count == 0;
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
        .early = {are_files_needed, out},
        .tag = {.store = target, .version = options->target.version},
        .known = {.tell = note_tag, .tell_arg = out},
        .blobs = {.target = target, .jobs = options->run.jobs, .cancel = options->run.cancel},
    };
    begun_open(out);
    if (options->reuse.shard_count > 0) /* then the layers come from elsewhere */
        note_agreed(out, false);
    store_expect_write(target);
    if (!copies_layers(options))
        store_write_later(target);
    if (target->is_remote)
        ahead_begin(&out->probe, probe, out, options->run.cancel);
    known_begin(request, &out->known);
    model_lookups_begin(&options->models, &options->run,
                        may_read_early(options) ? &out->early : NULL, &out->models);
}

int begun_probe(struct begun *begun, struct store *target, struct error *err)
{
    return begun->probe.is_begun ? ahead_join(&begun->probe, err) : store_probe_write(target, err);
}

int begun_blobs(struct begun *begun, const struct base *base, struct error *err)
{
    begun->blobs.from = base->store;
    if (store_may_mount(begun->target, base->store)) {
        begun->blobs.may_mount = may_mount;
        begun->blobs.may_mount_arg = begun;
    }
    for (size_t i = 0; begun->target->is_remote && i < base->platform_count; i++) {
        struct descriptor *layers = NULL;
        size_t count = 0;
        if (image_layers(base->platforms[i].image, &layers, &count, err) < 0)
            return -1;
        for (size_t k = 0; k < count; k++)
            blob_lookups_add(&begun->blobs, &layers[k]);
        free(layers);
    }
    blob_lookups_begin(&begun->blobs);
    return 0;
}

int begun_finish(struct begun *begun, struct models *models, struct build_plan *plan,
                 struct error *err)
{
    bool is_built = false;

    if (blob_lookups_join(&begun->blobs, err) < 0)
        return -1;
    plan->others.looked = &begun->blobs;
    for (size_t i = 0; i < plan->layer_count; i++)
        is_built = is_built || plan->layers[i].fate == LAYER_BUILT;
    if (is_built)
        model_lookups_take_files(&begun->models, models);
    return 0;
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
    bool is_new = begun->target->is_remote && known->shown.kind == TAG_NONE;

    note_agreed(begun, is_new && options->reuse.shard_count == 0);
    if (is_new && !copies_layers(options))
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
    if (begun->target == NULL)
        return;
    tag_look_release(&begun->tag);
    blob_lookups_release(&begun->blobs);
    ahead_release(&begun->unused);
    ahead_release(&begun->sessions);
    model_lookups_release(&begun->models);
    known_lookup_release(&begun->known);
    ahead_release(&begun->probe);
    pthread_cond_destroy(&begun->told);
    pthread_mutex_destroy(&begun->lock);
}
