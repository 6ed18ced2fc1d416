#include "plan/plan_internal.h"

#include <string.h>

/* What training leaves behind and no loader reads: globs on the name of a file. */
static const char *const leftovers[] = {
    "optimizer.pt",        "optimizer.bin",         "optimizer_[0-9].bin",
    "scheduler.pt",        "scheduler.bin",         "scheduler_[0-9].bin",
    "scaler.pt",           "training_args.bin",     "rng_state*.pth",
    "random_states_*.pkl", "events.out.tfevents.*", "*_optim_states.pt",
};

/*
 * What it leaves behind beside a finished model, and what may be the only weights where there is
 * none: globs on the path.
 */
static const char *const checkpoints[] = {
    "mp_rank_*_states.pt",
    "*/mp_rank_*_states.pt",
    "zero_pp_rank_*.pt",
    "*/zero_pp_rank_*.pt",
    "checkpoint-[0-9]*/",
    "last-checkpoint/",
    "runs/",
};

/*
 * Checkpoints in one file at the root of a diffusers repo: pipelines load the folders. What is
 * added to a pipeline is loaded by its name.
 */
static const char *const pipeline_singles[] = {"*.safetensors", "*.ckpt"};
static const char *const pipeline_additions[] = {"*lora*", "*adapter*"};

/*
 * Conversions for other runtimes: left out if a folder above them has the weights that they were
 * made from. Globs on the path from that folder on.
 */
static const struct {
    const char *glob;
    bool is_beside; /* only in that folder itself: deeper ones may be other models */
} conversions[] = {
    {"onnx*/", false},       {"openvino*/", false},    {"coreml*/", false},
    {"tflite*/", false},     {"original/", false},     {"metal/model.bin", false},
    {"*.mlpackage/", false}, {"*.mlmodelc/", false},   {"*.gguf", false},
    {"ggml-*.bin", true},    {"*.onnx", true},         {"*.onnx[._]data*", true},
    {"weights.pb", true},    {"openvino_*.bin", true}, {"openvino_*.xml", true},
    {"*.tflite", true},      {"*.mlmodel", true},
};

static bool matches_any(const char *const *globs, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (glob_matches(globs[i], path))
            return true;
    return false;
}

static bool has_file(const struct plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->files[i].path, path) == 0)
            return true;
    return false;
}

/* The folders that have the weights of a whole model in them. */
static void find_models(const struct plan *plan, const bool *keep, struct strings *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        const char *path = plan->files[i].path;
        if (!keep[i] || !weights_parse(path_name(path), &weights) || !weights.is_whole)
            continue;
        CLEANUP(text) char *folder = path_folder(path);
        if (out->count == 0 || strcmp(out->items[out->count - 1], folder) != 0)
            strings_add(out, folder);
    }
    set_sort(out);
}

static void drop_leftovers(const struct plan *plan, bool *keep)
{
    for (size_t i = 0; i < plan->count; i++)
        if (matches_any(leftovers, ARRAY_SIZE(leftovers), path_name(plan->files[i].path)))
            keep[i] = false;
}

bool has_whole_model(const struct plan *plan, const bool *keep)
{
    CLEANUP(strings) struct strings models = STRINGS_INIT;

    find_models(plan, keep, &models);
    return models.count > 0;
}

/* Whether the root has the weights of a whole model. */
static bool has_model_at_root(const struct plan *plan, const bool *keep)
{
    CLEANUP(strings) struct strings models = STRINGS_INIT;

    find_models(plan, keep, &models);
    return set_has(&models, "");
}

static void drop_checkpoints(const struct plan *plan, bool *keep)
{
    if (!has_model_at_root(plan, keep))
        return;
    for (size_t i = 0; i < plan->count; i++)
        if (matches_any(checkpoints, ARRAY_SIZE(checkpoints), plan->files[i].path))
            keep[i] = false;
}

void automatic_drop_training(const struct plan *plan, bool *keep)
{
    drop_leftovers(plan, keep);
    drop_checkpoints(plan, keep);
}

static bool is_pipeline(const struct plan *plan, const bool *keep)
{
    CLEANUP(strings) struct strings models = STRINGS_INIT;

    if (!has_file(plan, "model_index.json"))
        return false;
    find_models(plan, keep, &models);
    return models.count > 0 && *models.items[models.count - 1] != '\0';
}

