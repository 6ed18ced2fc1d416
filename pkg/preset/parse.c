#include "preset/preset_internal.h"

#include "core/text.h"

#include <jansson.h>
#include <string.h>

#define VERSION 1
#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* Refuses members that the format does not have; `known` ends with NULL. */
static int check_members(json_t *object, const char *const *known, struct error *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return error_set(err, ERROR_CORRUPT, "it is not an object");
    json_object_foreach(object, name, value)
    {
        if (!text_is_among(name, known))
            return error_set(err, ERROR_CORRUPT, "the member '%s' is not known", name);
    }
    return 0;
}

static bool is_one_line(const json_t *value)
{
    return json_is_string(value) && text_is_one_line(json_string_value(value));
}

/* *out stays NULL if the member may be left out, and is. Caller frees. */
static int take_text(const json_t *object, const char *name, bool is_needed, char **out,
                     struct error *err)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL && !is_needed)
        return 0;
    if (value == NULL)
        return error_set(err, ERROR_CORRUPT, "the member '%s' is missing", name);
    if (!is_one_line(value))
        return error_set(err, ERROR_CORRUPT, "'%s' is not one line of text", name);
    *out = xstrdup(json_string_value(value));
    return 0;
}

static int take_texts(const json_t *object, const char *name, struct strings *out,
                      struct error *err)
{
    json_t *list = json_object_get(object, name);
    json_t *value;
    size_t i;

    if (list == NULL)
        return 0;
    if (json_array_size(list) == 0)
        return error_set(err, ERROR_CORRUPT, "'%s' is not a list with something in it", name);
    json_array_foreach(list, i, value)
    {
        if (!is_one_line(value))
            return error_set(err, ERROR_CORRUPT, "'%s' has something that is not one line of text",
                             name);
        strings_add(out, json_string_value(value));
    }
    return 0;
}

static int take_flag(const json_t *object, const char *name, bool *out, struct error *err)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL)
        return 0;
    if (!json_is_boolean(value))
        return error_set(err, ERROR_CORRUPT, "'%s' is neither true nor false", name);
    *out = json_is_true(value);
    return 0;
}

/* A word of these characters from `text` on, which begins with a letter or digit; 0: none. */
static size_t word_size(const char *text, const char *more)
{
    CLEANUP(text) char *characters = xasprintf("%s%s", ALPHANUMERIC, more);

    return strspn(text, ALPHANUMERIC) > 0 ? strspn(text, characters) : 0;
}

bool preset_name_has_form(const char *name)
{
    size_t size = word_size(name, "._-");

    if (size > 0 && name[size] == ':') {
        size_t more = word_size(name + size + 1, "._/@+-");
        size = more > 0 ? size + 1 + more : 0;
    }
    return size > 0 && name[size] == '\0';
}

static int check_name(const char *name, struct error *err)
{
    const char *rest;

    if (!preset_name_has_form(name))
        return error_set(err, ERROR_CORRUPT,
                         "'%s' cannot be a preset's name; expected 'FAMILY:NAME' or one word",
                         name);
    if (origin_from_record(name, &rest) != ORIGIN_HUB_MODEL)
        return error_set(err, ERROR_CORRUPT, "'%s' cannot be a preset's name: it names a source",
                         name);
    return 0;
}

/* What there is no checksum of, or only on this machine, is no preset. */
static int check_origin(const struct origin *origin, struct error *err)
{
    if (origin_is_local(origin->kind))
        return error_set(err, ERROR_CORRUPT, "its origin is on one machine only");
    if (origin->kind == ORIGIN_URL && origin->digest.algorithm == DIGEST_NONE)
        return error_set(err, ERROR_CORRUPT, "its origin has no '#sha256=HEX'");
    if (origin->kind != ORIGIN_URL && origin->file_name != NULL)
        return error_set(err, ERROR_CORRUPT, "'file_name' is for the file of a URL");
    if (origin->kind != ORIGIN_URL && origin->unpacks)
        return error_set(err, ERROR_CORRUPT, "'unpack' is for the file of a URL");
    if (origin->file_name != NULL && strchr(origin->file_name, '/') != NULL)
        return error_set(err, ERROR_CORRUPT, "'file_name' has a '/'");
    if (origin->member != NULL && origin->unpacks)
        return error_set(err, ERROR_CORRUPT,
                         "'unpack' is for all of an archive, and its origin "
                         "names one member");
    return 0;
}

static int parse_item(json_t *json, struct preset_item *out, struct error *err)
{
    static const char *const known[] = {"origin",    "include", "optional",
                                        "file_name", "unpack",  NULL};

    if (check_members(json, known, err) < 0 || take_text(json, "origin", true, &out->text, err) < 0)
        return -1;
    if (origin_parse(out->text, &out->origin, err) < 0) {
        err->kind = ERROR_CORRUPT; /* nobody has typed it */
        return -1;
    }
    if (take_text(json, "file_name", false, &out->origin.file_name, err) < 0 ||
        take_flag(json, "unpack", &out->origin.unpacks, err) < 0 ||
        take_texts(json, "include", &out->include, err) < 0 ||
        take_texts(json, "optional", &out->optional, err) < 0)
        return -1;
    if (out->optional.count > 0 && out->include.count == 0)
        return error_set(err, ERROR_CORRUPT, "'optional' is for an item that has 'include'");
    return check_origin(&out->origin, err);
}

