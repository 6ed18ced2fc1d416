#include "preset/preset_internal.h"

#include "core/text.h"
#include "json/members.h"

#include <string.h>

#define VERSION 1
#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

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

/* `at` is where it stands in its preset: "items[1]". */
static int parse_item(json_t *json, const char *at, struct preset_item *out, struct error *err)
{
    static const char *const known[] = {"origin",    "include", "optional",
                                        "file_name", "unpack",  NULL};

    if (members_check(json, at, known, err) < 0 ||
        members_take_text(json, at, "origin", true, &out->text, err) < 0)
        return -1;
    if (origin_parse(out->text, &out->origin, err) < 0) {
        err->kind = ERROR_CORRUPT; /* nobody has typed it */
        return error_wrap(err, "'%s.origin'", at);
    }
    if (members_take_text(json, at, "file_name", false, &out->origin.file_name, err) < 0 ||
        members_take_flag(json, at, "unpack", &out->origin.unpacks, err) < 0 ||
        members_take_texts(json, at, "include", &out->include, err) < 0 ||
        members_take_texts(json, at, "optional", &out->optional, err) < 0)
        return -1;
    if (out->optional.count > 0 && out->include.count == 0)
        return error_set(err, ERROR_CORRUPT, "'optional' is for an item that has 'include'");
    if (check_origin(&out->origin, err) < 0)
        return error_wrap(err, "'%s'", at);
    return 0;
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
        CLEANUP(text) char *at = xasprintf("items[%zu]", i);
        if (parse_item(json_array_get(list, i), at, &out->items[i], err) < 0)
            return -1;
    }
    return 0;
}

static int parse_names(json_t *json, struct preset *out, struct error *err)
{
    if (members_take_text(json, "", "name", true, &out->name, err) < 0 ||
        check_name(out->name, err) < 0 ||
        members_take_texts(json, "", "aliases", &out->aliases, err) < 0)
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

    if (members_check(json, "", known, err) < 0 || parse_names(json, out, err) < 0 ||
        members_take_text(json, "", "summary", true, &out->summary, err) < 0 ||
        members_take_text(json, "", "layout", true, &out->layout, err) < 0 ||
        members_take_text(json, "", "evidence", false, &out->evidence, err) < 0)
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

static int parse_list(json_t *json, const char *file, struct presets *out, struct error *err)
{
    static const char *const known[] = {"$schema", "version", "presets", NULL};
    json_t *list = NULL;

    if (members_check_version(json, VERSION, err) < 0 || members_check(json, "", known, err) < 0 ||
        members_take_list(json, "", "presets", true, &list, err) < 0)
        return -1;
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
    json_auto_t *json = NULL;

    if (members_parse(text, size, "list of presets", &json, err) < 0)
        return error_wrap(err, "'%s'", shown);
    if (parse_list(json, file, &list, err) < 0)
        return error_wrap(err, "'%s' is no list of presets", shown);
    append(out, &list);
    return 0;
}
