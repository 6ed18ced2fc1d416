#include "preview/preview.h"

#include "core/workers.h"
#include "models/code.h"
#include "models/models.h"
#include "preview/preview_internal.h"

#include <string.h>

static void release_platform(struct preview_platform *platform)
{
    for (size_t i = 0; i < platform->folders.count; i++)
        free(platform->folders.items[i].path);
    free(platform->folders.items);
    for (size_t i = 0; platform->model_links != NULL && i < platform->places.count; i++)
        strings_release(&platform->model_links[i]);
    free(platform->model_links);
    for (size_t i = 0; i < platform->stack.count; i++) {
        free(platform->stack.items[i].kind);
        free(platform->stack.items[i].model);
        free(platform->stack.items[i].commit);
        free(platform->stack.items[i].place);
    }
    free(platform->stack.items);
    free(platform->name);
    free(platform->user.from);
    free(platform->home.path);
    free(platform->home.from);
    strings_release(&platform->places);
    strings_release(&platform->links);
    strings_release(&platform->environment);
    container_start_release(&platform->start);
}

static void model_release(struct preview_model *model)
{
    for (size_t i = 0; i < model->files.count; i++)
        free(model->files.items[i].path);
    free(model->files.items);
    for (size_t i = 0; i < model->code.count; i++) {
        free(model->code.items[i].path);
        pickle_findings_release(&model->code.items[i].findings);
    }
    free(model->code.items);
    free(model->name);
    free(model->revision);
    free(model->title);
    free(model->companion_of);
    free(model->commit);
    free(model->license.ids);
    free(model->license.name);
    for (size_t i = 0; i < model->left_out.count; i++)
        free(model->left_out.items[i].path);
    free(model->left_out.items);
}

static void layer_release(struct preview_layer *layer)
{
    free(layer->kind);
    free(layer->model);
    free(layer->commit);
    free(layer->title);
    strings_release(&layer->platforms);
}

void preview_release(struct preview *preview)
{
    for (size_t i = 0; i < preview->platform_count; i++)
        release_platform(&preview->platforms[i]);
    for (size_t i = 0; i < preview->model_count; i++)
        model_release(&preview->models[i]);
    for (size_t i = 0; i < preview->layer_count; i++)
        layer_release(&preview->layers[i]);
    companion_decisions_release(&preview->companions);
    free(preview->platforms);
    free(preview->models);
    free(preview->layers);
    notes_release(&preview->notes);
    *preview = (struct preview)PREVIEW_INIT;
}

static void tell_model(const struct model *model, struct preview_model *out)
{
    const struct plan *plan = &model->plan;

    *out = (struct preview_model){
        .name = xstrdup(model->name),
        .title = xstrdup(model->title),
        .companion_of = text_copy(model->companion_of),
        .revision = text_copy(plan->origin.revision),
        .commit = xstrdup(plan->pin),
        .files = {xcalloc(plan->count, sizeof(*out->files.items)), plan->count, plan_size(plan)},
        .left_out = {xcalloc(plan->left_out.count, sizeof(*out->left_out.items)),
                     plan->left_out.count, plan->left_out_size},
        .license = {text_copy(plan->license), text_copy(plan->license_name), plan->gate},
    };
    for (size_t i = 0; i < plan->count; i++)
        out->files.items[i] =
            (struct preview_file){xstrdup(plan->files[i].path), plan->files[i].size};
    for (size_t i = 0; i < plan->left_out.count; i++)
        out->left_out.items[i] = (struct preview_file){
            xstrdup(plan->left_out.items[i]),
            plan->left_out_sizes != NULL ? plan->left_out_sizes[i] : SIZE_UNKNOWN};
}

static void tell_folders(const struct placement *placement, struct preview_platform *out)
{
    out->folders.items = xcalloc(placement->folder_count, sizeof(*out->folders.items));
    for (size_t i = 0; i < placement->folder_count; i++) {
        const struct image_folder *folder = &placement->folders[i];
        out->folders.items[out->folders.count++] = (struct preview_folder){
            .path = xasprintf("/%s", folder->path),
            .mode = folder->mode,
            .uid = folder->uid,
            .gid = folder->gid,
            .made = placement_makes_folder(placement, folder->path),
        };
    }
}

static void tell_platform(const struct image *image, const struct placement *placement,
                          struct preview_platform *out)
{
    const struct home *home = &placement->home;
    const struct rootfs_user *user = &placement->user;

