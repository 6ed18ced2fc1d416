#include "locking.h"

#include "command.h"
#include "core/file.h"
#include "core/text.h"
#include "lock_json.h"

#include <stdio.h>
#include <string.h>

/* What `inlay lock` opens and makes. */
struct lock_run {
    struct options *line;
    struct injection **calls; /* of the models of all, and one a set */
    size_t call_count;
    const struct injection *lender; /* whose session the others have, too; NULL: none is open */
    char *path;
    struct lock before; /* empty: there was none */
    struct lock after;
    struct error unread;   /* why the base, and so the layers, could not be read; else empty */
    struct notes notes;    /* of all calls: what several have to tell is told once */
    bool drops_companions; /* those that are locked may be more than is wanted now */
};

static void lock_run_release(struct lock_run *run)
{
    for (size_t i = run->call_count; i > 0; i--) /* the lender is before those that it lends to */
        injection_release(run->calls[i - 1]);
    for (size_t i = 0; i < run->call_count; i++)
        free(run->calls[i]);
    free(run->calls);
    notes_release(&run->notes);
    error_release(&run->unread);
    free(run->path);
    lock_release(&run->before);
    lock_release(&run->after);
}
CLEANUP_RELEASE(lock_run)

static int check_options(const struct options *line, struct error *err)
{
    if (options_has(line, "update") && options_has(line, "check"))
        return error_set(err, ERROR_USAGE, "--update writes and --check does not; leave one out");
    if (options_has(line, "diff-ids") && options_has(line, "check"))
        return error_set(err, ERROR_USAGE,
                         "--diff-ids reads models and --check asks nobody; leave one out");
    if (line->name_count > 0 && !options_has(line, "update"))
        return error_set(err, ERROR_USAGE,
                         "'%s': all models of the project are locked; --update moves those that "
                         "are named forward",
                         line->names[0]);
    return 0;
}

/* `set` is NULL for the models of all. */
static int parse_call(struct lock_run *run, const char *set, struct error *err)
{
    static const struct injection empty = INJECTION_INIT;
    struct injection *call = xcalloc(1, sizeof(*call));

    *call = empty;
    call->set = set;
    run->calls = xrealloc(run->calls, run->call_count + 1, sizeof(struct injection *));
    run->calls[run->call_count++] = call;
    if (injection_parse(call, run->line, err) < 0)
        return -1;
    return injection_check_names(call, err);
}

static int parse_calls(struct lock_run *run, struct error *err)
{
    if (parse_call(run, NULL, err) < 0)
        return -1;
    if (options_has(run->line, "diff-ids") && options_text(run->line, "base") == NULL)
        return error_set(err, ERROR_USAGE,
                         "--diff-ids is about layers, which are for a base, and the project has "
                         "none; name it by --base, or as 'base' in '%s'",
                         injection_project_file(run->line));
    const struct project *project = &run->calls[0]->project;
    for (size_t i = 0; i < project->set_count; i++)
        if (parse_call(run, project->sets[i].name, err) < 0)
            return -1;
    return 0;
}

/* "org/name" names all revisions of it, and a preset's name all that it stands for. */
static bool is_called(const struct lock_model *model, const char *name)
{
    size_t size = strlen(name);

    if (model->preset != NULL && strcmp(model->preset, name) == 0)
        return true;
    return text_starts_with(model->model, name) &&
           (model->model[size] == '\0' || model->model[size] == '@' || model->model[size] == ':');
}

static bool is_named(const struct options *line, const struct lock_model *model)
{
    for (size_t i = 0; i < line->name_count; i++)
        if (is_called(model, line->names[i]))
            return true;
    return line->name_count == 0;
}

/* Whether the model is to move forward; a companion does with all of its owners. */
static bool is_updated(void *arg, const struct lock_model *model)
{
    const struct lock_run *run = arg;

    if (model->companion_of.count > 0 && run->drops_companions)
        return true;
    if (!options_has(run->line, "update"))
        return false;
    if (model->companion_of.count == 0)
        return is_named(run->line, model);
    for (size_t i = 0; i < model->companion_of.count; i++) {
        const struct lock_model owner = {.model = model->companion_of.items[i]};
        if (!is_named(run->line, &owner))
            return false;
    }
    return true;
}

