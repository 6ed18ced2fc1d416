#include "inspect/inspect.h"

#include "transfer/image_tree.h"

#include <string.h>

static void layer_release(struct inspect_layer *layer)
{
    free(layer->kind);
}

static void model_release(struct inspect_model *model)
{
    for (size_t i = 0; i < model->layer_count; i++)
        layer_release(&model->layers[i]);
    free(model->layers);
    free(model->name);
    free(model->source);
    free(model->commit);
    free(model->layout);
    free(model->place);
    strings_release(&model->links);
    strings_release(&model->platforms);
}

static void platform_release(struct inspect_platform *platform)
{
    free(platform->name);
    free(platform->base_name);
    free(platform->base_digest);
    strings_release(&platform->environment);
    container_start_release(&platform->start);
    for (size_t i = 0; i < platform->folder_count; i++)
        free(platform->folders[i].path);
    free(platform->folders);
    for (size_t i = 0; i < platform->link_count; i++) {
        free(platform->links[i].path);
        free(platform->links[i].target);
    }
    free(platform->links);
    for (size_t i = 0; i < platform->stack_count; i++) {
        free(platform->stack[i].kind);
        free(platform->stack[i].model);
        free(platform->stack[i].commit);
    }
    free(platform->stack);
}

void inspect_result_release(struct inspect_result *result)
{
    for (size_t i = 0; i < result->model_count; i++)
        model_release(&result->models[i]);
    for (size_t i = 0; i < result->platform_count; i++)
        platform_release(&result->platforms[i]);
    free(result->models);
    free(result->platforms);
    *result = (struct inspect_result)INSPECT_RESULT_INIT;
}

static bool is_of_model(const struct inspect_model *model, const struct layer_record *record)
{
    return strcmp(model->name, record->model) == 0 && strcmp(model->commit, record->commit) == 0 &&
           strcmp(model->layout, record->layout) == 0 && strcmp(model->place, record->place) == 0;
}

static struct inspect_model *add_model(struct inspect_result *result,
                                       const struct layer_record *record)
{
    const char *name;

    result->models = xrealloc(result->models, result->model_count + 1, sizeof(*result->models));
    struct inspect_model *model = &result->models[result->model_count++];
    *model = (struct inspect_model){
        .kind = origin_from_record(record->model, &name),
        .name = xstrdup(record->model),
        .source = xstrdup(record->source != NULL ? record->source : "hub"),
        .commit = xstrdup(record->commit),
        .layout = xstrdup(record->layout),
        .place = xstrdup(record->place),
    };
    strings_add_all(&model->links, &record->also);
    return model;
}

static void add_layer(struct inspect_model *model, const struct image_layer *layer)
{
    model->layers = xrealloc(model->layers, model->layer_count + 1, sizeof(*model->layers));
    model->layers[model->layer_count++] = (struct inspect_layer){
        .kind = xstrdup(layer->record.kind),
        .digest = layer->blob.digest,
        .diff_id = layer->diff_id,
        .recipe = layer->record.recipe,
        .size = layer->blob.size,
    };
    if (!u64_add(model->files, layer->record.files, &model->files) || model->files > INT64_MAX)
        model->files = INT64_MAX;
    if (!u64_add(model->size, layer->blob.size, &model->size) || model->size > INT64_MAX)
        model->size = INT64_MAX; /* what documents can say; nobody has so much */
}

static bool models_agree(const struct inspect_model *a, const struct inspect_model *b)
{
    if (strcmp(a->name, b->name) != 0 || strcmp(a->commit, b->commit) != 0 ||
        strcmp(a->layout, b->layout) != 0 || strcmp(a->place, b->place) != 0 ||
        a->layer_count != b->layer_count)
        return false;
    for (size_t i = 0; i < a->layer_count; i++)
        if (!digest_equal(&a->layers[i].digest, &b->layers[i].digest) ||
            !digest_equal(&a->layers[i].diff_id, &b->layers[i].diff_id))
            return false;
    return true;
}

/* The models from `first` on are those of one platform: those that are known become one. */
static void merge_models(struct inspect_result *result, size_t first, const char *platform)
{
    size_t kept = first;

    for (size_t i = first; i < result->model_count; i++) {
        struct inspect_model *model = &result->models[i];
        size_t at = 0;
        while (at < first && !models_agree(&result->models[at], model))
            at++;
        if (at < first) {
            strings_add(&result->models[at].platforms, platform);
            model_release(model);
        } else {
            strings_add(&model->platforms, platform);
            result->models[kept++] = *model;
        }
    }
    result->model_count = kept;
}

static void add_models(struct inspect_result *result, const struct image_layer *own, size_t count,
                       const char *platform)
{
    size_t first = result->model_count;

    for (size_t i = 0; i < count; i++) {
        const struct layer_record *record = &own[i].record;
        if (record->model == NULL)
            continue; /* the folders are the image's */
        size_t at = first;
        while (at < result->model_count && !is_of_model(&result->models[at], record))
            at++;
        add_layer(at < result->model_count ? &result->models[at] : add_model(result, record),
                  &own[i]);
    }
    merge_models(result, first, platform);
}

