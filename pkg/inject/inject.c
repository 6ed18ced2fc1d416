#include "inject/inject_internal.h"

static void model_release(struct model *model)
{
    plan_release(&model->plan);
    free(model->name);
}

void platform_release(struct platform *platform, size_t model_count)
{
    for (size_t i = 0; i < model_count; i++) {
        if (platform->trees != NULL)
            tree_release(&platform->trees[i]);
        if (platform->recipes != NULL)
            recipes_free(platform->recipes[i], platform->recipe_counts[i]);
        if (platform->ways != NULL) {
            recipe_release(&platform->ways[i]);
            free(platform->way_entries[i]);
        }
    }
    image_layers_free(platform->own, platform->own_count);
    image_folders_free(platform->own_folders, platform->own_folder_count);
    image_folders_free(platform->folders, platform->folder_count);
    recipe_release(&platform->folder_recipe);
    rootfs_free(platform->rootfs);
    rootfs_user_release(&platform->user);
    image_learned_release(&platform->own_learned);
    image_learned_release(&platform->learned);
    strings_release(&platform->elsewhere);
    strings_release(&platform->elsewhere_paths);
    strings_release(&platform->assignments);
    strings_release(&platform->environment);
    free(platform->base_name);
    free(platform->base_digest);
    free(platform->trees);
    free(platform->recipes);
    free(platform->needs_way);
    free(platform->ways);
    free(platform->way_entries);
    free(platform->recipe_counts);
    free(platform->folder_entries);
}

void edition_release(struct edition *edition)
{
    free(edition->keeps);
    buf_release(&edition->config);
    buf_release(&edition->bytes);
    *edition = (struct edition){.platform = NO_PLATFORM};
}

void work_release(struct work *work)
{
    for (size_t i = 0; i < work->platform_count; i++)
        platform_release(&work->platforms[i], work->model_count);
    for (size_t i = 0; i < work->model_count; i++)
        model_release(&work->models[i]);
    for (size_t i = 0; i < work->known_count; i++)
        image_layer_release(&work->known[i].layer);
    for (size_t i = 0; i < work->build_count; i++)
        image_layer_release(&work->builds[i].layer);
    for (size_t i = 0; i < work->edition_count; i++)
        edition_release(&work->editions[i]);
    loaded_free(work->base);
    for (size_t i = 0; i < work->recollection_count; i++) {
        image_learned_release(&work->recollections[i].learned);
        image_folders_free(work->recollections[i].folders, work->recollections[i].folder_count);
    }
    free(work->recollections);
    strings_release(&work->said);
    free(work->editions);
    free(work->platforms);
    free(work->models);
    free(work->known);
    free(work->builds);
    free(work->copies);
    *work = (struct work){0};
}
void progress_expect(const struct work *work, uint64_t size)
{
    const struct inject_progress *progress = work->options->progress;

    if (progress != NULL && progress->expect != NULL)
        progress->expect(progress->arg, size);
}

void progress_moved(const struct work *work, uint64_t size)
{
    const struct inject_progress *progress = work->options->progress;

    if (progress != NULL && progress->moved != NULL)
        progress->moved(progress->arg, size);
}

int inject_run(const struct inject_options *options, struct inject_result *result,
               struct error *err)
{
    CLEANUP(work) struct work work = {.options = options};
    struct descriptor manifest = DESCRIPTOR_INIT;

    if (work_read_base(&work, err) < 0)
        return error_wrap(err, "the base %s", options->base->name);
    if (store_probe_write(options->target, err) < 0)
        return error_wrap(err, "the target %s", options->target->name);
    if (work_list_models(&work, err) < 0 || work_find_known(&work, err) < 0 ||
        work_arrange(&work, err) < 0 || work_cut(&work, err) < 0 || work_build(&work, err) < 0)
        return -1;
    if (options->shard_count == 0 && work_publish(&work, &manifest, err) < 0)
        return error_wrap(err, "the target %s", options->target->name);

    *result = (struct inject_result){
        .manifest = manifest,
        .model_size = work.model_size,
        .base_size = work.base_size,
        .layers_built = work.layers_built,
        .layers_reused = work.layers_reused,
    };
    return 0;
}
