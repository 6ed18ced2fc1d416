#include "models/models_internal.h"

/* Beyond that many the hub would be asked for too much at a time. */
#define LOOKUPS_MOST 8

/* The steps of models_add() that ask the source. */
static int look_up(void *arg, struct error *err)
{
    struct model_lookup *lookup = arg;
    const struct run_context *run = lookup->run;

    if (source_list(lookup->source, &lookup->plan, err) < 0 ||
        source_find_license(lookup->source, &lookup->plan, run->cancel, err) < 0)
        return -1;
    lookup->has_contents = source_read_contents(lookup->source, &lookup->plan, run->memo,
                                                run->cancel, &lookup->contents, &lookup->why) == 0;
    return 0;
}

void model_lookups_begin(const struct models_request *request, const struct run_context *run,
                         struct model_lookups *out)
{
    size_t count = request->count < LOOKUPS_MOST ? request->count : LOOKUPS_MOST;

    *out = (struct model_lookups){xcalloc(count, sizeof(*out->items)), count};
    for (size_t i = 0; i < count; i++) {
        struct model_lookup *lookup = &out->items[i];
        *lookup = (struct model_lookup){
            .source = request->sources[i],
            .run = run,
            .plan = PLAN_INIT,
            .contents = PLAN_CONTENTS_INIT,
        };
        if (lookup->source->is_remote)
            ahead_begin(&lookup->ahead, look_up, lookup, run->cancel);
    }
}

void model_lookups_release(struct model_lookups *lookups)
{
    for (size_t i = 0; i < lookups->count; i++) /* all of them stop, and then they end */
        if (lookups->items[i].ahead.is_begun)
            cancel_request(&lookups->items[i].ahead.cancel);
    for (size_t i = 0; i < lookups->count; i++) {
        ahead_release(&lookups->items[i].ahead);
        plan_release(&lookups->items[i].plan);
        plan_contents_release(&lookups->items[i].contents);
        error_release(&lookups->items[i].why);
    }
    free(lookups->items);
    *lookups = (struct model_lookups){NULL, 0};
}

struct model_lookup *model_lookup_find(const struct model_listing *listing, size_t number)
{
    struct model_lookups *begun = listing->begun;

    return begun != NULL && number < begun->count && begun->items[number].ahead.is_begun
               ? &begun->items[number]
               : NULL;
}

int model_lookup_take(struct model_lookup *lookup, struct plan *out, struct error *err)
{
    if (ahead_join(&lookup->ahead, err) < 0)
        return -1;
    plan_release(out);
    *out = lookup->plan;
    lookup->plan = (struct plan)PLAN_INIT;
    return 0;
}

int model_lookup_take_contents(struct model_lookup *lookup, struct plan_contents *out,
                               struct error *err)
{
    if (!lookup->has_contents)
        return error_move(err, &lookup->why);
    plan_contents_release(out);
    *out = lookup->contents;
    lookup->contents = (struct plan_contents)PLAN_CONTENTS_INIT;
    return 0;
}
