#include "core/version.h"
#include "layout/layout.h"
#include "plan/plan.h"
#include "scan/loading_internal.h"

#include <string.h>

/* What a call comes to that is given a text: a kind of rule each. */

static bool is_installed(const struct scan *scan, const char *loader)
{
    return !scan->has_python_packages ||
           application_find_package(scan->application, PACKAGE_PYTHON, loader) != NULL ||
           application_find_package(scan->application, PACKAGE_CONDA, loader) != NULL;
}

/*
 * Whether the call reads weights as safetensors or for torch alone, whichever there are: not so of
 * other backends, and of classes for other frameworks.
 */
static bool reads_torch(const struct loading *loading)
{
    static const char *const loaders[] = {"transformers", "sentence-transformers", "diffusers",
                                          "peft", NULL};
    static const char *const others[] = {
        "Flax", "Onnx", "ONNX", "Tokenizer", "Processor", "Config", "FeatureExtractor"};
    bool is_other = text_starts_with(loading->title, "TF") ||
                    scan_argument(loading->call, "backend|gguf_file|from_tf|from_flax|model_kwargs",
                                  -1) != NULL;

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        is_other = is_other || strstr(loading->title, others[i]) != NULL;
    return !is_other && text_is_among(loading->rule->loader, loaders);
}

/* Takes over what is in `finding`, and says the rest of it. */
static void add(const struct loading *loading, struct scan_finding *finding, const char *how)
{
    const char *loader = loading->rule->loader;
    bool installed = is_installed(loading->scan, loader);
    CLEANUP(text)
    char *missing = installed ? xstrdup("") : xasprintf("; %s is not installed", loader);

    finding->loader = xstrdup(loader);
    finding->version = text_copy(scan_version(loading->scan, PACKAGE_PYTHON, loader));
    finding->sure = loading->sure && installed;
    finding->reads_torch = finding->include.count == 0 && reads_torch(loading);
    finding->reason = how == NULL
                          ? xasprintf("%s() is called with it%s", loading->title, missing)
                          : xasprintf("%s() is called with %s%s", loading->title, how, missing);
    strings_add(&finding->places, loading->place);
    scan_add_placed(loading->scan, loading, loading->source, finding);
}

void loading_add_model(const struct loading *loading, const char *model, const char *how)
{
    CLEANUP(scan_finding) struct scan_finding finding = {.model = xstrdup(model)};

    add(loading, &finding, how);
}

static const struct python_value *argument(const struct loading *loading, const char *keyword)
{
    return scan_argument(loading->call, keyword, -1);
}

char *loading_text(const struct loading *loading, const char *keyword, int position)
{
    return scan_resolve_text(loading->scan, loading->source,
                             scan_argument(loading->call, keyword, position));
}

/* The name with the revision that the call names. Caller frees. */
static char *with_revision(const struct loading *loading, const char *name)
{
    CLEANUP(error) struct error err = ERROR_INIT; /* a revision that is none is left out */
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(text) char *revision = loading_text(loading, "revision", -1);
    char *text = NULL;

    if (revision == NULL || strcmp(revision, "main") == 0)
        return xstrdup(name);
    text = xasprintf("%s@%s", name, revision);
    if (origin_parse(text, &origin, &err) < 0) {
        free(text);
        return xstrdup(name);
    }
    return text;
}

/* Whether it may be a name of the Hub; a note says what it is instead. */
static bool check_hub_name(const struct loading *loading, const char *text)
{
    CLEANUP(error) struct error err = ERROR_INIT; /* said in the note */

    if (scan_is_local(loading->scan, loading->source->file->path, text))
        scan_add_note(loading->scan->out,
                      "%s: %s() is called with '%s', which is a path: nothing is "
                      "downloaded",
                      loading->place, loading->title, text);
    else if (origin_check_hub_name(text, &err) < 0)
        scan_add_note(loading->scan->out,
                      "%s: %s() is called with '%s', which is no name of the Hub", loading->place,
                      loading->title, text);
    else
        return true;
    return false;
}

/* What tokenizers and configs are made of; the config is what every one of them reads. */
static void set_small_files(enum rule_kind kind, struct scan_finding *finding)
{
    static const char *const tokenizer[] = {"*.txt", "*.model", "*.tiktoken", "*.jinja",
                                            "*.py",  "*.spm",   "*.vocab"};

    if (kind == RULE_CONFIG)
        strings_add(&finding->include, "config.json");
    if (kind == RULE_TOKENIZER) {
        strings_add(&finding->include, "*.json");
        for (size_t i = 0; i < ARRAY_SIZE(tokenizer); i++)
            strings_add(&finding->optional, tokenizer[i]);
    }
    if (kind == RULE_CONFIG)
        strings_add(&finding->optional, "*.py");
}

