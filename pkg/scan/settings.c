#include "layout/layout.h"
#include "scan/loading_internal.h"

#include <string.h>

/*
 * Variables that the application sets itself, and that move the place in which a loader looks:
 * os.environ["HF_HOME"] = "/models". What inlay puts by the image's environment is not seen there.
 */

void scan_settings_release(struct scan_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        free(settings->items[i].name);
        free(settings->items[i].value);
        free(settings->items[i].why);
        free(settings->items[i].file);
        strings_release(&settings->items[i].imports);
    }
    free(settings->items);
    *settings = (struct scan_settings){NULL, 0};
}

void scan_add_setting(struct scan *scan, struct scan_setting *setting)
{
    struct scan_settings *settings = &scan->settings;

    settings->items = xrealloc(settings->items, settings->count + 1, sizeof(*settings->items));
    settings->items[settings->count++] = *setting;
    *setting = (struct scan_setting){.name = NULL};
}

void scan_list_imports(const struct python_file *file, struct strings *out)
{
    for (size_t i = 0; i < file->import_count; i++) {
        const struct python_import *import = &file->imports[i];
        const char *module = import->module + strspn(import->module, ".");
        const char *dot = *module != '\0' && import->name != NULL ? "." : "";
        if (*module != '\0')
            strings_add(out, module);
        if (import->name != NULL)
            strings_addf(out, "%s%s%s", module, dot, import->name);
    }
}

static bool imports_file(const struct strings *imports, const char *path)
{
    for (size_t i = 0; i < imports->count; i++)
        if (scan_is_module(path, imports->items[i], strlen(imports->items[i])))
            return true;
    return false;
}

/* Whether a setting is there when a call of this file is made. */
enum reach { REACHES, MAY_REACH, REACHES_NOT };

/* `imports` is what the source imports, listed once for all settings. */
static enum reach find_reach(const struct scan *scan, const struct scan_setting *setting,
                             const struct scan_source *source, struct strings *imports)
{
    if (source == NULL || setting->file == NULL)
        return setting->file == NULL ? REACHES : REACHES_NOT;
    if (strcmp(setting->file, source->file->path) == 0)
        return REACHES;
    if (imports->count == 0)
        scan_list_imports(&source->python, imports);
    if (imports_file(imports, setting->file) || imports_file(&setting->imports, source->file->path))
        return REACHES;
    return imports_file(&scan->imports, setting->file) ? MAY_REACH : REACHES_NOT;
}

/* The import that has read the variable before the line which sets it; NULL: there is none. */
static const struct python_import *find_earlier_import(const struct scan_setting *setting,
                                                       const struct scan_source *source)
{
    /* These import huggingface_hub at once, which reads its variables then. */
    static const char *const eager[] = {
        "huggingface_hub",       "transformers",   "diffusers", "peft",
        "sentence_transformers", "faster_whisper", NULL};

    if (source == NULL || setting->file == NULL || strcmp(setting->file, source->file->path) != 0 ||
        (!text_starts_with(setting->name, "HF_") && strcmp(setting->name, "XDG_CACHE_HOME") != 0 &&
         strcmp(setting->name, "HUGGINGFACE_HUB_CACHE") != 0))
        return NULL;
    for (size_t i = 0; i < source->python.import_count; i++) {
        const struct python_import *import = &source->python.imports[i];
        CLEANUP(text) char *package = xstrndup(import->module, strcspn(import->module, "."));
        bool is_before = import->cell < setting->cell ||
                         (import->cell == setting->cell && import->line < setting->line);
        if (is_before && text_is_among(package, eager))
            return import;
    }
    return NULL;
}

/* The last that sets the variable for a call of this file; *reach says how far that is known. */
static const struct scan_setting *find_setting(const struct scan *scan, const char *name,
                                               const struct scan_source *source, enum reach *reach)
{
    const struct scan_setting *found = NULL;
    const struct scan_setting *before = NULL; /* the last one that was looked at */
    CLEANUP(strings) struct strings imports = STRINGS_INIT;
    enum reach one = REACHES_NOT;

    *reach = REACHES_NOT;
    for (size_t i = 0; i < scan->settings.count && !cancel_is_requested(scan->cancel); i++) {
        const struct scan_setting *setting = &scan->settings.items[i];
        if (strcmp(setting->name, name) != 0)
            continue;
        if (before == NULL || setting->file == NULL || before->file == NULL ||
            strcmp(setting->file, before->file) != 0)
            one = find_reach(scan, setting, source, &imports);
        before = setting;
        if (one == REACHES_NOT || (one == MAY_REACH && *reach == REACHES))
            continue;
        found = setting;
        *reach = one;
    }
    return found;
}

