#include "source/hub_cache_internal.h"

#include "core/text.h"

#include <string.h>

#define NAMED_MOST 5

/* A repo as this machine has it. */
struct hub_offline {
    struct source base; /* base.hub_cache is the cache of the Hub's clients, base.cache our own */
    struct origin model;
    struct hub_cache *remembered; /* what the download cache remembers; NULL: there is none */
    bool prefers_remembered;
};

void hub_listing_keep(struct cache *cache, const struct plan *plan)
{
    CLEANUP(text) char *repo = hub_cache_repo_name(&plan->origin);
    CLEANUP(text) char *tree = xasprintf("%s/trees/%s.json", repo, plan->pin);
    CLEANUP(text) char *list = hub_tree_format(plan);

    cache_keep_listing(cache, tree, list, strlen(list));
    if (strcmp(plan->origin.revision, plan->pin) == 0)
        return;
    CLEANUP(text) char *ref = xasprintf("%s/refs/%s", repo, plan->origin.revision);
    cache_keep_listing(cache, ref, plan->pin, strlen(plan->pin));
}

static int refuse_unknown(const struct hub_offline *hub, struct error *err)
{
    CLEANUP(buf) struct buf places = BUF_INIT;

    if (hub->base.hub_cache != NULL)
        buf_addf(&places, "the Hub cache '%s'", hub->base.hub_cache->root);
    if (hub->remembered != NULL)
        buf_addf(&places, "%sthe download cache '%s'", places.size > 0 ? " and " : "",
                 hub->remembered->root);
    const char *verb = places.size == 0                                         ? "has"
                       : hub->base.hub_cache != NULL && hub->remembered != NULL ? "lack"
                                                                                : "lacks";
    return error_set(
        err, ERROR_NOT_FOUND,
        "%s %s '%s' at revision '%s', and offline the hub is not asked: fetch it there "
        "first ('hf download'), or leave out --offline and HF_HUB_OFFLINE",
        places.size > 0 ? buf_text(&places) : "nothing on this machine", verb, hub->model.name,
        hub->model.revision);
}

/* The files of the first commit that the revision is and that is there. */
static int list_from(const struct hub_offline *hub, const struct hub_cache *place,
                     struct plan *plan, struct error *err)
{
    struct plan_commit commit = {""};

    if (place == NULL || hub_cache_resolve(place, hub->model.revision, &commit, err) < 0)
        return place == NULL ? 0 : -1;
    if (commit.text[0] == '\0')
        return 0;
    if (hub_cache_list(place, commit.text, plan, err) < 0)
        return error_wrap(err, "the files of '%s' in '%s'", hub->model.name, place->root);
    if (plan->count > 0)
        plan->pin = xstrdup(commit.text);
    return 0;
}

static int offline_list(struct source *source, struct plan *plan, struct error *err)
{
    const struct hub_offline *hub = CONTAINER_OF(source, struct hub_offline, base);
    const struct hub_cache *places[] = {hub->base.hub_cache, hub->remembered};
    CLEANUP(plan) struct plan listed = PLAN_INIT;

    if (hub->prefers_remembered) {
        places[0] = hub->remembered;
        places[1] = hub->base.hub_cache;
    }
    for (size_t i = 0; i < ARRAY_SIZE(places) && listed.count == 0; i++)
        if (list_from(hub, places[i], &listed, err) < 0)
            return -1;
    if (listed.count == 0)
        return refuse_unknown(hub, err);
    origin_copy(&hub->model, &listed.origin);
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}

static bool is_empty(const struct plan_file *file)
{
    struct digest empty = digest_of(file->digest.algorithm, "", 0);

    return file->size == 0 && digest_equal(&file->digest, &empty);
}

bool source_has_offline(const struct source *source, const struct plan *plan,
                        const struct plan_file *file)
{
    const struct hub_cache *clients = source->hub_cache;

    return is_empty(file) || (clients != NULL && hub_cache_has(clients, plan->pin, file)) ||
           (source->cache != NULL && cache_has(source->cache, &file->digest, file->size));
}

int source_check(const struct source *source, const struct plan *plan, struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;
    size_t missing = 0;

    for (size_t i = 0; source->is_offline && i < plan->count; i++) {
        if (source_has_offline(source, plan, &plan->files[i]))
            continue;
        if (missing++ < NAMED_MOST)
            buf_addf(&names, "%s'%s'", names.size > 0 ? ", " : "", plan->files[i].path);
    }
    if (missing == 0)
        return 0;
    if (missing > NAMED_MOST)
        buf_addf(&names, " and %zu more", missing - NAMED_MOST);
    return error_set(err, ERROR_NOT_FOUND,
                     "%zu of %zu files of '%s' at commit %s are not on this machine: %s; offline "
                     "the hub is not asked: fetch them first ('hf download'), exclude them, or "
                     "leave out --offline and HF_HUB_OFFLINE",
                     missing, plan->count, plan->origin.name, plan->pin, buf_text(&names));
}

/* The caches have been looked at before, by source_open_file(). */
static int offline_open(struct source *source, const struct plan *plan,
                        const struct plan_file *file, const struct source_range *range,
                        struct reader **out, struct error *err)
{
    (void)source;
    (void)range;
    if (!is_empty(file))
        return error_set(err, ERROR_NOT_FOUND,
                         "'%s' of '%s' is not on this machine, and offline the hub is not asked",
                         file->path, plan->origin.name);
    *out = memory_reader_new("", 0);
    return 0;
}

static void offline_free(struct source *source)
{
    struct hub_offline *hub = CONTAINER_OF(source, struct hub_offline, base);

    origin_release(&hub->model);
    hub_cache_free(hub->remembered);
    free(hub);
}

int source_open_hub_offline(const struct source_context *context, const struct origin *model,
                            struct source **out, struct error *err)
{
    static const struct source_ops ops = {offline_list, offline_open, offline_free};
    struct hub_offline *hub = xcalloc(1, sizeof(*hub));

    (void)err;
    hub->base.ops = &ops;
    hub->base.cache = context->cache;
    hub->base.is_offline = true;
    hub->base.opens_unlisted = true;
    hub->model = (struct origin)ORIGIN_INIT;
    origin_copy(model, &hub->model);
    hub->prefers_remembered = context->hub_cache_is_implied;
    if (context->cache != NULL) {
        CLEANUP(text) char *root = cache_listings(context->cache);
        hub->remembered = hub_cache_new(root, model, context->log);
    }
    *out = &hub->base;
    return 0;
}
