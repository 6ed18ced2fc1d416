#include "preset/preset_internal.h"

#include "core/buf.h"
#include "core/text.h"

#include <string.h>

#define NEAREST_MAX 3
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

/* The names that are nearest to a text, the nearest first. */
struct nearest {
    const char *text;
    size_t family; /* of the text, which those have too; 0: of any */
    size_t worst;  /* the distance at which a name is not near any more */
    const char *names[NEAREST_MAX];
    size_t distances[NEAREST_MAX];
    size_t count;
};

/* In its family, what holds the whole text is nearer than what has to be changed. */
static size_t distance(const struct nearest *nearest, const char *name)
{
    const char *rest = nearest->text + nearest->family;

    if (nearest->family > 0 && rest[0] != '\0' && text_contains_fold(name + nearest->family, rest))
        return 0;
    return text_distance(name, nearest->text);
}

static void consider(struct nearest *nearest, const char *name)
{
    if (nearest->family > 0 && !is_of_family(name, nearest->text, nearest->family))
        return;
    size_t found = distance(nearest, name);
    size_t at = nearest->count;
    if (found > nearest->worst)
        return;
    while (at > 0 && found < nearest->distances[at - 1])
        at--;
    if (at == NEAREST_MAX)
        return;
    if (nearest->count < NEAREST_MAX)
        nearest->count++;
    for (size_t i = nearest->count - 1; i > at; i--) {
        nearest->names[i] = nearest->names[i - 1];
        nearest->distances[i] = nearest->distances[i - 1];
    }
    nearest->names[at] = name;
    nearest->distances[at] = found;
}

static void find_nearest(const struct presets *presets, struct nearest *nearest)
{
    for (size_t i = 0; i < presets->count; i++) {
        const struct preset *preset = &presets->items[i];
        consider(nearest, preset->name);
        for (size_t j = 0; j < preset->aliases.count; j++)
            consider(nearest, preset->aliases.items[j]);
    }
}

/* `family` is what the message tells to look for: "whisper". */
static int refuse(const struct nearest *nearest, const char *family, struct error *err)
{
    CLEANUP(buf) struct buf names = BUF_INIT;

    for (size_t i = 0; i < nearest->count; i++)
        buf_addf(&names, "%s%s", i > 0 ? ", " : "", nearest->names[i]);
    return error_set(err, ERROR_USAGE, "'%s' is no preset%s%s; 'inlay presets %s' lists them",
                     nearest->text, nearest->count > 0 ? "; near it: " : "", buf_text(&names),
                     family);
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
    struct nearest nearest = {
        .text = text,
        .family = is_known ? family : 0,
        .worst = is_known ? strlen(text + family) / 2 + 1 : MISTYPED_MAX,
    };
    find_nearest(presets, &nearest);
    if (!is_known && nearest.count == 0)
        return preset_name_has_form(text) ? refuse_family(text, err) : 0;
    const char *like = is_known ? text : nearest.names[0];
    CLEANUP(text) char *shown = xstrndup(like, strcspn(like, ":"));
    return refuse(&nearest, shown, err);
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
