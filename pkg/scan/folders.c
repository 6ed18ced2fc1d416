#include "core/version.h"
#include "layout/layout.h"
#include "plan/origin.h"
#include "scan/loading_internal.h"

#include <string.h>

/*
 * Folders in which a loader looks because the application says so: by an argument of the call
 * (cache_dir="/models"), or by a variable that it sets. What is found there is baked by layouts
 * that take a path.
 */

#define CACHES "cache_folder|cache_dir|download_root"

/* Whether a part of the path is "..". */
static bool leads_up(const char *path)
{
    for (const char *part = path; *part != '\0';) {
        size_t size = strcspn(part, "/");
        if (size == 2 && strncmp(part, "..", 2) == 0)
            return true;
        part += size + (part[size] == '/');
    }
    return false;
}

char *scan_absolute_folder(const struct scan *scan, const char *text, const char **why)
{
    const struct application *application = scan->application;
    const char *dir = application->working_dir != NULL ? application->working_dir : "/";

    *why = NULL;
    if (text[0] == '~')
        *why = "begins with '~', for which loaders do not put the home";
    else if (strchr(text, '$') != NULL || leads_up(text))
        *why = "is no path that is known before it runs";
    else if (text[0] != '/' && application->is_folder && application->working_dir == NULL)
        *why = "is below the working directory, which nothing here tells";
    if (*why != NULL)
        return NULL;
    while (text_starts_with(text, "./"))
        text += 2;
    if (strcmp(text, ".") == 0)
        text = "";
    CLEANUP(text) char *path = text[0] == '/' ? xstrdup(text) : path_join(dir, text);
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        path[--size] = '\0';
    if (strcmp(path, "/") == 0) {
        *why = "is the root of the image";
        return NULL;
    }
    return TAKE(path);
}

static void set_unknown(struct loading *loading, const char *keyword, const char *why)
{
    loading->sure = false;
    scan_add_unresolved(loading->scan->out, "%s: %s of %s() %s: where it looks is not known",
                        loading->place, keyword, loading->title, why);
}

/* The keyword, of several, by which the argument is given. */
static const char *keyword_of(const struct python_call *call, const struct python_value *value)
{
    for (size_t i = 0; i < call->argument_count; i++)
        if (&call->arguments[i].value == value)
            return call->arguments[i].keyword;
    return CACHES;
}

/* Dictionaries are not followed; one that has such a key moves the place. */
static void check_dictionary(struct loading *loading)
{
    const struct python_value *value =
        scan_argument(loading->call, "model_kwargs|cache_kwargs", -1);

    if (value != NULL && value->source != NULL && strstr(value->source, "cache_") != NULL)
        set_unknown(loading, "model_kwargs", "names a folder");
}

/* Of no argument and no variable; later versions have the one of the layout
 * (llama_index/core/utils.py). */
static void find_llama_index(struct loading *loading)
{
    const char *version = scan_version(loading->scan, PACKAGE_PYTHON, "llama-index-core");
    const char *where = NULL;

    if (version == NULL || version_compare(version, "0.12.50") >= 0 ||
        scan_variable(loading->scan, "LLAMA_INDEX_CACHE_DIR", &where) != NULL)
        return;
    loading->folder = xstrdup("/tmp/llama_index");
    loading->folder_title = xasprintf("as llama-index-core %s does", version);
}

void loading_find_folder(struct loading *loading)
{
    bool is_repository = loading->rule->kind == RULE_FILE || loading->rule->kind == RULE_SNAPSHOT;
    const struct python_value *given =
        is_repository ? scan_argument(loading->call, "local_dir", -1) : NULL;
    CLEANUP(scan_value) struct scan_value value = {.how = NULL};
    const char *why = NULL;

    loading->is_plain = given != NULL && given->kind != PYTHON_NONE;
    if (!loading->is_plain)
        given = scan_argument(loading->call, CACHES, -1);
    if (strcmp(loading->rule->loader, "vllm") == 0 &&
        scan_argument(loading->call, "download_dir", -1) != NULL)
        set_unknown(loading, "download_dir", "is for the weights, and the rest is elsewhere");
    if (given == NULL || given->kind == PYTHON_NONE) {
        check_dictionary(loading);
        if (loading->rule->kind == RULE_LLAMA_INDEX)
            find_llama_index(loading);
        return;
    }
    const char *keyword = keyword_of(loading->call, given);
    scan_resolve(loading->scan, loading->source, given, &value);
    if (value.texts.count != 1) {
        set_unknown(loading, keyword,
                    value.unresolved != NULL ? value.unresolved : "is one of several");
        return;
    }
    if (value.texts.items[0][0] == '\0')
        return;
    loading->folder = scan_absolute_folder(loading->scan, value.texts.items[0], &why);
    if (loading->folder == NULL)
        set_unknown(loading, keyword, why);
    else
        loading->folder_title = xasprintf("by %s", keyword);
}

