#include "build/layer_bytes.h"

#include "oci/media_type.h"

#include <sched.h>
#include <stdio.h>

/* Each takes memory: of zstd, at its level 3, 20 MiB. */
#define COMPRESS_THREADS_MAX 8

struct bytes_reader {
    struct reader base;
    struct reader *next; /* owned */
    struct layer_bytes *bytes;
};

void layer_bytes_count(struct layer_bytes *bytes, uint64_t size)
{
    uint64_t cached = source_claim_cached(bytes->source, size);

    bytes->passed.cached += cached;
    bytes->passed.moved += size - cached;
    progress_spared(bytes->progress, cached);
    progress_moved(bytes->progress, size - cached);
}

static ssize_t bytes_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct bytes_reader *stage = CONTAINER_OF(reader, struct bytes_reader, base);
    ssize_t part = reader_read(stage->next, data, size, err);

    if (part > 0)
        layer_bytes_count(stage->bytes, (uint64_t)part);
    return part;
}

static void bytes_free(struct reader *reader)
{
    struct bytes_reader *stage = CONTAINER_OF(reader, struct bytes_reader, base);

    reader_free(stage->next);
    free(stage);
}

static int bytes_open(void *arg, const struct plan_file *file, struct reader **out,
                      struct error *err)
{
    static const struct reader_ops ops = {bytes_read, bytes_free};
    struct layer_bytes *bytes = arg;
    struct reader *next = NULL;

    if (source_files_open(bytes->files, file, &next, err) < 0)
        return -1;
    struct bytes_reader *stage = xcalloc(1, sizeof(*stage));
    stage->base.ops = &ops;
    stage->next = next;
    stage->bytes = bytes;
    *out = &stage->base;
    return 0;
}

/* The files of the layer, in the order in which they are packed. */
static struct source_files *open_files(const struct layer_bytes *bytes)
{
    const struct model *model = bytes->layer->placed->model;
    const struct recipe *recipe = bytes->layer->recipe;
    const struct plan_file **files = xcalloc(recipe->count, sizeof(const struct plan_file *));
    size_t count = 0;

    for (size_t i = 0; i < recipe->count; i++)
        if (recipe->entries[i]->type == TREE_FILE)
            files[count++] = &model->plan.files[recipe->entries[i]->file];
    struct source_files *opened = source_files_new(&(struct source_files_request){
        .source = bytes->source,
        .plan = &model->plan,
        .contents = &model->contents,
        .files = files,
        .count = count,
        .cancel = bytes->cancel,
    });
    free(files);
    return opened;
}

/* recipe_write_tar() with it; small files are fetched ahead. */
static int write_tar(struct layer_bytes *bytes, struct writer *out, struct error *err)
{
    CLEANUP(source_files) struct source_files *files = NULL;

    if (bytes->source != NULL)
        files = open_files(bytes);
    bytes->files = files;
    int result = recipe_write_tar(bytes->layer->recipe, bytes_open, bytes, out, bytes->cancel, err);
    bytes->files = NULL;
    return result;
}

static unsigned count_cores(void)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof(cores), &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1;
}

unsigned layer_bytes_threads(const struct build_plan *plan, unsigned jobs)
{
    unsigned in_flight = jobs > 0 ? jobs : WORKERS_DEFAULT;
    unsigned large = 0;

    for (size_t i = 0; i < plan->layer_count; i++)
        large += plan->layers[i].recipe->kind == RECIPE_LARGE;
    if (large < in_flight)
        in_flight = large > 0 ? large : 1;
    unsigned threads = count_cores() / in_flight;
    if (threads > COMPRESS_THREADS_MAX)
        return COMPRESS_THREADS_MAX;
    return threads > 0 ? threads : 1;
}

/* Two hashes and a checksum, beside the one that the content is verified by. */
static int write_stargz(struct layer_bytes *bytes, struct writer *out, struct image_layer *made,
                        struct error *err)
{
    CLEANUP(writer) struct writer *packed = NULL;
    struct stargz_layer layer = {.diff_id = DIGEST_INIT};

    if (stargz_writer_open(bytes->layer->recipe, out, &layer, &packed, err) < 0)
        return -1;
    if (write_tar(bytes, packed, err) < 0 || writer_finish(packed, err) < 0)
        return -1;
    made->diff_id = layer.diff_id;
    made->table = (struct layer_table){layer.table, layer.tar_size};
    return 0;
}

int layer_bytes_write(struct layer_bytes *bytes, struct writer *out, struct image_layer *made,
                      struct error *err)
{
    const struct compression_choice *compression = &bytes->layer->recipe->compression;

    if (compression->kind == COMPRESSION_NONE) {
        if (write_tar(bytes, out, err) < 0)
            return -1;
        return writer_finish(out, err);
    }
    if (compression->kind == COMPRESSION_ESTARGZ)
        return write_stargz(bytes, out, made, err);
    CLEANUP(writer) struct writer *packed = compress_writer_new(out, compression, bytes->threads);
    CLEANUP(writer)
    struct writer *plain = digest_writer_new(packed, DIGEST_SHA256, &made->diff_id, NULL);
    if (write_tar(bytes, plain, err) < 0)
        return -1;
    return writer_finish(plain, err);
}

static int nothing_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    (void)writer;
    (void)data;
    (void)size;
    (void)err;
    return 0;
}

static int nothing_finish(struct writer *writer, struct error *err)
{
    (void)writer;
    (void)err;
    return 0;
}

static void nothing_free(struct writer *writer)
{
    (void)writer;
}

struct writer *layer_bytes_nowhere(void)
{
    static const struct writer_ops ops = {
        .write = nothing_write, .finish = nothing_finish, .free = nothing_free};
    static struct writer nowhere = {&ops};

    return &nowhere;
}

void layer_bytes_set_type(const struct layer_bytes *bytes, struct descriptor *blob)
{
    snprintf(blob->media_type, sizeof(blob->media_type), MEDIA_TYPE_OCI_LAYER "%s",
             compression_suffix(&bytes->layer->recipe->compression));
}

int layer_bytes_measure(struct layer_bytes *bytes, struct image_layer *out, struct error *err)
{
    struct descriptor *blob = &out->blob;
    CLEANUP(writer)
    struct writer *stage =
        digest_writer_new(layer_bytes_nowhere(), DIGEST_SHA256, &blob->digest, &blob->size);

    if (layer_bytes_write(bytes, stage, out, err) < 0)
        return -1;
    if (bytes->layer->recipe->compression.kind == COMPRESSION_NONE)
        out->diff_id = blob->digest;
    layer_bytes_set_type(bytes, blob);
    return 0;
}