static bool has_model(const struct lock_run *run, const char *name)
{
    for (size_t i = 0; i < run->call_count; i++)
        for (size_t k = 0; k < run->calls[i]->model_count; k++) {
            CLEANUP(lock_model) struct lock_model model = {.plan = PLAN_INIT};
            injection_fill_lock_model(run->calls[i], &run->calls[i]->models[k], &model);
            if (is_called(&model, name))
                return true;
        }
    for (size_t i = 0; i < run->before.model_count; i++)
        if (run->before.models[i].companion_of.count == 0 &&
            is_called(&run->before.models[i], name))
            return true;
    return false;
}

/* Who loads it is followed anew to find it, and so has to be named. */
static int check_name(const struct lock_run *run, const char *name, struct error *err)
{
    if (has_model(run, name))
        return 0;
    for (size_t i = 0; i < run->before.model_count; i++)
        if (is_called(&run->before.models[i], name))
            return error_set(err, ERROR_USAGE,
                             "MODEL '%s' is not in the project: '%s' loads it, and takes it along "
                             "with 'inlay lock --update %s'",
                             name, run->before.models[i].companion_of.items[0],
                             run->before.models[i].companion_of.items[0]);
    return error_set(err, ERROR_USAGE, "MODEL '%s' is not in the project", name);
}

static int check_names(const struct lock_run *run, struct error *err)
{
    for (size_t i = 0; i < run->line->name_count; i++)
        if (check_name(run, run->line->names[i], err) < 0)
            return -1;
    return 0;
}

static int read_before(struct lock_run *run, struct error *err)
{
    if (lock_read(run->path, &run->before, err) == 0)
        return 0;
    if (err->kind != ERROR_NOT_FOUND)
        return -1;
    if (options_has(run->line, "check"))
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist; 'inlay lock' writes it",
                         run->path);
    error_release(err);
    return 0;
}

/* By the name that an image's record gives it. */
static bool takes_model(const struct lock_run *run, const char *name)
{
    for (size_t i = 0; i < run->call_count; i++)
        for (size_t k = 0; k < run->calls[i]->model_count; k++) {
            CLEANUP(text) char *other = origin_record(&run->calls[i]->models[k].origin);
            if (strcmp(other, name) == 0)
                return true;
        }
    return false;
}

static bool has_owner(const struct lock *lock, const struct lock_model *companion)
{
    bool has = false;

    for (size_t i = 0; i < lock->model_count && !has; i++)
        has = strings_has(&companion->companion_of, lock->models[i].model);
    return has;
}

static int check_owners(const struct lock_run *run, struct error *err)
{
    const struct lock *lock = &run->before;

    for (size_t i = 0; i < lock->model_count; i++)
        if (lock->models[i].companion_of.count > 0 && !has_owner(lock, &lock->models[i]))
            return error_set(err, ERROR_CORRUPT,
                             "'%s' does not fit: '%s', which loads '%s', is not in it; 'inlay lock "
                             "--update' makes it anew",
                             run->path, lock->models[i].companion_of.items[0],
                             lock->models[i].model);
    return 0;
}

/* A companion that was taken out by hand has left its layers, or those that it loads. */
static int check_whole(const struct lock_run *run, struct error *err)
{
    const struct lock *lock = &run->before;

    for (size_t i = 0; i < lock->image_count; i++)
        for (size_t k = 0; k < lock->images[i].layer_count; k++) {
            const char *name = lock->images[i].layers[k].model;
            if (name != NULL && !takes_model(run, name))
                return error_set(err, ERROR_CORRUPT,
                                 "'%s' does not fit: it has layers of '%s' and not the model; "
                                 "'inlay lock --update' makes it anew",
                                 run->path, name);
        }
    return check_owners(run, err);
}

/* What the lock says of licences has to be what the call allows. */
static int check_licenses(const struct lock_run *run, struct error *err)
{
    const struct license_rules rules = {
        .allowed = (const char *const *)run->line->allowed_licenses.items,
        .denied = (const char *const *)run->line->denied_licenses.items,
    };

    for (size_t i = 0; i < run->before.model_count; i++)
        if (license_check(&run->before.models[i].plan, run->before.models[i].model, &rules, err) <
            0)
            return -1;
    return 0;
}