/* What is the same in a folder that is named; NULL: no layout has it there. */
static const char *layout_at_path(const struct layout *layout, bool is_plain)
{
    static const char *const flat[] = {"whisper", "openclip", "sentence-transformers", "dir", NULL};
    const struct layout *hub = layout_find(NULL);

    if (layout->content == LAYOUT_HUB_CACHE && layout->folder_name == hub->folder_name)
        return is_plain ? "dir" : "hub-dir";
    return text_is_among(layout->name, flat) ? "dir" : NULL;
}

/* Its own folder in that, where the layout has one for each model. Caller frees. */
static char *path_in(const struct layout *layout, const char *folder, const char *model)
{
    CLEANUP(text) char *name = xstrndup(model, strcspn(model, "@"));

    return layout->content == LAYOUT_HUB_CACHE
               ? xstrdup(folder)
               : layout_folder(layout, folder, ORIGIN_HUB_MODEL, name);
}

/* `finding` goes to the folder, by a layout that takes a path. False: there is none. */
static bool move(struct scan_finding *finding, const struct layout *layout, const char *folder,
                 bool is_plain)
{
    const char *name = layout_at_path(layout, is_plain);

    if (name == NULL)
        return false;
    free(finding->layout);
    finding->layout = xstrdup(name);
    finding->path = path_in(layout, folder, finding->model);
    return true;
}

/* A preset's files by their own sources: a preset says itself where it goes. */
static void split_preset(struct scan *scan, const struct preset *preset,
                         const struct scan_finding *like)
{
    for (size_t i = 0; i < preset->item_count; i++) {
        const struct preset_item *item = &preset->items[i];
        CLEANUP(scan_finding)
        struct scan_finding finding = {
            .model = xstrdup(item->text),
            .layout = text_copy(like->layout),
            .path = text_copy(like->path),
            .loader = xstrdup(like->loader),
            .version = text_copy(like->version),
            .reason = xasprintf("%s; it is %s", like->reason, preset->name),
            .sure = like->sure,
        };
        strings_add_all(&finding.include, &item->include);
        strings_add_all(&finding.optional, &item->optional);
        strings_add_all(&finding.places, &like->places);
        scan_add_finding(scan->out, &finding);
    }
}

/* Takes over what is in `finding`. */
static void add_moved(struct scan *scan, struct scan_finding *finding, const struct preset *preset,
                      const char *title)
{
    char *reason = xasprintf("%s, and looks in '%s' %s", finding->reason, finding->path, title);

    free(finding->reason);
    finding->reason = reason;
    if (preset != NULL)
        split_preset(scan, preset, finding);
    else
        scan_add_finding(scan->out, finding);
    scan_finding_release(finding);
}

void scan_add_placed(struct scan *scan, const struct loading *loading,
                     const struct scan_source *source, struct scan_finding *finding)
{
    CLEANUP(error) struct error err = ERROR_INIT; /* then it is no preset */
    CLEANUP(scan_move) struct scan_move moved = {NULL, NULL, NULL, NULL};
    const struct preset *preset = NULL;
    const char *folder = loading != NULL ? loading->folder : NULL;
    const char *title = loading != NULL ? loading->folder_title : NULL;

    if (presets_find(scan->presets, finding->model, &preset, &err) < 0)
        preset = NULL;
    const struct layout *layout = layout_find(preset != NULL ? preset->layout : finding->layout);
    if (folder == NULL && layout != NULL) {
        scan_find_move(scan, source, layout, finding->loader, &moved);
        folder = moved.path;
        title = moved.title;
    }
    if (moved.note != NULL)
        scan_add_note(scan->out, "%s", moved.note);
    if (moved.unresolved != NULL) {
        finding->sure = false;
        scan_add_unresolved(scan->out, "%s: %s", finding->places.items[0], moved.unresolved);
    }
    if (folder != NULL && layout != NULL &&
        move(finding, layout, folder, loading != NULL && loading->is_plain)) {
        add_moved(scan, finding, preset, title);
        return;
    }
    if (folder != NULL) {
        finding->sure = false;
        scan_add_unresolved(scan->out,
                            "%s: it looks in '%s' %s, where the layout %s cannot put it: let the "
                            "image set the place (--env)",
                            finding->places.items[0], folder, title,
                            layout != NULL ? layout->name : finding->layout);
    }
    scan_add_finding(scan->out, finding);
}
