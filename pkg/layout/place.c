#include "layout/layout_internal.h"

#include <string.h>

#define PART_MAX 255

static bool part_is_usable(const char *part, size_t size)
{
    if (size == 0 || size > PART_MAX || (size == 1 && part[0] == '.'))
        return false;
    if (size == 2 && part[0] == '.' && part[1] == '.')
        return false;
    return size < 4 || memcmp(part, ".wh.", 4) != 0; /* deletes files in an image */
}

static bool is_clean_text(const char *text)
{
    CLEANUP(text) char *masked = xstrdup(text);

    text_mask(masked);
    return strcmp(masked, text) == 0 && text_is_utf8(text);
}

bool parts_are_usable(const char *path)
{
    const char *part = path;

    for (const char *at = path;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        if (!part_is_usable(part, (size_t)(at - part)))
            return false;
        if (*at == '\0')
            return is_clean_text(path);
        part = at + 1;
    }
}

/* An absolute path without empty and "." parts; the others are as they were. Caller frees. */
static char *drop_needless(const char *path)
{
    CLEANUP(buf) struct buf out = BUF_INIT;

    while (*path != '\0') {
        size_t size = strcspn(path, "/");
        if (size > 0 && !(size == 1 && *path == '.')) {
            buf_add_text(&out, "/");
            buf_add(&out, path, size);
        }
        path += size;
        path += strspn(path, "/");
    }
    if (out.size == 0)
        buf_add_text(&out, "/");
    return buf_take(&out);
}

static int refuse(const struct place_rule *rule, const char *value, const char *what,
                  struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED,
                     "%s is '%s' in the image, %s; set it to an absolute path there",
                     rule->variable, value, what);
}

static int resolve(const struct home *home, const struct place_rule *rule, const char *value,
                   char **out, char **cache, struct error *err)
{
    CLEANUP(text) char *first = rule->is_list ? xstrndup(value, strcspn(value, ":")) : NULL;

    value = first != NULL ? first : value;
    bool is_home = rule->expands_home && value[0] == '~' && (value[1] == '/' || value[1] == '\0');
    if (*value == '\0')
        return refuse(rule, value, "which loaders take for their working directory", err);
    if (strchr(value, '$') != NULL)
        return refuse(rule, value, "and the Hub's clients expand '$' since version 0.30 only", err);

    CLEANUP(text) char *path = xasprintf("%s%s", is_home ? home->path : "", value + is_home);
    if (*path != '/')
        return refuse(rule, value, "which is relative to a directory that only the loader knows",
                      err);
    CLEANUP(text) char *whole = xasprintf("%s%s", path, rule->below);
    CLEANUP(text) char *place = drop_needless(whole);
    if (strcmp(place, "/") != 0 && !parts_are_usable(place + 1))
        return refuse(rule, value,
                      "and a part of it is '..', begins with '.wh.', is above 255 bytes or not "
                      "clean UTF-8",
                      err);
    if (cache != NULL)
        *cache = drop_needless(path);
    *out = TAKE(place);
    return 0;
}

const char *place_rule_value(const struct home *home, const struct place_rule *rule)
{
    const char *value = home_variable(home, rule->variable);

    if (value != NULL && rule->is_list)
        value += strspn(value, ":");
    return value != NULL && *value == '\0' && rule->empty_is_unset ? NULL : value;
}

int place_find(const struct home *home, const struct place_rule *rules, const char *below_home,
               char **out, char **cache, struct error *err)
{
    struct place_rule otherwise = {"HOME", below_home, false, false, false};

    for (; rules->variable != NULL; rules++)
        if (place_rule_value(home, rules) != NULL)
            return resolve(home, rules, place_rule_value(home, rules), out, cache, err);
    return resolve(home, &otherwise, home->path, out, NULL, err);
}

/* The folder of the layout's package; NULL if the image does not have it. Caller frees. */
static char *package_folder(const struct layout *layout, const struct home *home)
{
    for (size_t i = 0; home->package_names != NULL && i < home->package_names->count; i++) {
        const char *folder = home->package_folders->items[i];
        if (strcmp(home->package_names->items[i], layout->package) != 0)
            continue;
        if (*folder == '\0')
            return NULL;
        if (layout->base != LAYOUT_BESIDE_PACKAGE)
            return xstrdup(folder);
        const char *slash = strrchr(folder, '/');
        return slash == folder ? xstrdup("/") : xstrndup(folder, (size_t)(slash - folder));
    }
    return NULL;
}

/* What `below` of a layout is below, if no variable decides. NULL: a package is missing. */
static char *base_folder(const struct layout *layout, const struct home *home)
{
    switch (layout->base) {
    case LAYOUT_IN_HOME:
        return xstrdup(home->path);
    case LAYOUT_IN_WORKING_DIR:
        return xstrdup(home->working_dir != NULL ? home->working_dir : "/");
    case LAYOUT_IN_ROOT:
        return xstrdup("/");
    case LAYOUT_IN_PACKAGE:
    case LAYOUT_BESIDE_PACKAGE:
        return package_folder(layout, home);
    }
    abort();
}

const struct place_rule no_places[] = {{NULL, NULL, false, false, false}};

int layout_place(const struct layout *layout, const struct home *home, char **out, char **cache,
                 struct error *err)
{
    struct home base = *home;

    for (const struct place_rule *rule = layout->places; rule != NULL && rule->variable != NULL;
         rule++)
        if (place_rule_value(home, rule) != NULL)
            return place_find(home, rule, layout->below, out, cache, err);
    CLEANUP(text) char *folder = base_folder(layout, home);
    if (folder == NULL)
        return error_set(err, ERROR_NOT_FOUND,
                         "the layout '%s' puts files into the package '%s', which the image does "
                         "not have; install it in the base first",
                         layout->name, strchr(layout->package, ':') + 1);
    base.path = folder;
    return place_find(&base, no_places, layout->below, out, NULL, err);
}

char *place_from_value(const char *value)
{
    CLEANUP(text) char *path = drop_needless(value);

    if (*value != '/' || (strcmp(path, "/") != 0 && !parts_are_usable(path + 1)))
        return NULL;
    return TAKE(path);
}

int place_named(const struct layout_request *request, char **out, struct error *err)
{
    const char *path = request->path;
    CLEANUP(text) char *below_home = NULL;

    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
        if (place_find(request->home, no_places, path + 1, &below_home, NULL, err) < 0)
            return -1;
        path = below_home;
    }
    CLEANUP(text) char *place = path != NULL ? place_from_value(path) : NULL;
    if (place == NULL || strcmp(place, "/") == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' cannot be the model's folder; name an absolute path below /",
                         request->path);
    *out = TAKE(place);
    return 0;
}

char *place_prefix(const char *place)
{
    return strcmp(place, "/") == 0 ? xstrdup("") : xasprintf("%s/", place + 1);
}
