#include "inject/folders_internal.h"
#include "inject/inject_internal.h"

#include "core/workers.h"
#include "oci/media_type.h"

#include <string.h>

#define JOBS_DEFAULT 4
#define PACK_TRIES 3
#define PACK_WAIT_MS 2000

static size_t kept_count(const struct work *work, const struct platform *platform)
{
    size_t kept = 0;

    for (size_t i = 0; i < platform->own_count; i++)
        kept += !work_replaces(work, platform, &platform->own[i]);
    return kept;
}

static void uncut(struct platform *platform, size_t model_count)
{
    for (size_t i = 0; i < model_count; i++) {
        recipes_free(platform->recipes[i], platform->recipe_counts[i]);
        platform->recipes[i] = NULL;
        platform->recipe_counts[i] = 0;
    }
}

/* Cuts every model for one platform; *fits tells whether the image then has few enough layers. */
static int cut_platform(const struct work *work, struct platform *platform, unsigned most,
                        bool *fits, struct error *err)
{
    size_t total = image_layer_count(platform->image) + kept_count(work, platform) + 1;

    uncut(platform, work->model_count);
    for (size_t i = 0; i < work->model_count; i++) {
        if (recipes_cut(&platform->trees[i], &work->models[i].plan, most, &platform->recipes[i],
                        &platform->recipe_counts[i], err) < 0)
            return error_wrap(err, "'%s'", work->models[i].name);
        total += platform->recipe_counts[i] + platform->needs_way[i];
    }
    if (total > IMAGE_LAYERS_MAX)
        *fits = false;
    return 0;
}

/* The same cut for all platforms, and for every base that leaves room: coarser only if need be. */
static int cut_all(struct work *work, struct error *err)
{
    static const unsigned steps[] = {PACK_LAYERS_MAX, 24, 12, 6, 3};

    for (size_t i = 0; i < work->platform_count; i++) {
        work->platforms[i].recipes = xcalloc(work->model_count, sizeof(struct recipe *));
        work->platforms[i].recipe_counts = xcalloc(work->model_count, sizeof(size_t));
    }
    for (size_t step = 0; step < ARRAY_SIZE(steps); step++) {
        bool fits = true;
        for (size_t i = 0; i < work->platform_count; i++)
            if (cut_platform(work, &work->platforms[i], steps[step], &fits, err) < 0)
                return -1;
        if (fits)
            return 0;
    }
    return error_set(err, ERROR_UNSUPPORTED,
                     "the base and the models together need more than %d layers, the most that "
                     "runtimes take; name fewer models or squash the base",
                     IMAGE_LAYERS_MAX);
}

/* A folder that the image states for the sake of a model that stays. */
static bool is_needed_by_kept(const struct work *work, const struct platform *platform,
                              const struct image_folder *folder)
{
    for (size_t i = 0; i < platform->own_count; i++)
        if (!work_replaces(work, platform, &platform->own[i]) &&
            folder_is_needed(folder, &platform->own[i].record))
            return true;
    return false;
}

static int cut_ways(const struct work *work, struct platform *platform, struct error *err)
{
    platform->ways = xcalloc(work->model_count, sizeof(struct recipe));
    platform->way_entries = xcalloc(work->model_count, sizeof(struct tree_entry *));
    for (size_t i = 0; i < work->model_count; i++)
        if (platform->needs_way[i] &&
            folders_cut_way(platform->folders, platform->folder_count, &platform->trees[i],
                            &platform->way_entries[i], &platform->ways[i], err) < 0)
            return -1;
    return 0;
}

/* The folders above all models of the image, those that stay from before included. */
static int cut_folders(const struct work *work, struct platform *platform, struct error *err)
{
    for (size_t i = 0; i < platform->own_folder_count; i++)
        if (is_needed_by_kept(work, platform, &platform->own_folders[i]))
            platform_add_folder(platform, &platform->own_folders[i]);
    if (cut_ways(work, platform, err) < 0)
        return -1;
    return folders_cut(platform->folders, platform->folder_count, &platform->folder_entries,
                       &platform->folder_recipe, err);
}

static void want_layer(struct work *work, const struct recipe *recipe, const struct model *model,
                       const char *place)
{
    for (size_t i = 0; i < work->build_count; i++)
        if (digest_equal(&work->builds[i].recipe->digest, &recipe->digest))
            return;
    work->builds = xrealloc(work->builds, work->build_count + 1, sizeof(*work->builds));
    work->builds[work->build_count++] =
        (struct build){.recipe = recipe, .model = model, .place = place};
}

