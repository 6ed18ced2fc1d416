#include "scan/scan_internal.h"

#include "image/image.h"
#include "layout/layout.h"
#include "rootfs/rootfs.h"

#include <string.h>

/* Whether an image has what the loaders of its application will ask for, as inlay has put it in. */

#define KIND_SMALL "small" /* layers with refs and the links of snapshots */
#define REF_LIMIT ((size_t)4096)

/* A model of the image, of one revision, for one loader. */
struct baked_model {
    const struct layer_record *record; /* of one of its layers */
    char *folder;                      /* its own, without leading '/' */
    struct strings refs;               /* that name its commit */
    struct strings paths;              /* in its repo */
    bool has_paths;                    /* they are known */
};

struct baked_models {
    struct image_layer *own; /* what the records are of */
    size_t own_count;
    struct baked_model *items;
    size_t count;
};

static void baked_models_release(struct baked_models *models)
{
    for (size_t i = 0; i < models->count; i++) {
        free(models->items[i].folder);
        strings_release(&models->items[i].refs);
        strings_release(&models->items[i].paths);
    }
    free(models->items);
    image_layers_free(models->own, models->own_count);
}
CLEANUP_RELEASE(baked_models)

static bool is_of(const struct baked_model *model, const struct layer_record *record)
{
    return strcmp(model->record->model, record->model) == 0 &&
           strcmp(model->record->commit, record->commit) == 0 &&
           strcmp(model->record->layout, record->layout) == 0 &&
           strcmp(model->record->place, record->place) == 0;
}

/* Of plain files the records say which there are, unless there are too many. */
static void add_contents(struct baked_model *model, const struct layer_record *record)
{
    const char *slash = strrchr(model->folder, '/');
    CLEANUP(text) char *prefix = xasprintf("%s/", slash != NULL ? slash + 1 : model->folder);

    for (size_t i = 0; i < record->contents.count; i++) {
        const char *path = strchr(record->contents.items[i], ' ');
        if (path == NULL)
            continue;
        path++;
        strings_add(&model->paths, text_starts_with(path, prefix) ? path + strlen(prefix) : path);
    }
    model->has_paths = model->has_paths && (record->contents.count > 0 || record->files == 0);
}

static void find_models(const struct image *image, struct baked_models *out)
{
    image_own_layers(image, &out->own, &out->own_count);
    out->items = xcalloc(out->own_count + 1, sizeof(*out->items));
    for (size_t i = 0; i < out->own_count; i++) {
        const struct layer_record *record = &out->own[i].record;
        const struct layout *layout = record->model != NULL ? layout_find(record->layout) : NULL;
        struct baked_model *model = out->items;
        const char *name = NULL;
        if (layout == NULL)
            continue;
        while (model < out->items + out->count && !is_of(model, record))
            model++;
        if (model == out->items + out->count) {
            enum origin_kind kind = origin_from_record(record->model, &name);
            CLEANUP(text) char *folder = layout_folder(layout, record->place, kind, name);
            *model = (struct baked_model){.record = record, .has_paths = true};
            model->folder = xstrdup(folder + (*folder == '/'));
            out->count++;
        }
        if (layout->content != LAYOUT_HUB_CACHE)
            add_contents(model, record);
    }
}

static enum rootfs_interest choose(const char *path)
{
    return strstr(path, "/refs/") != NULL ? ROOTFS_KEPT : ROOTFS_IGNORED;
}

const struct rootfs_selection baked_selection = {
    .name = "refs-1",
    .choose = choose,
    .file_limit = REF_LIMIT,
    .layer_limit = REF_LIMIT * 1024,
};

