#include "injection.h"

#include "core/nearest.h"
#include "core/text.h"
#include "mistakes.h"
#include "table.h"

#include <string.h>
#include <unistd.h>

bool injection_base_is_option(const struct options *line)
{
    return (line->command->id & (COMMAND_LAYER | COMMAND_LOCK | COMMAND_INIT)) != 0;
}

bool injection_names_models(const struct options *line)
{
    return line->command->id != COMMAND_LOCK &&
           line->name_count > (injection_base_is_option(line) ? 0 : 1);
}

const char *injection_project_file(const struct options *line)
{
    const char *named = options_text(line, "project");

    if (named != NULL)
        return named;
    if (options_has(line, "set") || options_has(line, "locked") || options_has(line, "lock") ||
        (line->command->id & (COMMAND_LOCK | COMMAND_INIT)) != 0)
        return PROJECT_FILE;
    if (injection_names_models(line) || options_has(line, "scan"))
        return NULL;
    return access(PROJECT_FILE, F_OK) == 0 ? PROJECT_FILE : NULL;
}

static void resolve(const struct project *project, char **text)
{
    char *resolved = *text != NULL ? project_resolve(project, *text) : NULL;

    free(*text);
    *text = resolved;
}

/* Whether the command line sets the variable of "NAME=VALUE". */
static bool sets_variable(const struct options *line, const char *assignment)
{
    const char *const *given = options_list(line, "env");
    size_t size = strcspn(assignment, "=") + 1;

    for (; given != NULL && *given != NULL; given++)
        if (strncmp(*given, assignment, size) == 0)
            return true;
    return false;
}

/* Options of the place that the command line leaves open. */
static int add_place(const struct project *project, struct options *line, struct error *err)
{
    for (size_t i = 0; i < project->place.count; i++) {
        const struct project_option *option = &project->place.items[i];
        bool is_variable = strcmp(option->name, "env") == 0;
        if (is_variable ? sets_variable(line, option->value) : options_has(line, option->name))
            continue;
        if (options_add(line, option->name, option->value, err) < 0)
            return error_wrap(err, "place");
    }
    return 0;
}

static bool says_place(const struct options *line)
{
    static const char *const names[] = {"user",           "home",      "shared", "owner",
                                        "group-writable", "cache-dir", "env"};
    bool says = false;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        says = says || options_has(line, names[i]);
    return says;
}

static int add_options(const struct project *project, struct options *line, struct error *err)
{
    if (project->target != NULL && !injection_base_is_option(line) && !options_has(line, "to") &&
        options_add(line, "to", project->target, err) < 0)
        return error_wrap(err, "target");
    if (project->base != NULL && injection_base_is_option(line) && !options_has(line, "base") &&
        options_add(line, "base", project->base, err) < 0)
        return error_wrap(err, "base");
    if (project->companions != NULL && !options_has(line, "companions") &&
        !options_has(line, "no-companions") &&
        options_add(line, project->companions, NULL, err) < 0)
        return -1;
    return add_place(project, line, err);
}

/* How many of the arguments that the command wants are there by the project. */
static size_t count_known(const struct project *project, const struct options *line)
{
    bool has_models =
        project->models.count > 0 || options_has(line, "set") || options_has(line, "scan");

    if (injection_base_is_option(line))
        return has_models ? 1 : 0;
    if (line->name_count == 0 && project->base == NULL)
        return 0;
    return has_models ? 2 : 1;
}

static int read_project(const char *file, struct project *out, struct error *err)
{
    if (project_read(file, out, err) == 0)
        return 0;
    if (err->kind != ERROR_NOT_FOUND)
        return -1;
    return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist; 'inlay init' writes one", file);
}

/* Somebody may have meant a MODEL by the one name that the call has. */
static void tell_file(struct injection *injection, const struct options *line, const char *file)
{
    if (!injection_base_is_option(line) && line->name_count == 1)
        notes_info(&injection->notes, "project: '%s'; '%s' is taken as BASE", file, line->names[0]);
    else
        notes_info(&injection->notes, "project: '%s'", file);
}

/* ":1.4" or "@sha256:HEX" behind the last '/', which no model has. */
static bool has_tag(const char *word)
{
    const char *last = strrchr(word, '/');

    return strstr(word, "://") == NULL &&
           (strchr(last, ':') != NULL || strstr(last, "@sha256:") != NULL);
}

/* The one word of the call is BASE, whatever the project has; a model is meant, mostly. */
static int refuse_model_as_base(const struct project *project, const struct options *line,
                                const char *file, struct error *err)
{
    const char *word = line->name_count == 1 ? line->names[0] : "";
    bool is_named = options_has(line, "project") || options_has(line, "set") ||
                    options_has(line, "locked") || options_has(line, "lock");

    if (injection_base_is_option(line) || project->base == NULL || strchr("./~", word[0]) != NULL ||
        strchr(word, '/') == NULL || mistakes_is_image(word) || has_tag(word))
        return 0;
    return error_set(err, ERROR_USAGE,
                     "'%s' is the first word, which is BASE, and looks like a model; write the "
                     "base before it, as in 'inlay %s %s %s%s%s'; docker://NAME is an image",
                     word, line->command->name, project->base, word, is_named ? "" : " --project ",
                     is_named ? "" : file);
}

