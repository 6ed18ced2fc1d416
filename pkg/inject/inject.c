#include "build/build.h"
#include "inject/inject_internal.h"

#include <string.h>

/* Writes no image; and what its call will publish, it cannot know. */
static bool is_shard(const struct inject_options *options)
{
    return options->reuse.shard_count > 0;
}

/* What the target's tag shows: an image that is built on itself was read before anything else. */
static struct tag_state find_first(const struct inject_options *options, const struct base *base,
                                   const struct known *known)
{
    const struct base_request *from = &options->base;
    const struct inject_target *target = &options->target;
    bool is_same = from->version != NULL && target->version != NULL &&
                   strcmp(from->store->name, target->store->name) == 0 &&
                   strcmp(from->version, target->version) == 0;

    if (!is_same)
        return known->shown;
    return (struct tag_state){.kind = TAG_IMAGE, .digest = base->tree->document.descriptor.digest};
}

static int read_base(const struct inject_options *options, struct begun *begun, struct base *out,
                     struct notes *notes, struct error *err)
{
    const struct inject_target *target = &options->target;
    const struct base_request request =
        base_request_for(&options->base, target->store, &options->compression);

    if (base_read(&request, &options->run, out, notes, err) < 0)
        return image_tree_wrap("the base", request.store, request.version, err);
    if (begun_probe(begun, target->store, err) < 0)
        return error_wrap(err, "the target %s", target->store->name);
    return 0;
}

/* A layer that was built is what was expected. */
static int check_built(const struct inject_options *options, const struct base *base,
                       const struct build_plan *plan, const struct built_layers *built,
                       struct error *err)
{
    for (size_t i = 0; i < built->count; i++)
        if (built->layers[i].diff_id.algorithm != DIGEST_NONE &&
            expected_check_layer(options->expected, base, &plan->layers[i],
                                 &built->layers[i].diff_id, err) < 0)
            return -1;
    return 0;
}

static int build(const struct inject_options *options, const struct build_request *request,
                 const struct base *base, struct build_plan *plan, struct built_layers *out,
                 struct error *err)
{
    const struct inject_target *target = &options->target;

    if ((!target->force && build_plan_check_sizes(plan, target->store, err) < 0) ||
        build_run(request, plan, out, err) < 0)
        return -1;
    return check_built(options, base, plan, out, err);
}

int inject_run(const struct inject_options *options, struct inject_result *result,
               struct error *err)
{
    CLEANUP(materials) struct materials materials = MATERIALS_INIT;

    return inject_run_told(options, result, &materials, err);
}

static struct inject_result sum_up(const struct built_layers *built,
                                   const struct descriptor *manifest)
{
    return (struct inject_result){
        .manifest = *manifest,
        .model_size = built->model_size,
        .cached_size = built->cached_size,
        .base_size = built->base_size,
        .layers_built = built->layers_built,
        .layers_reused = built->layers_reused,
        .layers_mounted = built->layers_mounted,
        .spared_size = built->spared_size,
    };
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
    const struct run_context *run = &options->run;
    const struct inject_target *target = &options->target;
    CLEANUP(begun) struct begun begun = {.probe = {.is_begun = false}};
    const struct model_listing listing = {&options->models, run, &base, &notes, &begun.models};
    const struct arrangement arrangement = {&options->placement, &base,       &models,
                                            &known.bases,        run->cancel, run->sandbox};
    const struct build_request request = {
        {target->store, target->version}, &options->reuse, &options->compression, run};

    begun_init(options, &request, &begun);
    if (read_base(options, &begun, &base, &notes, err) < 0 || begun_blobs(&begun, &base, err) < 0 ||
        models_list(&listing, &models, &companions, err) < 0 ||
        code_check(&options->models, run, &models, &code, &notes, err) < 0 ||
        known_find(&request, &base, &begun.known, &known, err) < 0)
        return -1;
    begun_sessions(&begun, options, &known);
    const struct tag_state first = find_first(options, &base, &known);
    if (!is_shard(options) && target_tags_note(target, &first, &notes, &tags, err) < 0)
        return -1;
    if (placements_find(&arrangement, &placements, &notes, err) < 0 ||
        build_plan_cut(&request, &base, &placements, &plan, err) < 0 ||
        expected_check_plan(options->expected, &base, &plan, run->log, err) < 0)
        return -1;
    begun_tag(&begun, options, &known, &plan);
    if (build_plan_find(&request, &known, &plan, err) < 0)
        return -1;
    if ((!is_shard(options) && target_tags_expect(target, &plan, &tags, err) < 0) ||
        begun_finish(&begun, &models, &plan, err) < 0 ||
        build(options, &request, &base, &plan, &built, err) < 0)
        return -1;
    const struct publication publication = {
        target, options->created, &base,      &placements, &plan,
        &built, &known.present,   tags.items, &begun.tag};
    if (!is_shard(options) && publish(&publication, &manifest, err) < 0)
        return error_wrap(err, "the target %s", target->store->name);
    *result = sum_up(&built, &manifest);
    materials_release(out);
    materials_add_base(out, &base, &placements);
    materials_add_places(out, &models, &placements);
    if (!is_shard(options))
        materials_add_images(out, &base);
    listing_take(&models, &companions, &out->models);
    return 0;
}