static void drop_pipeline_singles(const struct plan *plan, bool *keep)
{
    if (!is_pipeline(plan, keep))
        return;
    bool has_own_loader = has_file(plan, "model_config.json");
    for (size_t i = 0; i < plan->count; i++) {
        const char *path = plan->files[i].path;
        if (strchr(path, '/') == NULL &&
            matches_any(pipeline_singles, ARRAY_SIZE(pipeline_singles), path) &&
            !matches_any(pipeline_additions, ARRAY_SIZE(pipeline_additions), path) &&
            !(has_own_loader && strcmp(path, "model.safetensors") == 0))
            keep[i] = false;
    }
}

/* The first folder with its '/'; "" for a file of the root. Caller frees. */
static char *first_folder(const char *path)
{
    const char *slash = strchr(path, '/');

    return xstrndup(path, slash != NULL ? (size_t)(slash - path) + 1 : 0);
}

static bool is_weights_path(const char *path)
{
    CLEANUP(weights_file) struct weights_file file = WEIGHTS_FILE_INIT;

    weights_file_parse(path, &file);
    return file.is_weights;
}

/* Folders with weights that the pipeline does not name as its components. */
static void drop_other_components(const struct plan *plan, const struct plan_contents *contents,
                                  bool *keep)
{
    CLEANUP(strings) struct strings components = STRINGS_INIT;
    CLEANUP(strings) struct strings with_weights = STRINGS_INIT;
    bool has_any = false;

    if (!contents_find_components(contents, &components))
        return;
    for (size_t i = 0; i < plan->count; i++) {
        if (!keep[i] || !is_weights_path(plan->files[i].path))
            continue;
        CLEANUP(text) char *folder = first_folder(plan->files[i].path);
        strings_add(&with_weights, folder);
        has_any = has_any || set_has(&components, folder);
    }
    set_sort(&with_weights);
    for (size_t i = 0; has_any && i < plan->count; i++) {
        CLEANUP(text) char *folder = first_folder(plan->files[i].path);
        if (*folder != '\0' && set_has(&with_weights, folder) && !set_has(&components, folder))
            keep[i] = false;
    }
}

/*
 * A repo in Mistral's format has the tokenizer of that format alone: what reads it takes the
 * consolidated weights, and transformers cannot load the others without a tokenizer.
 */
static void drop_beside_mistral(const struct plan *plan, bool *keep)
{
    bool has_consolidated = false;

    for (size_t i = 0; i < plan->count; i++)
        has_consolidated = has_consolidated || (keep[i] && glob_matches("consolidated*.safetensors",
                                                                        plan->files[i].path));
    if (!has_consolidated || !has_file(plan, "params.json") || !has_file(plan, "tekken.json") ||
        has_file(plan, "tokenizer.json") || has_file(plan, "tokenizer_config.json"))
        return;
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        const char *path = plan->files[i].path;
        if (strchr(path, '/') == NULL && weights_parse(path, &weights) &&
            strcmp(weights.family, "transformers") == 0 && weights.format != WEIGHTS_FOREIGN)
            keep[i] = false;
    }
}

/* Whether weights of the one format make those of the other superfluous. */
static bool format_replaces(enum weights_format one, enum weights_format other,
                            enum plan_weights prefer)
{
    switch (one) {
    case WEIGHTS_SAFETENSORS:
        return other != WEIGHTS_SAFETENSORS &&
               (other != WEIGHTS_PYTORCH || prefer != PLAN_PREFER_PYTORCH);
    case WEIGHTS_PYTORCH:
        return other == WEIGHTS_FOREIGN ||
               (other == WEIGHTS_SAFETENSORS && prefer == PLAN_PREFER_PYTORCH);
    case WEIGHTS_TWIN:
    case WEIGHTS_FOREIGN:
        return false;
    }
    abort();
}

static const enum weights_format replacing[] = {WEIGHTS_SAFETENSORS, WEIGHTS_PYTORCH};

static void find_copies(const struct plan *plan, const bool *keep, struct strings *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        const char *path = plan->files[i].path;
        if (!keep[i] || !weights_parse(path_name(path), &weights) || weights.is_index)
            continue;
        CLEANUP(text) char *key = copy_key(path, &weights, weights.variant, weights.format);
        strings_add(out, key);
    }
    set_sort(out);
}

/*
 * Whether the same folder has what a loader prefers to these weights: the family's plain weights
 * to any variant, and a better format of the same variant.
 */
static bool is_second_copy(const struct strings *copies, const char *path,
                           const struct weights *weights, enum plan_weights prefer)
{
    for (size_t i = 0; i < ARRAY_SIZE(replacing); i++) {
        CLEANUP(text) char *plain = copy_key(path, weights, "", replacing[i]);
        CLEANUP(text) char *same = copy_key(path, weights, weights->variant, replacing[i]);
        if (*weights->variant != '\0' && set_has(copies, plain))
            return true;
        if (format_replaces(replacing[i], weights->format, prefer) && set_has(copies, same))
            return true;
    }
    return false;
}

