#include "plan/plan_internal.h"

#include <string.h>

/* The weights of this format and variant that were left out, by a path; NULL: none. */
static const char *find_left_out(const struct plan *plan, enum format format, const char *variant)
{
    for (size_t i = 0; i < plan->left_out.count; i++) {
        CLEANUP(weights_file) struct weights_file file = WEIGHTS_FILE_INIT;
        weights_file_parse(plan->left_out.items[i], &file);
        if (file.format == format && file.is_weights &&
            (variant == NULL || strcmp(file.variant, variant) == 0))
            return plan->left_out.items[i];
    }
    return NULL;
}

static bool has_format(const struct plan *plan, enum format format)
{
    for (size_t i = 0; i < plan->count; i++)
        if (format_of(plan->files[i].path) == format)
            return true;
    return false;
}

static void hint_at_onnx(const struct plan *plan, struct notes *notes)
{
    const char *path = find_left_out(plan, FORMAT_ONNX, "");

    if (path == NULL)
        path = find_left_out(plan, FORMAT_ONNX, NULL);
    if (path != NULL && !has_format(plan, FORMAT_ONNX))
        notes_info(
            notes,
            "loaders of ONNX (fastembed, transformers.js, text-embeddings-inference on CPUs) "
            "find nothing of %s: --weights onnx takes ONNX alone, --also '%s' both",
            plan->origin.name, path);
}

static void hint_at_half(const struct plan *plan, struct notes *notes)
{
    bool is_pipeline = false;

    for (size_t i = 0; i < plan->count; i++)
        is_pipeline = is_pipeline || strcmp(plan->files[i].path, "model_index.json") == 0;
    if (is_pipeline && find_left_out(plan, FORMAT_SAFETENSORS, "fp16") != NULL)
        notes_info(notes,
                   "a pipeline of %s that is loaded with variant=\"fp16\" reads other files: "
                   "--weights safetensors:fp16 takes those",
                   plan->origin.name);
}

/* What transformers and what Mistral's own loaders read, where the repo has both. */
static void hint_at_mistral(const struct plan *plan, struct notes *notes)
{
    const char *own = find_left_out(plan, FORMAT_MISTRAL, NULL);
    const char *other = find_left_out(plan, FORMAT_SAFETENSORS, "");

    if (own != NULL && strchr(own, '/') == NULL)
        notes_info(notes,
                   "%s has its weights in Mistral's format, too, for mistral-inference and vLLM's "
                   "--load-format mistral: --weights mistral takes those",
                   plan->origin.name);
    else if (other != NULL && strchr(other, '/') == NULL && has_format(plan, FORMAT_MISTRAL))
        notes_info(notes,
                   "%s is taken in Mistral's format, as it has no other tokenizer: transformers "
                   "reads its other weights, which --weights safetensors takes",
                   plan->origin.name);
}

void plan_add_hints(const struct plan *plan, struct notes *notes)
{
    hint_at_onnx(plan, notes);
    hint_at_half(plan, notes);
    hint_at_mistral(plan, notes);
}
