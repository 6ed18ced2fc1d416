#include "plan/plan_internal.h"

#include "core/nearest.h"

#include <string.h>

static const char *const format_names[] = {
    [FORMAT_SAFETENSORS] = "safetensors",
    [FORMAT_PYTORCH] = "pytorch",
    [FORMAT_ONNX] = "onnx",
    [FORMAT_OPENVINO] = "openvino",
    [FORMAT_GGUF] = "gguf",
    [FORMAT_TENSORFLOW] = "tensorflow",
    [FORMAT_FLAX] = "flax",
    [FORMAT_MISTRAL] = "mistral",
    [FORMAT_COREML] = "coreml",
};

/* Globs on the name of a file, the first that fits counts. */
static const struct {
    const char *glob;
    enum format format;
} names[] = {
    {"consolidated*.safetensors", FORMAT_MISTRAL},
    {"consolidated*.safetensors.index.json", FORMAT_MISTRAL},
    {"consolidated*.pth", FORMAT_OTHER},
    {"*.safetensors", FORMAT_SAFETENSORS},
    {"*.safetensors.index*.json", FORMAT_SAFETENSORS},
    {"openvino_*.xml", FORMAT_OPENVINO},
    {"openvino_*.bin", FORMAT_OPENVINO},
    {"*.onnx", FORMAT_ONNX},
    {"*.onnx[._]data*", FORMAT_ONNX},
    {"weights.pb", FORMAT_ONNX}, /* of older pipelines of diffusers */
    {"*.gguf", FORMAT_GGUF},
    {"ggml-*.bin", FORMAT_OTHER},
    {"pytorch_model*.bin", FORMAT_PYTORCH},
    {"diffusion_pytorch_model*.bin", FORMAT_PYTORCH},
    {"open_clip_pytorch_model.bin", FORMAT_PYTORCH},
    {"adapter_model.bin", FORMAT_PYTORCH},
    {"*.bin.index*.json", FORMAT_PYTORCH},
    {"*.pt", FORMAT_PYTORCH},
    {"*.pth", FORMAT_PYTORCH},
    {"*.ckpt", FORMAT_PYTORCH},
    {"*.h5", FORMAT_TENSORFLOW},
    {"*.h5.index.json", FORMAT_TENSORFLOW},
    {"saved_model.pb", FORMAT_TENSORFLOW},
    {"*.msgpack", FORMAT_FLAX},
    {"*.msgpack.index.json", FORMAT_FLAX},
    {"*.mlmodel", FORMAT_COREML},
    {"rust_model.ot", FORMAT_OTHER},
    {"*.tflite", FORMAT_OTHER},
};

/* Folders whose files are all for loaders of one format: globs on the path from there on. */
static const struct {
    const char *glob;
    enum format format;
} folders[] = {
    {"onnx*/", FORMAT_ONNX},           {"openvino*/", FORMAT_OPENVINO}, {"coreml*/", FORMAT_COREML},
    {"*.mlpackage/", FORMAT_COREML},   {"*.mlmodelc/", FORMAT_COREML},  {"original/", FORMAT_OTHER},
    {"metal/model.bin", FORMAT_OTHER}, {"tflite*/", FORMAT_OTHER},
};

/* What follows the last part of a stem's own name in model_q4f16.onnx, openvino_model_qint8.xml. */
static const char *const precisions[] = {
    "fp[0-9]*",    "bf16",      "int[0-9]*", "uint[0-9]*", "q[0-9]*", "qint[0-9]*",
    "quint[0-9]*", "bnb[0-9]*", "quantized", "optimized",  "O[1-4]",  "half",
};

/* The names that transformers.js has for them where files are called otherwise. */
static const struct {
    const char *name, *variant;
} onnx_aliases[] = {{"fp32", ""}, {"q8", "quantized"}};

static bool is_of_folder(const char *glob, const char *path)
{
    const char *rest = path;

    while (!glob_matches(glob, rest)) {
        const char *slash = strchr(rest, '/');
        if (slash == NULL)
            return false;
        rest = slash + 1;
    }
    return true;
}

static enum format format_of_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (glob_matches(names[i].glob, name))
            return names[i].format;
    return FORMAT_NONE;
}

enum format format_of(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        if (is_of_folder(folders[i].glob, path))
            return folders[i].format;
    return format_of_name(path_name(path));
}

static bool is_precision(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(precisions); i++)
        if (glob_matches(precisions[i], text))
            return true;
    return false;
}

/* Cuts "_q4f16" off the end of the stem; "" if there is none. Caller frees. */
static char *cut_precision(char *stem)
{
    for (char *at = strchr(stem, '_'); at != NULL; at = strchr(at + 1, '_')) {
        if (!is_precision(at + 1))
            continue;
        *at = '\0';
        return xstrdup(at + 1);
    }
    return xstrdup("");
}