static void want_blob(struct work *work, const struct descriptor *blob)
{
    if (media_type_is_foreign_layer(blob->media_type))
        return;
    for (size_t i = 0; i < work->copy_count; i++)
        if (digest_equal(&work->copies[i].digest, &blob->digest))
            return;
    work->copies = xrealloc(work->copies, work->copy_count + 1, sizeof(*work->copies));
    work->copies[work->copy_count++] = *blob;
}

/* An entry of the index that is passed on as it is: what it mentions has to come along. */
static int want_other(struct work *work, const struct descriptor *entry, struct error *err)
{
    CLEANUP(document) struct document document = DOCUMENT_INIT;
    struct digest_text version = digest_format(&entry->digest);
    struct descriptor *children = NULL;
    size_t count = 0;

    if (!media_type_is_manifest(entry->media_type)) {
        want_blob(work, entry);
        return 0;
    }
    if (store_read_document(work->options->base, version.text, &document, err) < 0 ||
        document_children(&document, &children, &count, err) < 0)
        return error_wrap(err, "the base's %s", version.text);
    for (size_t i = 0; i < count; i++)
        want_blob(work, &children[i]);
    free(children);
    return 0;
}

static int want_platform(struct work *work, const struct platform *platform, struct error *err)
{
    struct descriptor *layers = NULL;
    size_t count = 0;

    for (size_t i = 0; i < work->model_count; i++)
        if (platform->needs_way[i])
            want_layer(work, &platform->ways[i], &work->models[i], platform->trees[i].place);
    for (size_t i = 0; i < work->model_count; i++)
        for (size_t k = 0; k < platform->recipe_counts[i]; k++)
            want_layer(work, &platform->recipes[i][k], &work->models[i], platform->trees[i].place);
    want_layer(work, &platform->folder_recipe, NULL, NULL);
    if (image_layers(platform->image, &layers, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        want_blob(work, &layers[i]);
    free(layers);
    for (size_t i = 0; i < platform->own_count; i++)
        if (!work_replaces(work, platform, &platform->own[i]))
            want_blob(work, &platform->own[i].blob);
    return 0;
}

int work_cut(struct work *work, struct error *err)
{
    if (cut_all(work, err) < 0)
        return -1;
    for (size_t i = 0; i < work->platform_count; i++)
        if (cut_folders(work, &work->platforms[i], err) < 0 ||
            want_platform(work, &work->platforms[i], err) < 0)
            return -1;
    for (size_t i = 0; i < work->entry_count; i++)
        if (work->entries[i].role == INDEX_OTHER &&
            want_other(work, &work->entries[i].descriptor, err) < 0)
            return -1;
    return 0;
}

/* What a build job hands to the packer, to read files of its model. */
struct content {
    struct work *work;
    const struct build *build;
    const struct cancel *cancel;
    bool broken; /* the source has given up: packing again would not help */
};

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
    const struct model *model = content->build->model;
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

/* Hub -> tar -> diff_id -> target, in one pass. A plain layer's digest is its diff_id. */
static int pack_once(struct content *content, struct build *build, struct error *err)
{
    CLEANUP(writer) struct writer *blob = NULL;
    struct store *target = content->work->options->target;
    const struct recipe *recipe = build->recipe;

    if (store_create_blob(target, recipe->tar_size, &build->layer.blob, &blob, err) < 0 ||
        recipe_write_tar(recipe, content_open, content, blob, content->cancel, err) < 0 ||
        writer_finish(blob, err) < 0)
        return -1;
    build->layer.diff_id = build->layer.blob.digest;
    return 0;
}

/* An upload that breaks is begun anew: only the source can bring its bytes again. */
static int pack_layer(struct work *work, struct build *build, const struct cancel *cancel,
                      struct error *err)
{
    for (unsigned attempt = 1;; attempt++) {
        struct content content = {.work = work, .build = build, .cancel = cancel};
        if (pack_once(&content, build, err) == 0)
            return 0;
        if (err->kind != ERROR_UNREACHABLE || content.broken || attempt == PACK_TRIES)
            return -1;
        log_debug(work->options->log, "beginning the layer anew: %s", err->text);
        error_release(err);
        if (cancel_wait(cancel, attempt * PACK_WAIT_MS, err) < 0)
            return -1;
    }
}

static void count_reused(void *arg, uint64_t size)
{
    atomic_fetch_add((atomic_uint_fast64_t *)arg, size);
}

/* Is a layer of this recipe known, and can the target have it without a byte of the model? */
static int reuse_layer(struct work *work, struct build *build, const struct cancel *cancel,
                       bool *reused, struct error *err)
{
    const struct inject_options *options = work->options;
    struct store_copy_options copy = {
        .cancel = cancel, .count = count_reused, .count_arg = &work->base_size};
    enum store_copied how;

    for (size_t i = 0; i < work->known_count && !*reused; i++) {
        const struct known_layer *known = &work->known[i];
        bool there = false;
        if (!digest_equal(&known->layer.record.recipe, &build->recipe->digest))
            continue;
        if (store_has_blob(options->target, &known->layer.blob, &there, err) < 0)
            return -1;
        if (!there && !known->in_base)
            continue;
        if (!there && store_copy_blob(options->base, options->target, &known->layer.blob, &copy,
                                      &how, err) < 0)
            return -1;
        build->layer.blob = known->layer.blob;
        build->layer.diff_id = known->layer.diff_id;
        *reused = true;
    }
    return 0;
}

static void describe_layer(const struct work *work, struct build *build)
{
    const struct model *model = build->model;

    build->layer.record = (struct layer_record){
        .kind = xstrdup(recipe_kind_name(build->recipe->kind)),
        .model = model != NULL ? xstrdup(model->name) : NULL,
        .commit = model != NULL ? xstrdup(model->plan.commit) : NULL,
        .layout = model != NULL ? xstrdup(work->options->layout->name) : NULL,
        .place = model != NULL ? xstrdup(build->place) : NULL,
        .recipe = build->recipe->digest,
    };
}

/* "model.safetensors of org/name", "small files of org/name", "folders"; caller frees. */
static char *recipe_title(const struct recipe *recipe, const struct model *model)
{
    if (model == NULL)
        return xstrdup(recipe_kind_name(recipe->kind));
    if (recipe->kind == RECIPE_LARGE && recipe->count == 1)
        return xasprintf("%s of %s", recipe->plan->files[recipe->entries[0]->file].path,
                         model->name);
    return xasprintf("%s files of %s", recipe_kind_name(recipe->kind), model->name);
}

static int build_layer(struct work *work, struct build *build, const struct cancel *cancel,
                       struct error *err)
{
    const struct recipe *recipe = build->recipe;
    const char *model = build->model != NULL ? build->model->name : "image";
    bool reused = false;

    describe_layer(work, build);
    if (reuse_layer(work, build, cancel, &reused, err) < 0)
        return error_wrap(err, "the %s layer of '%s'", recipe_kind_name(recipe->kind), model);
    if (reused) {
        progress_moved(work, recipe->content_size);
        atomic_fetch_add(&work->layers_reused, 1);
    } else {
        if (pack_layer(work, build, cancel, err) < 0)
            return error_wrap(err, "the %s layer of '%s'", recipe_kind_name(recipe->kind), model);
        atomic_fetch_add(&work->layers_built, 1);
    }
    CLEANUP(text) char *what = recipe_title(recipe, build->model);
    log_info(work->options->log, "layer: %s, %s, %s", what,
             text_format_size(build->layer.blob.size).text,
             reused ? "already there" : "built and written");
    log_debug(work->options->log, "layer %s is recipe %s",
              digest_format(&build->layer.blob.digest).text, digest_format(&recipe->digest).text);
    return 0;
}

static void count_copied(void *arg, uint64_t size)
{
    struct work *work = arg;

    atomic_fetch_add(&work->base_size, size);
    progress_moved(work, size);
}

static int copy_blob(struct work *work, const struct descriptor *blob, const struct cancel *cancel,
                     struct error *err)
{
    static const char *const words[] = {[STORE_WAS_THERE] = "already there",
                                        [STORE_MOUNTED] = "mounted",
                                        [STORE_STREAMED] = "sent"};
    struct store_copy_options copy = {.cancel = cancel, .count = count_copied, .count_arg = work};
    enum store_copied how;

    if (store_copy_blob(work->options->base, work->options->target, blob, &copy, &how, err) < 0)
        return error_wrap(err, "the base's %s", digest_format(&blob->digest).text);
    if (how != STORE_STREAMED)
        progress_moved(work, blob->size);
    log_debug(work->options->log, "base: %s, %s", digest_format(&blob->digest).text, words[how]);
    return 0;
}

static int run_job(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct work *work = arg;

    if (number < work->build_count)
        return build_layer(work, &work->builds[number], cancel, err);
    return copy_blob(work, &work->copies[number - work->build_count], cancel, err);
}

int work_build(struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;
    uint64_t total = 0;

    for (size_t i = 0; i < work->build_count; i++)
        total += work->builds[i].recipe->content_size;
    for (size_t i = 0; i < work->copy_count; i++)
        total += work->copies[i].size;
    progress_expect(work, total);
    return workers_run(options->jobs > 0 ? options->jobs : JOBS_DEFAULT,
                       work->build_count + work->copy_count, run_job, work, options->cancel, err);
}
