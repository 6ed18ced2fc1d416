#ifndef INLAY_TESTING_PHASES_H
#define INLAY_TESTING_PHASES_H

/* Values that a phase takes, made by hand: without a network, and without the phases before it. */

#include "build/build_plan.h"
#include "pack/folders.h"
#include "testing/bench.h"

#define PLACE_A "/root/.cache/huggingface/hub"

/* The image `version` of the bench as the base of one platform. */
static inline void make_base(const struct bench *bench, const char *version, struct base *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;

    *out = (struct base){
        .store = bench->store,
        .documents = xcalloc(1, sizeof(*out->documents)),
        .document_count = 1,
        .platforms = xcalloc(1, sizeof(*out->platforms)),
        .platform_count = 1,
    };
    if (image_tree_open(bench->store, version, IMAGE_TREE_WHOLE, &out->tree, &err) < 0)
        fail_msg("%s", err.text);
    out->documents[0].was = out->tree;
    out->platforms[0].image = out->tree->image;
    out->platforms[0].base_digest = xstrdup("sha256:of-the-base");
}

/* One model with one small file and a file of `size` bytes. */
static inline void make_models(uint64_t size, struct models *out)
{
    struct plan_file files[] = {
        {.path = xstrdup("config.json"), .size = 8, .digest = {.algorithm = DIGEST_SHA256}},
        {.path = xstrdup("weights"), .size = size, .digest = {.algorithm = DIGEST_SHA256}},
    };

    files[1].digest.bytes[0] = 1;
    out->items = xcalloc(1, sizeof(*out->items));
    out->count = 1;
    out->items[0].name = xstrdup("org/name");
    out->items[0].title = xstrdup("org/name@main");
    out->items[0].layout = layout_find("dir");
    out->items[0].plan = (struct plan)PLAN_INIT;
    out->items[0].plan.origin.name = xstrdup("org/name");
    out->items[0].plan.origin.revision = xstrdup("main");
    out->items[0].plan.pin = xstrdup(COMMIT_A);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        plan_add(&out->items[0].plan, &files[i]);
        free(files[i].path);
    }
}

/* Both files as they are in one folder, whose parent is for the folders layer. */
static inline void make_placements(const struct models *models, struct placements *out)
{
    static const char *const paths[] = {"models/m/config.json", "models/m/weights"};
    struct image_folder folder = {.path = xstrdup("models"), .mode = 0755, .time_s = PACK_TIME};

    out->items = xcalloc(1, sizeof(*out->items));
    out->count = 1;
    struct placement *placement = &out->items[0];
    placement->models = xcalloc(1, sizeof(*placement->models));
    placement->model_count = 1;
    placement->models[0] = (struct placed_model){.model = &models->items[0], .tree = TREE_INIT};
    placement->models[0].tree.place = xstrdup("/models/m");
    tree_add(&placement->models[0].tree,
             &(struct tree_entry){.type = TREE_FOLDER, .path = xstrdup("models/m"), .mode = 0755});
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        tree_add(&placement->models[0].tree,
                 &(struct tree_entry){
                     .type = TREE_FILE, .path = xstrdup(paths[i]), .mode = 0644, .file = i});
    placement->folders = xcalloc(1, sizeof(folder));
    placement->folder_count = 1;
    image_folder_copy(&folder, &placement->folders[0]);
    image_folder_release(&folder);
}

/* The plan of those, by hand: the model in one layer, the folders in another. */
static inline void make_plan(const struct bench *bench, const struct placements *placements,
                             struct build_plan *out)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct placement *placement = &placements->items[0];
    struct recipes_options options = {.layers_max = PACK_LAYERS_MAX};

    *out = (struct build_plan){
        .platforms = xcalloc(1, sizeof(*out->platforms)),
        .platform_count = 1,
        .others = {.target = bench->store},
    };
    struct platform_cut *cut = &out->platforms[0];
    cut->models = xcalloc(1, sizeof(*cut->models));
    cut->model_count = 1;
    if (recipes_cut(&placement->models[0].tree, &placement->models[0].model->plan, &options,
                    &cut->models[0].recipes, &cut->models[0].recipe_count, &err) < 0 ||
        folders_cut(placement->folders, placement->folder_count, &cut->folder_entries,
                    &cut->folders, &err) < 0)
        fail_msg("%s", err.text);
    out->layer_count = cut->models[0].recipe_count + 1;
    out->layers = xcalloc(out->layer_count, sizeof(*out->layers));
    for (size_t i = 0; i + 1 < out->layer_count; i++)
        out->layers[i] = (struct planned_layer){.recipe = &cut->models[0].recipes[i],
                                                .placed = &placement->models[0]};
    out->layers[out->layer_count - 1] = (struct planned_layer){.recipe = &cut->folders};
}

/* What a build goes by that takes and keeps nothing else; it is also the target's tag "out". */
struct build_bench {
    struct reuse_rules reuse;
    struct compression_choice compression;
    struct run_context run;
    struct build_request request;
};

static inline void make_request(const struct bench *bench, struct build_bench *out)
{
    *out = (struct build_bench){.run = {.log = &bench->log}};
    out->request =
        (struct build_request){{bench->store, "out"}, &out->reuse, &out->compression, &out->run};
}

#endif
