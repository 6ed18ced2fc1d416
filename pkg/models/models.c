#include "models/models.h"

#include "models/models_internal.h"

#include <string.h>

/* In full or abbreviated, as git does: the hub has told which commit it is. */
bool model_is_by_commit(const struct model *model)
{
    const char *ref = plan_ref(&model->plan);
    size_t size = strlen(ref);

    return size >= 7 && strncmp(ref, model->plan.pin, size) == 0;
}

bool model_goes_to(const struct model *model, const struct layout *layout, const char *path)
{
    if (model->layout != layout)
        return false;
    return path == NULL || model->path == NULL ? path == model->path
                                               : strcmp(path, model->path) == 0;
}

/* Two revisions of one model, for one loader. */
static bool is_of_same(const struct model *one, const struct model *other)
{
    return model_goes_to(one, other->layout, other->path) && strcmp(one->name, other->name) == 0;
}

/*
 * Applications ask for "main". So a model that is named by its commit is found as main too, unless
 * the call names main itself, or another commit of the same repo before.
 */
static void decide_mains(struct models *models)
{
    for (size_t i = 0; i < models->count; i++) {
        struct model *model = &models->items[i];
        model->as_main = model_is_by_commit(model);
        for (size_t k = 0; k < models->count; k++) {
            const struct model *other = &models->items[k];
            bool same = k != i && is_of_same(other, model);
            if (same && (strcmp(plan_ref(&other->plan), "main") == 0 ||
                         (k < i && model_is_by_commit(other))))
                model->as_main = false;
        }
    }
}

/* Two revisions may be one commit, whose folder is the same in the trees of both. */
static void decide_main_commits(struct models *models)
{
    for (size_t i = 0; i < models->count; i++) {
        struct model *model = &models->items[i];
        for (size_t k = 0; k < models->count; k++) {
            const struct model *other = &models->items[k];
            bool same = is_of_same(other, model) && strcmp(other->plan.pin, model->plan.pin) == 0;
            if (same && (other->as_main || strcmp(plan_ref(&other->plan), "main") == 0))
                model->is_main = true;
        }
    }
}

/* Whether some revision of the model is found by who names none. */
static bool has_main(const struct models *models, const struct model *model)
{
    for (size_t i = 0; i < models->count; i++) {
        const struct model *other = &models->items[i];
        if (is_of_same(other, model) &&
            (other->as_main || strcmp(plan_ref(&other->plan), "main") == 0))
            return true;
    }
    return false;
}

/* In a cache with revisions the application names one, or means main. */
static void tell_revisions(const struct models *models, struct notes *notes)
{
    for (size_t i = 0; i < models->count; i++) {
        const struct model *model = &models->items[i];
        const char *revision = plan_ref(&model->plan);
        if (model->layout->content != LAYOUT_HUB_CACHE || model->companion_of != NULL ||
            model_is_by_commit(model) || strcmp(revision, "main") == 0)
            continue;
        if (has_main(models, model))
            notes_info(notes, "%s is found as '%s' by applications that name that revision",
                       model->name, revision);
        else
            notes_warn(notes,
                       "%s will be found as '%s' alone: the application has to name that revision",
                       model->name, revision);
    }
}

/* What has no revisions goes by its name alone, and that may be less than what was written. */
static int refuse_twice(const struct model *one, const struct model *other, struct error *err)
{
    if (other->plan.origin.kind == ORIGIN_URL)
        return error_set(err, ERROR_USAGE,
                         "'%s' is named twice; in an image, URLs that differ behind '?' alone are "
                         "one model",
                         other->title);
    if (strcmp(one->title, other->title) == 0)
        return error_set(err, ERROR_USAGE, "'%s' is named twice", other->title);
    return error_set(err, ERROR_USAGE,
                     "'%s' and '%s' would both be called '%s' in the image; rename one of them",
                     one->title, other->title, other->name);
}

static int check_twice(const struct models *models, size_t number, struct error *err)
{
    const struct model *model = &models->items[number];

    for (size_t i = 0; i < number; i++)
        if (is_of_same(&models->items[i], model) &&
            strcmp(plan_ref(&models->items[i].plan), plan_ref(&model->plan)) == 0)
            return refuse_twice(&models->items[i], model, err);
    return 0;
}

/* What stands before the pin. */
static const char *pin_title(const struct plan *plan)
{
    if (plan->origin.kind == ORIGIN_FOLDER)
        return "git tree ";
    return text_is_hex(plan->pin, GIT_OID_HEX) ? "commit " : "";
}

static bool is_automatic(const struct plan_selection *selection)
{
    return selection->include == NULL && selection->exclude == NULL && selection->format == NULL;
}

