#include "core/nearest.h"

#include "core/buf.h"
#include "core/text.h"

#include <string.h>

#define LETTERS_PER_MISTAKE 3

struct nearest nearest_begin(const char *typed)
{
    return (struct nearest){
        .typed = typed,
        .worst = strlen(typed) / LETTERS_PER_MISTAKE,
        .by_parts = *typed != '\0',
    };
}

static size_t distance_to(const struct nearest *nearest, const char *name)
{
    size_t distance = text_distance(nearest->typed, name);

    if (nearest->by_parts && text_contains_fold(name, nearest->typed))
        return 0;
    if (nearest->by_parts && text_contains_fold(nearest->typed, name) && distance > nearest->worst)
        return nearest->worst;
    return distance;
}

void nearest_consider(struct nearest *nearest, const char *name)
{
    size_t found = distance_to(nearest, name);

    if (*name == '\0' || found > nearest->worst)
        return;
    if (nearest->count > 0 && found > nearest->distance)
        return;
    if (nearest->count > 0 && found < nearest->distance)
        nearest->count = 0;
    if (nearest->count < NEAREST_MAX)
        nearest->names[nearest->count++] = name;
    nearest->distance = found;
}

char *nearest_format(const struct nearest *nearest)
{
    return nearest_format_with(nearest, "");
}

char *nearest_format_with(const struct nearest *nearest, const char *prefix)
{
    CLEANUP(buf) struct buf names = BUF_INIT;

    for (size_t i = 0; i < nearest->count; i++)
        buf_addf(&names, "%s%s%s", i > 0 ? ", " : "; near it: ", prefix, nearest->names[i]);
    return xstrdup(buf_text(&names));
}
