#include "core/nearest.h"
#include "core/text.h"
#include "injection.h"

#include <string.h>

/*
 * MODEL[,KEY=VALUE…]: the first comma with one of the keys and '=' behind it begins the options,
 * and each further one of these the next. Other commas belong to the text before them, so that
 * paths and URLs may have some.
 */

static const char *const keys[] = {"also",   "as",   "exclude", "executable", "include",
                                   "layout", "name", "path",    "weights"};

#define NEAR ((size_t)2) /* letters that may be wrong in what was meant */
#define EXPECTED "also, as, exclude, executable, include, layout, name, path or weights"

/* The key that stands behind the comma, with '='; NULL: none. */
static const char *key_at(const char *comma)
{
    size_t size = strcspn(comma + 1, "=");

    for (size_t i = 0; comma[1 + size] == '=' && i < ARRAY_SIZE(keys); i++)
        if (strlen(keys[i]) == size && memcmp(keys[i], comma + 1, size) == 0)
            return keys[i];
    return NULL;
}

/* The next comma that begins an option; the end if there is none. */
static const char *next_option(const char *text)
{
    const char *comma = strchr(text, ',');

    while (comma != NULL && key_at(comma) == NULL)
        comma = strchr(comma + 1, ',');
    return comma != NULL ? comma : text + strlen(text);
}

/* Refuses what is called as no option is; `text` begins with it, and has a '=' behind it. */
static int refuse_key(const char *model, const char *text, struct error *err)
{
    CLEANUP(text) char *key = xstrndup(text, strcspn(text, "="));
    struct nearest nearest = {.typed = key, .worst = NEAR};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        nearest_consider(&nearest, keys[i]);
    if (nearest.count > 0)
        return error_set(err, ERROR_USAGE,
                         "%s has '%s=', which is no option of a model; did you mean '%s='? "
                         "expected " EXPECTED,
                         model, key, nearest.names[0]);
    return error_set(err, ERROR_USAGE,
                     "%s has '%s=', which is no option of a model; expected " EXPECTED, model, key);
}

/* A value that has no commas of its own, with a comma in it. */
static int check_commas(const char *value, struct error *err)
{
    const char *comma = strchr(value, ',');

    if (comma == NULL || strchr(comma, '=') == NULL)
        return 0;
    CLEANUP(text) char *shown = xasprintf("'%s'", value);
    return refuse_key(shown, comma + 1, err);
}

static int set_once(char **place, const char *key, const char *value, struct error *err)
{
    if (*place != NULL)
        return error_set(err, ERROR_USAGE, "'%s=' is given twice, as '%s' and '%s'", key, *place,
                         value);
    *place = xstrdup(value);
    return 0;
}

static int set_layout(struct injection_model *model, const char *value, struct error *err)
{
    if (model->layout != NULL)
        return error_set(err, ERROR_USAGE, "'layout=' is given twice, as '%s' and '%s'",
                         model->layout->name, value);
    if (check_commas(value, err) < 0)
        return -1;
    model->layout = layout_find(value);
    return model->layout != NULL ? 0 : layout_refuse_name(value, err);
}

static int set_weights(struct injection_model *model, const char *value, struct error *err)
{
    if (check_commas(value, err) < 0 || plan_check_weights(value, err) < 0)
        return -1;
    return set_once(&model->weights, "weights", value, err);
}

int model_options_set(struct injection_model *model, const char *key, const char *value,
                      struct error *err)
{
    if (strcmp(key, "unpack") == 0) {
        model->unpacks = true;
        return 0;
    }
    if (*value == '\0')
        return error_set(err, ERROR_USAGE, "there is nothing behind '%s='", key);
    if (strcmp(key, "layout") == 0)
        return set_layout(model, value, err);
    if (strcmp(key, "weights") == 0)
        return set_weights(model, value, err);
    if (strcmp(key, "as") == 0)
        return origin_check_hub_name(value, err) < 0 ? -1 : set_once(&model->as, key, value, err);
    if (strcmp(key, "name") == 0)
        return options_check_file_name(value, err) < 0 ? -1
                                                       : set_once(&model->name, key, value, err);
    if (strcmp(key, "path") == 0)
        return options_check_image_path(value, err) < 0 ? -1
                                                        : set_once(&model->path, key, value, err);
    strings_add(strcmp(key, "also") == 0         ? &model->also
                : strcmp(key, "exclude") == 0    ? &model->exclude
                : strcmp(key, "executable") == 0 ? &model->executable
                                                 : &model->include,
                value);
    return 0;
}

char *model_text_display(const char *text)
{
    return text_starts_with(text, "http") ? text_display_url(text) : xstrdup(text);
}

int model_options_wrap(struct error *err, const char *text, const char *key)
{
    CLEANUP(text) char *shown = model_text_display(text);

    return error_wrap(err, "MODEL '%s': %s", shown, key);
}

int model_options_parse(const char *text, struct injection_model *model, char **rest,
                        struct error *err)
{
    const char *at = next_option(text);
    CLEANUP(text) char *without = xstrndup(text, (size_t)(at - text));

    while (*at != '\0') {
        const char *key = key_at(at);
        const char *value = at + 1 + strlen(key) + 1;
        at = next_option(value);
        CLEANUP(text) char *copy = xstrndup(value, (size_t)(at - value));
        if (model_options_set(model, key, copy, err) < 0)
            return model_options_wrap(err, without, key);
    }
    *rest = TAKE(without);
    return 0;
}

bool model_options_has_files(const struct injection_model *model)
{
    return model->include.count + model->exclude.count + model->also.count > 0 ||
           model->weights != NULL;
}

bool model_options_has_any(const struct injection_model *model)
{
    return model_options_has_files(model) || model->layout != NULL || model->as != NULL ||
           model->name != NULL || model->path != NULL || model->unpacks ||
           model->executable.count > 0;
}

int model_options_explain(const char *text, struct error *err)
{
    const char *comma = strchr(text, ',');
    bool may_have_commas = text_starts_with(text, "dir:") || text_starts_with(text, "file:") ||
                           text_starts_with(text, "http");

    if (may_have_commas || comma == NULL || strchr(comma, '=') == NULL)
        return -1;
    CLEANUP(text) char *shown = xasprintf("MODEL: '%s'", text);
    return refuse_key(shown, comma + 1, err);
}
