#include "core/version.h"
#include "scan/loading_internal.h"

#include <string.h>

char *scan_format_place(const struct scan_source *source, const struct python_call *call)
{
    if (call->cell > 0)
        return xasprintf("%s:cell %u:%u", source->file->path, call->cell, call->line);
    return xasprintf("%s:%u", source->file->path, call->line);
}

/* "AutoModel.from_pretrained" of "transformers.models.auto.AutoModel.from_pretrained". */
static const char *title_of(const struct python_call *call)
{
    const char *last = strrchr(call->name, '.');

    if (last == NULL)
        return call->name;
    const char *start = last;
    while (start > call->name && start[-1] != '.')
        start--;
    return start > call->name && *start >= 'A' && *start <= 'Z' ? start : last + 1;
}

static bool has_unpacked(const struct python_call *call)
{
    for (size_t i = 0; i < call->argument_count; i++)
        if (call->arguments[i].keyword != NULL && call->arguments[i].keyword[0] == '*')
            return true;
    return false;
}

/* pipeline("summarization") */
static void add_task(struct loading *loading)
{
    CLEANUP(text) char *task = loading_text(loading, "task", 0);
    const char *model = task != NULL ? scan_task_model(task) : NULL;
    const char *version = scan_version(loading->scan, PACKAGE_PYTHON, "transformers");

    if (model == NULL) {
        scan_add_unresolved(loading->scan->out,
                            "%s: pipeline() names no model, and the default of "
                            "its task is not known",
                            loading->place);
        return;
    }
    /* Names and commits are those of later versions. */
    loading->sure = loading->sure && version != NULL && version_compare(version, "4.46") >= 0;
    CLEANUP(text) char *how = xasprintf("the task '%s' alone", task);
    loading_add_model(loading, model, how);
}

#define LETTERS_PER_MISTAKE ((size_t)5) /* in what was meant */

/* An argument whose keyword is nearly, and not quite, that of the model; NULL: none. */
static const char *find_misspelled(const struct loading *loading)
{
    const struct python_call *call = loading->call;

    for (const char *word = loading->rule->keywords; *word != '\0';) {
        size_t size = strcspn(word, "|");
        CLEANUP(text) char *keyword = xstrndup(word, size);
        for (size_t i = 0; i < call->argument_count; i++) {
            const char *given = call->arguments[i].keyword;
            if (given == NULL || strcmp(given, keyword) == 0)
                continue;
            if (text_distance(given, keyword) <= size / LETTERS_PER_MISTAKE)
                return given;
        }
        word += size + (word[size] == '|');
    }
    return NULL;
}

/* What the library takes by itself; NULL: nothing. */
static const char *default_model(struct loading *loading)
{
    const struct call_rule *rule = loading->rule;
    bool is_known = true;
    const char *older = scan_older_default(loading->scan, rule, &is_known);
    CLEANUP(text) char *language = loading_text(loading, "language", -1);

    loading->sure = loading->sure && is_known;
    if (strcmp(rule->tail, "BERTopic") == 0 && language != NULL &&
        !text_equal_fold(language, "english") && strcmp(language, "en") != 0)
        return rule->detail; /* for all other languages */
    return older != NULL ? older : rule->fallback;
}

/* The call names no model. */
static void add_default(struct loading *loading)
{
    const char *fallback = default_model(loading);
    const char *misspelled = find_misspelled(loading);

    if (misspelled != NULL) {
        scan_add_unresolved(loading->scan->out,
                            "%s: %s() has '%s=', which is nearly '%.*s=': what it loads is not "
                            "known",
                            loading->place, loading->title, misspelled,
                            (int)strcspn(loading->rule->keywords, "|"), loading->rule->keywords);
        return;
    }

    if (has_unpacked(loading->call)) {
        scan_add_unresolved(loading->scan->out,
                            "%s: what %s() loads is among arguments that are passed on",
                            loading->place, loading->title);
        return;
    }
    if (loading->rule->kind == RULE_PIPELINE)
        add_task(loading);
    else if (fallback != NULL)
        loading_add_text(loading, fallback, "no other, and takes it by default");
}

/* A collection that gets its vectors from elsewhere makes none by itself. */
static bool has_own_vectors(const struct scan_source *source)
{
    for (size_t i = 0; i < source->python.call_count; i++)
        if (scan_argument(&source->python.calls[i], "embeddings|query_embeddings", -1) != NULL)
            return true;
    return false;
}

/* A model of a revision that only a start tells may be another one than its main. */
static void check_revision(struct loading *loading)
{
    const struct python_value *given = scan_argument(loading->call, "revision", -1);
    CLEANUP(scan_value) struct scan_value value = {.how = NULL};

    if (given == NULL || given->kind == PYTHON_NONE)
        return;
    scan_resolve(loading->scan, loading->source, given, &value);
    if (value.texts.count == 1)
        return;
    loading->sure = false;
    scan_add_unresolved(loading->scan->out, "%s: revision of %s() %s", loading->place,
                        loading->title,
                        value.unresolved != NULL ? value.unresolved : "is one of several");
}

static void add_value(struct loading *loading, const struct scan_value *value)
{
    const struct call_rule *rule = loading->rule;

    if (rule->kind == RULE_EASYOCR && value->texts.count > 1) {
        scan_add_unresolved(loading->scan->out,
                            "%s: the models of EasyOCR's other languages have "
                            "no checksum that is known: bake them by dir: with "
                            "--layout easyocr",
                            loading->place);
        return;
    }
    for (size_t i = 0; i < value->texts.count; i++)
        loading_add_text(loading, value->texts.items[i], value->how);
    if (value->unresolved == NULL || rule->takes_objects)
        return;
    const char *keyword = rule->keywords;
    scan_add_unresolved(loading->scan->out, "%s: %.*s of %s() %s", loading->place,
                        (int)strcspn(keyword, "|"), keyword, loading->title, value->unresolved);
}

/* A module shows what it can do where it is run by itself, which its importers do not. */
static bool is_demonstration(const struct scan *scan, const struct scan_source *source,
                             const struct python_call *call)
{
    for (size_t i = 0; call->is_in_main && i < scan->imports.count; i++) {
        const char *module = scan->imports.items[i];
        if (scan_is_module(source->file->path, module, strlen(module)))
            return true;
    }
    return false;
}

static void add_call(struct loading *loading)
{
    const struct call_rule *rule = loading->rule;
    const struct python_value *named = scan_argument(loading->call, rule->keywords, rule->position);
    CLEANUP(scan_value) struct scan_value value = {.how = NULL};

    if (rule->kind == RULE_COLLECTION) {
        loading->sure = loading->sure && !has_own_vectors(loading->source);
        if (named == NULL)
            loading_add_text(loading, rule->fallback, "no embedding function");
        return;
    }
    loading->sure = loading->sure && (named == NULL || !named->is_given);
    check_revision(loading);
    scan_resolve(loading->scan, loading->source, named, &value);
    if (value.is_given)
        add_value(loading, &value);
    else
        add_default(loading);
}

void scan_call(struct scan *scan, const struct scan_source *source, const struct python_call *call,
               const struct call_rule *rule)
{
    struct loading loading = {
        .scan = scan,
        .source = source,
        .call = call,
        .rule = rule,
        .place = scan_format_place(source, call),
        .title = rule->kind == RULE_ELSEWHERE ? call->name : title_of(call),
        .sure = !scan_is_test(source->file->path) && !is_demonstration(scan, source, call),
    };

    loading_find_folder(&loading);
    add_call(&loading);
    free(loading.place);
    free(loading.folder);
    free(loading.folder_title);
}
