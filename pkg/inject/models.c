#include "inject/inject_internal.h"

#include <inttypes.h>
#include <string.h>

#define OFFLINE "HF_HUB_OFFLINE"

char *model_name(const struct plan *plan)
{
    return xasprintf("%s%s", plan->type == REPO_DATASET ? "datasets/" : "", plan->id);
}

static bool revision_is_commit(const struct plan *plan)
{
    return text_is_hex(plan->revision, GIT_OID_HEX);
}

/*
 * Applications ask for "main". So a model that is named by its commit is found as main too, unless
 * the call names main itself, or another commit of the same repo before.
 */
static void decide_mains(struct work *work)
{
    for (size_t i = 0; i < work->model_count; i++) {
        struct model *model = &work->models[i];
        model->as_main = revision_is_commit(&model->plan);
        for (size_t k = 0; k < work->model_count; k++) {
            const struct model *other = &work->models[k];
            bool same = k != i && strcmp(other->name, model->name) == 0;
            if (same && (strcmp(other->plan.revision, "main") == 0 ||
                         (k < i && revision_is_commit(&other->plan))))
                model->as_main = false;
        }
    }
}

static int check_twice(const struct work *work, size_t number, struct error *err)
{
    const struct model *model = &work->models[number];

    for (size_t i = 0; i < number; i++)
        if (strcmp(work->models[i].name, model->name) == 0 &&
            strcmp(work->models[i].plan.revision, model->plan.revision) == 0)
            return error_set(err, ERROR_USAGE, "'%s@%s' is named twice", model->name,
                             model->plan.revision);
    return 0;
}

static int list_model(struct work *work, size_t number, struct error *err)
{
    const struct inject_options *options = work->options;
    struct model *model = &work->models[number];
    struct plan_selection selection = options->selection;

    if (source_list(model->source, &model->plan, err) < 0)
        return -1;
    model->name = model_name(&model->plan);
    if (check_twice(work, number, err) < 0)
        return -1;
    selection.weights = options->layout->weights;
    if (plan_select(&model->plan, &selection, err) < 0)
        return error_wrap(err, "'%s'", model->name);
    log_info(options->log, "model: %s@%s is commit %s, %zu file%s, %s", model->name,
             model->plan.revision, model->plan.commit, model->plan.count,
             model->plan.count == 1 ? "" : "s", text_format_size(plan_size(&model->plan)).text);
    if (model->plan.left_out.count > 0) {
        CLEANUP(text) char *names = plan_format_left_out(&model->plan);
        log_info(options->log, "left out of %s: %s (%s)%s", model->name, names,
                 text_format_size(model->plan.left_out_size).text,
                 selection.include == NULL && selection.exclude == NULL ? "; --all-files takes them"
                                                                        : "");
    }
    return 0;
}

int work_list_models(struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;

    work->models = xcalloc(options->source_count, sizeof(*work->models));
    for (size_t i = 0; i < options->source_count; i++) {
        work->models[i] = (struct model){.source = options->sources[i], .plan = PLAN_INIT};
        work->model_count++;
        if (list_model(work, i, err) < 0)
            return -1;
    }
    decide_mains(work);
    return 0;
}

/* Sets NAME=value in a list of assignments; a name that is there keeps its place. */
static void assign(struct strings *list, const char *assignment)
{
    size_t size = strcspn(assignment, "=") + 1;

    for (size_t i = 0; i < list->count; i++) {
        if (strncmp(list->items[i], assignment, size) == 0) {
            free(list->items[i]);
            list->items[i] = xstrdup(assignment);
            return;
        }
    }
    strings_add(list, assignment);
}

static void unassign(struct strings *list, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (text_starts_with(list->items[i], name) && list->items[i][strlen(name)] == '=')
            free(list->items[i]);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
    if (list->items != NULL)
        list->items[kept] = NULL;
}

static bool is_assigned(const struct strings *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_starts_with(list->items[i], name) && list->items[i][strlen(name)] == '=')
            return true;
    return false;
}

