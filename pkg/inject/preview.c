#include "inject/preview.h"

#include "core/workers.h"
#include "inject/inject_internal.h"

#include <pthread.h>
#include <string.h>

#define JOBS_DEFAULT 4

/* A log that also keeps what it is told. */
struct notebook {
    struct log log;
    const struct log *next;
    struct strings *notes;
    pthread_mutex_t lock;
};

static void notebook_write(void *arg, enum log_level level, const char *line)
{
    struct notebook *notebook = arg;

    pthread_mutex_lock(&notebook->lock);
    if (level <= LOG_INFO)
        strings_add(notebook->notes, line);
    if (notebook->next != NULL && level <= notebook->next->level)
        notebook->next->write(notebook->next->arg, level, line);
    pthread_mutex_unlock(&notebook->lock);
}

const char *preview_fate_name(enum preview_fate fate)
{
    switch (fate) {
    case PREVIEW_THERE:
        return "there";
    case PREVIEW_COPIED:
        return "copy";
    case PREVIEW_BUILT:
        return "build";
    }
    abort();
}

static void release_platform(struct preview_platform *platform)
{
    for (size_t i = 0; i < platform->folder_count; i++)
        free(platform->folders[i].path);
    free(platform->folders);
    free(platform->name);
    free(platform->user_from);
    free(platform->home);
    free(platform->home_from);
    strings_release(&platform->places);
    strings_release(&platform->links);
    strings_release(&platform->environment);
}

static void model_release(struct preview_model *model)
{
    for (size_t i = 0; i < model->file_count; i++)
        free(model->files[i].path);
    free(model->files);
    free(model->name);
    free(model->revision);
    free(model->commit);
    strings_release(&model->left_out);
}

static void layer_release(struct preview_layer *layer)
{
    free(layer->kind);
    free(layer->model);
    free(layer->title);
    strings_release(&layer->platforms);
}

void preview_release(struct preview *preview)
{
    for (size_t i = 0; i < preview->platform_count; i++)
        release_platform(&preview->platforms[i]);
    for (size_t i = 0; i < preview->model_count; i++)
        model_release(&preview->models[i]);
    for (size_t i = 0; i < preview->layer_count; i++)
        layer_release(&preview->layers[i]);
    free(preview->platforms);
    free(preview->models);
    free(preview->layers);
    strings_release(&preview->notes);
    *preview = (struct preview)PREVIEW_INIT;
}

static void strings_copy(const struct strings *from, struct strings *to)
{
    for (size_t i = 0; i < from->count; i++)
        strings_add(to, from->items[i]);
}

static void tell_model(const struct model *model, struct preview_model *out)
{
    const struct plan *plan = &model->plan;

    *out = (struct preview_model){
        .name = xstrdup(model->name),
        .revision = xstrdup(plan->revision),
        .commit = xstrdup(plan->commit),
        .files = xcalloc(plan->count, sizeof(*out->files)),
        .file_count = plan->count,
        .size = plan_size(plan),
        .left_out_size = plan->left_out_size,
    };
    for (size_t i = 0; i < plan->count; i++)
        out->files[i] = (struct preview_file){xstrdup(plan->files[i].path), plan->files[i].size};
    strings_copy(&plan->left_out, &out->left_out);
}

static void tell_folders(const struct platform *platform, struct preview_platform *out)
{
    out->folders = xcalloc(platform->folder_count, sizeof(*out->folders));
    for (size_t i = 0; i < platform->folder_count; i++) {
        const struct image_folder *folder = &platform->folders[i];
        out->folders[out->folder_count++] = (struct preview_folder){
            .path = xasprintf("/%s", folder->path),
            .mode = folder->mode,
            .uid = folder->uid,
            .gid = folder->gid,
            .made = platform_makes_folder(platform, folder->path),
        };
    }
}

static void tell_platform(const struct work *work, const struct platform *platform,
                          struct preview_platform *out)
{
    const struct tree_owner *owner = work->options->owner;
    const struct rootfs_user *user = &platform->user;

    *out = (struct preview_platform){
        .name = xstrdup(image_platform(platform->image)),
        .uid = user->uid,
        .gid = user->gid,
        .user_from = xstrdup(user->user_from),
        .home = xstrdup(user->home),
        .home_from = xstrdup(user->home_from),
        .owner_uid = owner != NULL ? owner->uid : user->uid,
        .owner_gid = owner != NULL ? owner->gid : user->gid,
        .base_layers = image_layer_count(platform->image),
    };
    if (work->options->group_writable)
        out->owner_gid = 0;
    for (size_t i = 0; i < work->model_count; i++) {
        const struct tree *tree = &platform->trees[i];
        strings_add(&out->places, tree->place);
        for (size_t k = 0; k < tree->also.count; k++)
            if (!strings_has(&out->links, tree->also.items[k]))
                strings_add(&out->links, tree->also.items[k]);
    }
    strings_copy(&platform->assignments, &out->environment);
    tell_folders(platform, out);
}

