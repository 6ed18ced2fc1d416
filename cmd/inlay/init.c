#include "command.h"
#include "core/file.h"
#include "core/text.h"
#include "injection.h"
#include "json.h"
#include "preset_list.h"
#include "scanned.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_PREFIX "dir:"

/* What `inlay init` opens, and what it makes. */
struct init_run {
    const struct options *line;
    struct session session;
    struct reference image; /* of --scan; REFERENCE_NONE: there is none, or it is a folder */
    struct store *store;
    struct notes notes;
    struct presets presets;
    struct scan_findings findings;
    struct project project;
    const char *path;
    bool is_open; /* the session is */
};

static void init_run_release(struct init_run *run)
{
    project_release(&run->project);
    scan_findings_release(&run->findings);
    presets_release(&run->presets);
    notes_release(&run->notes);
    store_free(run->store);
    reference_release(&run->image);
    if (run->is_open)
        session_release(&run->session);
}
CLEANUP_RELEASE(init_run)

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

/* How far both begin with the same folders: the size of "/a/b" of "/a/b/c" and "/a/b/d". */
static size_t common_folders(const char *one, const char *other)
{
    size_t size = 0;

    for (size_t i = 0; one[i] == other[i] || one[i] == '\0' || other[i] == '\0'; i++) {
        if ((one[i] == '/' || one[i] == '\0') && (other[i] == '/' || other[i] == '\0'))
            size = i;
        if (one[i] == '\0' || other[i] == '\0')
            break;
    }
    return size;
}

/* "../base" for "/a/base" seen from "/a/app"; what has no folder in common stays. Caller frees. */
static char *relate(const char *folder, const char *path)
{
    size_t common = common_folders(folder, path);
    CLEANUP(buf) struct buf out = BUF_INIT;

    if (common == 0)
        return xstrdup(path);
    for (const char *rest = folder + common; rest != NULL && *rest != '\0';
         rest = strchr(rest + 1, '/'))
        buf_add_text(&out, "../");
    const char *rest = path + common;
    buf_add_text(&out, rest + strspn(rest, "/"));
    return out.size > 0 ? buf_take(&out) : xstrdup(".");
}

/*
 * What a path of this machine is called in a project file elsewhere. The folders are those without
 * links, from which ".." leads where it seems to. Caller frees.
 */
static char *from_project(const struct project *project, const char *text)
{
    CLEANUP(text) char *back = project_relate(project, text);
    CLEANUP(text) char *again = project_resolve(project, back);
    CLEANUP(text) char *here = getcwd(NULL, 0);
    CLEANUP(text) char *folder = realpath(project->folder, NULL);
    const char *path = strchr(text, ':');

    if (strcmp(again, text) == 0 || here == NULL || path == NULL)
        return TAKE(back);
    path++;
    CLEANUP(text)
    char *whole = xasprintf("%s/%s", here, path + (text_starts_with(path, "./") ? 2 : 0));
    CLEANUP(text) char *seen = folder != NULL ? relate(folder, whole) : xstrdup(whole);
    return xasprintf("%.*s%s", (int)(path - text), text, seen);
}

static void warn_of_query(const struct init_run *run, const char *name)
{
    CLEANUP(text) char *shown = model_text_display(name);

    if (text_starts_with(name, "http") && strchr(name, '?') != NULL)
        log_warn(run->session.stores.log,
                 "what is behind '?' in '%s' is written to '%s', and may be a secret", shown,
                 run->path);
}

/* Of the command line: MODEL[,KEY=VALUE…]. */
static int add_named(struct init_run *run, const char *text, struct error *err)
{
    CLEANUP(injection_model) struct injection_model model = INJECTION_MODEL_INIT;
    CLEANUP(text) char *name = NULL;

    if (model_options_parse(text, &model, &name, err) < 0)
        return -1;
    warn_of_query(run, name);
    CLEANUP(text) char *shown = from_project(&run->project, name);
    if (!text_is_utf8(shown) || !text_is_one_line(shown))
        return error_set(err, ERROR_USAGE,
                         "MODEL '%s' is not one line of UTF-8, and so cannot be in a project",
                         shown);
    struct project_options *options = &project_models_add(&run->project.models, shown)->options;
    add_text(options, "layout", model.layout != NULL ? model.layout->name : NULL);
    add_text(options, "weights", model.weights);
    add_texts(options, "include", &model.include);
    add_texts(options, "exclude", &model.exclude);
    add_texts(options, "also", &model.also);
    add_text(options, "as", model.as);
    add_text(options, "name", model.name);
    add_text(options, "path", model.path);
    add_texts(options, "executable", &model.executable);
    return 0;
}

