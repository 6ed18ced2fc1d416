#include "source/source_internal.h"

#include <string.h>

void source_pin(struct source *source, const struct plan *plan)
{
    if (source->pinned == NULL)
        source->pinned = xcalloc(1, sizeof(*source->pinned));
    plan_release(source->pinned);
    plan_copy(plan, source->pinned);
}

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct plan_file *)file)->path);
}

/* NULL if there is none. */
static const struct plan_file *find_file(const struct plan *plan, const char *path)
{
    if (plan->count == 0)
        return NULL;
    return bsearch(path, plan->files, plan->count, sizeof(*plan->files), compare_path);
}

/* What is there now has to be what was pinned; other files do not matter. */
static int check_same(const struct plan *now, const struct plan *pinned, struct error *err)
{
    CLEANUP(text) char *name = origin_format(&now->origin);

    for (size_t i = 0; i < pinned->count; i++) {
        const struct plan_file *wanted = &pinned->files[i];
        const struct plan_file *file = find_file(now, wanted->path);
        if (file == NULL)
            return error_set(err, ERROR_CORRUPT, "'%s' no longer has the file '%s'", name,
                             wanted->path);
        if (file->size != wanted->size || !digest_equal(&file->digest, &wanted->digest))
            return error_set(err, ERROR_CORRUPT,
                             "the file '%s' of '%s' is another by now: it has %s, expected %s",
                             wanted->path, name, digest_format(&file->digest).text,
                             digest_format(&wanted->digest).text);
    }
    return 0;
}

int source_list_pinned(struct source *source, struct plan *plan, struct error *err)
{
    CLEANUP(plan) struct plan now = PLAN_INIT;
    CLEANUP(plan) struct plan listed = PLAN_INIT;

    if (!source->opens_unlisted && source->ops->list(source, &now, err) < 0)
        return -1;
    if (!source->opens_unlisted && check_same(&now, source->pinned, err) < 0)
        return -1;
    plan_copy(source->pinned, &listed);
    if (now.origin.name != NULL)
        origin_copy(&now.origin, &listed.origin);
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}
