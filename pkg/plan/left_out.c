#include "plan/plan.h"

#include "core/buf.h"

#include <string.h>

#define LINE_MAX_BYTES 120

/* How many of the paths from `first` on lie in the same folder of the root. */
static size_t count_folder(const struct strings *paths, size_t first)
{
    const char *path = paths->items[first];
    size_t size = (size_t)(strchr(path, '/') - path) + 1;
    size_t count = 1;

    while (first + count < paths->count && strncmp(paths->items[first + count], path, size) == 0)
        count++;
    return count;
}

/* Adds the item unless the line becomes too long; tells whether it did. */
static bool add_item(struct buf *line, const char *item)
{
    if (line->size + strlen(item) > LINE_MAX_BYTES)
        return false;
    buf_addf(line, "%s%s", line->size > 0 ? ", " : "", item);
    return true;
}

static size_t add_files(struct buf *line, const struct strings *paths)
{
    size_t shown = 0;

    for (size_t i = 0; i < paths->count; i++)
        if (strchr(paths->items[i], '/') == NULL && add_item(line, paths->items[i]))
            shown++;
    return shown;
}

static size_t add_folders(struct buf *line, const struct strings *paths)
{
    size_t shown = 0;
    size_t count;

    for (size_t i = 0; i < paths->count; i += count) {
        const char *path = paths->items[i];
        const char *slash = strchr(path, '/');
        count = 1;
        if (slash == NULL)
            continue;
        count = count_folder(paths, i);
        CLEANUP(text)
        char *item = count == 1
                         ? xstrdup(path)
                         : xasprintf("%.*s (%zu files)", (int)(slash + 1 - path), path, count);
        if (add_item(line, item))
            shown += count;
    }
    return shown;
}

char *plan_format_left_out(const struct plan *plan)
{
    CLEANUP(buf) struct buf line = BUF_INIT;
    const struct strings *paths = &plan->left_out;
    size_t shown = add_files(&line, paths);

    shown += add_folders(&line, paths);
    if (shown == 0 && paths->count > 0)
        buf_addf(&line, "%zu file%s", paths->count, paths->count == 1 ? "" : "s");
    else if (shown < paths->count)
        buf_addf(&line, ", and %zu more", paths->count - shown);
    char *text = buf_take(&line);
    text_mask(text);
    return text;
}