static bool is_same(const char *one, const char *other)
{
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static bool has_model(const struct project *project, const char *model, const char *layout,
                      const char *path)
{
    for (size_t i = 0; i < project->models.count; i++) {
        const struct project_model *there = &project->models.items[i];
        if (strcmp(there->model, model) == 0 &&
            is_same(project_options_find(&there->options, "layout"), layout) &&
            is_same(project_options_find(&there->options, "path"), path))
            return true;
    }
    return false;
}

/* Files that a loader may go without cannot be named: then the automatic choice is taken. */
static void add_finding(struct init_run *run, const struct scan_finding *finding)
{
    const struct log *log = run->session.stores.log;
    bool is_preset = finding->path == NULL && strchr(finding->model, ':') != NULL;
    const char *layout = is_preset ? NULL : finding->layout;

    if (!finding->sure || has_model(&run->project, finding->model, layout, finding->path))
        return;
    log_info(log, "scan: %s (%s)", finding->model, finding->places.items[0]);
    struct project_options *options =
        &project_models_add(&run->project.models, finding->model)->options;
    if (is_preset)
        return;
    add_text(options, "layout", layout);
    if (finding->optional.count == 0 && finding->include.count > 0)
        add_texts(options, "include", &finding->include);
    else
        add_text(options, "weights", finding->weights);
    add_text(options, "path", finding->path);
}

static int scan(struct init_run *run, const char *what, struct error *err)
{
    if (text_starts_with(what, FOLDER_PREFIX))
        return scanned_read_folder(what + strlen(FOLDER_PREFIX), &run->presets,
                                   &run->session.stores, &run->findings, err);
    const struct scanned_image image = {
        .line = run->line,
        .stores = &run->session.stores,
        .store = run->store,
        .sandbox = run->session.sandbox,
        .image = &run->image,
        .presets = &run->presets,
    };
    return scanned_read(&image, &run->findings, err);
}

static int open_all(struct init_run *run, const struct command_context *context, struct error *err)
{
    if (session_open(&run->session, context, run->line, err) < 0)
        return -1;
    run->is_open = true;
    for (size_t i = 0; i < run->notes.count; i++)
        log_info(run->session.stores.log, "%s", run->notes.items[i].text);
    if (run->image.kind == REFERENCE_NONE)
        return 0;
    return store_open(&run->image, &run->session.stores, &run->store, err);
}

/* What the options alone decide. */
static int parse(struct init_run *run, struct error *err)
{
    const struct options *line = run->line;
    const char *scanned = options_text(line, "scan");
    const char *slash = strrchr(run->path, '/');
    bool is_image = scanned != NULL && !text_starts_with(scanned, FOLDER_PREFIX);

    if (line->name_count == 0 && scanned == NULL)
        return error_set(err, ERROR_USAGE,
                         "no MODEL is named; --scan IMAGE or --scan dir:PATH finds them; see "
                         "'inlay init --help'");
    if (access(run->path, F_OK) == 0 && !options_has(line, "force"))
        return error_set(err, ERROR_USAGE, "'%s' is there already; --force replaces it", run->path);
    if (file_check_named(run->path, err) < 0)
        return -1;
    if (is_image && session_parse_image(line, "--scan", scanned, &run->image, err) < 0)
        return -1;
    if (preset_list_read(line, &run->notes, &run->presets, err) < 0)
        return -1;
    run->project.folder =
        slash != NULL ? xstrndup(run->path, slash == run->path ? 1 : (size_t)(slash - run->path))
                      : xstrdup(".");
    const char *base = options_text(line, "base");
    if (base != NULL || is_image)
        run->project.base = from_project(&run->project, base != NULL ? base : scanned);
    if (options_has(line, "to"))
        run->project.target = from_project(&run->project, options_text(line, "to"));
    return 0;
}

static int check_images(const struct init_run *run, struct error *err)
{
    CLEANUP(reference) struct reference base = REFERENCE_INIT;
    CLEANUP(reference) struct reference target = REFERENCE_INIT;
    const char *texts[] = {options_text(run->line, "base"), options_text(run->line, "to")};

    if (texts[0] != NULL && session_parse_image(run->line, "--base", texts[0], &base, err) < 0)
        return -1;
    return texts[1] != NULL ? session_parse_target("--to", texts[1], &target, err) : 0;
}

/* Whoever names the folder of an application means what that asks for. */
static int refuse_name(struct error *err)
{
    CLEANUP(text) char *why = xstrdup(err->text);

    return error_set(err, err->kind,
                     "%s; for the models that an application in a folder asks for, say --scan "
                     "dir:PATH",
                     why);
}

/* What `inlay inject` would refuse is not written. */
static int check_models(const struct init_run *run, struct error *err)
{
    struct injection call = INJECTION_INIT; /* borrows from `run` */

    call.line = run->line;
    call.project = run->project;
    call.presets = run->presets;
    int result = injection_add_project(&call, err);
    if (result == 0 && injection_check_names(&call, err) < 0)
        result = refuse_name(err);
    for (size_t i = 0; i < call.model_count; i++)
        injection_model_release(&call.models[i]);
    free(call.models);
    return result;
}

static int find_models(struct init_run *run, struct error *err)
{
    const char *scanned = options_text(run->line, "scan");

    for (size_t i = 0; i < run->line->name_count; i++)
        if (add_named(run, run->line->names[i], err) < 0)
            return -1;
    if (scanned != NULL && scan(run, scanned, err) < 0)
        return -1;
    for (size_t i = 0; i < run->findings.count; i++)
        add_finding(run, &run->findings.items[i]);
    if (run->project.models.count > 0)
        return check_models(run, err);
    return error_set(err, ERROR_NOT_FOUND,
                     "--scan found no model in '%s' that is sure; name what is needed as MODEL",
                     scanned);
}

static void print_json(const struct init_run *run)
{
    json_t *models = json_array();
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < run->project.models.count; i++)
        json_array_append_new(models, text_to_json(run->project.models.items[i].model));
    json_auto_t *document = json_pack("{s:i, s:o, s:o}", "version", 1, "project",
                                      text_to_json(run->path), "models", models);
    json_to_buf(document, &text);
    printf("%s\n", buf_text(&text));
}