/* What the result's environment is: the base's, what inlay had set before, what is asked for. */
static void decide_environment(const struct work *work, struct platform *platform)
{
    const char *const *asked = work->options->environment;

    image_environment(platform->image, &platform->environment);
    for (size_t i = 0; asked != NULL && asked[i] != NULL; i++)
        assign(&platform->assignments, asked[i]);
    bool set_by_base = is_assigned(&platform->environment, OFFLINE);
    bool asked_for = false;
    for (size_t i = 0; asked != NULL && asked[i] != NULL; i++)
        asked_for = asked_for || text_starts_with(asked[i], OFFLINE "=");
    if (!asked_for && work->options->online)
        unassign(&platform->assignments, OFFLINE);
    else if (!asked_for && !set_by_base)
        assign(&platform->assignments, OFFLINE "=1");
    for (size_t i = 0; i < platform->assignments.count; i++)
        assign(&platform->environment, platform->assignments.items[i]);
}

static int decide_home(const struct platform *platform, struct home *out, struct error *err)
{
    struct home home = {.environment = (const char *const *)platform->environment.items};
    static const char *const none[] = {NULL};

    if (home.environment == NULL)
        home.environment = none;
    home.path = home_variable(&home, "HOME");
    if (home.path == NULL || home.path[0] == '\0')
        home.path = "/root";
    if (home.path[0] != '/')
        return error_set(err, ERROR_UNSUPPORTED,
                         "the image's HOME is '%s', expected an absolute path; set it with --env "
                         "HOME=/…",
                         home.path);
    *out = home;
    return 0;
}

static void warn_of_places(const struct work *work, const struct platform *platform,
                           const struct home *home, const struct tree *tree)
{
    const struct log *log = work->options->log;
    CLEANUP(strings) struct strings elsewhere = STRINGS_INIT;
    const char *volume = image_volume_above(platform->image, tree->place);

    work->options->layout->elsewhere(home, &elsewhere);
    for (size_t i = 0; i < elsewhere.count; i++)
        log_warn(log,
                 "the image sets %s=%s: applications that obey it look there and not in %s, where "
                 "the model goes",
                 elsewhere.items[i], home_variable(home, elsewhere.items[i]), tree->place);
    if (volume != NULL)
        log_warn(log,
                 "%s lies in the image's volume '%s': each container will copy the model into a "
                 "volume of its own",
                 tree->place, volume);
}

static int arrange_platform(const struct work *work, struct platform *platform, bool first,
                            struct error *err)
{
    struct home home;

    decide_environment(work, platform);
    if (decide_home(platform, &home, err) < 0)
        return -1;
    platform->trees = xcalloc(work->model_count, sizeof(*platform->trees));
    for (size_t i = 0; i < work->model_count; i++) {
        struct model *model = &work->models[i];
        struct layout_request request = {
            .plan = &model->plan,
            .home = &home,
            .as_main = model->as_main,
        };
        if (work->options->layout->arrange(&request, &platform->trees[i], err) < 0)
            return error_wrap(err, "'%s'", model->name);
        if (first)
            log_info(work->options->log, "place: %s", platform->trees[i].place);
    }
    if (first)
        warn_of_places(work, platform, &home, &platform->trees[0]);
    return 0;
}

int work_arrange(struct work *work, struct error *err)
{
    for (size_t i = 0; i < work->platform_count; i++)
        if (arrange_platform(work, &work->platforms[i], i == 0, err) < 0)
            return error_wrap(err, "%s", image_platform(work->platforms[i].image));
    if (is_assigned(&work->platforms[0].assignments, OFFLINE))
        log_info(work->options->log,
                 OFFLINE "=1 is set in the image: models that are not baked into it will not be "
                         "fetched (--online leaves it out)");
    return 0;
}

bool work_replaces(const struct work *work, const struct platform *platform,
                   const struct image_layer *layer)
{
    if (layer->record.model == NULL)
        return true; /* the folders layer is made anew */
    for (size_t i = 0; i < work->model_count; i++)
        if (strcmp(work->models[i].name, layer->record.model) == 0 &&
            strcmp(work->options->layout->name, layer->record.layout) == 0 &&
            strcmp(platform->trees[i].place, layer->record.place) == 0)
            return true;
    return false;
}
