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
                   char **out, struct error *err)
{
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
    *out = TAKE(place);
    return 0;
}

int place_find(const struct home *home, const struct place_rule *rules, const char *below_home,
               char **out, struct error *err)
{
    struct place_rule otherwise = {"HOME", below_home, false};

    for (; rules->variable != NULL; rules++) {
        const char *value = home_variable(home, rules->variable);
        if (value != NULL)
            return resolve(home, rules, value, out, err);
    }
    return resolve(home, &otherwise, home->path, out, err);
}

char *place_from_value(const char *value)
{
    CLEANUP(text) char *path = drop_needless(value);

    if (*value != '/' || (strcmp(path, "/") != 0 && !parts_are_usable(path + 1)))
        return NULL;
    return TAKE(path);
}

char *place_prefix(const char *place)
{
    return strcmp(place, "/") == 0 ? xstrdup("") : xasprintf("%s/", place + 1);
}
