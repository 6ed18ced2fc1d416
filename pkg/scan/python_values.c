#include "scan/scan_internal.h"

#include <string.h>

/* Names of other modules that lead to names of other modules, and lists in lists. */
#define DEPTH_LIMIT 4

void scan_value_release(struct scan_value *value)
{
    strings_release(&value->texts);
    free(value->how);
    free(value->unresolved);
    *value = (struct scan_value){.how = NULL};
}

static bool has_word(const char *words, const char *text)
{
    while (*words != '\0') {
        size_t length = strcspn(words, "|");
        if (strlen(text) == length && strncmp(words, text, length) == 0)
            return true;
        words += length + (words[length] == '|');
    }
    return false;
}

const struct python_value *scan_argument(const struct python_call *call, const char *keywords,
                                         int position)
{
    int at = 0;

    for (size_t i = 0; i < call->argument_count; i++) {
        const struct python_argument *argument = &call->arguments[i];
        if (argument->keyword != NULL && has_word(keywords, argument->keyword))
            return &argument->value;
    }
    for (size_t i = 0; i < call->argument_count && call->arguments[i].keyword == NULL; i++)
        if (at++ == position)
            return &call->arguments[i].value;
    return NULL;
}

/* "/srv/app/config.py" is the module "config", "app.config", …: `module` in its whole parts. */
bool scan_is_module(const char *path, const char *module, size_t size)
{
    size_t end = strlen(path);

    end -= text_ends_with(path, "/__init__.py") ? strlen("/__init__.py")
           : text_ends_with(path, ".py")        ? strlen(".py")
                                                : end;
    if (end < size)
        return false;
    for (size_t i = 0; i < size; i++) {
        char letter = path[end - size + i];
        if ((letter == '/' ? '.' : letter) != module[i])
            return false;
    }
    return end == size || path[end - size - 1] == '/';
}

static const struct python_value *find_constant(const struct scan_source *source, const char *name)
{
    const struct python_assignments *constants = &source->python.constants;

    for (size_t i = 0; i < constants->count; i++)
        if (strcmp(constants->items[i].variable, name) == 0)
            return &constants->items[i].value;
    return NULL;
}

/* The constant of the module that the first `size` bytes name. */
static const struct python_value *find_in_module(const struct scan *scan, const char *dotted,
                                                 size_t size, const struct scan_source **source)
{
    for (size_t i = 0; i < scan->source_count; i++) {
        const struct scan_source *other = &scan->sources[i];
        const struct python_value *value = scan_is_module(other->file->path, dotted, size)
                                               ? find_constant(other, dotted + size + 1)
                                               : NULL;
        if (value == NULL)
            continue;
        *source = other;
        return value;
    }
    return NULL;
}

/* "app.config.settings.model", or ".config.MODEL" of the file's own package. */
static const struct python_value *find_name(const struct scan *scan, const char *name,
                                            const struct scan_source **source)
{
    const char *dotted = name + strspn(name, ".");
    const struct python_value *value = NULL;

    for (size_t size = strlen(dotted); size > 0 && value == NULL; size--)
        if (dotted[size] == '.')
            value = find_in_module(scan, dotted, size, source);
    return value;
}

static void set_text(char **place, char *text)
{
    free(*place);
    *place = text;
}

static void resolve_variable(const struct scan *scan, const struct python_value *value,
                             struct scan_value *out)
{
    const char *where = NULL;
    const char *text = scan_variable(scan, value->variable, &where);

    if (text == NULL && value->text == NULL) {
        set_text(&out->unresolved,
                 xasprintf("comes from the variable %s, which %s", value->variable,
                           scan->application->is_folder ? "nothing here sets"
                                                        : "the image does not set"));
        return;
    }
    strings_add(&out->texts, text != NULL ? text : value->text);
    set_text(&out->how, text != NULL
                            ? xasprintf("the variable %s, which %s", value->variable, where)
                            : xasprintf("the default of the variable %s", value->variable));
}

/* A text in which the default of a variable is; where that is set it is another. */
static bool resolve_text(const struct scan *scan, const struct python_value *value,
                         struct scan_value *out)
{
    const char *where = NULL;
    bool is_place = value->text[0] == '\0' && value->is_default; /* for what a caller passes */

