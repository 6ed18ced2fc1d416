#include "project/project.h"

#include "core/file.h"
#include "project/project_internal.h"

#include <string.h>

#define VERSION 1

struct project_model *project_models_add(struct project_models *models, const char *model)
{
    models->items = xrealloc(models->items, models->count + 1, sizeof(*models->items));
    models->items[models->count] = (struct project_model){.model = xstrdup(model)};
    return &models->items[models->count++];
}

static void models_release(struct project_models *models)
{
    for (size_t i = 0; i < models->count; i++) {
        free(models->items[i].model);
        project_options_release(&models->items[i].options);
    }
    free(models->items);
}

void project_release(struct project *project)
{
    free(project->folder);
    free(project->base);
    free(project->target);
    models_release(&project->models);
    project_options_release(&project->place);
    for (size_t i = 0; i < project->set_count; i++) {
        free(project->sets[i].name);
        models_release(&project->sets[i].models);
    }
    free(project->sets);
    *project = (struct project)PROJECT_INIT;
}

static int parse_model(json_t *json, const char *at, struct project_models *out, struct error *err)
{
    CLEANUP(text) char *name = NULL;

    if (json_is_string(json)) {
        json_auto_t *object = json_pack("{s:O}", "model", json);
        return parse_model(object, at, out, err);
    }
    struct project_model *model = project_models_add(out, "");
    if (options_take(json, at, model_members, "model", &model->options, err) < 0 ||
        members_take_text(json, at, "model", true, &name, err) < 0)
        return -1;
    free(model->model);
    model->model = TAKE(name);
    return 0;
}

static int parse_models(json_t *list, const char *at, size_t *total, struct project_models *out,
                        struct error *err)
{
    *total += json_array_size(list);
    if (*total > PROJECT_MODELS_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "it names more than the %zu models that are read",
                         PROJECT_MODELS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        CLEANUP(text) char *place = xasprintf("%s[%zu]", at, i);
        if (parse_model(json_array_get(list, i), place, out, err) < 0)
            return -1;
    }
    return 0;
}

static int parse_sets(json_t *json, size_t *total, struct project *out, struct error *err)
{
    json_t *sets = json_object_get(json, "sets");
    const char *name;
    json_t *unused;

    if (sets != NULL && !json_is_object(sets))
        return error_set(err, ERROR_CORRUPT, "'sets' is not what it has to be, expected an object");
    out->sets = xcalloc(json_object_size(sets), sizeof(*out->sets));
    json_object_foreach(sets, name, unused)
    {
        struct project_set *set = &out->sets[out->set_count++];
        CLEANUP(text) char *place = members_place("sets", name);
        json_t *list = NULL;
        set->name = xstrdup(name);
        if (name[0] == '\0')
            return error_set(err, ERROR_CORRUPT, "a set in 'sets' has no name");
        if (members_take_list(sets, "sets", name, true, &list, err) < 0 ||
            parse_models(list, place, total, &set->models, err) < 0)
            return -1;
    }
    return 0;
}

static int parse_document(json_t *json, struct project *out, struct error *err)
{
    static const char *const known[] = {"$schema", "version", "base", "target", "companions",
                                        "models",  "place",   "sets", NULL};
    bool companions = false;
    CLEANUP(text) char *schema = NULL;
    json_t *models = NULL;
    json_t *place = json_object_get(json, "place");
    size_t total = 0;

    if (members_check_version(json, VERSION, err) < 0 || members_check(json, "", known, err) < 0 ||
        members_take_text(json, "", "$schema", false, &schema, err) < 0 ||
        members_take_text(json, "", "base", false, &out->base, err) < 0 ||
        members_take_text(json, "", "target", false, &out->target, err) < 0 ||
        members_take_flag(json, "", "companions", &companions, err) < 0 ||
        members_take_list(json, "", "models", false, &models, err) < 0 ||
        parse_models(models, "models", &total, &out->models, err) < 0)
        return -1;
    if (json_object_get(json, "companions") != NULL)
        out->companions = companions ? "companions" : "no-companions";
    if (place != NULL && options_take(place, "place", place_members, NULL, &out->place, err) < 0)
        return -1;
    return parse_sets(json, &total, out, err);
}

int project_parse(const char *text, size_t size, struct project *out, struct error *err)
{
    CLEANUP(project) struct project project = PROJECT_INIT;
    json_auto_t *json = NULL;

    if (members_parse(text, size, "project", &json, err) < 0 ||
        parse_document(json, &project, err) < 0)
        return -1;
    *out = project;
    project = (struct project)PROJECT_INIT;
    return 0;
}

int project_read(const char *path, struct project *out, struct error *err)
{
    CLEANUP(buf) struct buf text = BUF_INIT;
    const char *slash = strrchr(path, '/');

    if (file_read_named(path, PROJECT_SIZE_MAX, &text, err) < 0)
        return -1;
    if (project_parse(buf_text(&text), text.size, out, err) < 0)
        return error_wrap(err, "'%s'", path);
    out->folder =
        slash != NULL ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
    return 0;
}

static json_t *format_models(const struct project_models *models)
{
    json_t *list = json_array();

    for (size_t i = 0; i < models->count; i++) {
        const struct project_model *model = &models->items[i];
        json_t *json = json_string(model->model);
        if (model->options.count > 0) {
            json = json_pack("{s:o}", "model", json);
            options_format(&model->options, model_members, json);
        }
        json_array_append_new(list, json);
    }
    return list;
}

void project_format(const struct project *project, struct buf *out)
{
    json_auto_t *json = json_pack("{s:i}", "version", VERSION);

    members_set_text(json, "base", project->base);
    members_set_text(json, "target", project->target);
    if (project->companions != NULL)
        json_object_set_new(json, "companions",
                            json_boolean(strcmp(project->companions, "companions") == 0));
    json_object_set_new(json, "models", format_models(&project->models));
    if (project->place.count > 0) {
        json_t *place = json_object();
        options_format(&project->place, place_members, place);
        json_object_set_new(json, "place", place);
    }
    if (project->set_count > 0) {
        json_t *sets = json_object();
        for (size_t i = 0; i < project->set_count; i++)
            json_object_set_new(sets, project->sets[i].name,
                                format_models(&project->sets[i].models));
        json_object_set_new(json, "sets", sets);
    }
    members_format(json, out);
}

const struct project_set *project_find_set(const struct project *project, const char *name)
{
    for (size_t i = 0; i < project->set_count; i++)
        if (strcmp(project->sets[i].name, name) == 0)
            return &project->sets[i];
    return NULL;
}

/* The path of this machine behind the prefix that says that there is one; NULL: there is none. */
static const char *find_path(const char *text)
{
    static const char *const prefixes[] = {
        "dir:", "file:", "oci:", "oci-archive:", "docker-archive:"};

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (text_starts_with(text, prefixes[i]))
            return text + strlen(prefixes[i]);
    return NULL;
}

char *project_resolve(const struct project *project, const char *text)
{
    const char *path = find_path(text);

    if (path == NULL || path[0] == '/' || strcmp(path, "-") == 0 ||
        strcmp(project->folder, ".") == 0)
        return xstrdup(text);
    return xasprintf("%.*s%s/%s", (int)(path - text), text, project->folder, path);
}

char *project_relate(const struct project *project, const char *text)
{
    const char *path = find_path(text);
    size_t size = strlen(project->folder);

    if (path == NULL || strcmp(project->folder, ".") == 0 ||
        strncmp(path, project->folder, size) != 0 || path[size] != '/')
        return xstrdup(text);
    return xasprintf("%.*s%s", (int)(path - text), text, path + size + 1);
}
