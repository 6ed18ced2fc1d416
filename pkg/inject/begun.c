#include "inject/inject_internal.h"

static int probe(void *arg, struct error *err)
{
    return store_probe_write(arg, err);
}

void begun_init(const struct inject_options *options, const struct build_request *request,
                struct begun *out)
{
    struct store *target = options->target.store;

    *out = (struct begun){.probe = {.is_begun = false}};
    store_expect_write(target);
    if (target->is_remote)
        ahead_begin(&out->probe, probe, target, options->run.cancel);
    known_begin(request, &out->known);
    model_lookups_begin(&options->models, &options->run, &out->models);
}

int begun_probe(struct begun *begun, struct store *target, struct error *err)
{
    return begun->probe.is_begun ? ahead_join(&begun->probe, err) : store_probe_write(target, err);
}

void begun_release(struct begun *begun)
{
    model_lookups_release(&begun->models);
    known_lookup_release(&begun->known);
    ahead_release(&begun->probe);
}
