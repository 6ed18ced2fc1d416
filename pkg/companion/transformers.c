#include "companion/companion_internal.h"

#include <string.h>

/*
 * What transformers loads besides (dynamic_module_utils.py, utils/backbone_utils.py, the DETR-like
 * models), and what is built on its dynamic modules.
 */

/* A class, or a list of them, some of which may be null. */
static void read_classes(const struct search *search, const struct document *document,
                         const char *key, const json_t *value)
{
    const json_t *item;
    size_t i;

    if (json_is_string(value))
        class_reference_read(search, document, key, json_string_value(value));
    json_array_foreach(value, i, item)
    {
        if (json_is_string(item))
            class_reference_read(search, document, key, json_string_value(item));
    }
}

/* "custom_pipelines": {TASK: {"impl": CLASS, …}, …} */
static void read_custom_pipelines(const struct search *search, const struct document *document)
{
    json_t *pipelines = json_object_get(document->json, "custom_pipelines");
    const char *task;
    json_t *value;

    json_object_foreach(pipelines, task, value)
    {
        CLEANUP(text) char *key = xasprintf("custom_pipelines.%s.impl", task);
        read_classes(search, document, key, json_object_get(value, "impl"));
    }
}

/* "auto_map": {AUTO_CLASS: CLASSES, …}; old tokenizers have a list of classes there. */
void read_auto_map(const struct search *search, const struct document *document)
{
    json_t *map = json_object_get(document->json, "auto_map");
    const char *name;
    json_t *value;

    if (json_is_array(map))
        read_classes(search, document, "auto_map", map);
    json_object_foreach(map, name, value)
    {
        CLEANUP(text) char *key = xasprintf("auto_map.%s", name);
        read_classes(search, document, key, value);
    }
    read_custom_pipelines(search, document);
}

/* Models whose backbone is loaded unless their config says no. */
static bool loads_backbone_by_default(const char *type)
{
    static const char *const types[] = {"detr", "table-transformer", "conditional_detr",
                                        "deformable_detr", "timm_backbone"};

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

/*
 * timm's own names: with a tag it is the repository's name; without one the first of its table
 * counts, which is known here for what transformers' models name.
 */
static char *timm_repository(const char *name)
{
    static const char *const tagged[] = {"resnet18.a1_in1k", "resnet50.a1_in1k",
                                         "resnet101.a1h_in1k"};
    size_t size = strlen(name);

    if (strncmp(name, "hf_hub:", 7) == 0 || strncmp(name, "hf-hub:", 7) == 0)
        return xstrdup(name + 7);
    if (strncmp(name, "timm/", 5) == 0)
        return xstrdup(name);
    if (strchr(name, '/') == NULL && strchr(name, '.') != NULL)
        return xasprintf("timm/%s", name);
    for (size_t i = 0; i < ARRAY_SIZE(tagged); i++)
        if (strncmp(tagged[i], name, size) == 0 && tagged[i][size] == '.')
            return xasprintf("timm/%s", tagged[i]);
    return NULL;
}

static void read_backbone_of(const struct search *search, const struct document *document,
                             const json_t *config, const char *key)
{
    const char *type = json_string_value(json_object_get(config, "model_type"));
    const char *backbone = json_string_value(json_object_get(config, "backbone"));
    const json_t *pretrained = json_object_get(config, "use_pretrained_backbone");
    bool is_timm = json_is_true(json_object_get(config, "use_timm_backbone"));

    if (type == NULL || backbone == NULL)
        return;
    is_timm = is_timm || strcmp(type, "timm_backbone") == 0;
    if (!json_is_true(pretrained) &&
        (pretrained != NULL || !is_timm || !loads_backbone_by_default(type)))
        return;
    CLEANUP(text) char *name = is_timm ? timm_repository(backbone) : xstrdup(backbone);
    struct mention mention = {
        .kind = COMPANION_WEIGHTS,
        .name = name != NULL ? name : backbone,
        .file = document->path,
        .key = key,
        .reason = "the backbone",
        .is_conditional = true, /* not from transformers 5 on */
    };
    if (name != NULL)
        mention_add(search, &mention);
    else if (search_tells(search))
        strings_addf(&search->out->notes,
                     "transformers before 5 loads a backbone of timm (%s: %s); which repository of "
                     "the Hub that is, the installed timm decides",
                     document->path, key);
}

void read_backbone(const struct search *search, const struct document *document)
{
    read_backbone_of(search, document, document->json, "backbone");
    read_backbone_of(search, document, json_object_get(document->json, "backbone_config"),
                     "backbone_config.backbone");
}

/* peft, and transformers with it: the adapter's base. */
void read_adapter(const struct search *search, const struct document *document)
{
    const json_t *config = document->json;
    const char *base = json_string_value(json_object_get(config, "base_model_name_or_path"));
    const char *revision = json_string_value(json_object_get(config, "revision"));

    if (base == NULL || base[0] == '\0')
        return;
    mention_add(search, &(struct mention){
                            .kind = COMPANION_WEIGHTS,
                            .name = base,
                            .revision = revision,
                            .file = document->path,
                            .key = "base_model_name_or_path",
                            .reason = "the adapter's base model",
                        });
}
