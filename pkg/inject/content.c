#include "inject/content_internal.h"

#include <sched.h>

#define JOBS_DEFAULT 4
/* Each takes memory: of zstd, at its level 3, 20 MiB. */
#define COMPRESS_THREADS_MAX 8

struct content_reader {
    struct reader base;
    struct reader *next; /* owned */
    struct content *content;
};

static ssize_t content_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct content_reader *stage = CONTAINER_OF(reader, struct content_reader, base);
    ssize_t part = reader_read(stage->next, data, size, err);

    if (part < 0) {
        stage->content->broken = true;
    } else {
        atomic_fetch_add(&stage->content->work->model_size, (uint64_t)part);
        progress_moved(stage->content->work, (uint64_t)part);
    }
    return part;
}

static void content_free(struct reader *reader)
{
    struct content_reader *stage = CONTAINER_OF(reader, struct content_reader, base);

    reader_free(stage->next);
    free(stage);
}

static int content_open(void *arg, const struct plan_file *file, struct reader **out,
                        struct error *err)
{
    static const struct reader_ops ops = {content_read, content_free};
    struct content *content = arg;
    struct reader *next = NULL;

    if (source_files_open(content->files, file, &next, err) < 0) {
        content->broken = true;
        return -1;
    }
    struct content_reader *stage = xcalloc(1, sizeof(*stage));
    stage->base.ops = &ops;
    stage->next = next;
    stage->content = content;
    *out = &stage->base;
    return 0;
}

/* The files of a recipe, in the order in which they are packed. */
static struct source_files *open_files(const struct content *content, const struct recipe *recipe)
{
    const struct model *model = content->model;
    const struct plan_file **files = xcalloc(recipe->count, sizeof(const struct plan_file *));
    size_t count = 0;

    for (size_t i = 0; i < recipe->count; i++)
        if (recipe->entries[i]->type == TREE_FILE)
            files[count++] = &model->plan.files[recipe->entries[i]->file];
    struct source_files *opened =
        source_files_new(model->source, &model->plan, files, count, content->cancel);
    free(files);
    return opened;
}

/* recipe_write_tar() with it; small files are fetched ahead. */
static int write_tar(struct content *content, const struct recipe *recipe, struct writer *out,
                     struct error *err)
{
    CLEANUP(source_files) struct source_files *files = NULL;

    if (content->model != NULL)
        files = open_files(content, recipe);
    content->files = files;
    int result = recipe_write_tar(recipe, content_open, content, out, content->cancel, err);
    content->files = NULL;
    return result;
}

static unsigned count_cores(void)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof(cores), &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1;
}

/* The cores, shared among the large layers that are in flight: the others are soon done. */
static unsigned threads_for_layer(const struct work *work)
{
    const struct inject_options *options = work->options;
    unsigned jobs = options->jobs > 0 ? options->jobs : JOBS_DEFAULT;
    unsigned large = 0;

    for (size_t i = 0; i < work->build_count; i++)
        large += work->builds[i].recipe->kind == RECIPE_LARGE;
    if (options->target != NULL && options->target->sequential)
        jobs = 1;
    if (large < jobs)
        jobs = large > 0 ? large : 1;
    unsigned threads = count_cores() / jobs;
    if (threads > COMPRESS_THREADS_MAX)
        return COMPRESS_THREADS_MAX;
    return threads > 0 ? threads : 1;
}

int content_write_layer(struct content *content, const struct recipe *recipe, struct writer *out,
                        struct digest *diff_id, struct error *err)
{
    if (recipe->compression.kind == COMPRESSION_NONE) {
        if (write_tar(content, recipe, out, err) < 0)
            return -1;
        return writer_finish(out, err);
    }
    CLEANUP(writer)
    struct writer *packed =
        compress_writer_new(out, &recipe->compression, threads_for_layer(content->work));
    CLEANUP(writer)
    struct writer *plain = digest_writer_new(packed, DIGEST_SHA256, diff_id, NULL);
    if (write_tar(content, recipe, plain, err) < 0)
        return -1;
    return writer_finish(plain, err);
}
