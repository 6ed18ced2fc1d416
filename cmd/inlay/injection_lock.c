#include "injection.h"

#include "core/text.h"

#include <string.h>
#include <unistd.h>

static void add_texts(struct project_options *to, const char *name, const struct strings *values)
{
    for (size_t i = 0; i < values->count; i++)
        project_options_add(to, name, values->items[i]);
}

static void add_text(struct project_options *to, const char *name, const char *value)
{
    if (value != NULL)
        project_options_add(to, name, value);
}

/* In the order of the schema. A preset says itself which files it takes. */
static void fill_options(const struct injection_model *model, struct project_options *out)
{
    const struct origin *origin = &model->origin;

    add_text(out, "layout", model->layout->name);
    if (model->preset == NULL) {
        add_text(out, "weights", model->weights);
        add_texts(out, "include", &model->include);
        add_texts(out, "exclude", &model->exclude);
        add_texts(out, "also", &model->also);
        add_text(out, "as", origin->as);
        add_text(out, "name", origin->file_name);
    }
    add_text(out, "path", model->path);
    add_texts(out, "executable", &model->executable);
    if (model->preset == NULL && origin->unpacks)
        project_options_add(out, "unpack", NULL);
}

void injection_fill_lock_model(const struct injection *injection,
                               const struct injection_model *model, struct lock_model *out)
{
    CLEANUP(text) char *name = origin_format(&model->origin);

    out->model = project_relate(&injection->project, name);
    out->member = text_copy(model->origin.member);
    if (model->preset != NULL)
        out->preset = xstrdup(model->preset->name);
    if (model->companion_of != NULL)
        strings_add(&out->companion_of, model->companion_of);
    fill_options(model, &out->options);
}

const char *injection_companions_name(const struct injection *injection)
{
    switch (injection->line->companions) {
    case COMPANIONS_ALL:
        return "all";
    case COMPANIONS_NONE:
        return "none";
    case COMPANIONS_SMALL:
        return NULL;
    }
    abort();
}

bool injection_companions_differ(const struct injection *injection, const struct lock *lock)
{
    const char *wanted = injection_companions_name(injection);

    return (wanted == NULL) != (lock->companions == NULL) ||
           (wanted != NULL && strcmp(wanted, lock->companions) != 0);
}

static const char *companions_option(const char *name)
{
    if (name == NULL)
        return "neither --companions nor --no-companions";
    return strcmp(name, "all") == 0 ? "--companions" : "--no-companions";
}

/* "layout=dir,path=/m,unpack"; caller frees. */
static char *format_options(const struct project_options *options)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    for (size_t i = 0; i < options->count; i++) {
        const struct project_option *option = &options->items[i];
        buf_addf(&out, "%s%s%s%s", i > 0 ? "," : "", option->name, option->value != NULL ? "=" : "",
                 option->value != NULL ? option->value : "");
    }
    return buf_take(&out);
}

#define RENEW "'inlay lock' renews it"

/* The lock knows what the project names, and nothing of the rest of the command line. */
static const char *way_out(const struct injection *injection, const struct injection_model *model)
{
    const struct options *line = injection->line;

    if (model < injection->models + injection->named_count)
        return "the command line names it, which no lock knows of: leave it out, or name it in the "
               "project";
    if (injection_chooses_files(line) || options_has(line, "layout"))
        return "the command line says that, which no lock knows of: leave it out, or say it in the "
               "project";
    if (options_has(line, "presets"))
        return "'inlay lock' with the same --presets renews it";
    return RENEW;
}

/* ", but 'org/name@main' is", or nothing. Caller frees. */
static char *other_revision(const struct lock *lock, const char *name)
{
    size_t size = strcspn(name, "@");

    for (size_t i = 0; name[size] == '@' && i < lock->model_count; i++) {
        const char *other = lock->models[i].model;
        if (strncmp(other, name, size + 1) == 0 && strcmp(other, name) != 0)
            return xasprintf(", but '%s' is", other);
    }
    return xstrdup("");
}

