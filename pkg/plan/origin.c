#include "plan/origin.h"

#include "core/text.h"

#include <string.h>

#define ORIGIN_ROW(constant, name, prefix) [constant] = {name, prefix},
static const struct {
    const char *name, *prefix;
} kinds[] = {ORIGIN_KINDS(ORIGIN_ROW)};

const char *origin_kind_name(enum origin_kind kind)
{
    return kinds[kind].name;
}

bool origin_is_of_hub(enum origin_kind kind)
{
    return kind == ORIGIN_HUB_MODEL || kind == ORIGIN_HUB_DATASET;
}

bool origin_has_commits(enum origin_kind kind)
{
    return origin_is_of_hub(kind) || kind == ORIGIN_MODELSCOPE;
}

bool origin_is_file(enum origin_kind kind)
{
    return kind == ORIGIN_FILE || kind == ORIGIN_URL;
}

/* A URL's scheme is a part of its name. */
char *origin_join(enum origin_kind kind, const char *name)
{
    return xasprintf("%s%s", kind == ORIGIN_URL ? "" : kinds[kind].prefix, name);
}

enum origin_kind origin_from_record(const char *record, const char **name)
{
    size_t found = 0;
    size_t size = 0;

    *name = record;
    if (text_starts_with(record, "http://") || text_starts_with(record, "https://"))
        return ORIGIN_URL;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        size_t length = strlen(kinds[i].prefix);
        if (length >= size && text_starts_with(record, kinds[i].prefix)) {
            found = i;
            size = length;
        }
    }
    *name = record + size;
    return (enum origin_kind)found;
}

/* What stands behind the last '/'. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static bool is_local(enum origin_kind kind)
{
    return kind == ORIGIN_FOLDER || kind == ORIGIN_FILE;
}

char *origin_record(const struct origin *origin)
{
    if (origin->as != NULL)
        return xstrdup(origin->as);
    if (is_local(origin->kind))
        return origin_join(origin->kind, last_part(origin->name));
    if (origin->kind == ORIGIN_OLLAMA)
        return xasprintf("%s%s:%s", kinds[origin->kind].prefix, origin->name, origin->revision);
    if (origin->kind != ORIGIN_URL)
        return origin_join(origin->kind, origin->name);
    CLEANUP(text) char *shown = text_display_url(origin->name);
    if (origin->member == NULL)
        return TAKE(shown);
    return xasprintf("%s#member=%s", shown, origin->member);
}

char *origin_format(const struct origin *origin)
{
    if (origin->kind == ORIGIN_URL)
        return text_display_url(origin->name);
    if (origin->revision == NULL)
        return origin_join(origin->kind, origin->name);
    return xasprintf("%s%s%c%s", kinds[origin->kind].prefix, origin->name,
                     origin->kind == ORIGIN_OLLAMA ? ':' : '@', origin->revision);
}

void origin_copy(const struct origin *from, struct origin *to)
{
    struct origin copy = *from;

    copy.name = text_copy(from->name);
    copy.revision = text_copy(from->revision);
    copy.member = text_copy(from->member);
    copy.as = text_copy(from->as);
    copy.file_name = text_copy(from->file_name);
    origin_release(to);
    *to = copy;
}

void origin_release(struct origin *origin)
{
    free(origin->name);
    free(origin->revision);
    free(origin->member);
    free(origin->as);
    free(origin->file_name);
    *origin = (struct origin)ORIGIN_INIT;
}
