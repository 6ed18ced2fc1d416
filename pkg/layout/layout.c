#include "layout/layout_internal.h"

#include "core/nearest.h"
#include "core/text.h"

#include <string.h>

#define LAYOUT_ADDRESS(name) &layout_##name,
static const struct layout *const singles[] = {LAYOUTS(LAYOUT_ADDRESS)};
static const struct layout *const tables[] = {loader_rows, hub_loader_rows};

const struct layout *layout_at(size_t number)
{
    if (number < ARRAY_SIZE(singles))
        return singles[number];
    number -= ARRAY_SIZE(singles);
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct layout *row = tables[i]; row->name != NULL; row++)
            if (number-- == 0)
                return row;
    return NULL;
}

const struct layout *layout_find_row(const char *name)
{
    const struct layout *row = NULL;

    for (size_t i = 0; (row = layout_at(i)) != NULL; i++)
        if (strcmp(row->name, name) == 0)
            break;
    return row;
}

const struct layout *layout_find(const char *name)
{
    const struct layout *row = name != NULL ? layout_find_row(name) : layout_at(0);

    return row != NULL && row->same_as != NULL ? row->same_as : row;
}

bool layout_matches(const struct layout *row, const char *word)
{
    return text_contains_fold(row->name, word) || text_contains_fold(row->summary, word) ||
           (row->note != NULL && text_contains_fold(row->note, word)) ||
           (row->versions != NULL && text_contains_fold(row->versions, word));
}

int layout_refuse_name(const char *name, struct error *err)
{
    struct nearest nearest = nearest_begin(name);
    const struct layout *row;
    bool is_told = false;

    for (size_t i = 0; (row = layout_at(i)) != NULL; i++) {
        nearest_consider(&nearest, row->name);
        is_told = is_told || (name[0] != '\0' && layout_matches(row, name));
    }
    CLEANUP(text) char *near = nearest_format(&nearest);
    if (is_told)
        return error_set(err, ERROR_USAGE,
                         "'%s' is no layout%s; 'inlay layouts %s' lists those that are for it",
                         name, near, name);
    return error_set(err, ERROR_USAGE, "'%s' is no layout%s; 'inlay layouts' lists them", name,
                     near);
}

const char *const offline_hub[] = {"HF_HUB_OFFLINE=1", NULL};

const char *home_variable(const struct home *home, const char *name)
{
    size_t size = strlen(name);
    const char *value = NULL;

    for (size_t i = 0; home->environment != NULL && home->environment[i] != NULL; i++)
        if (strncmp(home->environment[i], name, size) == 0 && home->environment[i][size] == '=')
            value = home->environment[i] + size + 1;
    return value;
}

int layout_find_place(const struct layout *layout, const struct home *home, char **out,
                      const char **variable, struct error *err)
{
    const struct place_rule *rule = layout->places;

    while (rule != NULL && rule->variable != NULL && place_rule_value(home, rule) == NULL)
        rule++;
    if (variable != NULL)
        *variable = rule != NULL && rule->variable != NULL ? rule->variable : "HOME";
    return layout_place(layout, home, out, NULL, err);
}

char *layout_model_id(const struct layout *layout, const char *id)
{
    return layout->model_id != NULL ? layout->model_id(id) : xstrdup(id);
}

bool layout_is_record_of(const struct layout *layout, const char *record,
                         const struct origin *model)
{
    CLEANUP(text)
    char *id = layout != NULL ? layout_model_id(layout, model->name) : xstrdup(model->name);
    CLEANUP(text)
    char *name = origin_has_commits(model->kind) && model->as == NULL ? origin_join(model->kind, id)
                                                                      : origin_record(model);

    return strcmp(name, record) == 0;
}

char *layout_folder(const struct layout *layout, const char *place, enum origin_kind kind,
                    const char *id)
{
    if (layout->folder_name == NULL)
        return xstrdup(place);
    CLEANUP(text) char *name = layout->folder_name(kind, id);
    return xasprintf("%s/%s", strcmp(place, "/") == 0 ? "" : place, name);
}

char *layout_own_folder(const struct layout *layout, const struct origin *origin)
{
    CLEANUP(text) char *record = origin_record(origin);
    const char *id = NULL;
    enum origin_kind kind = origin_from_record(record, &id);

    return layout->folder_name != NULL ? layout->folder_name(kind, id) : NULL;
}

/* The name by which an application asks for the model is given, or its own. */
int layout_check_name(const struct layout *layout, const struct origin *origin, struct error *err)
{
    if (!layout->goes_by_name || origin->as != NULL || origin_has_commits(origin->kind))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "%s has no name in the %s; say --as org/name, or --layout dir --path PATH",
                     origin_traits(origin->kind)->title,
                     layout->content == LAYOUT_HUB_CACHE ? "Hub's cache" : "cache of its loader");
}

int layout_arrange(const struct layout_request *request, struct tree *out, struct error *err)
{
    const struct layout *layout = request->layout;

    if (layout_check_name(layout, &request->plan->origin, err) < 0)
        return -1;
    if (layout->check != NULL && layout->check(request, err) < 0)
        return -1;
    return layout->arrange(request, out, err);
}

void layout_alternates(const struct layout *layout, const struct home *home,
                       struct strings *variables, struct strings *paths)
{
    CLEANUP(text) char *place = NULL;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* arrange() says why there is no place */

    if (layout->alternates != NULL && layout_find_place(layout, home, &place, NULL, &ignored) == 0)
        layout->alternates(home, place, variables, paths);
}