    *out = (struct preview_platform){
        .name = xstrdup(image_platform(image)),
        .user = {user->uid, user->gid, xstrdup(user->user_from)},
        .home = {xstrdup(user->home), xstrdup(user->home_from)},
        .owner = {user->uid, user->gid},
        .base_layers = image_layer_count(image),
    };
    if (home->owner != NULL)
        out->owner = *home->owner;
    if (home->group_writable)
        out->owner.gid = 0;
    out->model_links = xcalloc(placement->model_count, sizeof(*out->model_links));
    for (size_t i = 0; i < placement->model_count; i++) {
        const struct tree *tree = &placement->models[i].tree;
        if (placement->models[i].links.place != NULL)
            out->owner = (struct tree_owner){0, 0}; /* of all models, in a shared folder */
        strings_add(&out->places, tree->place);
        strings_add_all(&out->model_links[i], &tree->also);
        for (size_t k = 0; k < tree->also.count; k++)
            if (!strings_has(&out->links, tree->also.items[k]))
                strings_add(&out->links, tree->also.items[k]);
    }
    strings_add_all(&out->environment, &placement->assignments);
    container_start_copy(&placement->start, &out->start);
    tell_folders(placement, out);
}

static bool cut_has(const struct platform_cut *cut, const struct recipe *recipe)
{
    bool has = digest_equal(&cut->folders.digest, &recipe->digest);

    for (size_t i = 0; i < cut->model_count && !has; i++) {
        const struct model_cut *model = &cut->models[i];
        has = digest_equal(&model->ancestors.digest, &recipe->digest) ||
              digest_equal(&model->links.digest, &recipe->digest);
        for (size_t k = 0; k < model->recipe_count && !has; k++)
            has = digest_equal(&model->recipes[k].digest, &recipe->digest);
    }
    return has;
}

static void tell_layer(const struct base *base, const struct build_plan *plan,
                       const struct planned_layer *layer, struct preview_layer *out)
{
    const struct recipe *recipe = layer->recipe;
    bool is_there = layer->fate != LAYER_BUILT;

    *out = (struct preview_layer){
        .kind = xstrdup(recipe_kind_name(recipe->kind)),
        .model = layer->placed != NULL ? xstrdup(layer->placed->model->name) : NULL,
        .commit = layer->placed != NULL ? xstrdup(layer->placed->model->plan.pin) : NULL,
        .title = planned_layer_title(layer),
        .recipe = recipe->digest,
        .size = is_there ? layer->blob.size : recipe->tar_size,
        .content_size = recipe->content_size,
        .fate = layer->fate,
        .is_claim = layer->is_claim,
    };
    preview_find_owner(recipe, &out->owner);
    if (is_there)
        out->blob = layer->blob.digest;
    for (size_t i = 0; i < base->platform_count; i++)
        if (cut_has(&plan->platforms[i], recipe))
            strings_add(&out->platforms, image_platform(base->platforms[i].image));
}

/* Asking the target for the base's blobs, side by side. */
struct survey {
    struct store *target; /* NULL: nothing is there */
    const struct transfer *others;
    bool *missing; /* one a blob */
};

static int ask(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct survey *survey = arg;
    bool there = false;

    if (cancel_check(cancel, err) < 0)
        return -1;
    if (survey->target != NULL &&
        store_has_blob(survey->target, &survey->others->blobs[number].blob, &there, err) < 0)
        return -1;
    survey->missing[number] = !there;
    return 0;
}

/* What of the base would move. */
static int tell_base(const struct preview_options *options, const struct transfer *others,
                     struct preview *out, struct error *err)
{
    struct survey survey = {options->target.store, others,
                            xcalloc(others->blob_count, sizeof(bool))};
    int result =
        workers_run(options->run.jobs, others->blob_count, ask, &survey, options->run.cancel, err);

    out->base.blobs = others->blob_count;
    for (size_t i = 0; i < others->blob_count; i++) {
        out->base.blobs_missing += survey.missing[i];
        out->base_size += survey.missing[i] ? others->blobs[i].blob.size : 0;
    }
    free(survey.missing);
    return result;
}

static int tell_diff_ids(const struct preview_options *options, const struct build_plan *plan,
                         struct preview *out, struct error *err)
{
    struct digest *diff_ids = xcalloc(plan->layer_count, sizeof(*diff_ids));
    int result = diff_ids_find(&options->run, &options->diff_ids, plan, diff_ids, err);