/* variant="fp16" */
static void set_weights(const struct loading *loading, struct scan_finding *finding)
{
    CLEANUP(error) struct error err = ERROR_INIT; /* another variant is left to the choice */
    CLEANUP(text) char *variant = loading_text(loading, "variant", -1);

    if (variant == NULL || strcmp(loading->rule->loader, "diffusers") != 0)
        return;
    CLEANUP(text) char *weights = xasprintf("safetensors:%s", variant);
    if (plan_check_weights(weights, &err) == 0)
        finding->weights = TAKE(weights);
}

static void add_hub(const struct loading *loading, const char *text, const char *how)
{
    CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;

    if (!check_hub_name(loading, text))
        return;
    finding.model = with_revision(loading, text);
    set_small_files(loading->rule->kind, &finding);
    set_weights(loading, &finding);
    add(loading, &finding, how);
}

/* Whether versions before 2.3, which have a cache of their own, are there, and later ones. */
static void find_sentence_transformers(const struct scan *scan, bool *old, bool *later)
{
    const struct application *application = scan->application;

    for (size_t i = 0; i < application->package_count; i++) {
        const struct application_package *package = &application->packages[i];
        if (package->kind == PACKAGE_NODE || strcmp(package->name, "sentence-transformers") != 0)
            continue;
        bool is_old = package->version != NULL && version_compare(package->version, "2.3") < 0;
        *old = *old || is_old;
        *later = *later || !is_old;
    }
    *later = *later || !*old;
}

static void add_sentence_transformer(const struct loading *loading, const char *text,
                                     const char *how)
{
    const struct layout *layout = layout_find("sentence-transformers");
    bool old = false, later = false;

    if (!check_hub_name(loading, text))
        return;
    CLEANUP(text) char *name = layout_model_id(layout, text);
    CLEANUP(text) char *model = with_revision(loading, name);
    find_sentence_transformers(loading->scan, &old, &later);
    if (later)
        loading_add_model(loading, model, how);
    if (old) {
        CLEANUP(scan_finding)
        struct scan_finding finding = {.model = xstrdup(model), .layout = xstrdup(layout->name)};
        add(loading, &finding, how);
    }
}

static void add_llama_index(const struct loading *loading, const char *text, const char *how)
{
    if (!check_hub_name(loading, text))
        return;
    CLEANUP(text) char *name = layout_model_id(layout_find("sentence-transformers"), text);
    CLEANUP(scan_finding)
    struct scan_finding finding = {.model = with_revision(loading, name),
                                   .layout = xstrdup("llama-index")};
    add(loading, &finding, how);
}

static void add_preset(const struct loading *loading, const char *family, const char *name,
                       const char *how)
{
    const char *preset = scan_preset(loading->scan, family, name);

    if (preset != NULL)
        loading_add_model(loading, preset, how);
    else if (scan_is_local(loading->scan, loading->source->file->path, name))
        scan_add_note(loading->scan->out,
                      "%s: %s() is called with '%s', which is a path: nothing is "
                      "downloaded",
                      loading->place, loading->title, name);
    else
        scan_add_unresolved(loading->scan->out,
                            "%s: %s() is called with '%s', which is no preset of inlay's (%s:…)",
                            loading->place, loading->title, name, family);
}

static void add_faster_whisper(const struct loading *loading, const char *text, const char *how)
{
    CLEANUP(text) char *model = scan_preset_model(loading->scan, "faster-whisper", text);

    if (model != NULL)
        loading_add_model(loading, model, how);
    else if (strchr(text, '/') != NULL)
        add_hub(loading, text, how);
    else
        add_preset(loading, "faster-whisper", text, how);
}

static void add_tiktoken_model(const struct loading *loading, const char *text, const char *how)
{
    const char *encoding = scan_tiktoken_encoding(text);

    if (encoding != NULL)
        add_preset(loading, "tiktoken", encoding, how);
    else
        scan_add_unresolved(loading->scan->out,
                            "%s: %s() is called with '%s', whose encoding is "
                            "not known",
                            loading->place, loading->title, text);
}

static void add_fastembed(const struct loading *loading, const char *text, const char *how)
{
    CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;
    const char *version = scan_version(loading->scan, PACKAGE_PYTHON, "fastembed");

    if (scan_fastembed_table(loading->scan, text, &finding)) {
        add(loading, &finding, how);
        return;
    }
    bool is_old = version != NULL && version_compare(version, "0.9") < 0;
    if (is_old && scan_preset(loading->scan, "fastembed-0.8", text) != NULL)
        add_preset(loading, "fastembed-0.8", text, how);
    else
        add_preset(loading, "fastembed", text, how);
}