static bool platform_wants(const struct work *work, const struct platform *platform,
                           const struct recipe *recipe)
{
    bool wants = digest_equal(&platform->folder_recipe.digest, &recipe->digest);

    for (size_t i = 0; i < work->model_count && !wants; i++) {
        wants = platform->needs_way[i] && digest_equal(&platform->ways[i].digest, &recipe->digest);
        for (size_t k = 0; k < platform->recipe_counts[i] && !wants; k++)
            wants = digest_equal(&platform->recipes[i][k].digest, &recipe->digest);
    }
    return wants;
}

static void tell_layer(const struct work *work, const struct build *build,
                       struct preview_layer *out)
{
    const struct recipe *recipe = build->recipe;

    *out = (struct preview_layer){
        .kind = xstrdup(recipe_kind_name(recipe->kind)),
        .model = build->model != NULL ? xstrdup(build->model->name) : NULL,
        .title = recipe_title(recipe, build->model),
        .recipe = recipe->digest,
        .size = recipe->tar_size,
        .content_size = recipe->content_size,
        .fate = PREVIEW_BUILT,
    };
    for (size_t i = 0; i < work->platform_count; i++)
        if (platform_wants(work, &work->platforms[i], recipe))
            strings_add(&out->platforms, image_platform(work->platforms[i].image));
}

/* Asking the target, side by side. */
struct survey {
    const struct work *work;
    struct preview *preview;
    bool *missing; /* one a blob of the base */
};

static int ask_layer(struct survey *survey, size_t number, struct error *err)
{
    struct preview_layer *layer = &survey->preview->layers[number];
    struct found_layer known;
    bool found = false;

    if (work_recall_layer(survey->work, survey->work->builds[number].recipe, &found, &known, err) <
        0)
        return -1;
    if (!found)
        return 0;
    layer->fate = known.from == NULL ? PREVIEW_THERE : PREVIEW_COPIED;
    layer->blob = known.blob.digest;
    layer->size = known.blob.size;
    return 0;
}

static int ask(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct survey *survey = arg;
    const struct work *work = survey->work;
    bool there = false;

    if (cancel_check(cancel, err) < 0)
        return -1;
    if (number < work->build_count)
        return ask_layer(survey, number, err);
    const struct descriptor *blob = &work->copies[number - work->build_count];
    if (work->options->target != NULL &&
        store_has_blob(work->options->target, blob, &there, err) < 0)
        return -1;
    survey->missing[number - work->build_count] = !there;
    return 0;
}

static void add_up(const struct survey *survey)
{
    const struct work *work = survey->work;
    struct preview *out = survey->preview;

    for (size_t i = 0; i < out->layer_count; i++) {
        const struct preview_layer *layer = &out->layers[i];
        if (layer->fate == PREVIEW_BUILT)
            out->model_size += layer->content_size;
        if (layer->fate == PREVIEW_COPIED)
            out->base_size += layer->size;
    }
    out->base_blobs = work->copy_count;
    for (size_t i = 0; i < work->copy_count; i++) {
        out->base_blobs_missing += survey->missing[i];
        out->base_size += survey->missing[i] ? work->copies[i].size : 0;
    }
}

static int tell(const struct work *work, struct preview *out, struct error *err)
{
    const struct inject_options *options = work->options;

    out->platforms = xcalloc(work->platform_count, sizeof(*out->platforms));
    for (size_t i = 0; i < work->platform_count; i++)
        tell_platform(work, &work->platforms[i], &out->platforms[out->platform_count++]);
    out->models = xcalloc(work->model_count, sizeof(*out->models));
    for (size_t i = 0; i < work->model_count; i++)
        tell_model(&work->models[i], &out->models[out->model_count++]);
    out->layers = xcalloc(work->build_count, sizeof(*out->layers));
    for (size_t i = 0; i < work->build_count; i++)
        tell_layer(work, &work->builds[i], &out->layers[out->layer_count++]);

    struct survey survey = {work, out, xcalloc(work->copy_count, sizeof(bool))};
    int result =
        workers_run(options->jobs > 0 ? options->jobs : JOBS_DEFAULT,
                    work->build_count + work->copy_count, ask, &survey, options->cancel, err);
    if (result == 0)
        add_up(&survey);
    free(survey.missing);
    return result;
}

static int run(struct work *work, struct preview *out, struct error *err)
{
    const struct inject_options *options = work->options;

    if (work_read_base(work, err) < 0)
        return error_wrap(err, "the base %s", options->base->name);
    if (work_list_models(work, err) < 0)
        return -1;
    if (work_find_known(work, err) < 0 || work_arrange(work, err) < 0 || work_cut(work, err) < 0)
        return -1;
    return tell(work, out, err);
}

int preview_run(const struct inject_options *options, struct preview *out, struct error *err)
{
    CLEANUP(preview) struct preview preview = PREVIEW_INIT;
    struct inject_options own = *options;
    CLEANUP(work) struct work work = {.options = &own};
    struct notebook notebook = {
        .next = options->log,
        .notes = &preview.notes,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };

    notebook.log = (struct log){
        .level = options->log != NULL && options->log->level > LOG_INFO ? LOG_DEBUG : LOG_INFO,
        .write = notebook_write,
        .arg = &notebook,
    };
    own.log = &notebook.log;
    if (run(&work, &preview, err) < 0)
        return -1;
    preview_release(out);
    *out = preview;
    preview = (struct preview)PREVIEW_INIT;
    return 0;
}
