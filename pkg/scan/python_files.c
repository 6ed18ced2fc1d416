#include "scan/scan_internal.h"

#include <string.h>

static int read_file(const struct application_file *file, struct python_file *out,
                     struct error *err)
{
    if (text_ends_with(file->path, ".ipynb"))
        return python_read_notebook(file->text, file->size, out, err);
    return python_read(file->text, file->size, out, err);
}

/* An application's own, and not a package's that is there for its tables alone. */
static bool is_own(const char *path)
{
    return strstr(path, "site-packages/") == NULL && strstr(path, "dist-packages/") == NULL;
}

static bool is_python(const char *path)
{
    return text_ends_with(path, ".py") || text_ends_with(path, ".ipynb");
}

/* MODEL.from_pretrained("org/name") of a class that no rule knows. */
static bool is_pretrained(const struct python_call *call)
{
    return text_ends_with(call->name, ".from_pretrained") && call->argument_count > 0 &&
           call->arguments[0].value.kind == PYTHON_TEXT &&
           call->arguments[0].value.variable == NULL &&
           scan_looks_like_model(call->arguments[0].value.text);
}

/* chromadb's, of a client that came from elsewhere. */
static bool is_collection(const struct python_call *call)
{
    return call->method_of == NULL && (text_ends_with(call->name, ".create_collection") ||
                                       text_ends_with(call->name, ".get_or_create_collection"));
}

static bool imports(const struct python_file *file, const char *package)
{
    size_t size = strlen(package);

    for (size_t i = 0; i < file->import_count; i++) {
        const char *module = file->imports[i].module;
        if (strncmp(module, package, size) == 0 && (module[size] == '\0' || module[size] == '.'))
            return true;
    }
    return false;
}

static bool has_interesting_calls(const struct python_file *file)
{
    for (size_t i = 0; i < file->call_count; i++) {
        const struct python_call *call = &file->calls[i];
        if (scan_find_rule(call) != NULL || is_pretrained(call) || is_collection(call) ||
            scan_asks_anyway(call))
            return true;
    }
    return false;
}

/* What tests set counts for nobody else. */
static void add_setting(struct scan *scan, const char *path, const struct python_file *file,
                        const struct python_assignment *assignment)
{
    CLEANUP(scan_value) struct scan_value value = {.how = NULL};
    struct scan_setting setting = {
        .line = assignment->line, .cell = assignment->cell, .yields = assignment->yields};

    if (scan_is_test(path) || assignment->value.kind == PYTHON_NONE)
        return;
    scan_resolve(scan, NULL, &assignment->value, &value);
    setting.name = xstrdup(assignment->variable);
    setting.file = xstrdup(path);
    if (value.texts.count == 1)
        setting.value = xstrdup(value.texts.items[0]);
    else
        setting.why =
            value.unresolved != NULL ? xstrdup(value.unresolved) : xstrdup("is one of several");
    scan_list_imports(file, &setting.imports);
    scan_add_setting(scan, &setting);
}

static void add_environment(struct scan *scan, const char *path, const struct python_file *file)
{
    for (size_t i = 0; i < file->environment.count; i++) {
        const struct python_assignment *assignment = &file->environment.items[i];
        if (assignment->value.kind == PYTHON_TEXT && assignment->value.variable == NULL)
            strings_addf(&scan->variables, "%s=%s", assignment->variable, assignment->value.text);
        add_setting(scan, path, file, assignment);
    }
    for (size_t i = 0; i < file->call_count; i++)
        if (scan_loads_dotenv(&file->calls[i]))
            scan_dotenv_call(scan, path, file, &file->calls[i]);
}

/* What a notebook has the shell do. */
static void add_commands(struct scan *scan, const struct application_file *file,
                         const struct python_file *read)
{
    for (size_t i = 0; i < read->command_count; i++) {
        const struct python_command *command = &read->commands[i];
        CLEANUP(text)
        char *place = xasprintf("%s:cell %u:%u", file->path, command->cell, command->line);
        scan_command_line(scan, file->path, place, command->text, !scan_is_test(file->path));
    }
}

/* Keeps constants of all files, and calls of those that rules may speak of. */
static void add_source(struct scan *scan, const struct application_file *file)
{
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(python_file) struct python_file read = PYTHON_FILE_INIT;
    struct scan_source source = {.file = file, .python = PYTHON_FILE_INIT};

    if (read_file(file, &read, &err) < 0) {
        scan_add_skipped(scan->out, "%s is not read: %s", file->path, err.text);
        return;
    }
    for (size_t i = 0; i < read.skipped.count; i++)
        scan_add_skipped(scan->out, "%s: %s; the cell is not read", file->path,
                         read.skipped.items[i]);
    add_environment(scan, file->path, &read);
    add_commands(scan, file, &read);
    scan_list_imports(&read, &scan->imports);
    if (has_interesting_calls(&read)) {
        source.python = read;
        read = (struct python_file)PYTHON_FILE_INIT;
    } else {
        source.python.constants = read.constants;
        read.constants = (struct python_assignments){NULL, 0};
    }
    if (source.python.call_count + source.python.constants.count == 0)
        return;
    scan->sources = xrealloc(scan->sources, scan->source_count + 1, sizeof(source));
    scan->sources[scan->source_count++] = source;
}

/* Guesses of what no rule knows. */
static void guess_call(struct scan *scan, const struct scan_source *source,
                       const struct python_call *call)
{
    static const struct call_rule collection = {
        "",       "",  "embedding_function", -1, "all-MiniLM-L6-v2", "chromadb", RULE_COLLECTION,
        "chroma", true};
    CLEANUP(scan_finding) struct scan_finding finding = SCAN_FINDING_INIT;
    size_t before = scan->out->count;

    if (is_collection(call) && imports(&source->python, "chromadb")) {
        scan_call(scan, source, call, &collection);
        if (scan->out->count > before)
            scan->out->items[before].sure = false;
        return;
    }
    if (!is_pretrained(call) ||
        scan_is_local(scan, source->file->path, call->arguments[0].value.text))
        return;
    finding.model = xstrdup(call->arguments[0].value.text);
    finding.loader = xstrndup(call->name, strcspn(call->name, "."));
    finding.reason = xasprintf("%s() is called with it, of a class that is not known", call->name);
    strings_addf(&finding.places, "%s:%u", source->file->path, call->line);
    scan_add_finding(scan->out, &finding);
}

void scan_python(struct scan *scan)
{
    const struct application *application = scan->application;

    for (size_t i = 0; i < application->file_count && !cancel_is_requested(scan->cancel); i++)
        if (is_python(application->files[i].path) && is_own(application->files[i].path))
            add_source(scan, &application->files[i]);
    for (size_t i = 0; i < scan->source_count && !cancel_is_requested(scan->cancel); i++) {
        const struct scan_source *source = &scan->sources[i];
        for (size_t k = 0; k < source->python.call_count; k++) {
            const struct python_call *call = &source->python.calls[k];
            const struct call_rule *rule = scan_find_rule(call);
            scan_offline_call(scan, source, call);
            if (rule != NULL)
                scan_call(scan, source, call, rule);
            else
                guess_call(scan, source, call);
        }
    }
}
