#include "companion/companion_internal.h"

#include <string.h>

/* What other libraries load besides, each by a file of its own. */

/* sentence-transformers: modules whose type is not its own are code. */
void read_modules(const struct search *search, const struct document *document)
{
    static const char own[] = "sentence_transformers.";
    const json_t *module;
    size_t i;

    json_array_foreach(document->json, i, module)
    {
        const char *type = json_string_value(json_object_get(module, "type"));
        if (type != NULL && strncmp(type, own, sizeof(own) - 1) != 0)
            class_reference_read(search, document, "type", type);
    }
}

/* Code of a component: "unet": ["my_module", "MyClass"] with unet/my_module.py. */
static bool has_code(const struct search *search, const char *component, const json_t *value)
{
    const char *library = json_string_value(json_array_get(value, 0));

    if (library == NULL)
        return false;
    CLEANUP(text) char *path = xasprintf("%s/%s.py", component, library);
    return search_has_file(search, path);
}

/*
 * diffusers: a pipeline's components lie in its own folders, whatever their configs say of where
 * they came from; a class that is a list is in the repository itself.
 */
void read_pipeline(const struct search *search, const struct document *document)
{
    json_t *value;
    const char *name;

    if (json_is_array(json_object_get(document->json, "_class_name")))
        search_note_code(search, document);
    json_object_foreach(document->json, name, value)
    {
        if (has_code(search, name, value))
            search_note_code(search, document);
    }
}

/* diffusers' modular pipelines: NAME: [LIBRARY, CLASS, {"pretrained_model_name_or_path": …}] */
void read_modular_pipeline(const struct search *search, const struct document *document)
{
    json_t *value;
    const char *name;

    json_object_foreach(document->json, name, value)
    {
        const json_t *how = json_array_get(value, 2);
        const json_t *from = json_object_get(how, "pretrained_model_name_or_path");
        const char *folder = json_string_value(json_object_get(how, "subfolder"));
        if (from == NULL)
            from = json_object_get(how, "repo"); /* as it was called at first */
        if (!json_is_string(from))
            continue;
        CLEANUP(text) char *below = xasprintf("%s/*", folder != NULL ? folder : "");
        const char *const globs[] = {below, NULL};
        mention_add(search, &(struct mention){
                                .kind = COMPANION_WEIGHTS,
                                .name = json_string_value(from),
                                .revision = json_string_value(json_object_get(how, "revision")),
                                .include = folder != NULL && folder[0] != '\0' ? globs : NULL,
                                .file = document->path,
                                .key = name,
                                .reason = "a component of the pipeline",
                            });
    }
}

/* GLiNER: without a tokenizer of its own, that of the model that it was made of. */
void read_gliner(const struct search *search, const struct document *document)
{
    const char *name = json_string_value(json_object_get(document->json, "model_name"));

    if (name == NULL || search_has_file(search, "tokenizer_config.json"))
        return;
    mention_add(search, &(struct mention){
                            .kind = COMPANION_SMALL,
                            .name = name,
                            .include = tokenizer_globs,
                            .file = document->path,
                            .key = "model_name",
                            .reason = "the tokenizer",
                        });
}

/* open_clip: a text tower of transformers, by the config and the tokenizer of its model. */
void read_open_clip(const struct search *search, const struct document *document)
{
    static const char *const keys[] = {"hf_tokenizer_name", "hf_model_name"};
    const json_t *text = json_object_get(json_object_get(document->json, "model_cfg"), "text_cfg");

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *name = json_string_value(json_object_get(text, keys[i]));
        CLEANUP(text) char *key = xasprintf("model_cfg.text_cfg.%s", keys[i]);
        if (name == NULL)
            continue;
        mention_add(search, &(struct mention){
                                .kind = COMPANION_SMALL,
                                .name = name,
                                .include = tokenizer_globs,
                                .file = document->path,
                                .key = key,
                                .reason = "the tokenizer",
                            });
    }
}

/* faster-whisper: a Whisper model of CTranslate2 without tokenizer.json gets OpenAI's. */
void read_ctranslate2(const struct search *search, const struct document *document)
{
    static const char *const globs[] = {"tokenizer.json", NULL};
    const json_t *config = document->json;
    bool is_whisper = json_is_array(json_object_get(config, "suppress_ids_begin")) ||
                      json_is_array(json_object_get(config, "alignment_heads"));

    if (!is_whisper || !search_has_file(search, "model.bin") ||
        search_has_file(search, "tokenizer.json"))
        return;
    bool is_english = strstr(search->model, ".en") != NULL;
    mention_add(search, &(struct mention){
                            .kind = COMPANION_SMALL,
                            .name = is_english ? "openai/whisper-tiny.en" : "openai/whisper-tiny",
                            .include = globs,
                            .file = document->path,
                            .key = "without tokenizer.json",
                            .reason = "the tokenizer",
                        });
}