int injection_read_project(struct injection *injection, struct options *line, struct error *err)
{
    struct project *project = &injection->project;
    const char *file = injection_project_file(line);

    if (file == NULL && line->name_count == 0 && !injection_base_is_option(line))
        return error_set(err, ERROR_USAGE,
                         "no BASE is named, and there is no %s here; see 'inlay %s --help'",
                         PROJECT_FILE, line->command->name);
    if (file == NULL)
        return options_check(line, count_known(project, line), err);
    if (read_project(file, project, err) < 0)
        return -1;
    resolve(project, &project->base);
    resolve(project, &project->target);
    if (refuse_model_as_base(project, line, file, err) < 0)
        return -1;
    if (!options_has(line, "project"))
        tell_file(injection, line, file);
    injection->places_itself = says_place(line);
    if (add_options(project, line, err) < 0)
        return error_wrap(err, "'%s'", file);
    return options_check(line, count_known(project, line), err);
}

/* Which files are taken is said by the command line or by the project, not by both. */
bool injection_chooses_files(const struct options *line)
{
    return line->all_files || options_has(line, "include") || options_has(line, "exclude") ||
           options_has(line, "weights") || options_has(line, "also");
}

/* Whether the command line says it in place of the project. */
static bool is_overridden(const struct options *line, const char *name)
{
    static const char *const files[] = {"include", "exclude", "weights", "also", NULL};

    if (strcmp(name, "executable") == 0) /* no option of the command line says it */
        return false;
    return text_is_among(name, files) ? injection_chooses_files(line) : options_has(line, name);
}

static int add_model(struct injection *injection, const struct project_model *from,
                     struct error *err)
{
    CLEANUP(injection_model) struct injection_model model = INJECTION_MODEL_INIT;
    CLEANUP(text) char *text = project_resolve(&injection->project, from->model);
    CLEANUP(text) char *name = NULL;

    if (model_options_parse(text, &model, &name, err) < 0)
        return -1;
    for (size_t i = 0; i < from->options.count; i++) {
        const struct project_option *option = &from->options.items[i];
        if (!is_overridden(injection->line, option->name) &&
            model_options_set(&model, option->name, option->value, err) < 0)
            return model_options_wrap(err, name, option->name);
    }
    return injection_add_name(injection, name, &model, err);
}

static int add_models(struct injection *injection, const struct project_models *models,
                      struct error *err)
{
    for (size_t i = 0; i < models->count; i++)
        if (add_model(injection, &models->items[i], err) < 0)
            return error_wrap(err, "'%s'", injection_project_file(injection->line));
    return 0;
}

static int refuse_set(const struct project *project, const char *name, struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;
    struct nearest nearest = nearest_begin(name);

    for (size_t i = 0; i < project->set_count; i++) {
        buf_addf(&names, "%s%s", i > 0 ? ", " : "", project->sets[i].name);
        nearest_consider(&nearest, project->sets[i].name);
    }
    CLEANUP(text) char *near = nearest_format(&nearest);
    return error_set(err, ERROR_USAGE, "--set '%s': the project has no such set%s; it has %s", name,
                     near, names.size > 0 ? buf_text(&names) : "none");
}

/* Sets that the call does not name: whoever means one of them sees that it is not there. */
static void tell_sets_left(struct injection *injection)
{
    const char *const *taken = options_list(injection->line, "set");
    CLEANUP(strings) struct strings left = STRINGS_INIT;

    for (size_t i = 0; i < injection->project.set_count; i++)
        if (taken == NULL || !text_is_among(injection->project.sets[i].name, taken))
            strings_add(&left, injection->project.sets[i].name);
    if (left.count == 0 || injection->set != NULL || injection->line->command->id == COMMAND_LOCK)
        return;
    CLEANUP(text) char *names = table_join(&left);
    notes_info(&injection->notes, "sets not taken: %s", names);
}

int injection_add_project(struct injection *injection, struct error *err)
{
    const struct project *project = &injection->project;
    const char *const only[] = {injection->set, NULL};
    const char *const *name = injection->set != NULL ? only : options_list(injection->line, "set");

    if (add_models(injection, &project->models, err) < 0)
        return -1;
    for (; name != NULL && *name != NULL; name++) {
        const struct project_set *set = project_find_set(project, *name);
        if (set == NULL)
            return refuse_set(project, *name, err);
        if (add_models(injection, &set->models, err) < 0)
            return -1;
    }
    tell_sets_left(injection);
    return 0;
}
