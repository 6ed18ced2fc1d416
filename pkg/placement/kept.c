#include "placement/placement_internal.h"

#include <string.h>

/*
 * Models of earlier calls that stay in the image are found by its environment. Where this call
 * changes that, their loaders may look in another place. A model that the call names, too, moves
 * along; with any other the call is refused.
 */

struct holding {
    const struct placing *placing;
    struct strings before; /* the environment as it was */
    char *user_home;       /* of the image's own user, where HOME is not set */
    /* The first that is lost, and others that are for the same reason. */
    char *assignment;   /* NAME=value that leads away from it; NULL: none is lost */
    char *looks;        /* where that leads */
    const char *layout; /* of those models */
    struct strings lost;
};

static void holding_release(struct holding *holding)
{
    strings_release(&holding->before);
    strings_release(&holding->lost);
    free(holding->user_home);
    free(holding->assignment);
    free(holding->looks);
}
CLEANUP_RELEASE(holding)

/* What a process has whose home is `path` where its environment does not set HOME. */
static struct home home_in(const struct holding *holding, const struct strings *environment,
                           const char *path)
{
    struct home home = holding->placing->out->home;

    home.path = path;
    home.environment = (const char *const *)environment->items;
    const char *set = home_variable(&home, "HOME");

    if (set != NULL && *set != '\0')
        home.path = set;
    return home;
}

/* Does the path lead to where the model is, or to links to it? */
static int leads_to(const struct placing *placing, const char *path,
                    const struct layer_record *record, bool *out, struct error *err)
{
    CLEANUP(text) char *canonical = NULL;
    CLEANUP(error) struct error why = ERROR_INIT;

    *out = false;
    if (path == NULL || *path == '\0')
        return 0;
    if (placing_resolve(placing, path, &canonical, &why) < 0)
        return why.kind == ERROR_UNSUPPORTED ? 0 : error_move(err, &why);
    *out = strcmp(canonical, record->place) == 0 || strings_has(&record->also, canonical);
    return 0;
}

static bool is_named(const struct placing *placing, const struct layer_record *record)
{
    for (size_t i = 0; i < placing->models->count; i++)
        if (strcmp(placing->models->items[i].name, record->model) == 0 &&
            strcmp(placing->models->items[i].layout->name, record->layout) == 0)
            return true;
    return false;
}

/* The environment of the result makes the loader of this model look in `looks`. */
static void lose(struct holding *holding, const struct layer_record *record, const char *variable,
                 const char *looks)
{
    const struct placing *placing = holding->placing;
    const char *value = home_variable(&placing->out->home, variable);
    CLEANUP(text) char *assignment = xasprintf("%s=%s", variable, value != NULL ? value : "");
    CLEANUP(text) char *name = xasprintf("'%s' in %s", record->model, record->place);

    if (is_named(placing, record)) {
        notes_info(placing->notes, "%s: %s moves along", assignment, name);
        if (!strings_has(&placing->out->dropped.abandoned, record->place))
            strings_add(&placing->out->dropped.abandoned, record->place);
        return;
    }
    if (holding->assignment == NULL) {
        holding->assignment = xstrdup(assignment);
        holding->looks = xstrdup(*looks != '\0' ? looks : "their working directory");
        holding->layout = record->layout;
    }
    if (strcmp(holding->assignment, assignment) == 0 &&
        strcmp(holding->layout, record->layout) == 0 && !strings_has(&holding->lost, name))
        strings_add(&holding->lost, name);
}

