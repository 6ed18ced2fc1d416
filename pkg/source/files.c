#include "source/source_internal.h"

/* A file up to this size is fetched whole before its turn. */
#define SMALL_MOST PREFETCH_BLOCK

struct source_files {
    struct source_files_request request; /* without its files */
    const struct plan_file **small;      /* in the order in which they will be opened */
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

    return source_open_file(files->request.source, files->request.plan, files->small[number],
                            cancel, out, err);
}

/* NULL if it has to be fetched. */
static const struct plan_content *find_content(const struct source_files_request *request,
                                               const struct plan_file *file)
{
    return request->contents != NULL ? plan_contents_find(request->contents, file->path) : NULL;
}

struct source_files *source_files_new(const struct source_files_request *request)
{
    struct source_files *new = xcalloc(1, sizeof(*new));
    struct prefetch_pool *pool = request->source->pool;

    bool is_tiny = true;

    new->request = *request;
    new->request.files = NULL;
    new->small = xcalloc(request->count, sizeof(const struct plan_file *));
    for (size_t i = 0; i < request->count; i++)
        if (request->files[i]->size <= SMALL_MOST &&
            find_content(request, request->files[i]) == NULL)
            new->small[new->small_count++] = request->files[i];
    for (size_t i = 0; i < new->small_count; i++)
        is_tiny = is_tiny && new->small[i]->size <= PREFETCH_TINY;
    if (pool != NULL && new->small_count > 1)
        new->prefetch = prefetch_new(&(struct prefetch_options){
            .open = open_small,
            .arg = new,
            .count = new->small_count,
            .is_tiny = is_tiny,
            .pool = pool,
            .cancel = request->cancel,
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
    const struct source_files_request *request = &files->request;
    const struct plan_content *content = find_content(request, file);

    if (content != NULL) {
        *out = memory_reader_new(content->text, content->size);
        return 0;
    }
    if (files->prefetch == NULL || files->number == files->small_count ||
        files->small[files->number] != file)
        return source_open_file(request->source, request->plan, file, request->cancel, out, err);
    struct small_reader *small = xcalloc(1, sizeof(*small));
    small->base.ops = &ops;
    small->files = files;
    *out = &small->base;
    return 0;
}
