#include "json/parse.h"
#include "plan/contents.h"
#include "plan/plan_internal.h"

#include <jansson.h>
#include <string.h>

/* NULL if there is no such file, or if it is no JSON; its loader then says so better than we. */
static json_t *load(const struct plan_contents *contents, const char *path)
{
    const struct plan_content *content =
        contents != NULL ? plan_contents_find(contents, path) : NULL;

    return content != NULL ? json_parse_or_null(content->text, content->size) : NULL;
}

bool contents_find_components(const struct plan_contents *contents, struct strings *out)
{
    json_auto_t *index = load(contents, "model_index.json");
    const char *name;
    json_t *value;

    if (!json_is_object(index))
        return false;
    /* Of [library, class] both are null where the pipeline goes without. */
    json_object_foreach(index, name, value) if (name[0] != '_' && json_is_array(value) &&
                                                json_is_string(json_array_get(value, 1)))
        strings_addf(out, "%s/", name);
    set_sort(out);
    return true;
}

static bool is_transformer(const char *type)
{
    return text_ends_with(type, "Transformer") || text_ends_with(type, "CLIPModel");
}

/* Which modules a model of sentence-transformers has. */
static bool add_modules_by_content(const struct plan_contents *contents, struct strings *out)
{
    json_auto_t *modules = load(contents, "modules.json");
    json_t *module;
    size_t i;

    if (!json_is_array(modules))
        return false;
    json_array_foreach(modules, i, module)
    {
        const char *path = json_string_value(json_object_get(module, "path"));
        const char *type = json_string_value(json_object_get(module, "type"));
        if (path != NULL && type != NULL && *path != '\0' && !is_transformer(type))
            strings_addf(out, "%s%s", path, text_ends_with(path, "/") ? "" : "/");
    }
    return true;
}

static void add_modules_by_name(const struct plan *plan, struct strings *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        CLEANUP(text) char *folder = path_folder(plan->files[i].path);
        const char *slash = strchr(folder, '/');
        if (slash != NULL && slash[1] == '\0' && glob_matches("[0-9]*_*/", folder) &&
            !glob_matches("*Transformer/", folder) && !glob_matches("*CLIPModel/", folder))
            strings_add(out, folder);
    }
}

void contents_find_small_modules(const struct plan *plan, const struct plan_contents *contents,
                                 struct strings *out)
{
    bool has_modules = false;

    for (size_t i = 0; i < plan->count; i++)
        has_modules = has_modules || strcmp(plan->files[i].path, "modules.json") == 0;
    if (has_modules && !add_modules_by_content(contents, out))
        add_modules_by_name(plan, out);
    set_sort(out);
}

bool contents_find_shards(const struct plan_contents *contents, const char *path,
                          struct strings *out)
{
    json_auto_t *index = load(contents, path);
    json_t *map = json_object_get(index, "weight_map");
    const char *weight;
    json_t *file;

    if (json_object_size(map) == 0)
        return false;
    json_object_foreach(map, weight, file)
    {
        const char *last = out->count > 0 ? out->items[out->count - 1] : "";
        CLEANUP(text)
        char *shard = xasprintf("%.*s%s", (int)(path_name(path) - path), path,
                                json_is_string(file) ? json_string_value(file) : "");
        if (json_is_string(file) && strcmp(last, shard) != 0)
            strings_add(out, shard);
    }
    set_sort(out);
    return true;
}
