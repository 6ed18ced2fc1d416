#include "plan/plan_internal.h"

#include <string.h>

#define SHARDS_MAX 100000
#define ITSELF NULL /* the family is the stem */

/*
 * Names of weights by loader, the first that fits counts. A stem is a glob, without the number of
 * a shard and without a variant.
 */
static const struct {
    const char *stem;
    const char *extension;
    const char *family;
    enum weights_format format;
    bool is_whole;
} names[] = {
    /* transformers, sentence-transformers, timm */
    {"model", ".safetensors", "transformers", WEIGHTS_SAFETENSORS, true},
    {"pytorch_model", ".safetensors", "transformers", WEIGHTS_SAFETENSORS, true},
    {"pytorch_model", ".bin", "transformers", WEIGHTS_PYTORCH, true},
    {"model", ".pt", "transformers", WEIGHTS_TWIN, false},
    {"model", ".pth", "transformers", WEIGHTS_TWIN, false},
    {"model", ".ckpt", "transformers", WEIGHTS_TWIN, false},
    {"tf_model", ".h5", "transformers", WEIGHTS_FOREIGN, false},
    {"flax_model", ".msgpack", "transformers", WEIGHTS_FOREIGN, false},
    {"rust_model", ".ot", "transformers", WEIGHTS_FOREIGN, false},
    /* the original format of Mistral and Llama */
    {"consolidated", ".safetensors", "transformers", WEIGHTS_FOREIGN, true},
    {"consolidated", ".pth", "transformers", WEIGHTS_FOREIGN, false},
    {"consolidated.[0-9]*", ".pth", "transformers", WEIGHTS_FOREIGN, false},
    /* diffusers */
    {"diffusion_pytorch_model", ".safetensors", "diffusers", WEIGHTS_SAFETENSORS, true},
    {"diffusion_pytorch_model", ".bin", "diffusers", WEIGHTS_PYTORCH, true},
    {"diffusion_flax_model", ".msgpack", "diffusers", WEIGHTS_FOREIGN, false},
    /* open_clip */
    {"open_clip_model", ".safetensors", "open_clip", WEIGHTS_SAFETENSORS, true},
    {"open_clip_pytorch_model", ".safetensors", "open_clip", WEIGHTS_SAFETENSORS, true},
    {"open_clip_pytorch_model", ".bin", "open_clip", WEIGHTS_PYTORCH, true},
    /* peft and diffusers: what is added to another model */
    {"adapter_model", ".bin", ITSELF, WEIGHTS_TWIN, false},
    {"*adapter*", ".safetensors", ITSELF, WEIGHTS_SAFETENSORS, false},
    {"*lora*", ".safetensors", ITSELF, WEIGHTS_SAFETENSORS, false},
    /* any other name: applications name such files exactly, so that no other format stands for
       one; CTranslate2's model.bin is one of these */
    {"*", ".safetensors", ITSELF, WEIGHTS_SAFETENSORS, true},
};

/* The same weights in other numbers: model.fp16.safetensors, model.safetensors.index.fp16.json. */
static const char *const variants[] = {
    "fp16", "fp32", "bf16", "fp8", "non_ema", "ema_only", "ema",
};

static bool cut(char *text, const char *suffix)
{
    if (!text_ends_with(text, suffix))
        return false;
    text[strlen(text) - strlen(suffix)] = '\0';
    return true;
}

/* Cuts ".fp16" off the end and returns "fp16"; "" if there is no variant. */
static const char *cut_variant(char *stem)
{
    char *dot = strrchr(stem, '.');

    for (size_t i = 0; dot != NULL && i < ARRAY_SIZE(variants); i++) {
        if (strcmp(dot + 1, variants[i]) != 0)
            continue;
        *dot = '\0';
        return variants[i];
    }
    return "";
}

/* How many digits stand before `end`. */
static size_t digits_before(const char *text, size_t end)
{
    size_t at = end;

    while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9')
        at--;
    return end - at;
}

unsigned shard_cut(char *stem)
{
    static const char middle[] = "-of-";
    size_t end = strlen(stem);
    size_t digits = digits_before(stem, end);
    CLEANUP(error) struct error ignored = ERROR_INIT;
    uint64_t count = 0;

    end -= digits;
    if (digits == 0 || end < 4 || memcmp(stem + end - 4, middle, 4) != 0 ||
        parse_u64(stem + end, SHARDS_MAX, &count, &ignored) < 0)
        return 0;
    end -= 4;
    digits = digits_before(stem, end);
    end -= digits;
    if (digits == 0 || end < 2 || stem[end - 1] != '-' || count == 0)
        return 0;
    stem[end - 1] = '\0';
    return (unsigned)count;
}

bool weights_parse(const char *name, struct weights *out)
{
    CLEANUP(text) char *stem = xstrdup(name);
    const char *variant = "";
    bool is_index = cut(stem, ".json");

    if (is_index)
        variant = cut_variant(stem);
    if (is_index && !cut(stem, ".index"))
        return false;
    char *dot = strrchr(stem, '.');
    if (dot == NULL || dot == stem)
        return false;
    CLEANUP(text) char *extension = xstrdup(dot);
    *dot = '\0';

    /* The variant stands before the number of the shard, in older repos behind it. */
    unsigned shards = shard_cut(stem);
    if (*variant == '\0')
        variant = cut_variant(stem);
    if (shards == 0)
        shards = shard_cut(stem);

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(extension, names[i].extension) != 0 || !glob_matches(names[i].stem, stem))
            continue;
        *out = (struct weights){
            .family = names[i].family != ITSELF ? xstrdup(names[i].family) : TAKE(stem),
            .variant = variant,
            .format = names[i].format,
            .is_index = is_index,
            .is_whole = names[i].is_whole && !is_index,
            .shards = shards,
        };
        return true;
    }
    return false;
}

void weights_release(struct weights *weights)
{
    free(weights->family);
    *weights = (struct weights)WEIGHTS_INIT;
}

char *path_folder(const char *path)
{
    return xstrndup(path, (size_t)(path_name(path) - path));
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}
