#include "layout/layout_internal.h"

#include <string.h>

/* sentence-transformers 2.0 to 2.2.2: org_name/ with plain files, in a cache of its own. */

static const struct place_rule rules[] = {
    {"SENTENCE_TRANSFORMERS_HOME", "", false},
    {"TORCH_HOME", "/sentence_transformers", true},
    {"XDG_CACHE_HOME", "/torch/sentence_transformers", true},
    {NULL, NULL, false},
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
static char *folder_name(const struct plan *plan)
{
    char *name = model_id(plan->id);

    for (char *at = strchr(name, '/'); at != NULL; at = strchr(at, '/'))
        *at = '_';
    return name;
}

static int check_plan(const struct plan *plan, const char *folder, struct error *err)
{
    if (plan->type == REPO_DATASET)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' is a dataset, and the layout 'sentence-transformers' holds models; "
                         "use the layout 'huggingface'",
                         plan->id);
    if (!parts_are_usable(folder))
        return error_set(err, ERROR_UNSUPPORTED, "'%s' cannot be the name of a folder", folder);
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->files[i].path, "modules.json") == 0)
            return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' has no modules.json among its files, and sentence-transformers before "
                     "2.3 never loads such a model offline by its id; use the layout 'huggingface'",
                     plan->id);
}

static void add_files(const struct layout_request *request, const char *base, struct tree *tree)
{
    const char *previous = NULL;

    tree_add_own(tree, request->home,
                 (struct tree_entry){.type = TREE_FOLDER, .path = xstrdup(base)});
    for (size_t i = 0; i < request->plan->count; i++) {
        const char *path = request->plan->files[i].path;
        tree_add_parents(tree, request->home, base, path, previous);
        tree_add_own(tree, request->home,
                     (struct tree_entry){
                         .type = TREE_FILE,
                         .path = xasprintf("%s/%s", base, path),
                         .file = i,
                     });
        previous = path;
    }
}

static int arrange(const struct layout_request *request, struct tree *out, struct error *err)
{
    CLEANUP(tree) struct tree tree = TREE_INIT;
    CLEANUP(text) char *folder = folder_name(request->plan);

    if (check_plan(request->plan, folder, err) < 0 ||
        place_find(request->home, rules, "/.cache/torch/sentence_transformers", &tree.place, err) <
            0)
        return -1;
    CLEANUP(text) char *prefix = place_prefix(tree.place);
    CLEANUP(text) char *base = xasprintf("%s%s", prefix, folder);

    tree_add_above(&tree, request->home);
    add_files(request, base, &tree);
    if (tree_sort(&tree, err) < 0)
        return -1;

    tree_release(out);
    *out = tree;
    tree = (struct tree)TREE_INIT;
    return 0;
}

/* Whatever decides where these versions look, arrange() follows. */
static void elsewhere(const struct home *home, struct strings *variables, struct strings *paths)
{
    (void)home;
    (void)variables;
    (void)paths;
}

/*
 * These versions run with transformers from before safetensors, and their Dense module reads
 * pytorch_model.bin only, so that is the copy to keep.
 */
const struct layout layout_sentence_transformers = {
    .name = "sentence-transformers",
    .summary = "sentence-transformers before 2.3: plain files in a cache of its own",
    .cache_variable = "SENTENCE_TRANSFORMERS_HOME",
    .offline_variable = "HF_HUB_OFFLINE",
    .weights = PLAN_PREFER_PYTORCH,
    .model_id = model_id,
    .arrange = arrange,
    .elsewhere = elsewhere,
};