static int run_init(const struct command_context *context, struct options *options,
                    struct error *err)
{
    CLEANUP(init_run)
    struct init_run run = {
        .line = options, .image = REFERENCE_INIT, .findings = SCAN_FINDINGS_INIT};
    const char *named = options_text(options, "project");
    CLEANUP(buf) struct buf text = BUF_INIT;

    run.path = named != NULL ? named : PROJECT_FILE;
    if (check_images(&run, err) < 0 || parse(&run, err) < 0 || open_all(&run, context, err) < 0 ||
        find_models(&run, err) < 0)
        return -1;
    project_format(&run.project, &text);
    if (file_replace_named(run.path, text.data, text.size, err) < 0)
        return -1;
    if (options_has(options, "json"))
        print_json(&run);
    else
        printf("%s: %zu model%s; 'inlay lock' writes down what they are now, 'inlay inject' bakes "
               "them\n",
               run.path, run.project.models.count, run.project.models.count == 1 ? "" : "s");
    return 0;
}

static const struct argument_help arguments[] = {
    ARGUMENT_HELP_MODEL,
    {NULL, NULL, NULL},
};

const struct command init_command = {
    .id = COMMAND_INIT,
    .name = "init",
    .summary = "write a project file: the models of an application",
    .usage = "MODEL… [OPTION…]",
    .more = "[MODEL…] --scan IMAGE|dir:PATH [OPTION…]",
    .about =
        "Writes inlay.json, by which 'inlay inject', 'plan', 'layer' and 'lock' go: models as they "
        "are named, and those that an application asks for.",
    .names = {"[MODEL…]"},
    .arguments = arguments,
    .examples = {"intfloat/multilingual-e5-large whisper:base --base python:3.12",
                 "--scan dir:. --base python:3.12",
                 "--scan registry.example.com/rag:1.4 \\\n"
                 "      --to registry.example.com/rag:1.4-models"},
    .environment = ENVIRONMENT_NETWORK,
    .result = "What --scan finds and is not sure is said, and not written.",
    .run = run_init,
};
