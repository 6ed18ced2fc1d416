#include "cache/cache.h"
#include "source/source_internal.h"

/* A part of what is on this machine already; *out NULL: nothing is. */
static int open_kept(const struct source *source, const struct plan_file *file,
                     const struct source_range *range, struct reader **out, struct error *err)
{
    if (source->cache == NULL)
        return 0;
    return cache_open_part(source->cache, &file->digest, file->size, range->offset, out, err);
}

int source_read_part(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct source_range *range, struct buf *out, struct error *err)
{
    CLEANUP(reader) struct reader *reader = NULL;

    if (open_kept(source, file, range, &reader, err) < 0)
        return -1;
    if (reader == NULL && source_open_part(source, plan, file, range, &reader, err) < 0)
        return error_wrap(err, "looking at '%s'", file->path);
    if (reader_read_exactly(reader, 0, (size_t)range->length, out, err) < 0)
        return error_wrap(err, "looking at '%s'", file->path);
    return 0;
}

int source_read_flags(struct source *source, const struct plan *plan, struct strings *out,
                      struct error *err)
{
    if (source->read_flags == NULL || source->pinned != NULL)
        return 0;
    return source->read_flags(source, plan, out, err);
}
