#include "preset/preset_internal.h"

#include "core/nearest.h"
#include "core/text.h"

#include <string.h>

#define MISTYPED_MAX 2 /* in a name whose family is not known */

/* The size of "FAMILY:" at the beginning; 0: there is none. */
static size_t family_size(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon != NULL ? (size_t)(colon - name) + 1 : 0;
}

static bool is_of_family(const char *name, const char *text, size_t size)
{
    return family_size(name) == size && strncmp(name, text, size) == 0;
}

static bool has_family(const struct presets *presets, const char *text, size_t size)
{
    for (size_t i = 0; i < presets->count; i++)
        if (is_of_family(presets->items[i].name, text, size))
            return true;
    return false;
}

/* What of a preset's name is compared: all of it, or what stands behind the family. */
static void consider(struct nearest *nearest, const char *name, const char *text, size_t family)
{
    if (family == 0)
        nearest_consider(nearest, name);
    else if (is_of_family(name, text, family))
        nearest_consider(nearest, name + family);
}

static void find_nearest(const struct presets *presets, const char *text, size_t family,
                         struct nearest *nearest)
{
    for (size_t i = 0; i < presets->count; i++) {
        const struct preset *preset = &presets->items[i];
        consider(nearest, preset->name, text, family);
        for (size_t j = 0; j < preset->aliases.count; j++)
            consider(nearest, preset->aliases.items[j], text, family);
    }
    for (size_t i = 0; i < nearest->count; i++)
        nearest->names[i] -= family;
}

/* `family` is what the message tells to look for: "whisper". */
static int refuse(const char *text, const struct nearest *nearest, const char *family,
                  struct error *err)
{
    CLEANUP(text) char *near = nearest_format(nearest);

    return error_set(err, ERROR_USAGE, "'%s' is no preset%s; 'inlay presets %s' lists them", text,
                     near, family);
}

static int refuse_family(const char *text, struct error *err)
{
    return error_set(err, ERROR_USAGE,
                     "'%s' is no preset, and a name of the Hub has no ':'; 'inlay presets' lists "
                     "the presets, and other sources are named as in 'ollama://name:tag' and "
                     "'https://HOST/FILE#sha256=HEX'",
                     text);
}

int presets_find(const struct presets *presets, const char *text, const struct preset **out,
                 struct error *err)
{
    const char *rest;
    size_t family = family_size(text);

    *out = NULL;
    for (size_t i = 0; i < presets->count; i++)
        if (preset_is_named(&presets->items[i], text)) {
            *out = &presets->items[i];
            return 0;
        }
    /* A name of the Hub has no ':', and what has "://" is a URL or another source. */
    if (family == 0 || text_starts_with(text + family, "//") ||
        origin_from_record(text, &rest) != ORIGIN_HUB_MODEL)
        return 0;
    bool is_known = has_family(presets, text, family);
    size_t compared = is_known ? family : 0;
    struct nearest nearest = {
        .typed = text + compared,
        .worst = is_known ? strlen(text + family) / 2 + 1 : MISTYPED_MAX,
        .by_parts = is_known && text[family] != '\0',
    };
    find_nearest(presets, text, compared, &nearest);
    if (!is_known && nearest.count == 0)
        return preset_name_has_form(text) ? refuse_family(text, err) : 0;
    const char *like = is_known ? text : nearest.names[0];
    CLEANUP(text) char *shown = xstrndup(like, strcspn(like, ":"));
    return refuse(text, &nearest, shown, err);
}

static bool item_matches(const struct preset_item *item, const char *word)
{
    CLEANUP(text) char *origin = origin_format(&item->origin);

    return text_contains_fold(origin, word);
}

bool preset_matches(const struct preset *preset, const char *word)
{
    for (size_t i = 0; i < preset->aliases.count; i++)
        if (text_contains_fold(preset->aliases.items[i], word))
            return true;
    for (size_t i = 0; i < preset->item_count; i++)
        if (item_matches(&preset->items[i], word))
            return true;
    return text_contains_fold(preset->name, word) || text_contains_fold(preset->summary, word) ||
           text_contains_fold(preset->layout, word);
}