/* Layers with small files of the Hub's cache, whose lists of files are short. */
static int open_layers(const struct scan_options *options, const struct image *image,
                       const struct baked_models *models, struct rootfs **out, struct error *err)
{
    struct rootfs_layer *layers = NULL;
    size_t count = 0, kept = 0;

    if (rootfs_layers_of(image, &layers, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        bool is_wanted = false;
        for (size_t k = 0; k < models->own_count; k++)
            is_wanted = is_wanted || (models->own[k].number == i + 1 &&
                                      strcmp(models->own[k].record.kind, KIND_SMALL) == 0);
        if (is_wanted)
            layers[kept++] = layers[i];
    }
    const struct rootfs_options wanted = {
        .store = options->store,
        .layers = layers,
        .layer_count = kept,
        .memo = options->memo,
        .selection = &baked_selection,
        .jobs = options->jobs,
        .cancel = options->cancel,
        .log = options->log,
        .sandbox = options->sandbox,
    };
    int result = kept > 0 ? rootfs_open(&wanted, out, err) : 0;
    free(layers);
    return result;
}

/* The part of a path behind "FOLDER/NAME/"; NULL: it is not below that. */
static const char *below(const char *path, const char *folder, const char *name)
{
    CLEANUP(text) char *prefix = xasprintf("%s/%s/", folder, name);

    return text_starts_with(path, prefix) ? path + strlen(prefix) : NULL;
}

static int add_ref(void *arg, const struct rootfs_file *file, struct error *err)
{
    struct baked_models *models = arg;

    (void)err;
    for (size_t i = 0; i < models->count; i++) {
        struct baked_model *model = &models->items[i];
        const char *name = below(file->path, model->folder, "refs");
        if (name != NULL && file->content != NULL &&
            strcmp(file->content, plan_commit(model->record->commit).text) == 0)
            strings_add(&model->refs, name);
    }
    return 0;
}

static void add_snapshot(struct baked_model *model, const struct rootfs_entry *entries,
                         size_t count)
{
    CLEANUP(text)
    char *snapshot = xasprintf("snapshots/%s", plan_commit(model->record->commit).text);

    for (size_t i = 0; i < count; i++) {
        const char *path = below(entries[i].path, model->folder, snapshot);
        if (path != NULL && (entries[i].type == ROOTFS_LINK || entries[i].type == ROOTFS_FILE))
            strings_add(&model->paths, path);
    }
}

static bool is_of_cache(const struct baked_model *model)
{
    return layout_find(model->record->layout)->content == LAYOUT_HUB_CACHE;
}

static int read_models(struct rootfs *rootfs, struct baked_models *models, size_t layers,
                       struct error *err)
{
    if (rootfs_collect(rootfs, add_ref, models, err) < 0)
        return -1;
    for (size_t layer = layers; layer > 0; layer--) {
        struct rootfs_entry *entries = NULL;
        size_t count = 0;
        if (rootfs_list_layer(rootfs, layer, &entries, &count, err) < 0)
            return -1;
        for (size_t i = 0; i < models->count; i++)
            if (is_of_cache(&models->items[i]))
                add_snapshot(&models->items[i], entries, count);
        rootfs_entries_free(entries, count);
    }
    return 0;
}

static size_t count_small(const struct baked_models *models)
{
    size_t count = 0;

    for (size_t i = 0; i < models->own_count; i++)
        count += models->own[i].number > 0 && strcmp(models->own[i].record.kind, KIND_SMALL) == 0;
    return count;
}

static bool has(const struct baked_models *models, const struct layout_demand *demand)
{
    for (size_t i = 0; i < models->count; i++) {
        const struct baked_model *model = &models->items[i];
        const struct layout_state state = {
            .name = model->record->model,
            .layout = model->record->layout,
            .commit = model->record->commit,
            .refs = &model->refs,
            .paths = model->has_paths ? &model->paths : NULL,
            .place = model->record->place,
            .links = &model->record->also,
        };
        const char *lacking = NULL;
        if (layout_answer(demand, &state, &lacking) == LAYOUT_MEETS)
            return true;
    }
    return false;
}

static bool has_preset(const struct baked_models *models, const struct scan_finding *finding,
                       const struct preset *preset)
{
    for (size_t i = 0; i < preset->item_count; i++) {
        const struct layout_demand demand =
            scan_demand(finding, &preset->items[i].origin, preset->layout);
        if (!has(models, &demand))
            return false;
    }
    return true;
}

struct layout_demand scan_demand(const struct scan_finding *finding, const struct origin *model,
                                 const char *layout)
{
    static const char *const torch[] = {"safetensors", "pytorch", NULL};
    CLEANUP(text) char *record = origin_record(model);
    size_t size = strcspn(finding->model, "@");
    /* The files of what a preset stands for are told by the preset. */
    bool is_itself = strlen(record) == size && strncmp(record, finding->model, size) == 0;
    /* It takes the newest snapshot, whatever the refs say. */
    bool takes_any = strcmp(finding->loader, "model2vec") == 0;

    return (struct layout_demand){
        .model = model,
        .revision = model->revision,
        .any_revision = takes_any,
        .layout = layout != NULL ? layout : layout_find(NULL)->name,
        .place = finding->path,
        .files = is_itself ? &finding->include : NULL,
        .weights = is_itself ? finding->weights : NULL,
        .readable = finding->reads_torch && is_itself ? torch : NULL,
        .by_loader = true,
    };
}

static bool is_baked(const struct baked_models *models, const struct presets *presets,
                     const struct scan_finding *finding)
{
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is no name that could be baked */
    const struct preset *preset = NULL;

    if (presets_find(presets, finding->model, &preset, &ignored) == 0 && preset != NULL)
        return has_preset(models, finding, preset);
    if (origin_parse(finding->model, &origin, &ignored) < 0)
        return false;
    const struct layout_demand demand = scan_demand(finding, &origin, finding->layout);
    return has(models, &demand);
}

int scan_mark_baked(const struct scan_options *options, const struct image *image,
                    struct scan_findings *out, struct error *err)
{
    CLEANUP(baked_models) struct baked_models models = {.items = NULL};
    CLEANUP(rootfs) struct rootfs *rootfs = NULL;

    find_models(image, &models);
    if (models.count == 0 || out->count == 0)
        return 0;
    if (open_layers(options, image, &models, &rootfs, err) < 0 ||
        (rootfs != NULL && read_models(rootfs, &models, count_small(&models), err) < 0))
        return -1;
    for (size_t i = 0; i < out->count; i++)
        out->items[i].baked = is_baked(&models, options->presets, &out->items[i]);
    return 0;
}
