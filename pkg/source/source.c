#include "source/source.h"

#include "source/source_internal.h"

/* A file of the plan, whole and verified: the pipeline behind source_open_file(). */
struct file_pipeline {
    struct reader base;
    struct reader *resume;
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
    reader_free(pipeline->resume);
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

int source_open_file(struct source *source, const struct plan *plan, const struct plan_file *file,
                     const struct cancel *cancel, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {file_pipeline_read, file_pipeline_free};
    CLEANUP(text) char *name = xasprintf("%s/%s", plan->id, file->path);
    struct reader *resume = NULL;

    if (resume_reader_open(source, plan, file, cancel, &resume, err) < 0)
        return error_wrap(err, "reading '%s'", name);
    struct file_pipeline *pipeline = xcalloc(1, sizeof(*pipeline));
    pipeline->base.ops = &ops;
    pipeline->resume = resume;
    pipeline->verify = verify_reader_new(resume, name, file->size, &file->digest);
    *out = &pipeline->base;
    return 0;
}

void source_free(struct source *source)
{
    if (source != NULL)
        source->ops->free(source);
}
