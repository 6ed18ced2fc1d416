#include "models/listing.h"

#include "models/models.h"

#include <string.h>

void listing_release(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        free(listing->items[i].title);
        plan_release(&listing->items[i].plan);
        strings_release(&listing->items[i].companion_of);
    }
    free(listing->items);
    *listing = (struct listing)LISTING_INIT;
}

/* All models that load it, not only the one that was met first. */
static void find_owners(const struct model *model, const struct companion_decisions *companions,
                        struct strings *out)
{
    strings_add(out, model->companion_of);
    for (size_t i = 0; i < companions->count; i++) {
        const struct companion_decision *told = &companions->items[i];
        if (told->fate == COMPANION_COMES && strcmp(told->title, model->title) == 0 &&
            !strings_has(out, told->of))
            strings_add(out, told->of);
    }
}

void listing_take(struct models *models, const struct companion_decisions *companions,
                  struct listing *out)
{
    listing_release(out);
    out->items = xcalloc(models->count, sizeof(*out->items));
    for (; out->count < models->count; out->count++) {
        struct model *model = &models->items[out->count];
        struct listed_model *listed = &out->items[out->count];
        *listed = (struct listed_model){
            .title = xstrdup(model->title),
            .plan = model->plan,
            .layout = model->layout,
            .path = model->path,
            .from = model->from,
        };
        model->plan = (struct plan)PLAN_INIT;
        if (model->companion_of != NULL)
            find_owners(model, companions, &listed->companion_of);
    }
}

int listing_run(const struct models_request *request, const struct run_context *run,
                struct notes *notes, struct listing *out, struct error *err)
{
    static const struct base nothing;
    const struct model_listing wanted = {request, run, &nothing, notes, NULL};
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(companion_decisions) struct companion_decisions companions = COMPANION_DECISIONS_INIT;

    if (models_list(&wanted, &models, &companions, err) < 0)
        return -1;
    listing_take(&models, &companions, out);
    return 0;
}