static int parse_items(json_t *json, struct preset *out, struct error *err)
{
    json_t *list = json_object_get(json, "items");
    size_t count = json_array_size(list);

    if (count == 0)
        return error_set(err, ERROR_CORRUPT, "'items' is not a list with something in it");
    out->items = xcalloc(count, sizeof(*out->items));
    for (size_t i = 0; i < count; i++) {
        out->items[i].origin = (struct origin)ORIGIN_INIT;
        out->item_count++;
        if (parse_item(json_array_get(list, i), &out->items[i], err) < 0)
            return error_wrap(err, "item %zu", i + 1);
    }
    return 0;
}

static int parse_names(json_t *json, struct preset *out, struct error *err)
{
    if (take_text(json, "name", true, &out->name, err) < 0 || check_name(out->name, err) < 0 ||
        take_texts(json, "aliases", &out->aliases, err) < 0)
        return -1;
    for (size_t i = 0; i < out->aliases.count; i++)
        if (check_name(out->aliases.items[i], err) < 0)
            return -1;
    return 0;
}

static int parse_preset(json_t *json, struct preset *out, struct error *err)
{
    static const char *const known[] = {"name",     "aliases", "summary", "layout",
                                        "evidence", "items",   NULL};

    if (check_members(json, known, err) < 0 || parse_names(json, out, err) < 0 ||
        take_text(json, "summary", true, &out->summary, err) < 0 ||
        take_text(json, "layout", true, &out->layout, err) < 0 ||
        take_text(json, "evidence", false, &out->evidence, err) < 0)
        return -1;
    return parse_items(json, out, err);
}

static const char *find_shared_name(const struct preset *a, const struct preset *b)
{
    if (preset_is_named(a, b->name))
        return b->name;
    for (size_t i = 0; i < b->aliases.count; i++)
        if (preset_is_named(a, b->aliases.items[i]))
            return b->aliases.items[i];
    return NULL;
}

/* Names that stand twice in this list, or twice in one preset. */
static int check_unique(const struct presets *presets, struct error *err)
{
    for (size_t i = 0; i < presets->count; i++) {
        const struct preset *preset = &presets->items[i];
        const char *twice = strings_has(&preset->aliases, preset->name) ? preset->name : NULL;
        for (size_t j = 0; twice == NULL && j < i; j++)
            twice = find_shared_name(&presets->items[j], preset);
        if (twice != NULL)
            return error_set(err, ERROR_CORRUPT, "'%s' stands there twice", twice);
    }
    return 0;
}

static int parse_version(const json_t *json, struct error *err)
{
    const json_t *version = json_object_get(json, "version");

    if (!json_is_integer(version) || json_integer_value(version) < 1)
        return error_set(err, ERROR_CORRUPT, "'version' is not a number, expected %d", VERSION);
    if (json_integer_value(version) > VERSION)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it has version %" JSON_INTEGER_FORMAT " of the format, this inlay knows "
                         "version %d; a newer inlay reads it",
                         json_integer_value(version), VERSION);
    return 0;
}

static int parse_list(json_t *json, const char *file, struct presets *out, struct error *err)
{
    static const char *const known[] = {"$schema", "version", "presets", NULL};
    json_t *list = json_object_get(json, "presets");

    if (!json_is_object(json))
        return error_set(err, ERROR_CORRUPT, "it is not an object");
    if (parse_version(json, err) < 0 || check_members(json, known, err) < 0)
        return -1;
    if (!json_is_array(list))
        return error_set(err, ERROR_CORRUPT, "'presets' is not a list");
    out->items = xcalloc(json_array_size(list), sizeof(*out->items));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *entry = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(entry, "name"));
        struct preset *preset = &out->items[out->count++];
        preset->file = text_copy(file);
        if (parse_preset(entry, preset, err) == 0)
            continue;
        if (name != NULL)
            return error_wrap(err, "preset '%s'", name);
        return error_wrap(err, "preset %zu", i + 1);
    }
    return check_unique(out, err);
}

static const char *explain(const json_error_t *why)
{
    switch (json_error_code(why)) {
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_end_of_input_expected:
        return "there is something behind its end";
    case json_error_duplicate_key:
        return "a member stands twice";
    case json_error_invalid_utf8:
        return "it is not UTF-8";
    default:
        return "something else was expected there";
    }
}

static void append(struct presets *to, struct presets *from)
{
    to->items = xrealloc(to->items, to->count + from->count, sizeof(*to->items));
    for (size_t i = 0; i < from->count; i++)
        to->items[to->count++] = from->items[i];
    from->count = 0; /* moved */
}

int presets_parse(const char *text, size_t size, const char *file, struct presets *out,
                  struct error *err)
{
    CLEANUP(presets) struct presets list = PRESETS_INIT;
    const char *shown = file != NULL ? file : "presets.json";
    json_error_t why;
    json_auto_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);

    if (json == NULL)
        return error_set(err, ERROR_CORRUPT, "'%s' is not JSON, at line %d, column %d: %s", shown,
                         why.line, why.column, explain(&why));
    if (parse_list(json, file, &list, err) < 0)
        return error_wrap(err, "'%s' is no list of presets", shown);
    append(out, &list);
    return 0;
}
