#include "build/build_plan.h"

#include "pack/folders.h"

#include <string.h>

/* What one platform is cut from. Everything is borrowed. */
struct cutting {
    const struct base_platform *platform;
    const struct placement *placement;
    struct platform_cut *out;
};

const char *layer_fate_name(enum layer_fate fate)
{
    switch (fate) {
    case LAYER_THERE:
        return "there";
    case LAYER_COPIED:
        return "copy";
    case LAYER_BUILT:
        return "build";
    }
    abort();
}

static void platform_cut_release(struct platform_cut *cut)
{
    for (size_t i = 0; i < cut->model_count; i++) {
        recipes_free(cut->models[i].recipes, cut->models[i].recipe_count);
        recipe_release(&cut->models[i].links);
        recipe_release(&cut->models[i].ancestors);
        free(cut->models[i].ancestor_entries);
    }
    free(cut->models);
    recipe_release(&cut->folders);
    free(cut->folder_entries);
}

void build_plan_release(struct build_plan *plan)
{
    for (size_t i = 0; i < plan->platform_count; i++)
        platform_cut_release(&plan->platforms[i]);
    free(plan->platforms);
    free(plan->layers);
    transfer_release(&plan->others);
    *plan = (struct build_plan){0};
}

static size_t count_kept(const struct own_parts *own, const struct placement *placement)
{
    size_t kept = 0;

    for (size_t i = 0; i < own->layer_count; i++)
        kept += !placement_replaces(placement, &own->layers[i]);
    return kept;
}

/* Cuts every model for one platform; *fits tells whether the image then has few enough layers. */
static int cut_models(const struct cutting *cutting, const struct recipes_options *options,
                      bool *fits, struct error *err)
{
    const struct placement *placement = cutting->placement;
    size_t total = image_layer_count(cutting->platform->image) +
                   count_kept(&cutting->platform->own, placement) + 1;

    for (size_t i = 0; i < placement->model_count; i++) {
        const struct placed_model *placed = &placement->models[i];
        struct model_cut *cut = &cutting->out->models[i];
        recipes_free(cut->recipes, cut->recipe_count);
        cut->recipes = NULL;
        cut->recipe_count = 0;
        if (recipes_cut(&placed->tree, &placed->model->plan, options, &cut->recipes,
                        &cut->recipe_count, err) < 0)
            return error_wrap(err, "'%s'", placed->model->name);
        total += cut->recipe_count + placed->needs_ancestors + (placed->links.count > 0);
    }
    *fits = *fits && total <= IMAGE_LAYERS_MAX;
    return 0;
}

/* The same cut for all platforms, and for every base that leaves room: coarser only if need be. */
static int cut_all(const struct cutting *cuttings, size_t count,
                   const struct compression_choice *compression, struct error *err)
{
    static const unsigned steps[] = {PACK_LAYERS_MAX, 24, 12, 6, 3};

    for (size_t step = 0; step < ARRAY_SIZE(steps); step++) {
        struct recipes_options options = {steps[step], *compression};
        bool fits = true;
        for (size_t i = 0; i < count; i++)
            if (cut_models(&cuttings[i], &options, &fits, err) < 0)
                return -1;
        if (fits)
            return 0;
    }
    return error_set(err, ERROR_UNSUPPORTED,
                     "the base and the models together need more than %d layers, the most that "
                     "runtimes take; name fewer models or squash the base",
                     IMAGE_LAYERS_MAX);
}

static int cut_folders(const struct cutting *cutting, struct error *err)
{
    const struct placement *placement = cutting->placement;
    struct platform_cut *out = cutting->out;

    for (size_t i = 0; i < placement->model_count; i++)
        if (links_cut(&placement->models[i].links, &out->models[i].links, err) < 0)
            return -1;
    for (size_t i = 0; i < placement->model_count; i++)
        if (placement->models[i].needs_ancestors &&
            folders_cut_ancestors(placement->folders, placement->folder_count,
                                  &placement->models[i].tree, &out->models[i].ancestor_entries,
                                  &out->models[i].ancestors, err) < 0)
            return -1;
    return folders_cut(placement->folders, placement->folder_count, &out->folder_entries,
                       &out->folders, err);
}

size_t build_plan_find_recipe(const struct build_plan *plan, const struct digest *recipe)
{
    size_t i = 0;

    while (i < plan->layer_count && !digest_equal(&plan->layers[i].recipe->digest, recipe))
        i++;
    return i;
}

size_t build_plan_number(const struct build_plan *plan, const struct recipe *recipe)
{
    size_t number = build_plan_find_recipe(plan, &recipe->digest);

    if (number == plan->layer_count)
        abort();
    return number;
}

static void want_layer(struct build_plan *plan, const struct recipe *recipe,
                       const struct placed_model *placed)
{
    if (build_plan_find_recipe(plan, &recipe->digest) < plan->layer_count)
        return;
    plan->layers = xrealloc(plan->layers, plan->layer_count + 1, sizeof(*plan->layers));
    plan->layers[plan->layer_count++] =
        (struct planned_layer){.recipe = recipe, .placed = placed, .fate = LAYER_BUILT};
}