/* What a loader obeys before the place: those of its variables that this call changes. */
static int hold_alternates(struct holding *holding, const struct layout *layout,
                           const struct layer_record *record, const char *path, struct error *err)
{
    const struct home before = home_in(holding, &holding->before, path);
    const struct home after = home_in(holding, &holding->placing->out->environment, path);
    CLEANUP(alternate_places) struct alternate_places looks = {0};

    layout_alternates(layout, &after, &looks.variables, &looks.paths);
    for (size_t i = 0; i < looks.variables.count; i++) {
        const char *variable = looks.variables.items[i];
        const char *looked = home_variable(&before, variable);
        const char *now = looks.paths.items[i];
        /* The loader may have looked in the default place, where the model is. */
        bool was_found = looked == NULL && layout_alternate_follows(variable);
        bool is_found = false;
        if (*now == '\0' ||
            (looked != NULL && strcmp(looked, home_variable(&after, variable)) == 0))
            continue;
        if (leads_to(holding->placing, now, record, &is_found, err) < 0 ||
            (looked != NULL && leads_to(holding->placing, looked, record, &was_found, err) < 0))
            return -1;
        if (was_found && !is_found)
            lose(holding, record, variable, now);
    }
    return 0;
}

/* Where the layout's loader looks; NULL if that is no place. */
static char *look(const struct layout *layout, const struct home *home, const char **variable)
{
    CLEANUP(error) struct error ignored = ERROR_INIT;
    char *place = NULL;

    return layout_find_place(layout, home, &place, variable, &ignored) == 0 ? place : NULL;
}

/* For a process with this home, unless the environment sets another. */
static int hold_at(struct holding *holding, const struct layout *layout,
                   const struct layer_record *record, const char *path, struct error *err)
{
    const struct home before = home_in(holding, &holding->before, path);
    const struct home after = home_in(holding, &holding->placing->out->environment, path);
    const char *variable = NULL;
    CLEANUP(text) char *looked = look(layout, &before, &variable);
    CLEANUP(text) char *looks = look(layout, &after, &variable);
    bool was_found = false;
    bool is_found = false;

    if (leads_to(holding->placing, looked, record, &was_found, err) < 0)
        return -1;
    if (!was_found)
        return 0; /* this home did not lead to the model before the call either */
    if (looks != NULL && strcmp(looked, looks) == 0)
        return hold_alternates(holding, layout, record, path, err);
    if (leads_to(holding->placing, looks, record, &is_found, err) < 0)
        return -1;
    if (is_found)
        return hold_alternates(holding, layout, record, path, err);
    lose(holding, record, variable, looks != NULL ? looks : home_variable(&after, variable));
    return 0;
}

/* The home whose cache the place is where no variable decides; NULL: of none. Caller frees. */
static char *home_at(const struct layout *layout, const char *place)
{
    const struct home root = {.path = "/"};
    const char *variable = NULL;
    CLEANUP(text) char *below = look(layout, &root, &variable);

    if (layout->base != LAYOUT_IN_HOME || below == NULL || !text_ends_with(place, below))
        return NULL;
    return xstrndup(place, strlen(place) - strlen(below));
}

/* The same of the places where the model is, or links to it. */
static char *home_of(const struct layout *layout, const struct layer_record *record)
{
    char *home = home_at(layout, record->place);

    for (size_t i = 0; i < record->also.count && home == NULL; i++)
        home = home_at(layout, record->also.items[i]);
    return home;
}

static int hold(struct holding *holding, const struct layer_record *record, struct error *err)
{
    const struct layout *layout = layout_find(record->layout);

    if (layout == NULL || layout->takes_path)
        return 0;
    /* The image's own user, and one that an earlier call was told of. */
    CLEANUP(text) char *other = home_of(layout, record);
    if (hold_at(holding, layout, record, holding->user_home, err) < 0)
        return -1;
    if (other == NULL || strcmp(other, holding->user_home) == 0)
        return 0;
    return hold_at(holding, layout, record, *other != '\0' ? other : "/", err);
}