/* "hf-hub:org/name"; names of timm such as "resnet50.a1_in1k". */
static void add_prefixed(const struct loading *loading, const char *text, const char *how)
{
    const struct python_value *pretrained = argument(loading, "pretrained");
    const char *colon = strchr(text, ':');
    bool is_timm = strcmp(loading->rule->loader, "timm") == 0;

    if (is_timm && (pretrained == NULL || pretrained->kind != PYTHON_BOOL ||
                    strcmp(pretrained->text, "True") != 0))
        return;
    if (text_starts_with(text, "hf-hub:") || text_starts_with(text, "hf_hub:")) {
        add_hub(loading, colon + 1, how);
    } else if (is_timm && strchr(text, '.') != NULL) {
        CLEANUP(text) char *name = xasprintf("timm/%s", text);
        add_hub(loading, name, how);
    } else if (is_timm || pretrained != NULL) {
        scan_add_unresolved(loading->scan->out,
                            "%s: %s() is called with '%s', of which only %s knows the repository",
                            loading->place, loading->title, text, loading->rule->loader);
    }
}

static void add_spacy(const struct loading *loading, const char *text, const char *how)
{
    CLEANUP(text) char *package = package_normalize(text);

    if (application_find_package(loading->scan->application, PACKAGE_PYTHON, package) == NULL)
        add_preset(loading, "spacy", text, how);
}

/* A name is no glob: what stands for others in one is set into brackets. */
static void add_file_name(struct strings *out, const char *name)
{
    CLEANUP(buf) struct buf glob = BUF_INIT;

    for (; *name != '\0'; name++)
        buf_addf(&glob, strchr("*?[", *name) != NULL ? "[%c]" : "%c", *name);
    strings_add(out, buf_text(&glob));
}

/* A repository, and what of it the call names. */
static void add_repository(const struct loading *loading, const char *text, const char *how)
{
    CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;
    CLEANUP(scan_value) struct scan_value files = {.how = NULL};
    CLEANUP(text) char *type = loading_text(loading, "repo_type", -1);
    CLEANUP(text) char *folder = loading_text(loading, "subfolder", -1);
    CLEANUP(text) char *name = NULL;
    bool is_file = loading->rule->kind == RULE_FILE;

    if (!check_hub_name(loading, text) || (type != NULL && strcmp(type, "space") == 0))
        return;
    name = xasprintf("%s%s", type != NULL && strcmp(type, "dataset") == 0 ? "datasets/" : "", text);
    finding.model = with_revision(loading, name);
    scan_resolve(
        loading->scan, loading->source,
        scan_argument(loading->call, is_file ? "filename" : "allow_patterns", is_file ? 1 : -1),
        &files);
    for (size_t i = 0; i < files.texts.count; i++) {
        CLEANUP(text)
        char *path = path_join(folder != NULL ? folder : "", files.texts.items[i]);
        if (is_file && strcmp(loading->rule->tail, "hf_hub_download") == 0)
            add_file_name(&finding.include, path);
        else
            strings_add(&finding.include, path);
    }
    if (loading->rule->detail != NULL)
        scan_add_note(loading->scan->out, "%s: %s", loading->place, loading->rule->detail);
    add(loading, &finding, how);
}

/* A format in place of a name reads files that are there. */
static void add_dataset(const struct loading *loading, const char *text)
{
    static const char *const formats[] = {"json",        "csv",         "parquet",    "text",
                                          "arrow",       "pandas",      "xml",        "sql",
                                          "imagefolder", "audiofolder", "webdataset", NULL};

    if (!text_is_among(text, formats))
        scan_add_note(loading->scan->out,
                      "%s: %s() downloads the dataset '%s' when it is called: it is no model, and "
                      "is not baked",
                      loading->place, loading->title, text);
}

void loading_add_text(const struct loading *loading, const char *text, const char *how)
{
    switch (loading->rule->kind) {
    case RULE_HUB:
    case RULE_TOKENIZER:
    case RULE_CONFIG:
    case RULE_PIPELINE:
        add_hub(loading, text, how);
        return;
    case RULE_SENTENCE_TRANSFORMERS:
        add_sentence_transformer(loading, text, how);
        return;
    case RULE_LLAMA_INDEX:
        add_llama_index(loading, text, how);
        return;
    case RULE_FASTER_WHISPER:
        add_faster_whisper(loading, text, how);
        return;
    case RULE_PRESET:
    case RULE_COLLECTION:
        add_preset(loading, loading->rule->detail, text, how);
        return;
    case RULE_TIKTOKEN_MODEL:
        add_tiktoken_model(loading, text, how);
        return;
    case RULE_FASTEMBED:
        add_fastembed(loading, text, how);
        return;
    case RULE_EASYOCR:
        add_preset(loading, "easyocr", text, how);
        return;
    case RULE_PREFIXED:
        add_prefixed(loading, text, how);
        return;
    case RULE_FILE:
    case RULE_SNAPSHOT:
        add_repository(loading, text, how);
        return;
    case RULE_SPACY:
        add_spacy(loading, text, how);
        return;
    case RULE_DATASET:
        add_dataset(loading, text);
        return;
    case RULE_ELSEWHERE:
        scan_add_unresolved(loading->scan->out, "%s: %s() is called with '%s': %s", loading->place,
                            loading->title, text, loading->rule->detail);
        return;
    }
}