/* The blobs that the image has and keeps. */
static int want_blobs(struct transfer *others, const struct cutting *cutting, struct store *from,
                      struct error *err)
{
    const struct own_parts *own = &cutting->platform->own;
    struct descriptor *layers = NULL;
    size_t count = 0;

    if (image_layers(cutting->platform->image, &layers, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        transfer_add_blob(others, &layers[i], from);
    free(layers);
    for (size_t i = 0; i < own->layer_count; i++)
        if (!placement_replaces(cutting->placement, &own->layers[i]))
            transfer_add_blob(others, &own->layers[i].blob, from);
    return 0;
}

static void want_layers(struct build_plan *plan, const struct cutting *cutting)
{
    const struct placement *placement = cutting->placement;
    const struct platform_cut *cut = cutting->out;

    for (size_t i = 0; i < placement->model_count; i++)
        if (placement->models[i].needs_ancestors)
            want_layer(plan, &cut->models[i].ancestors, &placement->models[i]);
    for (size_t i = 0; i < placement->model_count; i++)
        for (size_t k = 0; k < cut->models[i].recipe_count; k++)
            want_layer(plan, &cut->models[i].recipes[k], &placement->models[i]);
    for (size_t i = 0; i < placement->model_count; i++)
        if (cut->models[i].links.count > 0)
            want_layer(plan, &cut->models[i].links, &placement->models[i]);
    want_layer(plan, &cut->folders, NULL);
}

/* What an index passes on: entries that are kept and are neither image nor index to be edited. */
static int want_entries(struct transfer *others, const struct base_document *document,
                        struct store *from, struct error *err)
{
    const struct image_tree *index = document->was;

    for (size_t i = 0; !document->leaves && i < index->entry_count; i++)
        if (document->keeps[i] && index->children[i] == NULL &&
            transfer_add_entry(others, &index->entries[i].descriptor, from, err) < 0)
            return error_wrap(err, "the base's index");
    return 0;
}

static int cut_plan(const struct cutting *cuttings, const struct compression_choice *compression,
                    const struct base *base, struct build_plan *out, struct error *err)
{
    struct store *from = base->store;

    if (cut_all(cuttings, base->platform_count, compression, err) < 0)
        return -1;
    for (size_t i = 0; i < base->platform_count; i++) {
        if (cut_folders(&cuttings[i], err) < 0)
            return -1;
        want_layers(out, &cuttings[i]);
        if (want_blobs(&out->others, &cuttings[i], from, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < base->document_count; i++)
        if (want_entries(&out->others, &base->documents[i], from, err) < 0)
            return -1;
    return 0;
}

int build_plan_cut(const struct build_request *request, const struct base *base,
                   const struct placements *placements, struct build_plan *out, struct error *err)
{
    const struct run_context *run = request->run;
    CLEANUP(build_plan)
    struct build_plan plan = {
        .platforms = xcalloc(base->platform_count, sizeof(*plan.platforms)),
        .platform_count = base->platform_count,
        .others = {.target = request->target.store,
                   .jobs = run->jobs,
                   .log = run->log,
                   .cancel = run->cancel,
                   .progress = run->progress},
        .base = base->store,
    };
    struct cutting *cuttings = xcalloc(base->platform_count, sizeof(*cuttings));

    for (size_t i = 0; i < base->platform_count; i++) {
        struct platform_cut *cut = &plan.platforms[i];
        cut->model_count = placements->items[i].model_count;
        cut->models = xcalloc(cut->model_count, sizeof(*cut->models));
        cuttings[i] = (struct cutting){&base->platforms[i], &placements->items[i], cut};
    }
    int result = cut_plan(cuttings, request->compression, base, &plan, err);
    free(cuttings);
    if (result < 0)
        return -1;
    *out = plan;
    plan = (struct build_plan){0};
    return 0;
}

int build_plan_check_sizes(const struct build_plan *plan, const struct store *target,
                           struct error *err)
{
    for (size_t i = 0; i < plan->layer_count; i++) {
        const struct planned_layer *layer = &plan->layers[i];
        CLEANUP(text) char *title = planned_layer_title(layer);
        if (store_check_blob_size(target, layer->recipe->tar_size, err) < 0)
            return error_wrap(err, "the layer '%s'", title);
    }
    return 0;
}

char *planned_layer_title(const struct planned_layer *layer)
{
    const struct recipe *recipe = layer->recipe;

    if (layer->placed == NULL)
        return xstrdup(recipe_kind_name(recipe->kind));
    /* A revision that has to be named tells two of one model apart. */
    const struct model *of = layer->placed->model;
    const char *model =
        of->title != NULL && strcmp(plan_ref(&of->plan), "main") != 0 ? of->title : of->name;
    if (recipe->kind == RECIPE_LINKS)
        return xasprintf("links to %s", model);
    if (recipe->kind == RECIPE_LARGE && recipe->count == 1)
        return xasprintf("%s of %s", recipe->plan->files[recipe->entries[0]->file].path, model);
    return xasprintf("%s files of %s", recipe_kind_name(recipe->kind), model);
}

int planned_layer_wrap(const struct planned_layer *layer, struct error *err)
{
    return error_wrap(err, "the %s layer of '%s'", recipe_kind_name(layer->recipe->kind),
                      layer->placed != NULL ? layer->placed->model->name : "image");
}