static int refuse_model(const struct injection *injection, const struct injection_model *model,
                        const struct lock_use *use, const struct lock_model *locked,
                        struct error *err)
{
    const char *out = way_out(injection, model);
    CLEANUP(lock_model) struct lock_model wanted = {.plan = PLAN_INIT};

    injection_fill_lock_model(injection, model, &wanted);
    if (locked == NULL) {
        CLEANUP(text) char *other = other_revision(use->lock, wanted.model);
        return error_set(err, ERROR_CORRUPT,
                         "'%s' does not fit: '%s' is not in it, or for another loader%s; %s",
                         use->path, wanted.model, other, out);
    }
    CLEANUP(text) char *is = format_options(&locked->options);
    CLEANUP(text) char *should = format_options(&wanted.options);
    return error_set(
        err, ERROR_CORRUPT, "'%s' does not fit: '%s' is locked with %s and wanted with %s%s; %s",
        use->path, wanted.model, is, should, model->all_files ? ",all-files" : "", out);
}

static void pin(struct injection_model *model, const struct lock *by,
                const struct lock_model *locked)
{
    model->by = by;
    model->locked = xcalloc(1, sizeof(*model->locked));
    *model->locked = (struct lock_model){.plan = PLAN_INIT};
    lock_model_copy(locked, model->locked);
}

static bool is_skipped(const struct lock_use *use, const struct lock_model *model)
{
    return use->skip != NULL && use->skip(use->arg, model);
}

static int pin_model(const struct injection *injection, struct injection_model *model,
                     const struct lock_use *use, struct error *err)
{
    CLEANUP(lock_model) struct lock_model wanted = {.plan = PLAN_INIT};

    if (model->locked != NULL)
        return 0;
    injection_fill_lock_model(injection, model, &wanted);
    const struct lock_model *locked = lock_find_model(use->lock, &wanted);
    if (locked != NULL && is_skipped(use, locked))
        return 0;
    if (locked != NULL && !model->all_files &&
        project_options_equal(&locked->options, &wanted.options))
        pin(model, use->lock, locked);
    else if (use->is_strict)
        return refuse_model(injection, model, use, locked, err);
    return 0;
}

/* Whether a companion goes to the place of this model. */
static bool is_beside(const struct lock_model *companion, const struct injection_model *model)
{
    const char *layout = project_options_find(&companion->options, "layout");
    const char *path = project_options_find(&companion->options, "path");

    if (layout == NULL || strcmp(layout, model->layout->name) != 0)
        return false;
    return path == NULL || model->path == NULL ? path == model->path
                                               : strcmp(path, model->path) == 0;
}

/* The model, pinned by the same lock, that loads it; NULL: none of the call does. */
static const char *find_owner(const struct injection *injection, const struct lock *lock,
                              const struct lock_model *companion)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        const struct injection_model *model = &injection->models[i];
        if (model->by == lock && is_beside(companion, model) &&
            strings_has(&companion->companion_of, model->locked->model))
            return model->locked->model;
    }
    return NULL;
}

/* Whether the call has it already, maybe because it is named. */
static bool has_model(const struct injection *injection, const struct lock_model *companion)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        const struct injection_model *model = &injection->models[i];
        CLEANUP(text) char *name = origin_format(&model->origin);
        if (strcmp(name, companion->model) == 0 && is_beside(companion, model))
            return true;
    }
    return false;
}

static int add_companion(struct injection *injection, const struct lock *lock,
                         const struct lock_model *companion, const char *owner, struct error *err)
{
    CLEANUP(injection_model)
    struct injection_model model = {
        .origin = ORIGIN_INIT,
        .layout = layout_find(project_options_find(&companion->options, "layout")),
        .path = text_copy(project_options_find(&companion->options, "path")),
        .companion_of = xstrdup(owner),
    };

    if (origin_parse(companion->model, &model.origin, err) < 0)
        return -1;
    pin(&model, lock, companion);
    injection_add_model(injection, &model);
    return 0;
}

