#include "layout/offline.h"

#include "core/text.h"
#include "core/version.h"
#include "plan/plan.h"

#include <string.h>

/* Measured, or read in the sources of these versions; see docs/offline.md. */
const struct offline_rule offline_rules[] = {
    {.package = "transformers",
     .from = "4.57.2",
     .before = "4.57.4",
     .condition = OFFLINE_VERSION,
     .line = "asks the Hub what kind of model it is, for tokenizers of more than 100,000 tokens, "
             "with HF_HUB_OFFLINE=1 too, and fails: take another version, or a path in place of "
             "the name (--layout dir --path)"},
    {.package = "sentence-transformers",
     .condition = OFFLINE_CALL,
     .module = "sentence_transformers",
     .calls = "SentenceTransformer|CrossEncoder|SparseEncoder",
     .argument = "backend",
     .position = -1,
     .values = "onnx|openvino",
     .line = "asks the Hub for the list of files at each start: bake with --weights onnx --layout "
             "dir --path /models/NAME, and name that path"},
    {.package = "llama-cpp-python",
     .condition = OFFLINE_CALL,
     .module = "llama_cpp",
     .calls = "Llama.from_pretrained",
     .position = -1,
     .line = "asks the Hub for the list of files at each start: bake with --layout dir --path "
             "/models/NAME, and say Llama(model_path=\"/models/NAME/FILE.gguf\")"},
    {.package = "kagglehub",
     .condition = OFFLINE_CALL,
     .module = "kagglehub",
     .calls = "model_download|load_model",
     .argument = "handle",
     .values = "*/*/*/*",
     .unless = "*/*/*/*/*",
     .line =
         "asks Kaggle for the newest version at each start: put the version into the handle, as "
         "in owner/model/pyTorch/variation/1"},
    {.package = "kagglehub",
     .condition = OFFLINE_CALL,
     .module = "kagglehub",
     .calls = "dataset_download",
     .argument = "handle",
     .values = "*/*",
     .unless = "*/versions/*",
     .line =
         "asks Kaggle for the newest version at each start: put the version into the handle, as "
         "in owner/dataset/versions/1"},
    {.package = "infinity-emb",
     .condition = OFFLINE_COMMAND,
     .program = "infinity_emb",
     .variable = "INFINITY_ENGINE",
     .argument = "--engine",
     .position = -1,
     .values = "optimum",
     .line = "asks the Hub for the list of files at each start with this engine: bake with "
             "--layout dir --path /models/NAME and give it --model-id /models/NAME, or --engine "
             "torch with safetensors"},
    {.package = NULL},
};

bool offline_rule_covers(const struct offline_rule *rule, const char *version)
{
    if (version == NULL)
        return rule->from == NULL && rule->before == NULL;
    return (rule->from == NULL || version_compare(version, rule->from) >= 0) &&
           (rule->before == NULL || version_compare(version, rule->before) < 0);
}

bool offline_rule_takes(const struct offline_rule *rule, const char *value)
{
    if (rule->values == NULL)
        return true;
    if (value == NULL || (rule->unless != NULL && glob_matches(rule->unless, value)))
        return false;
    for (const char *at = rule->values; *at != '\0';) {
        size_t size = strcspn(at, "|");
        CLEANUP(text) char *glob = xstrndup(at, size);
        if (glob_matches(glob, value))
            return true;
        at += size + (at[size] == '|');
    }
    return false;
}
