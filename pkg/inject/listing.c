#include "inject/listing.h"

#include "inject/inject_internal.h"

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
static void find_owners(const struct model *model, const struct preview_companions *companions,
                        struct strings *out)
{
    strings_add(out, model->companion_of);
    for (size_t i = 0; i < companions->count; i++) {
        const struct preview_companion *told = &companions->items[i];
        if (told->fate == COMPANION_COMES && strcmp(told->title, model->title) == 0 &&
            !strings_has(out, told->of))
            strings_add(out, told->of);
    }
}

void listing_take(struct models *models, const struct preview_companions *companions,
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
            .from = model->from,
        };
        model->plan = (struct plan)PLAN_INIT;
        if (model->companion_of != NULL)
            find_owners(model, companions, &listed->companion_of);
    }
}

int listing_run(const struct inject_options *options, struct notes *notes, struct listing *out,
                struct error *err)
{
    static const struct base nothing;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(preview_companions) struct preview_companions companions = PREVIEW_COMPANIONS_INIT;

    if (models_list(options, &nothing, &models, &companions, notes, err) < 0)
        return -1;
    listing_take(&models, &companions, out);
    return 0;
}
