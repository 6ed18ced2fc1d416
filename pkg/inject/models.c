#include "inject/inject_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OFFLINE "HF_HUB_OFFLINE"

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

static int decide_home(const struct work *work, struct platform *platform, struct home *out,
                       struct error *err)
{
    static const char *const none[] = {NULL};
    const struct inject_options *options = work->options;
    struct home home = {.environment = (const char *const *)platform->environment.items};

    if (home.environment == NULL)
        home.environment = none;
    struct rootfs_user_request request = {
        .user = options->user != NULL ? options->user : image_user(platform->image),
        .home = options->home != NULL ? options->home : home_variable(&home, "HOME"),
    };
    if (rootfs_find_user(platform->rootfs, &request, &platform->user, err) < 0)
        return -1;
    home.path = platform->user.home;
    home.uid = platform->user.uid;
    home.gid = platform->user.gid;
    *out = home;
    return 0;
}

/* Platforms mostly agree: what was said of one need not be said of the next. */
static void say_once(struct work *work, bool warning, const char *format, ...) PRINTF_FORMAT(3, 4);

static void say_once(struct work *work, bool warning, const char *format, ...)
{
    CLEANUP(text) char *line = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&line, format, arguments) < 0)
        line = NULL;
    va_end(arguments);
    if (line == NULL || strings_has(&work->said, line))
        return;
    strings_add(&work->said, line);
    if (warning)
        log_warn(work->options->log, "%s", line);
    else
        log_info(work->options->log, "%s", line);
}

static void warn_of_places(struct work *work, const struct platform *platform,
                           const struct home *home)
{
    const char *place = platform->trees[0].place;
    CLEANUP(strings) struct strings elsewhere = STRINGS_INIT;
    const char *volume = image_volume_above(platform->image, place);

    say_once(work, false, "place: %s", place);
    work->options->layout->elsewhere(home, &elsewhere);
    for (size_t i = 0; i < elsewhere.count; i++)
        say_once(work, true,
                 "the image sets %s=%s: applications that obey it look there and not in %s, where "
                 "the model goes",
                 elsewhere.items[i], home_variable(home, elsewhere.items[i]), place);
    if (volume != NULL)
        say_once(work, true,
                 "%s lies in the image's volume '%s': each container will copy the model into a "
                 "volume of its own",
                 place, volume);
}

static const char *content_of(const struct model *model, const struct tree_entry *entry,
                              struct digest_text *digest)
{
    if (entry->type != TREE_FILE)
        return entry->text != NULL ? entry->text : "";
    *digest = digest_format(&model->plan.files[entry->file].digest);
    return digest->text;
}

/* Two models of one call may meet in a folder, as two revisions do; not with different files. */
static int check_clash(const struct model *one, const struct tree *a, const struct model *other,
                       const struct tree *b, struct error *err)
{
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        const struct tree_entry *left = &a->entries[i];
        const struct tree_entry *right = &b->entries[k];
        struct digest_text digests[2];
        int order = strcmp(left->path, right->path);
        i += order <= 0;
        k += order >= 0;
        if (order != 0 ||
            (left->type == right->type && strcmp(content_of(one, left, &digests[0]),
                                                 content_of(other, right, &digests[1])) == 0))
            continue;
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s@%s' and '%s@%s' would both write '/%s', with different content; name "
                         "one of them, or use another layout",
                         one->name, one->plan.revision, other->name, other->plan.revision,
                         left->path);
    }
    return 0;
}

static int check_clashes(const struct work *work, const struct platform *platform,
                         struct error *err)
{
    for (size_t i = 0; i < work->model_count; i++)
        for (size_t k = i + 1; k < work->model_count; k++)
            if (check_clash(&work->models[i], &platform->trees[i], &work->models[k],
                            &platform->trees[k], err) < 0)
                return -1;
    return 0;
}

static int arrange_platform(struct work *work, struct platform *platform, struct error *err)
{
    struct home home;

    decide_environment(work, platform);
    if (decide_home(work, platform, &home, err) < 0)
        return -1;
    say_once(work, false, "user: %u:%u (%s), home %s (%s)", home.uid, home.gid,
             platform->user.user_from, home.path, platform->user.home_from);
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
    }
    warn_of_places(work, platform, &home);
    if (platform_place(work, platform, err) < 0)
        return -1;
    return check_clashes(work, platform, err);
}

static bool sets_offline(const struct work *work)
{
    for (size_t i = 0; i < work->platform_count; i++)
        if (strings_has(&work->platforms[i].assignments, OFFLINE "=1"))
            return true;
    return false;
}

int work_arrange(struct work *work, struct error *err)
{
    for (size_t i = 0; i < work->platform_count; i++)
        if (arrange_platform(work, &work->platforms[i], err) < 0)
            return error_wrap(err, "%s", image_platform(work->platforms[i].image));
    if (sets_offline(work))
        log_info(work->options->log,
                 "setting " OFFLINE
                 "=1 in the image: models that are not baked into it will not be "
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
