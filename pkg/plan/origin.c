#include "plan/origin.h"

#include "core/text.h"

#include <string.h>

#define ORIGIN_ROW(constant, opener, ...) [constant] = {__VA_ARGS__},
static const struct origin_traits kinds[] = {ORIGIN_KINDS(ORIGIN_ROW)};

const struct origin_traits *origin_traits(enum origin_kind kind)
{
    return &kinds[kind];
}

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
    return kinds[kind].grammar == GRAMMAR_REPO;
}

bool origin_is_model_repo(enum origin_kind kind)
{
    return origin_has_commits(kind) && kind != ORIGIN_HUB_DATASET;
}

bool origin_has_tag(enum origin_kind kind)
{
    return kinds[kind].grammar == GRAMMAR_TAGGED;
}

bool origin_is_local(enum origin_kind kind)
{
    return kinds[kind].grammar == GRAMMAR_PATH;
}

bool origin_is_file(enum origin_kind kind)
{
    return kinds[kind].is_file;
}

bool origin_is_main(enum origin_kind kind, const char *revision)
{
    return origin_has_commits(kind) && strcmp(revision, kinds[kind].revision) == 0;
}

static bool is_url(enum origin_kind kind)
{
    return kinds[kind].grammar == GRAMMAR_URL;
}

/* A URL's scheme is a part of its name. */
char *origin_join(enum origin_kind kind, const char *name)
{
    return xasprintf("%s%s", is_url(kind) ? "" : kinds[kind].prefix, name);
}

enum origin_kind origin_from_record(const char *record, const char **name)
{
    size_t found = 0;
    size_t size = 0;

    *name = record;
    if (text_starts_with(record, "http://"))
        return ORIGIN_URL;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        size_t length = strlen(kinds[i].prefix);
        if (length >= size && text_starts_with(record, kinds[i].prefix)) {
            found = i;
            size = length;
        }
    }
    if (!is_url((enum origin_kind)found))
        *name = record + size;
    return (enum origin_kind)found;
}

/* What stands behind the last '/'. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

char *origin_record(const struct origin *origin)
{
    if (origin->as != NULL)
        return xstrdup(origin->as);
    if (origin_is_local(origin->kind))
        return origin_join(origin->kind, last_part(origin->name));
    if (origin_has_tag(origin->kind))
        return origin_format(origin);
    if (!is_url(origin->kind))
        return origin_join(origin->kind, origin->name);
    CLEANUP(text) char *shown = text_display_url(origin->name);
    if (origin->member == NULL)
        return TAKE(shown);
    return xasprintf("%s#member=%s", shown, origin->member);
}

char *origin_format(const struct origin *origin)
{
    if (is_url(origin->kind))
        return text_display_url(origin->name);
    if (origin->revision == NULL)
        return origin_join(origin->kind, origin->name);
    return xasprintf("%s%s%c%s", kinds[origin->kind].prefix, origin->name,
                     origin_has_tag(origin->kind) ? ':' : '@', origin->revision);
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
