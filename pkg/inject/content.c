#include "inject/content_internal.h"

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

int content_open(void *arg, const struct plan_file *file, struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {content_read, content_free};
    struct content *content = arg;
    const struct model *model = content->model;
    struct reader *next = NULL;

    if (source_open_file(model->source, &model->plan, file, content->cancel, &next, err) < 0) {
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