static const char *image_value(const struct scan *scan, const char *name)
{
    const struct strings *environment = &scan->application->environment;
    size_t size = strlen(name);

    for (size_t i = environment->count; i > 0; i--)
        if (strncmp(environment->items[i - 1], name, size) == 0 &&
            environment->items[i - 1][size] == '=')
            return environment->items[i - 1] + size + 1;
    return NULL;
}

/* "/a.py:2 sets HF_HOME to '/x'", or why that is not known; caller frees. */
static char *format_setting(const struct scan_setting *setting)
{
    CLEANUP(text)
    char *what = setting->value != NULL ? xasprintf(" to '%s'", setting->value)
                                        : xasprintf(", whose value %s", setting->why);

    if (setting->file == NULL)
        return xasprintf("a script sets %s%s", setting->name, what);
    if (setting->cell > 0)
        return xasprintf("%s:cell %u:%u sets %s%s", setting->file, setting->cell, setting->line,
                         setting->name, what);
    return xasprintf("%s:%u sets %s%s", setting->file, setting->line, setting->name, what);
}

/* One variable that decides, if it is set. False: it is not, and the next one is asked. */
static bool decide(const struct scan *scan, const struct scan_source *source,
                   const struct place_rule *rule, struct scan_move *out)
{
    enum reach reach = REACHES_NOT;
    const char *there = image_value(scan, rule->variable);
    const struct scan_setting *setting = find_setting(scan, rule->variable, source, &reach);

    if (there != NULL && *there == '\0' && rule->empty_is_unset)
        there = NULL;
    if (setting == NULL || (setting->yields && there != NULL) ||
        (there != NULL && setting->value != NULL && strcmp(there, setting->value) == 0))
        return there != NULL;
    CLEANUP(text) char *told = format_setting(setting);
    const struct python_import *earlier = find_earlier_import(setting, source);
    if (earlier != NULL) {
        out->note = xasprintf("%s, behind the import of %s, which has read it in line %u: the "
                              "loader looks where it did before",
                              told, earlier->module, earlier->line);
        return there != NULL;
    }
    out->title = xasprintf("by %s, which %s sets", rule->variable,
                           setting->file != NULL ? setting->file : "a script");
    if (reach == MAY_REACH || setting->value == NULL) {
        out->unresolved = xasprintf("%s%s: where its loader looks is not known", told,
                                    reach == MAY_REACH ? ", maybe before" : "");
        return true;
    }
    CLEANUP(text) char *folder = NULL;
    bool is_home = rule->expands_home && text_starts_with(setting->value, "~/");
    const char *why = NULL;
    if (is_home)
        folder = xstrdup(setting->value);
    else
        folder = scan_absolute_folder(scan, setting->value, &why);
    if (folder == NULL)
        out->unresolved = xasprintf("%s, which %s: where its loader looks is not known", told, why);
    else
        out->path = xasprintf("%s%s", folder, rule->below);
    return true;
}

void scan_move_release(struct scan_move *move)
{
    free(move->path);
    free(move->unresolved);
    free(move->note);
    free(move->title);
    *move = (struct scan_move){NULL, NULL, NULL, NULL};
}

/* Some loaders ask a variable of their own first. */
static const struct place_rule *own_rule(const struct scan *scan, const char *loader)
{
    static const struct place_rule sentence = {"SENTENCE_TRANSFORMERS_HOME", "", false, false,
                                               false};
    static const struct place_rule old = {"TRANSFORMERS_CACHE", "", false, false, false};
    const char *version = scan_version(scan, PACKAGE_PYTHON, "transformers");

    if (strcmp(loader, "sentence-transformers") == 0)
        return &sentence;
    if (strcmp(loader, "transformers") == 0 && (version == NULL || strtoul(version, NULL, 10) < 5))
        return &old;
    return NULL;
}

void scan_find_move(const struct scan *scan, const struct scan_source *source,
                    const struct layout *layout, const char *loader, struct scan_move *out)
{
    const struct place_rule *own = layout == layout_find(NULL) ? own_rule(scan, loader) : NULL;

    if (scan->settings.count == 0 || (own != NULL && decide(scan, source, own, out)))
        return;
    for (const struct place_rule *rule = layout->places; rule != NULL && rule->variable != NULL;
         rule++)
        if (decide(scan, source, rule, out))
            return;
}
