#include "plan/plan_internal.h"

#include <string.h>

/* What training leaves behind and no loader reads: globs on the name of a file. */
static const char *const leftovers[] = {
    "optimizer.pt",        "optimizer.bin",         "optimizer_[0-9].bin",
    "scheduler.pt",        "scheduler.bin",         "scheduler_[0-9].bin",
    "scaler.pt",           "training_args.bin",     "rng_state*.pth",
    "random_states_*.pkl", "events.out.tfevents.*", "zero_pp_rank_*.pt",
    "mp_rank_*_states.pt",
};

/* Checkpoints in one file at the root of a diffusers repo: pipelines load the folders. */
static const char *const pipeline_singles[] = {"*.safetensors", "*.ckpt"};

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

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void set_sort(struct strings *set)
{
    if (set->count > 0)
        qsort(set->items, set->count, sizeof(*set->items), compare_texts);
}

static bool set_has(const struct strings *set, const char *text)
{
    return set->count > 0 &&
           bsearch(&text, set->items, set->count, sizeof(*set->items), compare_texts) != NULL;
}

/* The folder with its '/': "" for the root. Caller frees. */
static char *path_folder(const char *path)
{
    return xstrndup(path, (size_t)(path_name(path) - path));
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
        for (size_t glob = 0; keep[i] && glob < ARRAY_SIZE(leftovers); glob++)
            keep[i] = !glob_matches(leftovers[glob], path_name(plan->files[i].path));
}

static bool is_pipeline(const struct plan *plan, const bool *keep)
{
    CLEANUP(strings) struct strings models = STRINGS_INIT;
    bool has_index = false;

    for (size_t i = 0; i < plan->count && !has_index; i++)
        has_index = strcmp(plan->files[i].path, "model_index.json") == 0;
    if (!has_index)
        return false;
    find_models(plan, keep, &models);
    return models.count > 0 && *models.items[models.count - 1] != '\0';
}

static void drop_pipeline_singles(const struct plan *plan, bool *keep)
{
    if (!is_pipeline(plan, keep))
        return;
    for (size_t i = 0; i < plan->count; i++) {
        const char *path = plan->files[i].path;
        for (size_t glob = 0; glob < ARRAY_SIZE(pipeline_singles); glob++)
            if (strchr(path, '/') == NULL && glob_matches(pipeline_singles[glob], path))
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
               (other != WEIGHTS_PYTORCH || prefer == PLAN_PREFER_SAFETENSORS);
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

/* What weights are looked up by: folder, family, variant, format. Caller frees. */
static char *copy_key(const char *path, const struct weights *weights, const char *variant,
                      enum weights_format format)
{
    return xasprintf("%.*s\n%s\n%s\n%d", (int)(path_name(path) - path), path, weights->family,
                     variant, (int)format);
}

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

static void drop_second_copies(const struct plan *plan, enum plan_weights prefer, bool *keep)
{
    CLEANUP(strings) struct strings copies = STRINGS_INIT;

    find_copies(plan, keep, &copies);
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(weights) struct weights weights = WEIGHTS_INIT;
        const char *path = plan->files[i].path;
        if (keep[i] && weights_parse(path_name(path), &weights))
            keep[i] = !is_second_copy(&copies, path, &weights, prefer);
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

static void drop_conversions(const struct plan *plan, bool *keep)
{
    CLEANUP(strings) struct strings models = STRINGS_INIT;

    find_models(plan, keep, &models);
    if (models.count == 0)
        return;
    for (size_t i = 0; i < plan->count; i++)
        if (keep[i])
            keep[i] = !has_original(&models, plan->files[i].path);
}

void automatic_choose(const struct plan *plan, enum plan_weights weights, bool *keep)
{
    drop_leftovers(plan, keep);
    drop_pipeline_singles(plan, keep);
    drop_second_copies(plan, weights, keep);
    drop_conversions(plan, keep);
}