    if (is_place ||
        (value->variable != NULL && scan_variable(scan, value->variable, &where) != NULL))
        return false;
    strings_add(&out->texts, value->text);
    if (value->variable != NULL)
        set_text(&out->how, xasprintf("the default of the variable %s", value->variable));
    return true;
}

static bool is_name(char letter)
{
    return letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
}

/* The last name of an expression such as `config["embedding"]["model"]`, `settings.model`. */
static char *last_name(const char *source)
{
    size_t end = strlen(source);

    while (end > 0 && strchr("])'\" ", source[end - 1]) != NULL)
        end--;
    size_t start = end;
    while (start > 0 && is_name(source[start - 1]))
        start--;
    if (start == 0 || start == end || strchr(".'\"", source[start - 1]) == NULL)
        return NULL; /* a name by itself says nothing of a config */
    return xstrndup(source + start, end - start);
}

/* The one config value of this application under that name; NULL: none, or several. */
static const struct config_value *find_config(const struct scan *scan, const char *name)
{
    const struct config_value *found = NULL;

    for (size_t i = 0; i < scan->configs.count; i++) {
        const struct config_value *value = &scan->configs.items[i];
        const char *dot = strrchr(value->key, '.');
        if (strcmp(dot != NULL ? dot + 1 : value->key, name) != 0)
            continue;
        if (found != NULL && strcmp(found->value, value->value) != 0)
            return NULL;
        found = value;
    }
    return found;
}

static void resolve_unknown(const struct scan *scan, const struct python_value *value,
                            struct scan_value *out)
{
    const char *source = value->source != NULL ? value->source : "an expression";
    CLEANUP(text) char *name = last_name(source);
    const struct config_value *config = name != NULL ? find_config(scan, name) : NULL;

    if (config == NULL) {
        set_text(&out->unresolved, xasprintf("is %s, which only a start tells", source));
        return;
    }
    strings_add(&out->texts, config->value);
    set_text(&out->how, xasprintf("%s, and %s has %s", source, config->path, config->key));
}

static void resolve(const struct scan *scan, const struct scan_source *source,
                    const struct python_value *value, unsigned depth, struct scan_value *out)
{
    const struct python_value *other = NULL;

    switch (value->kind) {
    case PYTHON_TEXT:
        if (!resolve_text(scan, value, out))
            resolve_unknown(scan, value, out);
        return;
    case PYTHON_VARIABLE:
        resolve_variable(scan, value, out);
        return;
    case PYTHON_LIST:
    case PYTHON_EACH:
        for (size_t i = 0; i < value->item_count && depth > 0; i++)
            resolve(scan, source, &value->items[i], depth - 1, out);
        return;
    case PYTHON_NAME:
        other = depth > 0 ? find_name(scan, value->text, &source) : NULL;
        if (other != NULL)
            resolve(scan, source, other, depth - 1, out);
        else
            resolve_unknown(scan, value, out);
        return;
    case PYTHON_CALL:
        out->is_object = true;
        set_text(&out->unresolved, xasprintf("is what %s() returns", value->text));
        return;
    case PYTHON_NONE:
        out->is_given = value->is_default; /* of a parameter, for which a caller may pass a name */
        if (value->is_default)
            resolve_unknown(scan, value, out);
        return;
    case PYTHON_UNKNOWN:
    case PYTHON_NUMBER:
    case PYTHON_BOOL:
        resolve_unknown(scan, value, out);
        return;
    }
}

void scan_resolve(const struct scan *scan, const struct scan_source *source,
                  const struct python_value *value, struct scan_value *out)
{
    if (value == NULL)
        return;
    out->is_given = true;
    resolve(scan, source, value, DEPTH_LIMIT, out);
    if (out->texts.count > 0)
        set_text(&out->unresolved, NULL);
}

char *scan_resolve_text(const struct scan *scan, const struct scan_source *source,
                        const struct python_value *value)
{
    CLEANUP(scan_value) struct scan_value found = {.how = NULL};

    scan_resolve(scan, source, value, &found);
    return found.texts.count == 1 ? xstrdup(found.texts.items[0]) : NULL;
}
