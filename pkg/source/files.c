#include "source/source_internal.h"

/* A file up to this size is fetched whole before its turn. */
#define SMALL_MOST PREFETCH_BLOCK

struct source_files {
    struct source *source;
    const struct plan *plan;
    const struct cancel *cancel;
    const struct plan_file **small; /* in the order in which they will be opened */
    size_t small_count;
    size_t number;             /* the one that is next */
    struct prefetch *prefetch; /* NULL: files are opened when it is their turn */
};

/* One of the small files. */
struct small_reader {
    struct reader base;
    struct source_files *files; /* borrowed */
    bool is_over;
};

static int open_small(void *arg, size_t number, const struct cancel *cancel, struct reader **out,
                      struct error *err)
{
    const struct source_files *files = arg;

    return source_open_file(files->source, files->plan, files->small[number], cancel, out, err);
}

struct source_files *source_files_new(struct source *source, const struct plan *plan,
                                      const struct plan_file *const *files, size_t count,
                                      const struct cancel *cancel)
{
    struct source_files *new = xcalloc(1, sizeof(*new));

    new->source = source;
    new->plan = plan;
    new->cancel = cancel;
    new->small = xcalloc(count, sizeof(const struct plan_file *));
    for (size_t i = 0; i < count; i++)
        if (files[i]->size <= SMALL_MOST)
            new->small[new->small_count++] = files[i];
    if (source->pool != NULL && new->small_count > 1)
        new->prefetch = prefetch_new(&(struct prefetch_options){
            .open = open_small,
            .arg = new,
            .count = new->small_count,
            .pool = source->pool,
            .cancel = cancel,
        });
    return new;
}

void source_files_free(struct source_files *files)
{
    if (files == NULL)
        return;
    prefetch_free(files->prefetch);
    free(files->small);
    free(files);
}

static ssize_t small_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct small_reader *small = CONTAINER_OF(reader, struct small_reader, base);
    ssize_t part = small->is_over ? 0 : prefetch_read(small->files->prefetch, data, size, err);

    if (part == 0 && size > 0)
        small->is_over = true;
    return part;
}

/* A file that was given up in the middle gives up reading ahead. */
static void small_free(struct reader *reader)
{
    struct small_reader *small = CONTAINER_OF(reader, struct small_reader, base);
    struct source_files *files = small->files;

    if (small->is_over)
        prefetch_advance(files->prefetch);
    else
        prefetch_free(TAKE(files->prefetch));
    files->number++;
    free(small);
}

int source_files_open(struct source_files *files, const struct plan_file *file, struct reader **out,
                      struct error *err)
{
    static const struct reader_ops ops = {small_read, small_free};

    if (files->prefetch == NULL || files->number == files->small_count ||
        files->small[files->number] != file)
        return source_open_file(files->source, files->plan, file, files->cancel, out, err);
    struct small_reader *small = xcalloc(1, sizeof(*small));
    small->base.ops = &ops;
    small->files = files;
    *out = &small->base;
    return 0;
}
