#include "build/layer_order.h"

#include <string.h>

/* A layer of the result, with what decides on its place among the others. Texts are borrowed. */
struct placed_layer {
    struct image_layer layer;
    size_t number;
};

/* Links depend on the image's home: above all that does not, which so is one chain of layers. */
static bool is_of_links(const struct layer_record *record)
{
    return strcmp(record->kind, recipe_kind_name(RECIPE_LINKS)) == 0;
}

static int compare_placed(const void *a, const void *b)
{
    const struct placed_layer *left = a;
    const struct placed_layer *right = b;
    const struct layer_record *one = &left->layer.record;
    const struct layer_record *other = &right->layer.record;
    int order = is_of_links(one) - is_of_links(other);

    if (order == 0)
        order = strcmp(one->model, other->model);
    if (order == 0)
        order = strcmp(one->commit, other->commit);
    if (order == 0)
        order = strcmp(one->place, other->place);
    if (order == 0)
        order = left->number < right->number ? -1 : 1;
    return order;
}

struct layer_list {
    struct placed_layer *items;
    size_t count;
};

/* Once for each model that has it: the revisions of a model may share layers. */
static void list_add(struct layer_list *list, const struct image_layer *layer)
{
    const struct layer_record *record = &layer->record;

    for (size_t i = 0; i < list->count; i++) {
        const struct image_layer *other = &list->items[i].layer;
        if (digest_equal(&other->diff_id, &layer->diff_id) &&
            strcmp(other->record.model, record->model) == 0 &&
            strcmp(other->record.commit, record->commit) == 0 &&
            strcmp(other->record.place, record->place) == 0)
            return;
    }
    list->items = xrealloc(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count] = (struct placed_layer){*layer, list->count};
    list->count++;
}

/* The layers of one image, being ordered. Everything is borrowed. */
struct ordering {
    const struct build_plan *plan;
    const struct image_layer *built; /* one a layer of the plan */
    struct layer_list list;
};

/* The layer of this recipe as that of this model, for whichever model it was built. */
static void add_layer(struct ordering *ordering, const struct recipe *recipe,
                      const struct placed_model *placed)
{
    struct image_layer layer = ordering->built[build_plan_number(ordering->plan, recipe)];

    layer.record.model = placed->model->name;
    layer.record.source = placed->model->source;
    layer.record.commit = placed->model->plan.pin;
    layer.record.place = placed->tree.place;
    layer.record.also = placed->tree.also;
    list_add(&ordering->list, &layer);
}

/* The models in the order of their refs: those of one commit share layers. Caller frees. */
static size_t *order_models(const struct placement *placement)
{
    const struct placed_model *models = placement->models;
    size_t *order = xcalloc(placement->model_count, sizeof(*order));

    for (size_t i = 0; i < placement->model_count; i++) {
        const char *ref = plan_ref(&models[i].model->plan);
        size_t at = i;
        for (; at > 0 && strcmp(plan_ref(&models[order[at - 1]].model->plan), ref) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

/* The layers of the call's models, ancestors first. */
static void add_models(struct ordering *ordering, const struct placement *placement,
                       const struct platform_cut *cut)
{
    size_t *order = order_models(placement);

    for (size_t i = 0; i < placement->model_count; i++) {
        const struct placed_model *placed = &placement->models[order[i]];
        const struct model_cut *model = &cut->models[order[i]];
        if (placed->needs_ancestors)
            add_layer(ordering, &model->ancestors, placed);
        for (size_t k = 0; k < model->recipe_count; k++)
            add_layer(ordering, &model->recipes[k], placed);
        if (model->links.count > 0)
            add_layer(ordering, &model->links, placed);
    }
    free(order);
}

struct image_layer *layer_order_built(const struct layer_order *order,
                                      const struct image_layer *built, size_t *count)
{
    const struct own_parts *own = order->own;
    struct ordering ordering = {.plan = order->plan, .built = built};
    struct layer_list *list = &ordering.list;

    for (size_t i = 0; i < own->layer_count; i++)
        if (!placement_replaces(order->placement, &own->layers[i]))
            list_add(list, &own->layers[i]);
    add_models(&ordering, order->placement, order->cut);
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare_placed);
    struct image_layer *layers = xcalloc(list->count + 1, sizeof(*layers));
    *count = 0;
    for (size_t i = 0; i < list->count; i++)
        layers[(*count)++] = list->items[i].layer;
    layers[(*count)++] = built[build_plan_number(order->plan, &order->cut->folders)];
    free(list->items);
    return layers;
}

struct image_layer *layer_order_planned(const struct layer_order *order, size_t *count)
{
    const struct build_plan *plan = order->plan;
    struct image_layer *unbuilt = xcalloc(plan->layer_count, sizeof(*unbuilt));

    for (size_t i = 0; i < plan->layer_count; i++) {
        unbuilt[i].diff_id = plan->layers[i].recipe->digest;
        unbuilt[i].record.kind = xstrdup(recipe_kind_name(plan->layers[i].recipe->kind));
    }
    struct image_layer *layers = layer_order_built(order, unbuilt, count);
    for (size_t i = 0; i < *count; i++)
        if (build_plan_find_recipe(plan, &layers[i].diff_id) < plan->layer_count)
            layers[i].record.kind = NULL;
    image_layers_free(unbuilt, plan->layer_count);
    return layers;
}
