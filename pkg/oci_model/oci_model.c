#include "oci_model/oci_model_internal.h"

#include "image/image.h"
#include "oci/media_type.h"

#include <string.h>

#define MODELCAR_FOLDER "/models"

struct oci_model {
    struct source base;
    struct store *store;
    char *version; /* may be NULL */
    struct origin origin;
    const struct cancel *cancel;   /* borrowed; may be NULL */
    const struct log *log;         /* borrowed; may be NULL */
    const struct sandbox *sandbox; /* borrowed; may be NULL */
    struct prefetch_pool *pool;    /* borrowed; the source has it only while parts can be had */
    struct rootfs_contents *contents;
    struct model_files files; /* as they were listed, sorted by path */
};

void model_files_add(struct model_files *files, const char *path,
                     const struct rootfs_content *content)
{
    files->items = xrealloc(files->items, files->count + 1, sizeof(*files->items));
    files->items[files->count++] = (struct model_file){xstrdup(path), *content};
}

void model_files_release(struct model_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->items[i].path);
    free(files->items);
    *files = (struct model_files)MODEL_FILES_INIT;
}

static int list_tree(const struct oci_model *model, const struct rootfs_layer *layers, size_t count,
                     const char *root, struct model_files *files, struct error *err)
{
    CLEANUP(rootfs) struct rootfs *rootfs = NULL;
    const struct rootfs_options options = {
        .store = model->store,
        .layers = layers,
        .layer_count = count,
        .cancel = model->cancel,
        .log = model->log,
        .sandbox = model->sandbox,
    };

    if (rootfs_open(&options, &rootfs, err) < 0)
        return -1;
    for (size_t i = count; i > 0; i--) /* all are needed; so whatever is wrong is told of a layer */
        if (rootfs_read_layer(rootfs, i, err) < 0)
            return -1;
    return tree_list(rootfs, root, model->cancel, files, err);
}

static int list_image(const struct oci_model *model, const struct document *manifest,
                      const struct descriptor *config, struct model_files *files, struct error *err)
{
    CLEANUP(image) struct image *image = NULL;
    CLEANUP(buf) struct buf bytes = BUF_INIT;
    struct rootfs_layer *layers = NULL;
    size_t count = 0;

    if (store_read_blob(model->store, config, &bytes, err) < 0 ||
        image_open(manifest, &bytes, &image, err) < 0 ||
        rootfs_layers_of(image, &layers, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        layers[i].hash_contents = true; /* in one go: most layers of such an image are the model */
    int result = list_tree(model, layers, count, MODELCAR_FOLDER, files, err);
    free(layers);
    return result;
}

static int list_artifact(const struct oci_model *model, const struct document *manifest,
                         const struct descriptor *config, struct model_files *files,
                         struct error *err)
{
    CLEANUP(artifact) struct artifact artifact = ARTIFACT_INIT;

    if (kitops_check(model->store, manifest, config, err) < 0 ||
        artifact_from_manifest(manifest, &artifact, err) < 0)
        return -1;
    /* What comes later replaces what came before, as when they are unpacked. */
    if (artifact.tar_count > 0 &&
        list_tree(model, artifact.tars, artifact.tar_count, "/", &artifact.files, err) < 0)
        return error_wrap(err, "among the layers that are tars");
    *files = artifact.files;
    artifact.files = (struct model_files)MODEL_FILES_INIT;
    return 0;
}

static int list_manifest(const struct oci_model *model, const struct document *manifest,
                         struct model_files *files, struct error *err)
{
    struct descriptor config;

    if (document_config(manifest, &config, err) < 0)
        return -1;
    if (media_type_is_image_config(config.media_type))
        return list_image(model, manifest, &config, files, err);
    return list_artifact(model, manifest, &config, files, err);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct model_file *)a)->path, ((const struct model_file *)b)->path);
}