    for (size_t i = 0; i < plan->layer_count; i++)
        out->layers[i].diff_id = diff_ids[i];
    free(diff_ids);
    return result;
}

static void tell_layers(const struct base *base, const struct build_plan *plan, struct preview *out)
{
    out->layers = xcalloc(plan->layer_count, sizeof(*out->layers));
    for (size_t i = 0; i < plan->layer_count; i++) {
        struct preview_layer *layer = &out->layers[out->layer_count++];
        tell_layer(base, plan, &plan->layers[i], layer);
        if (layer->fate == LAYER_BUILT)
            out->model_size += layer->content_size;
        if (layer->fate == LAYER_COPIED)
            out->base_size += layer->size;
    }
}

static int tell_platforms(const struct base *base, const struct placements *placements,
                          const struct build_plan *plan, struct preview *out, struct error *err)
{
    out->platforms = xcalloc(base->platform_count, sizeof(*out->platforms));
    for (size_t i = 0; i < base->platform_count; i++) {
        struct preview_platform *platform = &out->platforms[out->platform_count++];
        tell_platform(base->platforms[i].image, &placements->items[i], platform);
        if (preview_fill_stack(&base->platforms[i], &placements->items[i], plan, i, platform, err) <
            0)
            return -1;
    }
    return 0;
}

static void tell_models(const struct models *models, struct preview *out)
{
    out->models = xcalloc(models->count, sizeof(*out->models));
    for (size_t i = 0; i < models->count; i++)
        tell_model(&models->items[i], &out->models[out->model_count++]);
}

/* Takes over the findings. */
static void tell_code(struct code *code, struct preview *out)
{
    for (size_t i = 0; i < code->count; i++) {
        struct preview_model *model = &out->models[code->items[i].model];
        model->code.items =
            xrealloc(model->code.items, model->code.count + 1, sizeof(*model->code.items));
        model->code.items[model->code.count++] = (struct preview_code_file){
            .path = xstrdup(code->items[i].file->path),
            .is_source = code->items[i].is_source,
            .findings = code->items[i].findings,
        };
        code->items[i].findings = (struct pickle_findings)PICKLE_FINDINGS_INIT;
    }
}

static int plan_all(const struct preview_options *options, struct notes *notes, struct preview *out,
                    struct error *err)
{
    CLEANUP(base) struct base base = {0};
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(code) struct code code = {NULL, 0};
    CLEANUP(known) struct known known = {0};
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    const struct base_request request =
        base_request_for(&options->base, options->target.store, &options->compression);
    const struct model_listing listing = {&options->models, &options->run, &base, notes, NULL};
    const struct build_request build = {options->target, &options->reuse, &options->compression,
                                        &options->run};
    const struct arrangement arrangement = {
        &options->placement, &base, &models, &known.bases, options->run.cancel,
        options->run.sandbox};

    if (base_read(&request, &options->run, &base, notes, err) < 0)
        return image_tree_wrap("the base", request.store, request.version, err);
    if (models_list(&listing, &models, &out->companions, err) < 0 ||
        code_check(&options->models, &options->run, &models, &code, notes, err) < 0 ||
        known_find(&build, &base, NULL, &known, err) < 0 ||
        placements_find(&arrangement, &placements, notes, err) < 0 ||
        build_plan_cut(&build, &base, &placements, &plan, err) < 0 ||
        expected_check_plan(options->expected, &base, &plan, options->run.log, err) < 0 ||
        build_plan_find(&build, &known, &plan, err) < 0)
        return -1;
    out->base.digest = base.tree->document.descriptor.digest;
    if (tell_platforms(&base, &placements, &plan, out, err) < 0)
        return -1;
    tell_models(&models, out);
    tell_code(&code, out);
    tell_layers(&base, &plan, out);
    if (tell_diff_ids(options, &plan, out, err) < 0)
        return -1;
    return tell_base(options, &plan.others, out, err);
}

int preview_run(const struct preview_options *options, struct preview *out, struct error *err)
{
    CLEANUP(preview) struct preview preview = PREVIEW_INIT;

    preview.notes.log = options->run.log;
    if (plan_all(options, &preview.notes, &preview, err) < 0)
        return -1;
    preview.notes.log = NULL;
    preview_release(out);
    *out = preview;
    preview = (struct preview)PREVIEW_INIT;
    return 0;
}