/* "Q4_K_M" of model-Q4_K_M-00001-of-00002.gguf; "" if it does not end with a quantisation. */
static char *gguf_variant(const char *name)
{
    static const char *const globs[] = {"[iI][qQ][0-9]*",    "[qQ][0-9]*", "[tT][qQ][0-9]*",
                                        "[bB][fF]16",        "[fF]16",     "[fF]32",
                                        "[mM][xX][fF][pP]4*"};
    CLEANUP(text) char *stem = xstrndup(name, strlen(name) - strlen(".gguf"));

    shard_cut(stem);
    char *last = stem + strlen(stem);
    while (last > stem && last[-1] != '-' && last[-1] != '.')
        last--;
    for (size_t i = 0; i < ARRAY_SIZE(globs); i++) {
        if (!glob_matches(globs[i], last))
            continue;
        for (char *at = last; *at != '\0'; at++)
            if (*at >= 'a' && *at <= 'z')
                *at = (char)(*at - 'a' + 'A');
        return xstrdup(last);
    }
    return xstrdup("");
}

void weights_file_parse(const char *path, struct weights_file *out)
{
    const char *name = path_name(path);
    enum format format = format_of(path);
    CLEANUP(weights) struct weights weights = WEIGHTS_INIT;

    *out = (struct weights_file){.format = format};
    if (format == FORMAT_ONNX || format == FORMAT_OPENVINO) {
        const char *end = strstr(name, format == FORMAT_ONNX ? ".onnx" : ".xml");
        if (format == FORMAT_OPENVINO && end == NULL)
            end = strstr(name, ".bin");
        out->is_weights = end != NULL;
        CLEANUP(text) char *stem = xstrndup(name, end != NULL ? (size_t)(end - name) : 0);
        out->variant = cut_precision(stem);
        out->base = xasprintf("%.*s%s", (int)(name - path), path, stem);
    } else if (format == FORMAT_GGUF) {
        out->is_weights = gguf_is_model(path);
        out->variant = gguf_variant(name);
    } else if (format == FORMAT_SAFETENSORS || format == FORMAT_PYTORCH) {
        out->is_weights = !text_ends_with(name, ".json");
        bool is_known = weights_parse(name, &weights);
        out->variant = xstrdup(is_known ? weights.variant : "");
        out->base = xasprintf("%.*s%s", (int)(name - path), path,
                              is_known && weights.family != NULL ? weights.family : name);
    } else if (format != FORMAT_NONE) {
        out->is_weights = true;
    }
    if (out->variant == NULL)
        out->variant = xstrdup("");
    if (out->base == NULL)
        out->base = xstrdup("");
}

void weights_file_release(struct weights_file *file)
{
    free(file->variant);
    free(file->base);
    *file = (struct weights_file){.format = FORMAT_NONE};
}

const char *format_name(enum format format)
{
    return format_names[format];
}

bool format_variant_equals(enum format format, const char *variant, const char *asked)
{
    if (text_equal_fold(variant, asked))
        return true;
    for (size_t i = 0; format == FORMAT_ONNX && i < ARRAY_SIZE(onnx_aliases); i++)
        if (strcmp(asked, onnx_aliases[i].name) == 0 &&
            strcmp(variant, onnx_aliases[i].variant) == 0)
            return true;
    return false;
}

static bool takes_variant(enum format format)
{
    return format == FORMAT_SAFETENSORS || format == FORMAT_PYTORCH || format == FORMAT_ONNX ||
           format == FORMAT_OPENVINO || format == FORMAT_GGUF;
}

/* "; near it: onnx"; "" if none is. Caller frees. */
static char *near_format(const char *text, size_t size)
{
    CLEANUP(text) char *name = xstrndup(text, size);
    struct nearest nearest = nearest_begin(name);

    for (size_t i = 0; i < ARRAY_SIZE(format_names); i++)
        if (format_names[i] != NULL && strcmp(format_names[i], name) != 0)
            nearest_consider(&nearest, format_names[i]);
    return nearest_format(&nearest);
}

int format_parse(const char *text, enum format *format, const char **variant, struct error *err)
{
    const char *colon = strchrnul(text, ':');
    size_t size = (size_t)(colon - text);

    for (size_t i = 0; i < ARRAY_SIZE(format_names); i++) {
        const char *name = format_names[i];
        if (name == NULL || strlen(name) != size || memcmp(name, text, size) != 0)
            continue;
        if (*colon != '\0' && (colon[1] == '\0' || !takes_variant((enum format)i)))
            break;
        *format = (enum format)i;
        *variant = *colon != '\0' ? colon + 1 : NULL;
        return 0;
    }
    CLEANUP(text) char *near = near_format(text, size);
    return error_set(
        err, ERROR_USAGE,
        "'%s' is no format of weights%s; expected safetensors, pytorch, onnx, openvino "
        "or gguf, each with a variant where there are several, as in onnx:fp16 or "
        "gguf:Q4_K_M; tensorflow, flax, mistral or coreml",
        text, near);
}

int plan_check_weights(const char *text, struct error *err)
{
    enum format format = FORMAT_NONE;
    const char *variant = NULL;

    return format_parse(text, &format, &variant, err);
}
