#include "inject/inject_internal.h"

static int check_built(const struct inject_options *options, const struct base *base,
                       const struct build_plan *plan, const struct built_layers *built,
                       struct error *err)
{
    for (size_t i = 0; i < built->count; i++)
        if (built->layers[i].diff_id.algorithm != DIGEST_NONE &&
            expected_check_layer(options, base, &plan->layers[i], &built->layers[i].diff_id, err) <
                0)
            return -1;
    return 0;
}

int inject_run(const struct inject_options *options, struct inject_result *result,
               struct error *err)
{
    CLEANUP(materials) struct materials materials = MATERIALS_INIT;

    return inject_run_told(options, result, &materials, err);
}

int inject_run_told(const struct inject_options *options, struct inject_result *result,
                    struct materials *out, struct error *err)
{
    CLEANUP(notes) struct notes notes = {.log = options->run.log};
    CLEANUP(base) struct base base = {0};
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(companion_decisions) struct companion_decisions companions = COMPANION_DECISIONS_INIT;
    CLEANUP(code) struct code code = {NULL, 0};
    CLEANUP(known) struct known known = {0};
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    CLEANUP(built_layers) struct built_layers built = {0};
    CLEANUP(target_tags) struct target_tags tags = {.items = NULL};
    struct descriptor manifest = DESCRIPTOR_INIT;
    const struct base_request request =
        base_request_for(&options->base, options->target.store, &options->compression);
    const struct model_listing listing = {&options->models, &options->run, &base, &notes};
    struct arrangement arrangement = {&options->placement, &base, &models, &known.bases,
                                      options->run.cancel};
    struct publication publication = {options, &base,          &placements, &plan,
                                      &built,  &known.present, NULL};

    if (base_read(&request, &options->run, &base, &notes, err) < 0)
        return error_wrap(err, "the base %s", options->base.store->name);
    if (store_probe_write(options->target.store, err) < 0)
        return error_wrap(err, "the target %s", options->target.store->name);
    if (models_list(&listing, &models, &companions, err) < 0 ||
        code_check(&options->models, &options->run, &models, &code, &notes, err) < 0 ||
        known_find(options, &base, &known, err) < 0 ||
        target_tags_note(options, &base, &known, &notes, &tags, err) < 0 ||
        placements_find(&arrangement, &placements, &notes, err) < 0 ||
        build_plan_cut(options, &base, &placements, &plan, err) < 0 ||
        expected_check_plan(options, &base, &plan, err) < 0 ||
        build_plan_find(options, &known, &plan, err) < 0 ||
        target_tags_expect(options, &plan, &tags, err) < 0 ||
        build_run(options, &plan, &built, err) < 0 ||
        check_built(options, &base, &plan, &built, err) < 0)
        return -1;
    publication.tags = tags.items;
    if (options->reuse.shard_count == 0 && publish(&publication, &manifest, err) < 0)
        return error_wrap(err, "the target %s", options->target.store->name);
    *result = (struct inject_result){
        .manifest = manifest,
        .model_size = built.model_size,
        .cached_size = built.cached_size,
        .base_size = built.base_size,
        .layers_built = built.layers_built,
        .layers_reused = built.layers_reused,
        .layers_mounted = built.layers_mounted,
        .spared_size = built.spared_size,
    };
    materials_release(out);
    materials_add_base(out, &base, &placements);
    materials_add_places(out, &models, &placements);
    if (options->reuse.shard_count == 0)
        materials_add_images(out, &base);
    listing_take(&models, &companions, &out->models);
    return 0;
}
