#include "scan/scan_internal.h"

#include "json/parse.h"

#include <jansson.h>
#include <string.h>

/* What is known of model servers: their images, and models besides the main one. */

/* Images by what stands in front of tag and digest, and their ENTRYPOINT. */
static const struct {
    const char *image, *entrypoint;
} images[] = {
    {"vllm/vllm-openai", "[\"vllm\", \"serve\"]"},
    {"ghcr.io/huggingface/text-generation-inference", "[\"text-generation-launcher\"]"},
    {"ghcr.io/huggingface/text-embeddings-inference", "[\"text-embeddings-router\"]"},
    {"michaelf34/infinity", "[\"infinity_emb\"]"},
    {"ghcr.io/ggml-org/llama.cpp", "[\"llama-server\"]"},
    {"ghcr.io/ggerganov/llama.cpp", "[\"llama-server\"]"},
};

const char *scan_server_entrypoint(const char *image)
{
    static const char *const hosts[] = {"docker.io/", "index.docker.io/"};
    const char *name = image;

    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        if (text_starts_with(image, hosts[i]))
            name = image + strlen(hosts[i]);
    for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
        size_t size = strlen(images[i].image);
        if (strncmp(name, images[i].image, size) == 0 && strchr(":@", name[size]) != NULL)
            return images[i].entrypoint;
    }
    return NULL;
}

/* How a flag names a model. */
enum extra_form {
    EXTRA_NAME,      /* --flag org/name */
    EXTRA_TOKENIZER, /* the same, small files alone */
    EXTRA_MODULES,   /* --flag name=org/name … up to the next flag; or JSON with "path" */
    EXTRA_JSON,      /* --flag '{"model": "org/name"}' */
};

static const struct {
    const char *program; /* its name begins so */
    const char *flag;
    enum extra_form form;
} extras[] = {
    {"vllm", "--tokenizer", EXTRA_TOKENIZER},
    {"vllm", "--lora-modules", EXTRA_MODULES},
    {"vllm", "--speculative-config", EXTRA_JSON},
    {"vllm", "--speculative-config.model", EXTRA_NAME},
    {"vllm", "--speculative-model", EXTRA_NAME},
    {"sglang", "--tokenizer-path", EXTRA_TOKENIZER},
    {"sglang", "--lora-paths", EXTRA_MODULES},
    {"sglang", "--speculative-draft-model-path", EXTRA_NAME},
};

/* Paths, and words such as "ngram" and "auto", are no models. */
static void add(struct scan *scan, const struct server_words *words, enum extra_form form,
                const char *name)
{
    static const char *const tokenizer[] = {"*.txt", "*.model", "*.tiktoken", "*.jinja", "*.py"};
    CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;

    if (name == NULL || !scan_looks_like_model(name) || scan_is_local(scan, words->file, name))
        return;
    finding.model = xstrdup(name);
    finding.loader = xstrdup(words->loader);
    finding.version = text_copy(scan_version(scan, PACKAGE_PYTHON, words->loader));
    finding.sure = words->sure;
    finding.reason = xasprintf("%s is started with it, besides its model", words->program);
    strings_add(&finding.places, words->place);
    if (form == EXTRA_TOKENIZER) {
        strings_add(&finding.include, "*.json");
        for (size_t i = 0; i < ARRAY_SIZE(tokenizer); i++)
            strings_add(&finding.optional, tokenizer[i]);
    }
    scan_add_finding(scan->out, &finding);
}

static void add_member(struct scan *scan, const struct server_words *words, const char *text,
                       const char *member)
{
    json_auto_t *json = json_parse_or_null(text, strlen(text));

    add(scan, words, EXTRA_NAME, json_string_value(json_object_get(json, member)));
}

static void add_value(struct scan *scan, const struct server_words *words, enum extra_form form,
                      const char *value)
{
    const char *equals = strchr(value, '=');

    switch (form) {
    case EXTRA_NAME:
    case EXTRA_TOKENIZER:
        add(scan, words, form, value);
        return;
    case EXTRA_MODULES:
        if (value[0] == '{')
            add_member(scan, words, value, "path");
        else
            add(scan, words, form, equals != NULL ? equals + 1 : value);
        return;
    case EXTRA_JSON:
        add_member(scan, words, value, "model");
        return;
    }
}

/* The values of this flag, if the word is it: "--flag value", "--flag=value", several of modules.
 */
static void read_flag(struct scan *scan, const struct server_words *words, size_t at, size_t extra)
{
    const char *word = words->list->items[at];
    size_t size = strlen(extras[extra].flag);

    if (strncmp(word, extras[extra].flag, size) != 0 || strchr("=", word[size]) == NULL)
        return;
    if (word[size] == '=')
        add_value(scan, words, extras[extra].form, word + size + 1);
    for (size_t i = at + 1; word[size] == '\0' && i < words->list->count; i++) {
        if (words->list->items[i][0] == '-')
            return;
        add_value(scan, words, extras[extra].form, words->list->items[i]);
        if (extras[extra].form != EXTRA_MODULES)
            return;
    }
}

void scan_server_models(struct scan *scan, const struct server_words *words)
{
    for (size_t i = words->from; i < words->list->count; i++)
        for (size_t k = 0; k < ARRAY_SIZE(extras); k++)
            if (text_starts_with(words->program, extras[k].program))
                read_flag(scan, words, i, k);
}
