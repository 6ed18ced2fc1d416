#include "source/source_internal.h"

/* The rest of a file in ranges of a block each, fetched ahead. */
struct split_reader {
    struct reader base;
    struct source *source;
    const struct plan *plan;
    const struct plan_file *file;
    uint64_t offset; /* where the first range begins */
    struct prefetch *prefetch;
    size_t number; /* the range that is read */
    uint64_t left; /* bytes to come of it */
    bool is_over;
};

static struct source_range range_of(const struct split_reader *split, size_t number,
                                    const struct cancel *cancel)
{
    uint64_t offset = split->offset + (uint64_t)number * PREFETCH_BLOCK;
    uint64_t left = split->file->size - offset;

    return (struct source_range){
        .offset = offset,
        .length = left < PREFETCH_BLOCK ? left : PREFETCH_BLOCK,
        .cancel = cancel,
    };
}

static int open_range(void *arg, size_t number, const struct cancel *cancel, struct reader **out,
                      struct error *err)
{
    const struct split_reader *split = arg;
    const struct source_range range = range_of(split, number, cancel);

    return resume_reader_open(split->source, split->plan, split->file, &range, out, err);
}

static ssize_t split_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct split_reader *split = CONTAINER_OF(reader, struct split_reader, base);

    while (!split->is_over) {
        ssize_t part = prefetch_read(split->prefetch, data, size, err);
        if (part < 0)
            return -1;
        split->left -= (uint64_t)part;
        if (part > 0)
            return part;
        uint64_t behind = split->offset + (uint64_t)(split->number + 1) * PREFETCH_BLOCK;
        /* A short range is the end of the file: that it is too early is for others to say. */
        split->is_over = split->left > 0 || behind >= split->file->size;
        if (split->is_over)
            break;
        prefetch_advance(split->prefetch);
        split->left = range_of(split, ++split->number, NULL).length;
    }
    return 0;
}

static void split_free(struct reader *reader)
{
    struct split_reader *split = CONTAINER_OF(reader, struct split_reader, base);

    prefetch_free(split->prefetch);
    free(split);
}

int split_reader_open(struct source *source, const struct plan *plan, const struct plan_file *file,
                      const struct source_range *range, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {split_read, split_free};
    const struct split_reader new = {
        .base.ops = &ops,
        .source = source,
        .plan = plan,
        .file = file,
        .offset = range->offset,
    };
    const struct source_range part = range_of(&new, 0, range->cancel);
    CLEANUP(reader) struct reader *first = NULL;

    if (resume_reader_open(source, plan, file, &part, &first, err) < 0)
        return -1;
    if (atomic_load(&source->refuses_ranges))
        return 0;
    struct split_reader *split = xcalloc(1, sizeof(*split));
    *split = new;
    split->left = part.length;
    split->prefetch = prefetch_new(&(struct prefetch_options){
        .open = open_range,
        .arg = split,
        .count = (size_t)((file->size - range->offset + PREFETCH_BLOCK - 1) / PREFETCH_BLOCK),
        .pool = source->pool,
        .cancel = range->cancel,
        .first = TAKE(first),
    });
    *out = &split->base;
    return 0;
}
