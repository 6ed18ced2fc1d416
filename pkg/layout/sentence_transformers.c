#include "layout/layout_internal.h"

#include <string.h>

#define BELOW_HOME "/.cache/torch/sentence_transformers"

/* sentence-transformers 2.0 to 2.2.2: org_name/ with plain files, in a cache of its own. */

static const struct place_rule rules[] = {
    {"SENTENCE_TRANSFORMERS_HOME", "", false, false, false},
    {"TORCH_HOME", "/sentence_transformers", true, false, false},
    {"XDG_CACHE_HOME", "/torch/sentence_transformers", true, false, false},
    {NULL, NULL, false, false, false},
};

/* Models without organisation that keep their name; all others belong to the library's own. */
static const char *const plain_names[] = {
    "albert-base-v1",
    "albert-base-v2",
    "albert-large-v1",
    "albert-large-v2",
    "albert-xlarge-v1",
    "albert-xlarge-v2",
    "albert-xxlarge-v1",
    "albert-xxlarge-v2",
    "bert-base-cased",
    "bert-base-cased-finetuned-mrpc",
    "bert-base-chinese",
    "bert-base-german-cased",
    "bert-base-german-dbmdz-cased",
    "bert-base-german-dbmdz-uncased",
    "bert-base-multilingual-cased",
    "bert-base-multilingual-uncased",
    "bert-base-uncased",
    "bert-large-cased",
    "bert-large-cased-whole-word-masking",
    "bert-large-cased-whole-word-masking-finetuned-squad",
    "bert-large-uncased",
    "bert-large-uncased-whole-word-masking",
    "bert-large-uncased-whole-word-masking-finetuned-squad",
    "camembert-base",
    "ctrl",
    "distilbert-base-cased",
    "distilbert-base-cased-distilled-squad",
    "distilbert-base-german-cased",
    "distilbert-base-multilingual-cased",
    "distilbert-base-uncased",
    "distilbert-base-uncased-distilled-squad",
    "distilbert-base-uncased-finetuned-sst-2-english",
    "distilgpt2",
    "distilroberta-base",
    "gpt2",
    "gpt2-large",
    "gpt2-medium",
    "gpt2-xl",
    "openai-gpt",
    "roberta-base",
    "roberta-base-openai-detector",
    "roberta-large",
    "roberta-large-mnli",
    "roberta-large-openai-detector",
    "t5-11b",
    "t5-3b",
    "t5-base",
    "t5-large",
    "t5-small",
    "transfo-xl-wt103",
    "xlm-clm-ende-1024",
    "xlm-clm-enfr-1024",
    "xlm-mlm-100-1280",
    "xlm-mlm-17-1280",
    "xlm-mlm-en-2048",
    "xlm-mlm-ende-1024",
    "xlm-mlm-enfr-1024",
    "xlm-mlm-enro-1024",
    "xlm-mlm-tlm-xnli15-1024",
    "xlm-mlm-xnli15-1024",
    "xlm-roberta-base",
    "xlm-roberta-large",
    "xlm-roberta-large-finetuned-conll02-dutch",
    "xlm-roberta-large-finetuned-conll02-spanish",
    "xlm-roberta-large-finetuned-conll03-english",
    "xlm-roberta-large-finetuned-conll03-german",
    "xlnet-base-cased",
    "xlnet-large-cased",
};

static char *model_id(const char *id)
{
    if (strchr(id, '/') != NULL)
        return xstrdup(id);
    for (size_t i = 0; i < ARRAY_SIZE(plain_names); i++)
        if (text_equal_fold(id, plain_names[i]))
            return xstrdup(id);
    return xasprintf("sentence-transformers/%s", id);
}

/* "org_name"; caller frees. */
static char *folder_name(enum origin_kind kind, const char *id)
{
    char *name = model_id(id);

    (void)kind; /* it has no datasets */

    for (char *at = strchr(name, '/'); at != NULL; at = strchr(at, '/'))
        *at = '_';
    return name;
}

static int check(const struct layout_request *request, struct error *err)
{
    const struct plan *plan = request->plan;

    if (plan->origin.kind == ORIGIN_HUB_DATASET)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it is a dataset, and the layout 'sentence-transformers' holds models; "
                         "use the layout 'huggingface'");
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->files[i].path, "modules.json") == 0)
            return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "it has no modules.json among its files, and sentence-transformers before 2.3 "
                     "never loads such a model offline by its id; use the layout 'huggingface'");
}

/*
 * These versions run with transformers from before safetensors, and their Dense module reads
 * pytorch_model.bin only, so that is the copy to keep.
 */
const struct layout layout_sentence_transformers = {
    .name = "sentence-transformers",
    .summary = "sentence-transformers before 2.3: plain files in a cache of its own",
    .places = rules,
    .versions = "2.0 to 2.2.2",
    .evidence = LAYOUT_JUDGED,
    .below = BELOW_HOME,
    .cache_variable = "SENTENCE_TRANSFORMERS_HOME",
    .offline = offline_hub,
    .content = LAYOUT_PLAIN_FILES,
    .goes_by_name = true,
    .weights = PLAN_PREFER_PYTORCH,
    .model_id = model_id,
    .folder_name = folder_name,
    .check = check,
    .arrange = arrange_plain,
};