static void tell_model(const struct model *model, bool automatic, struct notes *notes)
{
    const struct plan *plan = &model->plan;

    notes_fact(notes, "model: %s is %s%s, %zu file%s, %s", model->title, pin_title(plan), plan->pin,
               plan->count, plan->count == 1 ? "" : "s", text_format_size(plan_size(plan)).text);
    if (plan->left_out.count > 0 && (automatic || model->companion_of == NULL)) {
        CLEANUP(text) char *names = plan_format_left_out(plan);
        notes_info(notes, "left out of %s: %s (%s)%s", model->name, names,
                   text_format_size(plan->left_out_size).text,
                   automatic ? "; --all-files takes them" : "");
    }
    if (automatic)
        plan_add_hints(plan, notes);
}

/* Who asks for the right to be run means files that there are. */
static int check_executable(const struct model *model, struct error *err)
{
    for (const char *const *glob = model->executable; glob != NULL && *glob != NULL; glob++) {
        bool is_there = false;
        for (size_t i = 0; i < model->plan.count && !is_there; i++)
            is_there = glob_matches(*glob, model->plan.files[i].path);
        if (!is_there)
            return error_set(err, ERROR_NOT_FOUND,
                             "executable=%s matches none of the files that are taken", *glob);
    }
    return 0;
}

/* What a model's source says of it; `lookup` NULL: nobody has asked. */
static int list_model(const struct run_context *run, struct model_lookup *lookup,
                      struct model *model, struct error *err)
{
    if (lookup != NULL)
        return model_lookup_take(lookup, &model->plan, err);
    if (source_list(model->from, &model->plan, err) < 0)
        return -1;
    return source_find_license(model->from, &model->plan, run->cancel, err);
}

static int read_contents(const struct run_context *run, struct model_lookup *lookup,
                         struct model *model, struct error *err)
{
    if (lookup != NULL)
        return model_lookup_take_contents(lookup, &model->contents, err);
    return source_read_contents(model->from, &model->plan, run->memo, run->cancel, &model->contents,
                                err);
}

int models_add(const struct model_listing *listing, struct models *models, size_t number,
               struct source *source, const struct model_choice *choice, struct error *err)
{
    const struct run_context *run = listing->run;
    struct model *model = &models->items[number];
    struct model_lookup *lookup = model_lookup_find(listing, number);
    struct plan_selection selection = choice->selection;

    model->from = source;
    if (list_model(run, lookup, model, err) < 0)
        return -1;
    model->layout = choice->layout;
    model->path = choice->path;
    model->executable = choice->executable;
    model->name = origin_record(&model->plan.origin);
    model->title = origin_format(&model->plan.origin);
    if (!origin_is_of_hub(model->plan.origin.kind))
        model->source = xstrdup(origin_kind_name(model->plan.origin.kind));
    if (check_twice(models, number, err) < 0 || read_contents(run, lookup, model, err) < 0)
        return -1;
    selection.weights = choice->layout->weights;
    selection.contents = &model->contents;
    if ((!choice->is_chosen && plan_select(&model->plan, &selection, err) < 0) ||
        source_check(source, &model->plan, err) < 0)
        return -1;
    if (check_executable(model, err) < 0)
        return error_wrap(err, "'%s'", model->name);
    tell_model(model, !choice->is_chosen && is_automatic(&selection), listing->notes);
    return 0;
}

static int check_licenses(const struct models_request *request, const struct models *models,
                          struct error *err)
{
    for (size_t i = 0; i < models->count; i++)
        if (license_check(&models->items[i].plan, models->items[i].title, &request->licenses, err) <
            0)
            return -1;
    return 0;
}

int models_list(const struct model_listing *listing, struct models *out,
                struct companion_decisions *companions, struct error *err)
{
    CLEANUP(models) struct models models = MODELS_INIT;
    const struct models_request *request = listing->request;

    models.items = xcalloc(request->count, sizeof(*models.items));
    for (size_t i = 0; i < request->count; i++)
        models.items[i].plan = (struct plan)PLAN_INIT;
    while (models.count < request->count) {
        size_t number = models.count++;
        models.items[number].companion_of = text_copy(request->choices[number].companion_of);
        if (models_add(listing, &models, number, request->sources[number],
                       &request->choices[number], err) < 0)
            return -1;
    }
    if (companions_follow(listing, &models, companions, err) < 0 ||
        check_licenses(request, &models, err) < 0)
        return -1;
    decide_mains(&models);
    decide_main_commits(&models);
    tell_revisions(&models, listing->notes);
    *out = models;
    models = (struct models)MODELS_INIT;
    return 0;
}
