#include "inject/content_internal.h"
#include "inject/folders_internal.h"
#include "inject/inject_internal.h"

#include "core/workers.h"
#include "oci/media_type.h"

#include <stdio.h>
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
    struct recipes_options options = {most, work->options->compression};

    uncut(platform, work->model_count);
    for (size_t i = 0; i < work->model_count; i++) {
        if (recipes_cut(&platform->trees[i], &work->models[i].plan, &options, &platform->recipes[i],
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

/* One that inlay makes is as open as any of the models wants it: --group-writable stays. */
static void keep_folder(struct platform *platform, const struct image_folder *own)
{
    for (size_t i = 0; i < platform->folder_count; i++) {
        struct image_folder *folder = &platform->folders[i];
        if (strcmp(folder->path, own->path) != 0 || !platform_makes_folder(platform, own->path))
            continue;
        folder->mode |= own->mode;
        if (own->gid < folder->gid)
            folder->gid = own->gid;
    }
    platform_add_folder(platform, own);
}

/* The folders above all models of the image, those that stay from before included. */
static int cut_folders(const struct work *work, struct platform *platform, struct error *err)
{
    platform_keep_learned(work, platform);
    for (size_t i = 0; i < platform->own_folder_count; i++)
        if (is_needed_by_kept(work, platform, &platform->own_folders[i]))
            keep_folder(platform, &platform->own_folders[i]);
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

/* What the index passes on: entries that are kept and have no edition of their own. */
static int want_others(struct work *work, const struct edition *edition, struct error *err)
{
    const struct loaded *index = edition->was;

    for (size_t i = 0; !edition->leaves && i < index->entry_count; i++)
        if (edition->keeps[i] && index->children[i] == NULL &&
            want_other(work, &index->entries[i].descriptor, err) < 0)
            return -1;
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
    for (size_t i = 0; i < work->edition_count; i++)
        if (want_others(work, &work->editions[i], err) < 0)
            return -1;
    return 0;
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

/* A layer's digest is its name where it goes: it is packed once only to know that. */
static int pack_for_digest(struct content *content, struct build *build, struct error *err)
{
    static const struct writer_ops ops = {nothing_write, nothing_finish, nothing_free};
    struct writer nothing = {&ops};
    struct descriptor *blob = &build->layer.blob;
    CLEANUP(writer)
    struct writer *stage = digest_writer_new(&nothing, DIGEST_SHA256, &blob->digest, &blob->size);

    return content_write_layer(content, build->recipe, stage, &build->layer.diff_id, err);
}

/* Hub -> tar -> diff_id -> compressor -> target, in one pass. */
static int pack_once(struct content *content, struct build *build, struct error *err)
{
    CLEANUP(writer) struct writer *writer = NULL;
    struct store *target = content->work->options->target;
    const struct recipe *recipe = build->recipe;
    struct descriptor *blob = &build->layer.blob;
    bool is_plain = recipe->compression.kind == COMPRESSION_NONE;
    uint64_t size = is_plain ? recipe->tar_size : SIZE_UNKNOWN;

    if (target->digest_first) {
        if (pack_for_digest(content, build, err) < 0)
            return -1;
        size = blob->size;
    }
    if (store_create_blob(target, size, blob, &writer, err) < 0 ||
        content_write_layer(content, recipe, writer, &build->layer.diff_id, err) < 0)
        return -1;
    snprintf(blob->media_type, sizeof(blob->media_type), MEDIA_TYPE_OCI_LAYER "%s",
             compression_suffix(&recipe->compression));
    if (is_plain)
        build->layer.diff_id = blob->digest;
    return 0;
}

/* An upload that breaks is begun anew: only the source can bring its bytes again. */
static int pack_layer(struct work *work, struct build *build, const struct cancel *cancel,
                      struct error *err)
{
    for (unsigned attempt = 1;; attempt++) {
        struct content content = {.work = work, .model = build->model, .cancel = cancel};
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
                       const char **how, struct error *err)
{
    const struct inject_options *options = work->options;
    struct store_copy_options copy = {
        .cancel = cancel, .count = count_reused, .count_arg = &work->base_size};
    struct found_layer layer;
    enum store_copied copied;
    bool found = false;

    if (work_recall_layer(work, build->recipe, &found, &layer, err) < 0)
        return -1;
    if (!found)
        return 0;
    if (layer.from != NULL &&
        store_copy_blob(layer.from, options->target, &layer.blob, &copy, &copied, err) < 0)
        return -1;
    build->layer.blob = layer.blob;
    build->layer.diff_id = layer.diff_id;
    *how = layer.from == NULL            ? "already there"
           : layer.from == options->base ? "taken from the base"
                                         : "taken from another image";
    return 0;
}

static int compare_path(const void *key, const void *file)
{
    return strcmp(key, ((const struct plan_file *)file)->path);
}

/* Is it a file of the model under its own name, be it by a link? Blobs have others. */
static bool is_model_file(const struct plan *plan, const struct tree_entry *entry)
{
    if (entry->type != TREE_FILE && entry->type != TREE_LINK)
        return false;
    for (const char *at = strchr(entry->path, '/'); at != NULL; at = strchr(at + 1, '/'))
        if (bsearch(at + 1, plan->files, plan->count, sizeof(*plan->files), compare_path) != NULL)
            return true;
    return false;
}

static uint64_t count_files(const struct recipe *recipe)
{
    uint64_t count = 0;

    for (size_t i = 0; recipe->plan != NULL && i < recipe->count; i++)
        count += is_model_file(recipe->plan, recipe->entries[i]);
    return count;
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
        .files = count_files(build->recipe),
        .recipe = build->recipe->digest,
    };
}

char *recipe_title(const struct recipe *recipe, const struct model *model)
{
    if (model == NULL)
        return xstrdup(recipe_kind_name(recipe->kind));
    if (recipe->kind == RECIPE_LARGE && recipe->count == 1)
        return xasprintf("%s of %s", recipe->plan->files[recipe->entries[0]->file].path,
                         model->name);
    return xasprintf("%s files of %s", recipe_kind_name(recipe->kind), model->name);
}

/* The bytes of the model that have to come for a layer. */
static uint64_t effort(const struct work *work, const struct recipe *recipe)
{
    return recipe->content_size * (work->options->target->digest_first ? 2 : 1);
}

static int build_layer(struct work *work, struct build *build, const struct cancel *cancel,
                       struct error *err)
{
    const struct recipe *recipe = build->recipe;
    const char *model = build->model != NULL ? build->model->name : "image";
    const char *how = NULL;

    describe_layer(work, build);
    if (reuse_layer(work, build, cancel, &how, err) < 0)
        return error_wrap(err, "the %s layer of '%s'", recipe_kind_name(recipe->kind), model);
    if (how != NULL) {
        progress_moved(work, effort(work, recipe));
        atomic_fetch_add(&work->layers_reused, 1);
    } else {
        if (pack_layer(work, build, cancel, err) < 0)
            return error_wrap(err, "the %s layer of '%s'", recipe_kind_name(recipe->kind), model);
        atomic_fetch_add(&work->layers_built, 1);
    }
    if (work_share_layer(work, build, cancel, err) < 0)
        return error_wrap(err, "the %s layer of '%s'", recipe_kind_name(recipe->kind), model);
    CLEANUP(text) char *what = recipe_title(recipe, build->model);
    log_info(work->options->log, "layer: %s, %s, %s", what,
             text_format_size(build->layer.blob.size).text,
             how != NULL ? how : "built and written");
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
    const struct inject_options *options = work->options;

    if (options->shard_count > 0 &&
        (number >= work->build_count || number % options->shard_count != options->shard))
        return 0;
    if (number < work->build_count)
        return build_layer(work, &work->builds[number], cancel, err);
    return copy_blob(work, &work->copies[number - work->build_count], cancel, err);
}

/* A registry that refuses a layer for its size had better do that before the model moves. */
static int check_sizes(const struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;

    for (size_t i = 0; !options->force && i < work->build_count; i++) {
        const struct build *build = &work->builds[i];
        CLEANUP(text) char *title = recipe_title(build->recipe, build->model);
        if (store_check_blob_size(options->target, build->recipe->tar_size, err) < 0)
            return error_wrap(err, "the layer '%s'", title);
    }
    return 0;
}

int work_build(struct work *work, struct error *err)
{
    const struct inject_options *options = work->options;
    unsigned jobs = options->jobs > 0 ? options->jobs : JOBS_DEFAULT;
    uint64_t total = 0;

    for (size_t i = 0; i < work->build_count; i++)
        if (options->shard_count == 0 || i % options->shard_count == options->shard)
            total += effort(work, work->builds[i].recipe);
    for (size_t i = 0; options->shard_count == 0 && i < work->copy_count; i++)
        total += work->copies[i].size;
    if (check_sizes(work, err) < 0)
        return -1;
    if (options->target->sequential)
        jobs = 1;
    progress_expect(work, total);
    return workers_run(jobs, work->build_count + work->copy_count, run_job, work, options->cancel,
                       err);
}