static void drop_second_copies(const struct plan *plan, const struct plan_selection *selection,
                               bool *keep)
{
    CLEANUP(strings) struct strings copies = STRINGS_INIT;
    CLEANUP(strings) struct strings small = STRINGS_INIT; /* folders that keep both copies */

    find_copies(plan, keep, &copies);
    contents_find_small_modules(plan, selection->contents, &small);
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        const char *path = plan->files[i].path;
        CLEANUP(text) char *folder = path_folder(path);
        if (keep[i] && weights_parse(path_name(path), &weights) &&
            !(weights.format == WEIGHTS_PYTORCH && set_has(&small, folder)))
            keep[i] = !is_second_copy(&copies, path, &weights, selection->weights);
    }
}

/* What all weights of one model are known by: that they are whole, shards, or have an index. */
static char *part_key(const char *path, const struct weights *weights, const char *part)
{
    CLEANUP(text) char *key = copy_key(path, weights, weights->variant, weights->format);

    return xasprintf("%s\n%s", key, part);
}

static const char *part_of(const struct weights *weights)
{
    return weights->is_index ? "index" : weights->shards > 0 ? "shard" : "whole";
}

/* Shards that no index lists, beside the same weights in one file. */
static void drop_needless_shards(const struct plan *plan, bool *keep)
{
    CLEANUP(strings) struct strings parts = STRINGS_INIT;

    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        const char *path = plan->files[i].path;
        if (!keep[i] || !weights_parse(path_name(path), &weights))
            continue;
        CLEANUP(text) char *key = part_key(path, &weights, part_of(&weights));
        strings_add(&parts, key);
    }
    set_sort(&parts);
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        const char *path = plan->files[i].path;
        if (!keep[i] || !weights_parse(path_name(path), &weights) || weights.shards == 0)
            continue;
        CLEANUP(text) char *whole = part_key(path, &weights, "whole");
        CLEANUP(text) char *index = part_key(path, &weights, "index");
        keep[i] = !set_has(&parts, whole) || set_has(&parts, index);
    }
}

static bool is_conversion(const char *rest)
{
    for (size_t i = 0; i < ARRAY_SIZE(conversions); i++)
        if (glob_matches(conversions[i].glob, rest) &&
            (!conversions[i].is_beside || strchr(rest, '/') == NULL))
            return true;
    return false;
}

static bool has_original(const struct strings *models, const char *path)
{
    const char *rest = path;

    for (;;) {
        CLEANUP(text) char *folder = xstrndup(path, (size_t)(rest - path));
        if (set_has(models, folder) && is_conversion(rest))
            return true;
        const char *slash = strchr(rest, '/');
        if (slash == NULL)
            return false;
        rest = slash + 1;
    }
}

/* What text-embeddings-inference asks for before all else; it takes no other conversion. */
static bool is_plain_onnx(const char *path)
{
    return glob_matches("model.onnx*", path) || glob_matches("onnx/model.onnx*", path);
}

static void drop_conversions(const struct plan *plan, enum plan_weights weights, bool *keep)
{
    CLEANUP(strings) struct strings models = STRINGS_INIT;

    find_models(plan, keep, &models);
    if (models.count == 0)
        return;
    for (size_t i = 0; i < plan->count; i++)
        if (keep[i] && !(weights == PLAN_KEEP_ONNX && is_plain_onnx(plan->files[i].path)))
            keep[i] = !has_original(&models, plan->files[i].path);
}

/* Whether diffusers' own pipelines read what is asked for; those of other runtimes differ. */
static bool is_for_diffusers(const char *asked)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* it was parsed before */
    enum format format = FORMAT_NONE;
    const char *variant = NULL;

    if (asked == NULL || format_parse(asked, &format, &variant, &ignored) < 0)
        return true;
    return format == FORMAT_SAFETENSORS || format == FORMAT_PYTORCH || format == FORMAT_FLAX;
}

void automatic_choose(const struct plan *plan, const struct plan_selection *selection, bool *keep)
{
    automatic_drop_training(plan, keep);
    drop_pipeline_singles(plan, keep);
    if (is_for_diffusers(selection->format))
        drop_other_components(plan, selection->contents, keep);
    drop_beside_mistral(plan, keep);
    drop_second_copies(plan, selection, keep);
    drop_needless_shards(plan, keep);
    gguf_choose_projectors(plan, keep);
    drop_conversions(plan, selection->weights, keep);
}