static int refuse(const struct holding *holding, struct error *err)
{
    const char *end = strchr(holding->assignment, '=');
    CLEANUP(buf) struct buf names = BUF_INIT;
    CLEANUP(text) char *layout = NULL;

    for (size_t i = 0; i < holding->lost.count; i++)
        buf_addf(&names, "%s%s", i > 0 ? ", " : "", holding->lost.items[i]);
    if (!models_have_layout(holding->placing->models, holding->layout))
        layout = xasprintf("'inlay remove' them and inject them after this call, with --layout %s",
                           holding->layout);
    return error_set(err, ERROR_UNSUPPORTED,
                     "%s makes loaders look in %s, and not where models of earlier calls are: %s; "
                     "%s, or leave %.*s as it is",
                     holding->assignment, holding->looks, buf_text(&names),
                     layout != NULL ? layout
                                    : "name them in this call too, so that they move along",
                     (int)(end - holding->assignment), holding->assignment);
}

/* Where the loader of the call's models of this record's layout looks; NULL if the loader does not
 * decide that. */
static const char *place_of_layout(const struct placing *placing, const struct layer_record *record)
{
    for (size_t i = 0; i < placing->out->model_count; i++) {
        const struct placed_model *placed = &placing->out->models[i];
        if (strcmp(record->layout, placed->model->layout->name) == 0)
            return placed->model->layout->takes_path ? NULL : placed_model_looks(placed);
    }
    return NULL;
}

/* Containers that --user or --home is about do not find a model that stays elsewhere. */
static void tell_beside(const struct placing *placing, const struct layer_record *record)
{
    const struct placement_options *options = placing->options;
    const char *place = place_of_layout(placing, record);

    if ((options->user == NULL && options->home == NULL) || place == NULL ||
        strcmp(record->place, place) == 0 || strings_has(&record->also, place))
        return;
    notes_warn(placing->notes,
               "'%s' stays in %s: containers that are started with %s %s do not find it, since "
               "their loaders look in %s",
               record->model, record->place, options->user != NULL ? "the user" : "the home",
               options->user != NULL ? options->user : options->home, place);
}

/* Does it set a variable that keeps loaders of the call's models from asking the hub? */
static bool is_offline_switch(const struct models *models, const char *assignment)
{
    size_t size = strcspn(assignment, "=") + 1;

    for (size_t i = 0; i < models->count; i++)
        for (const char *const *setting = models->items[i].layout->offline;
             setting != NULL && *setting != NULL; setting++)
            if (strncmp(assignment, *setting, size) == 0)
                return true;
    return false;
}

/* Is the environment as this call found it, but for what keeps loaders from asking the hub? */
static bool is_unchanged(const struct holding *holding)
{
    const struct strings *after = &holding->placing->out->environment;

    for (size_t i = 0; i < after->count; i++)
        if (!strings_has(&holding->before, after->items[i]) &&
            !is_offline_switch(holding->placing->models, after->items[i]))
            return false;
    return true;
}

/* Where HOME was set it decides, and nothing has to be read. */
static int find_user_home(struct holding *holding, struct error *err)
{
    const struct home unset = home_in(holding, &holding->before, "");

    if (*unset.path == '\0')
        return placing_find_home(holding->placing, &holding->user_home, err);
    holding->user_home = xstrdup(unset.path);
    return 0;
}

int placing_hold_kept(const struct placing *placing, struct error *err)
{
    const struct own_parts *own = placing->base->own;
    CLEANUP(holding) struct holding holding = {.placing = placing};

    placing_environment_before(placing, &holding.before);
    for (size_t i = 0; i < own->layer_count; i++)
        if (!placement_replaces(placing->out, &own->layers[i]))
            tell_beside(placing, &own->layers[i].record);
    if (own->layer_count == 0 || is_unchanged(&holding))
        return 0;
    if (find_user_home(&holding, err) < 0)
        return -1;
    for (size_t i = 0; i < own->layer_count; i++)
        if (!placement_replaces(placing->out, &own->layers[i]) &&
            hold(&holding, &own->layers[i].record, err) < 0)
            return -1;
    return holding.assignment != NULL ? refuse(&holding, err) : 0;
}