/* One that is added may load more. */
static int add_companions(struct injection *injection, const struct lock_use *use,
                          struct error *err)
{
    const struct lock *lock = use->lock;
    bool adds = true;

    while (adds) {
        adds = false;
        for (size_t i = 0; i < lock->model_count; i++) {
            const struct lock_model *companion = &lock->models[i];
            const char *owner = companion->companion_of.count > 0 && !is_skipped(use, companion)
                                    ? find_owner(injection, lock, companion)
                                    : NULL;
            if (owner == NULL || has_model(injection, companion))
                continue;
            if (add_companion(injection, lock, companion, owner, err) < 0)
                return error_wrap(err, "'%s'", use->path);
            adds = true;
        }
    }
    return 0;
}

int injection_pin(struct injection *injection, const struct lock_use *use, struct error *err)
{
    for (size_t i = 0; i < injection->model_count; i++)
        if (pin_model(injection, &injection->models[i], use, err) < 0)
            return -1;
    return add_companions(injection, use, err);
}

/* Adds what the project names with this set, by the names that a lock gives it. */
static int add_names(const struct injection *injection, const char *set, struct strings *out,
                     struct error *err)
{
    struct injection one = INJECTION_INIT; /* borrows from the other */

    one.line = injection->line;
    one.project = injection->project;
    one.presets = injection->presets;
    one.set = set;
    int result = injection_add_project(&one, err);
    for (size_t i = 0; i < one.model_count; i++) {
        CLEANUP(text) char *name = origin_format(&one.models[i].origin);
        CLEANUP(text) char *related = project_relate(&injection->project, name);
        strings_add(out, related);
        injection_model_release(&one.models[i]);
    }
    free(one.models);
    return result;
}

static int find_names(const struct injection *injection, struct strings *out, struct error *err)
{
    const struct project *project = &injection->project;

    for (size_t i = 0; i < injection->model_count; i++) {
        CLEANUP(text) char *name = origin_format(&injection->models[i].origin);
        CLEANUP(text) char *related = project_relate(project, name);
        strings_add(out, related);
    }
    if (project->set_count == 0)
        return 0;
    for (size_t i = 0; i < project->set_count; i++)
        if (add_names(injection, project->sets[i].name, out, err) < 0)
            return -1;
    return 0;
}

int injection_check_lock(const struct injection *injection, const struct lock *lock,
                         const char *path, struct error *err)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;

    if (!project_options_equal(&lock->place, &injection->project.place))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' does not fit: 'place' of the project is another by now; " RENEW,
                         path);
    if (injection_companions_differ(injection, lock))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' does not fit: it was made with %s, and this call is with %s; say "
                         "the same, or " RENEW,
                         path, companions_option(lock->companions),
                         companions_option(injection_companions_name(injection)));
    if (find_names(injection, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < lock->model_count; i++)
        if (lock->models[i].companion_of.count == 0 && !strings_has(&names, lock->models[i].model))
            return error_set(err, ERROR_CORRUPT,
                             "'%s' does not fit: the project does not name '%s', which is in "
                             "it; " RENEW,
                             path, lock->models[i].model);
    return 0;
}

char *injection_lock_path(const struct injection *injection)
{
    const char *named = options_text(injection->line, "lock");

    return named != NULL ? xstrdup(named) : lock_path(injection_project_file(injection->line));
}

static int read_lock(const char *path, struct lock *out, struct error *err)
{
    if (lock_read(path, out, err) == 0)
        return 0;
    if (err->kind == ERROR_NOT_FOUND)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist; 'inlay lock' writes it", path);
    return -1;
}

