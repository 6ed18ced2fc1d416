#include "build/layer_bytes.h"

/* Passes on what of a layer is wanted, and ends its packing behind that. */
struct part_writer {
    struct writer base;
    struct writer *next; /* borrowed */
    uint64_t skip;
    uint64_t left;
    bool is_full; /* what is said of a failure means nothing more than that */
};

static int part_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    struct part_writer *part = CONTAINER_OF(writer, struct part_writer, base);
    size_t before = part->skip < size ? (size_t)part->skip : size;
    size_t wanted = part->left < size - before ? (size_t)part->left : size - before;

    part->skip -= before;
    part->left -= wanted;
    if (wanted > 0 && writer_write(part->next, (const char *)data + before, wanted, err) < 0)
        return -1;
    part->is_full = part->left == 0;
    return part->is_full ? error_set(err, ERROR_CANCELED, "all that was wanted has passed") : 0;
}

static int part_finish(struct writer *writer, struct error *err)
{
    (void)writer;
    (void)err;
    return 0;
}

static void part_free(struct writer *writer)
{
    (void)writer;
}

static int replay_compressed(struct layer_bytes *bytes, uint64_t offset, uint64_t end,
                             struct writer *out, struct error *err)
{
    static const struct writer_ops ops = {
        .write = part_write, .finish = part_finish, .free = part_free};
    struct part_writer part = {.base = {&ops}, .next = out, .skip = offset, .left = end - offset};
    struct image_layer ignored = {.number = 0}; /* the first time has told it */

    if (layer_bytes_write(bytes, &part.base, &ignored, err) == 0 && part.left == 0)
        return 0;
    if (!part.is_full)
        return err->kind != ERROR_NONE
                   ? -1
                   : error_set(err, ERROR_INTERNAL, "a layer has become shorter on its way");
    error_release(err);
    return 0;
}

struct counted_reader {
    struct reader base;
    struct reader *next; /* owned */
    struct layer_bytes *bytes;
};

static ssize_t counted_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct counted_reader *counted = CONTAINER_OF(reader, struct counted_reader, base);
    ssize_t part = reader_read(counted->next, data, size, err);

    if (part > 0)
        layer_bytes_count(counted->bytes, (uint64_t)part);
    return part;
}

static void counted_free(struct reader *reader)
{
    struct counted_reader *counted = CONTAINER_OF(reader, struct counted_reader, base);

    reader_free(counted->next);
    free(counted);
}

static int open_part(void *arg, const struct pack_part *part, struct reader **out,
                     struct error *err)
{
    static const struct reader_ops ops = {counted_read, counted_free};
    struct layer_bytes *bytes = arg;
    const struct source_range range = {part->offset, part->size, bytes->cancel};
    struct reader *next = NULL;

    if (source_open_part(bytes->source, &bytes->layer->placed->model->plan, part->file, &range,
                         &next, err) < 0)
        return -1;
    struct counted_reader *counted = xcalloc(1, sizeof(*counted));
    counted->base.ops = &ops;
    counted->next = next;
    counted->bytes = bytes;
    *out = &counted->base;
    return 0;
}

int layer_bytes_replay(void *arg, uint64_t offset, uint64_t end, struct writer *out,
                       struct error *err)
{
    struct layer_bytes *bytes = arg;
    const struct recipe *recipe = bytes->layer->recipe;
    const struct pack_range range = {offset, end, bytes->cancel};
    struct layer_bytes again = {
        /* the first ones are at work */
        .layer = bytes->layer,
        .source = bytes->source,
        .threads = bytes->threads,
        .cancel = bytes->cancel,
    };
    int result = recipe->compression.kind == COMPRESSION_NONE
                     ? recipe_write_range(recipe, &range, open_part, &again, out, err)
                     : replay_compressed(&again, offset, end, out, err);

    bytes->replayed.moved += again.passed.moved;
    bytes->replayed.cached += again.passed.cached;
    return result;
}