static void add_folders(struct inspect_platform *platform, const struct image *image)
{
    struct image_folder *folders = NULL;
    size_t count = 0;

    image_own_folders(image, &folders, &count);
    platform->folders = xcalloc(count, sizeof(*platform->folders));
    for (size_t i = 0; i < count; i++)
        platform->folders[platform->folder_count++] = (struct inspect_folder){
            .path = xasprintf("/%s", folders[i].path),
            .mode = folders[i].mode,
            .uid = folders[i].uid,
            .gid = folders[i].gid,
        };
    image_folders_free(folders, count);
}

/* What is below a link that is told leads elsewhere because of it. */
static bool link_is_told(const struct inspect_platform *platform, const char *path)
{
    for (size_t i = 0; i < platform->link_count; i++)
        if (path_is_inside(path, platform->links[i].path))
            return true;
    return false;
}

/* The record has them sorted, so what is above comes first. */
static void add_links(struct inspect_platform *platform, const struct image *image)
{
    CLEANUP(image_base_facts) struct image_base_facts facts = {0};

    image_own_base_facts(image, &facts);
    platform->links = xcalloc(facts.walk_count, sizeof(*platform->links));
    for (size_t i = 0; i < facts.walk_count; i++) {
        const struct image_path_walk *walk = &facts.walks[i];
        CLEANUP(text) char *target = xasprintf("/%s", walk->canonical);
        if (strcmp(walk->path, target) == 0 || link_is_told(platform, walk->path))
            continue;
        platform->links[platform->link_count++] =
            (struct inspect_link){xstrdup(walk->path), TAKE(target)};
    }
}

/* The record of a layer; NULL: it is the base's. */
static const struct image_layer *own_find(const struct image_layer *own, size_t count,
                                          size_t number, const struct digest *digest)
{
    for (size_t i = 0; i < count; i++)
        if (own[i].number == number ||
            (own[i].number == 0 && digest_equal(&own[i].blob.digest, digest)))
            return &own[i];
    return NULL;
}

static int add_stack(struct inspect_platform *platform, const struct image *image,
                     const struct image_layer *own, size_t own_count, struct error *err)
{
    struct descriptor *layers = NULL;
    size_t count = 0;

    if (image_layers(image, &layers, &count, err) < 0)
        return -1;
    platform->stack = xcalloc(count, sizeof(*platform->stack));
    for (size_t i = 0; i < count; i++) {
        const struct image_layer *record = own_find(own, own_count, i + 1, &layers[i].digest);
        platform->stack[platform->stack_count++] = (struct inspect_stacked){
            .digest = layers[i].digest,
            .size = layers[i].size,
            .kind = record != NULL ? xstrdup(record->record.kind) : NULL,
            .model = record != NULL ? text_copy(record->record.model) : NULL,
            .commit = record != NULL ? text_copy(record->record.commit) : NULL,
        };
    }
    free(layers);
    return 0;
}

static int add_platform(struct inspect_result *result, const struct image_tree *loaded,
                        struct error *err)
{
    const struct image *image = loaded->image;
    struct image_layer *own = NULL;
    size_t count = 0;

    image_own_layers(image, &own, &count);
    result->platforms =
        xrealloc(result->platforms, result->platform_count + 1, sizeof(*result->platforms));
    struct inspect_platform *platform = &result->platforms[result->platform_count++];
    *platform = (struct inspect_platform){
        .name = xstrdup(image_platform(image)),
        .digest = loaded->document.descriptor.digest,
        /* Without a layer of inlay's, what stands there is somebody else's word. */
        .base_name = count > 0 ? text_copy(image_base_name(image)) : NULL,
        .base_digest = count > 0 ? text_copy(image_base_digest(image)) : NULL,
    };
    image_own_environment(image, &platform->environment);
    image_own_start(image, &platform->start);
    add_folders(platform, image);
    add_links(platform, image);
    add_models(result, own, count, platform->name);
    int told = add_stack(platform, image, own, count, err);
    image_layers_free(own, count);
    return told;
}

int inspect_run(struct store *store, const char *version, struct inspect_result *out,
                struct error *err)
{
    CLEANUP(image_tree) struct image_tree *loaded = NULL;
    CLEANUP(inspect_result) struct inspect_result found = INSPECT_RESULT_INIT;
    struct image_tree **list = NULL;
    size_t count = 0;
    int result = 0;

    if (image_tree_open(store, version, IMAGE_TREE_WHOLE, &loaded, err) < 0)
        return image_tree_wrap("the image", store, version, err);
    found.manifest = loaded->document.descriptor;
    image_tree_list(loaded, &list, &count);
    for (size_t i = 0; result == 0 && i < count; i++)
        if (list[i]->image != NULL)
            result = add_platform(&found, list[i], err);
    free(list);
    if (result < 0)
        return image_tree_wrap("the image", store, version, err);
    inspect_result_release(out);
    *out = found;
    found = (struct inspect_result)INSPECT_RESULT_INIT;
    return 0;
}