/* The same file twice is one; two of one name are refused by whoever checks the plan. */
static bool is_repeated(const struct model_files *files, size_t number)
{
    const struct model_file *file = &files->items[number];

    return number > 0 && compare_files(file, file - 1) == 0 &&
           digest_equal(&file->content.sha256, &file[-1].content.sha256);
}

static void fill_plan(const struct oci_model *model, const struct document *manifest,
                      struct plan *plan)
{
    const struct buf *bytes = &manifest->bytes;
    struct digest pin = digest_of(DIGEST_SHA256, buf_text(bytes), bytes->size);

    origin_copy(&model->origin, &plan->origin);
    plan->pin = xstrdup(digest_format(&pin).text);
    for (size_t i = 0; i < model->files.count; i++) {
        const struct model_file *file = &model->files.items[i];
        if (!is_repeated(&model->files, i))
            plan_add(plan, &(struct plan_file){
                               .path = file->path,
                               .size = file->content.size,
                               .digest = file->content.sha256,
                           });
    }
    plan_sort(plan);
}

/* Of a packed layer no part can be had by itself: more connections would read the same again. */
static bool has_parts(const struct model_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (!files->items[i].content.is_plain)
            return false;
    return true;
}

static int oci_model_list(struct source *source, struct plan *plan, struct error *err)
{
    struct oci_model *model = CONTAINER_OF(source, struct oci_model, base);
    CLEANUP(document) struct document manifest = DOCUMENT_INIT;
    CLEANUP(model_files) struct model_files files = MODEL_FILES_INIT;

    if (manifest_choose(model->store, model->version, model->log, &manifest, err) < 0 ||
        list_manifest(model, &manifest, &files, err) < 0)
        return error_wrap(err, "the model '%s'", model->origin.name);
    if (files.count > 0)
        qsort(files.items, files.count, sizeof(*files.items), compare_files);
    model_files_release(&model->files);
    model->files = files;
    files = (struct model_files)MODEL_FILES_INIT;
    model->base.pool = has_parts(&model->files) ? model->pool : NULL;
    fill_plan(model, &manifest, plan);
    return 0;
}

static int oci_model_open(struct source *source, const struct plan *plan,
                          const struct plan_file *file, const struct source_range *range,
                          struct reader **out, struct error *err)
{
    struct oci_model *model = CONTAINER_OF(source, struct oci_model, base);
    const struct model_file key = {.path = file->path};
    const struct model_file *found = NULL;

    (void)plan;
    if (model->files.count > 0)
        found = bsearch(&key, model->files.items, model->files.count, sizeof(key), compare_files);
    if (found == NULL)
        return error_set(err, ERROR_INTERNAL, "'%s' was not listed", file->path);
    const struct rootfs_part part = {range->offset, range->length, range->cancel};
    int result = rootfs_contents_open(model->contents, &found->content, &part, out, err);
    if (!rootfs_contents_gives_parts(model->contents))
        atomic_store(&model->base.refuses_ranges, true);
    return result;
}

static void oci_model_free(struct source *source)
{
    struct oci_model *model = CONTAINER_OF(source, struct oci_model, base);

    rootfs_contents_free(model->contents);
    model_files_release(&model->files);
    origin_release(&model->origin);
    free(model->version);
    store_free(model->store);
    free(model);
}

struct source *oci_model_adopt(const struct oci_model_options *options)
{
    static const struct source_ops ops = {oci_model_list, oci_model_open, oci_model_free};
    struct oci_model *model = xcalloc(1, sizeof(*model));

    model->base.ops = &ops;
    model->base.cache = options->cache;
    model->store = options->store;
    model->version = text_copy(options->version);
    model->origin = (struct origin)ORIGIN_INIT;
    origin_copy(options->origin, &model->origin);
    model->cancel = options->cancel;
    model->log = options->log;
    model->pool = options->pool;
    model->sandbox = options->sandbox;
    model->contents = rootfs_contents_new(model->store, options->sandbox);
    model->files = (struct model_files)MODEL_FILES_INIT;
    return &model->base;
}
