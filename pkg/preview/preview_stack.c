#include "build/layer_order.h"
#include "preview/preview_internal.h"

#include <string.h>

/* A platform's layers, while they are told. */
struct stacking {
    const struct build_plan *plan;
    const struct placement *placement;
    struct preview_platform *out;
};

static struct preview_stacked *add(struct preview_platform *out, enum preview_stacked_state state,
                                   const struct descriptor *blob)
{
    out->stack.items = xrealloc(out->stack.items, out->stack.count + 1, sizeof(*out->stack.items));
    struct preview_stacked *stacked = &out->stack.items[out->stack.count++];
    *stacked = (struct preview_stacked){.state = state, .digest = blob->digest, .size = blob->size};
    return stacked;
}

static int add_base(struct stacking *stacking, const struct image *image, struct error *err)
{
    struct descriptor *layers = NULL;
    size_t count = 0;

    if (image_layers(image, &layers, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        (void)add(stacking->out, PREVIEW_OF_BASE, &layers[i]);
    free(layers);
    return 0;
}

static void add_own(struct preview_platform *out, enum preview_stacked_state state,
                    const struct image_layer *layer)
{
    struct preview_stacked *stacked = add(out, state, &layer->blob);

    stacked->kind = xstrdup(layer->record.kind);
    stacked->model = text_copy(layer->record.model);
    stacked->commit = text_copy(layer->record.commit);
    stacked->place = text_copy(layer->record.place);
}

/* Layers that the result has from the base's on; one that models share counts once. */
static void add_result(struct stacking *stacking, const struct image_layer *layers, size_t count)
{
    const struct build_plan *plan = stacking->plan;
    bool *told = xcalloc(plan->layer_count, sizeof(*told));

    for (size_t i = 0; i < count; i++) {
        size_t number = build_plan_find_recipe(plan, &layers[i].diff_id);
        if (number == plan->layer_count) {
            add_own(stacking->out, PREVIEW_KEPT, &layers[i]);
        } else if (!told[number]) {
            told[number] = true;
            add(stacking->out, PREVIEW_PLANNED, &layers[i].blob)->layer = number;
        }
    }
    free(told);
}

/* What the base carried of an earlier run, and the result has neither as it was nor anew. */
static void add_dropped(struct stacking *stacking, const struct own_parts *own)
{
    for (size_t i = 0; i < own->layer_count; i++) {
        const struct image_layer *layer = &own->layers[i];
        bool is_folders = layer->record.model == NULL;
        if ((is_folders || placement_replaces(stacking->placement, layer)) &&
            build_plan_find_recipe(stacking->plan, &layer->record.recipe) ==
                stacking->plan->layer_count)
            add_own(stacking->out, PREVIEW_DROPPED, layer);
    }
}

int preview_fill_stack(const struct base_platform *platform, const struct placement *placement,
                       const struct build_plan *plan, size_t number, struct preview_platform *out,
                       struct error *err)
{
    struct stacking stacking = {plan, placement, out};
    size_t count = 0;

    if (add_base(&stacking, platform->image, err) < 0)
        return -1;
    const struct layer_order order = {&platform->own, placement, &plan->platforms[number], plan};
    struct image_layer *layers = layer_order_planned(&order, &count);
    add_result(&stacking, layers, count);
    free(layers); /* the texts in it are those of the base and of the models */
    add_dropped(&stacking, &platform->own);
    return 0;
}

void preview_find_owner(const struct recipe *recipe, struct preview_owner *out)
{
    *out = (struct preview_owner){.is_one = recipe->count > 0};
    for (size_t i = 0; i < recipe->count; i++) {
        const struct tree_owner owner = {recipe_uid(recipe, recipe->entries[i]),
                                         recipe_gid(recipe, recipe->entries[i])};
        if (i > 0 && (owner.uid != out->id.uid || owner.gid != out->id.gid))
            out->is_one = false;
        out->id = owner;
    }
}
