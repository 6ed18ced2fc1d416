#include "source/source.h"

#include "cache/cache.h"
#include "source/source_internal.h"

/* A file of the plan, whole and verified: the pipeline behind source_open_file(). */
struct file_pipeline {
    struct reader base;
    struct source *source; /* borrowed, as are the next three */
    const struct plan *plan;
    const struct plan_file *file;
    const struct cancel *cancel; /* may be NULL */
    struct reader *content;      /* NULL with a cache, which has its own */
    struct reader *verify;
};

static ssize_t file_pipeline_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    return reader_read(CONTAINER_OF(reader, struct file_pipeline, base)->verify, data, size, err);
}

static void file_pipeline_free(struct reader *reader)
{
    struct file_pipeline *pipeline = CONTAINER_OF(reader, struct file_pipeline, base);

    reader_free(pipeline->verify);
    reader_free(pipeline->content);
    free(pipeline);
}

int source_list(struct source *source, struct plan *plan, struct error *err)
{
    CLEANUP(plan) struct plan listed = PLAN_INIT;

    if (source->ops->list(source, &listed, err) < 0)
        return -1;
    if (listed.count == 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no files at revision '%s'", listed.id,
                         listed.revision);
    if (plan_check(&listed, err) < 0)
        return error_wrap(err, "the file list of '%s'", listed.id);
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}

/* One connection is best for what is left if there may be one only, or ranges cannot be had. */
static bool is_worth_splitting(const struct source *source, uint64_t left)
{
    return source->pool != NULL && prefetch_pool_connections(source->pool) > 1 &&
           left >= SPLIT_LEAST && !atomic_load(&source->refuses_ranges);
}

/* What the cache asks for, and without one the whole file: unverified. */
static int fetch_content(void *arg, uint64_t offset, struct reader **out, struct error *err)
{
    const struct file_pipeline *pipeline = arg;
    struct source *source = pipeline->source;
    const struct plan_file *file = pipeline->file;
    const struct source_range rest = {
        .offset = offset,
        .length = SIZE_UNKNOWN,
        .cancel = pipeline->cancel,
    };
    struct reader *content = NULL;

    if (is_worth_splitting(source, file->size - offset) &&
        split_reader_open(source, pipeline->plan, file, &rest, &content, err) < 0)
        return -1;
    if (content == NULL &&
        resume_reader_open(source, pipeline->plan, file, &rest, &content, err) < 0)
        return -1;
    *out = content;
    return 0;
}

static int open_pipeline(struct file_pipeline *pipeline, const char *name, struct error *err)
{
    const struct plan_file *file = pipeline->file;
    const struct cache_request request = {
        .name = name,
        .digest = &file->digest,
        .size = file->size,
        .cancel = pipeline->cancel,
        .fetch = fetch_content,
        .arg = pipeline,
    };

    if (pipeline->source->cache != NULL)
        return cache_reader_open(pipeline->source->cache, &request, &pipeline->verify, err);
    if (fetch_content(pipeline, 0, &pipeline->content, err) < 0)
        return -1;
    pipeline->verify = verify_reader_new(pipeline->content, name, file->size, &file->digest);
    return 0;
}

int source_open_file(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct cancel *cancel, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {file_pipeline_read, file_pipeline_free};
    CLEANUP(text) char *name = xasprintf("%s/%s", plan->id, file->path);
    struct file_pipeline *pipeline = xcalloc(1, sizeof(*pipeline));
    CLEANUP(reader) struct reader *reader = &pipeline->base;

    *pipeline = (struct file_pipeline){
        .base.ops = &ops,
        .source = source,
        .plan = plan,
        .file = file,
        .cancel = cancel,
    };
    if (open_pipeline(pipeline, name, err) < 0)
        return error_wrap(err, "reading '%s'", name);
    *out = TAKE(reader);
    return 0;
}

void source_free(struct source *source)
{
    if (source != NULL)
        source->ops->free(source);
}