/* Whoever has one may think that it counts. */
static void tell_unused(struct injection *injection)
{
    const char *project = injection_project_file(injection->line);
    CLEANUP(text) char *path = project != NULL ? lock_path(project) : NULL;

    if (path != NULL && access(path, F_OK) == 0)
        notes_info(&injection->notes, "'%s' is not used: --locked takes what it has", path);
}

int injection_use_lock(struct injection *injection, struct error *err)
{
    const struct options *line = injection->line;
    const struct lock_use use = {.lock = &injection->lock, .is_strict = true};

    if (line->command->id == COMMAND_LOCK)
        return 0;
    if (!options_has(line, "locked") && !options_has(line, "lock")) {
        tell_unused(injection);
        return 0;
    }
    if (options_has(line, "scan"))
        return error_set(err, ERROR_USAGE,
                         "--locked takes what the lock has, and --scan what the base asks for; "
                         "leave one out");
    CLEANUP(text) char *path = injection_lock_path(injection);
    struct lock_use named = use;
    named.path = path;
    if (read_lock(path, &injection->lock, err) < 0 || injection_pin(injection, &named, err) < 0)
        return -1;
    return injection_check_lock(injection, &injection->lock, path, err);
}

/* Sources do not know who has pinned them. */
int injection_explain_pin(const struct injection *injection, const char *path, struct error *err)
{
    CLEANUP(text) char *words = text_copy(err->text);

    for (size_t i = 0; err->kind == ERROR_NOT_FOUND && i < injection->model_count; i++) {
        const struct lock_model *locked = injection->models[i].locked;
        if (locked == NULL || strstr(words, locked->plan.pin) == NULL ||
            strstr(locked->model, locked->plan.pin) != NULL)
            continue;
        const char *name =
            locked->companion_of.count > 0 ? locked->companion_of.items[0] : locked->model;
        return error_set(err, ERROR_NOT_FOUND,
                         "%s; '%s' has it locked, and 'inlay lock --update %s' takes what is there "
                         "now",
                         words, path, name);
    }
    return -1;
}

int injection_explain(const struct injection *injection, struct error *err)
{
    if (injection->lock.model_count == 0)
        return -1;
    CLEANUP(text) char *path = injection_lock_path(injection);

    return injection_explain_pin(injection, path, err);
}

/* Whether the layers of the lock are those that this call should make. */
static bool knows_layers(const struct injection *injection)
{
    const struct options *line = injection->line;

    return injection->lock.base != NULL && !injection->places_itself &&
           !injection_names_models(line) && options_count(line, "set") <= 1 &&
           line->inject.compression.kind == COMPRESSION_NONE;
}

void injection_expect_layers(struct injection *injection)
{
    const struct lock *lock = &injection->lock;
    const char *set = options_text(injection->line, "set");
    struct expected_layers *expected = &injection->expected;
    size_t count = 0;

    if (!knows_layers(injection))
        return;
    for (size_t i = 0; i < lock->image_count; i++)
        count += lock->images[i].layer_count;
    injection->expected_layers = xcalloc(count, sizeof(*injection->expected_layers));
    for (size_t i = 0; i < lock->image_count; i++) {
        const struct lock_image *image = &lock->images[i];
        if ((set == NULL) != (image->set == NULL) || (set != NULL && strcmp(set, image->set) != 0))
            continue;
        for (size_t k = 0; k < image->layer_count; k++)
            injection->expected_layers[expected->count++] = (struct expected_layer){
                .platform = image->platform,
                .model = image->layers[k].model,
                .recipe = image->layers[k].recipe,
                .diff_id = image->layers[k].diff_id,
            };
    }
    CLEANUP(text) char *path = injection_lock_path(injection);
    injection->expected_by = xasprintf("'%s'", path);
    expected->by = injection->expected_by;
    expected->advice = "take the lock back as it was, or let 'inlay lock --update' make it anew";
    expected->base = lock->base_digest;
    expected->layers = injection->expected_layers;
    if (expected->count > 0)
        injection->options.expected = expected;
}