static int check(struct lock_run *run, struct error *err)
{
    const struct lock_use use = {.lock = &run->before, .path = run->path, .is_strict = true};
    size_t files = 0;

    for (size_t i = 0; i < run->call_count; i++)
        if (injection_pin(run->calls[i], &use, err) < 0)
            return -1;
    if (injection_check_lock(run->calls[0], &run->before, run->path, err) < 0 ||
        check_whole(run, err) < 0 || check_licenses(run, err) < 0)
        return -1;
    if (options_has(run->line, "json")) {
        lock_print_json(run->path, &run->before, &run->before);
        return 0;
    }
    for (size_t i = 0; i < run->before.model_count; i++)
        files += run->before.models[i].plan.count;
    printf("%s fits: %zu model%s, %zu file%s\n", run->path, run->before.model_count,
           run->before.model_count == 1 ? "" : "s", files, files == 1 ? "" : "s");
    return 0;
}

/* Whether a base may be what could not be had. All else stays, whenever it is tried again. */
static bool is_of_base(enum error_kind kind)
{
    return kind != ERROR_CANCELED && kind != ERROR_USAGE && kind != ERROR_UNSUPPORTED;
}

/* What an earlier call of this run has found stays the same, and so does what is not updated. */
static int lock_call(struct lock_run *run, struct injection *call,
                     const struct command_context *context, struct error *err)
{
    const struct lock_use again = {.lock = &run->after, .path = run->path};
    const struct lock_use kept = {
        .lock = &run->before, .path = run->path, .skip = is_updated, .arg = run};
    CLEANUP(listing) struct listing listing = LISTING_INIT;

    if (call->model_count == 0)
        return 0;
    call->follows_locked = injection_companions_differ(call, &run->before);
    call->lent = run->lender != NULL ? &run->lender->session : NULL;
    if (injection_pin(call, &again, err) < 0 || injection_pin(call, &kept, err) < 0 ||
        injection_connect(call, context, err) < 0)
        return -1;
    run->lender = call->lent != NULL ? run->lender : call;
    run->notes.log = call->options.run.log;
    if (listing_run(&call->options.models, &call->options.run, &run->notes, &listing, err) < 0)
        return injection_explain_pin(call, run->path, err);
    locking_add(&run->after, call, &listing);
    if (run->unread.kind != ERROR_NONE ||
        locking_add_layers(&run->after, &run->before, call, &listing, &run->unread) == 0)
        return 0;
    bool is_needed = !is_of_base(run->unread.kind) || options_has(run->line, "diff-ids");
    return is_needed ? error_move(err, &run->unread) : 0;
}

static bool has_layers(const struct lock *lock, const char *set)
{
    for (size_t i = 0; i < lock->image_count; i++) {
        const char *other = lock->images[i].set;
        if (set == NULL ? other == NULL : other != NULL && strcmp(other, set) == 0)
            return true;
    }
    return false;
}

/* Whether the layers that there were are those of the models, the sets and the base of now. */
static bool fits_layers(const struct lock_run *run)
{
    const char *base = options_text(run->line, "base");
    CLEANUP(text) char *name = project_relate(&run->calls[0]->project, base);

    for (size_t i = 0; i < run->call_count; i++)
        if (run->calls[i]->model_count > 0 && !has_layers(&run->before, run->calls[i]->set))
            return false;
    return strcmp(name, run->before.base) == 0 && lock_has_same_models(&run->before, &run->after);
}

/* Without the base, what the lock has of it stays, and is not lost. */
static int keep_layers(struct lock_run *run, struct error *err)
{
    const struct log *log = run->notes.log; /* the first call may be without models */

    if (run->before.base == NULL) {
        lock_release_layers(&run->after);
        log_warn(log, "without the base the layers are not written down: %s", run->unread.text);
        return 0;
    }
    if (!fits_layers(run)) {
        error_move(err, &run->unread);
        return error_wrap(err, "'%s' stays as it is", run->path);
    }
    lock_move_layers(&run->before, &run->after);
    log_warn(log, "the layers stay as '%s' has them: %s", run->path, run->unread.text);
    return 0;
}

