#include "inject/inject_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

char *model_name(const struct plan *plan)
{
    return xasprintf("%s%s", plan->type == REPO_DATASET ? "datasets/" : "", plan->id);
}

/* In full or abbreviated, as git does: the hub has told which commit it is. */
static bool revision_is_commit(const struct plan *plan)
{
    size_t size = strlen(plan->revision);

    return size >= 7 && strncmp(plan->revision, plan->commit, size) == 0;
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
    if (!revision_is_commit(&model->plan) && strcmp(model->plan.revision, "main") != 0)
        log_info(options->log,
                 "%s will be found as '%s' alone: the application has to name that revision",
                 model->name, model->plan.revision);
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

/* Sets NAME=value; a name that is there keeps its place, the last of several, which counts. */
static void assign(struct strings *list, const char *assignment)
{
    size_t size = strcspn(assignment, "=") + 1;

    for (size_t i = list->count; i > 0; i--) {
        if (strncmp(list->items[i - 1], assignment, size) == 0) {
            free(list->items[i - 1]);
            list->items[i - 1] = xstrdup(assignment);
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

/* --cache-dir is to be found by the loaders of the image, not by inlay alone. */
static void decide_cache(const struct work *work, struct platform *platform)
{
    const struct inject_options *options = work->options;

    if (options->cache_dir == NULL)
        return;
    CLEANUP(text)
    char *assignment = xasprintf("%s=%s", options->layout->cache_variable, options->cache_dir);
    if (!strings_has(&platform->environment, assignment))
        assign(&platform->assignments, assignment);
}

/* Loaders ask the hub at each start, unless they are kept from it. */
static void decide_offline(const struct work *work, struct platform *platform)
{
    const char *const *asked = work->options->environment;
    const char *name = work->options->layout->offline_variable;
    bool asked_for = name == NULL;

    for (size_t i = 0; !asked_for && asked != NULL && asked[i] != NULL; i++)
        asked_for = text_starts_with(asked[i], name) && asked[i][strlen(name)] == '=';
    if (asked_for)
        return;
    CLEANUP(text) char *assignment = xasprintf("%s=1", name);
    if (work->options->online)
        unassign(&platform->assignments, name);
    else if (!is_assigned(&platform->environment, name))
        assign(&platform->assignments, assignment);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the result's environment is: the base's, what inlay had set before, what is asked for. */
static void decide_environment(const struct work *work, struct platform *platform)
{
    const char *const *asked = work->options->environment;

    image_environment(platform->image, &platform->environment);
    decide_cache(work, platform);
    for (size_t i = 0; asked != NULL && asked[i] != NULL; i++)
        assign(&platform->assignments, asked[i]);
    decide_offline(work, platform);
    /* Whatever the order in which they were asked for. */
    if (platform->assignments.count > 1)
        qsort(platform->assignments.items, platform->assignments.count, sizeof(char *),
              compare_texts);
    for (size_t i = 0; i < platform->assignments.count; i++)
        assign(&platform->environment, platform->assignments.items[i]);
}

static int decide_home(const struct work *work, struct platform *platform, struct error *err)
{
    static const char *const none[] = {NULL};
    const struct inject_options *options = work->options;
    struct home *home = &platform->home;

    home->environment = (const char *const *)platform->environment.items;
    if (home->environment == NULL)
        home->environment = none;
    struct rootfs_user_request request = {
        .user = options->user != NULL ? options->user : image_user(platform->image),
        .home = options->home != NULL ? options->home : home_variable(home, "HOME"),
    };
    if (platform_find_user(work, platform, &request, err) < 0)
        return options->user != NULL ? error_wrap(err, "--user") : -1;
    /* The base has answered as if it were its own. */
    if (options->user != NULL) {
        free(platform->user.user_from);
        platform->user.user_from = xstrdup("--user");
    }
    if (options->home != NULL) {
        free(platform->user.home_from);
        platform->user.home_from = xstrdup("--home");
    }
    home->path = platform->user.home;
    home->uid = platform->user.uid;
    home->gid = platform->user.gid;
    home->owner = options->owner;
    home->group_writable = options->group_writable;
    return 0;
}

static int arrange_platform(struct work *work, struct platform *platform, struct error *err)
{
    decide_environment(work, platform);
    if (decide_home(work, platform, err) < 0)
        return -1;
    work->options->layout->elsewhere(&platform->home, &platform->elsewhere,
                                     &platform->elsewhere_paths);
    work_say_once(work, false, "user: %u:%u (%s), home %s (%s)", platform->user.uid,
                  platform->user.gid, platform->user.user_from, platform->user.home,
                  platform->user.home_from);
    platform->trees = xcalloc(work->model_count, sizeof(*platform->trees));
    for (size_t i = 0; i < work->model_count; i++) {
        struct model *model = &work->models[i];
        struct layout_request request = {
            .plan = &model->plan,
            .home = &platform->home,
            .as_main = model->as_main,
            .path = work->options->path,
        };
        if (work->options->layout->arrange(&request, &platform->trees[i], err) < 0)
            return error_wrap(err, "'%s'", model->name);
    }
    platform_tell_place(work, platform);
    if (platform_place(work, platform, err) < 0)
        return -1;
    return platform_check(work, platform, err);
}

static bool sets(const struct work *work, const char *assignment)
{
    for (size_t i = 0; i < work->platform_count; i++)
        if (strings_has(&work->platforms[i].assignments, assignment))
            return true;
    return false;
}

int work_arrange(struct work *work, struct error *err)
{
    for (size_t i = 0; i < work->platform_count; i++)
        if (arrange_platform(work, &work->platforms[i], err) < 0)
            return error_wrap(err, "%s", image_platform(work->platforms[i].image));
    const char *offline = work->options->layout->offline_variable;
    CLEANUP(text) char *assignment = xasprintf("%s=1", offline != NULL ? offline : "");
    if (sets(work, assignment))
        log_info(work->options->log,
                 "setting %s in the image: models that are not baked into it will not be fetched "
                 "(--online leaves it out)",
                 assignment);
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