/* Of the same models on the same base, layers are the same, unless somebody wrote in the lock. */
static int check_layers(const struct lock_run *run, struct error *err)
{
    bool moves_all = options_has(run->line, "update") && run->line->name_count == 0;
    const struct lock_image *image = NULL;
    const struct lock_layer *odd = NULL;

    if (!moves_all && lock_has_same_models(&run->before, &run->after))
        odd = lock_find_odd_layer(&run->before, &run->after, &image);
    if (odd == NULL)
        return 0;
    return error_set(err, ERROR_CORRUPT,
                     "'%s' does not fit itself: on %s%s%s%s the layers of '%s' are others than its "
                     "files make, as if it had been edited, or made by another inlay; take it back "
                     "as it was, or let 'inlay lock --update [MODEL]' read models anew",
                     run->path, image->platform, image->set != NULL ? " with the set '" : "",
                     image->set != NULL ? image->set : "", image->set != NULL ? "'" : "",
                     odd->model);
}

static void print_changes(const struct lock_run *run)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    if (options_has(run->line, "json"))
        lock_print_json(run->path, &run->before, &run->after);
    else if (lock_format_changes(&run->before, &run->after, &text) == 0)
        printf("%s: no model has changed\n", run->path);
    else
        fputs(buf_text(&text), stdout);
}

static int make(struct lock_run *run, const struct command_context *context, struct error *err)
{
    const struct injection *call = run->calls[0];

    if (check_names(run, err) < 0)
        return -1;
    run->after.companions = text_copy(injection_companions_name(call));
    run->drops_companions =
        injection_companions_differ(call, &run->before) && call->line->companions != COMPANIONS_ALL;
    project_options_copy(&call->project.place, &run->after.place);
    for (size_t i = 1; i < run->call_count; i++)
        notes_release(&run->calls[i]->notes); /* the first one tells them */
    for (size_t i = 0; i < run->call_count; i++)
        if (lock_call(run, run->calls[i], context, err) < 0)
            return -1;
    if (run->after.model_count == 0)
        return error_set(err, ERROR_USAGE, "'%s' names no model",
                         injection_project_file(run->line));
    locking_tidy(&run->after);
    if (run->unread.kind != ERROR_NONE && keep_layers(run, err) < 0)
        return -1;
    if (check_layers(run, err) < 0)
        return -1;
    if (run->before.base != NULL && run->after.base == NULL)
        log_info(run->notes.log,
                 "the project has no base: the layers for '%s' are not written down any more",
                 run->before.base);
    if (lock_write(run->path, &run->after, err) < 0)
        return -1;
    render_finish(run->lender->session.render);
    print_changes(run);
    return 0;
}

static int run_lock(const struct command_context *context, struct options *options,
                    struct error *err)
{
    CLEANUP(lock_run) struct lock_run run = {.line = options};

    if (check_options(options, err) < 0 || parse_calls(&run, err) < 0)
        return -1;
    run.path = injection_lock_path(run.calls[0]);
    bool only_checks = options_has(options, "check");
    if ((!only_checks && file_refuse_irregular(run.path, err) < 0) || read_before(&run, err) < 0)
        return -1;
    return only_checks ? check(&run, err) : make(&run, context, err);
}

static const struct argument_help arguments[] = {
    {"MODEL", NULL,
     "with --update: as the project names it, or without its revision; all, if left out"},
    {NULL, NULL, NULL},
};

const struct command lock_command = {
    .id = COMMAND_LOCK,
    .goes_by = COMMAND_INJECT,
    .name = "lock",
    .summary = "write down the very files of a project's models",
    .usage = "[OPTION…]",
    .more = "--update [MODEL…] [OPTION…]\n--check [OPTION…]",
    .about = "Writes inlay.lock.json beside inlay.json: of each model the commit and every file "
             "with its digest. 'inlay inject --locked' then takes exactly these. What is locked "
             "already stays, unless --update says so.",
    .names = {"[MODEL…]"},
    .arguments = arguments,
    .examples = {"--project service/inlay.json", "--update intfloat/multilingual-e5-large",
                 "--check"},
    .environment = ENVIRONMENT_HUB "; " ENVIRONMENT_MODELSCOPE "; " ENVIRONMENT_NETWORK,
    .result = "Prints what has changed, a line a model and a file.",
    .run = run_lock,
};
