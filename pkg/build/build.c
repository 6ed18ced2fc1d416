#include "build/build.h"

#include "build/build_internal.h"
#include "build/layer_bytes.h"
#include "core/text.h"
#include "core/workers.h"

#include <string.h>

#define PACK_TRIES 2
#define PACK_WAIT_MS 2000
#define CONTENTS_MAX 4096 /* files of a layer that are told by name: configs have limits */

/* What the jobs share. */
struct building {
    const struct build_request *request;
    struct build_plan *plan;
    struct built_layers *out;
    unsigned threads; /* of a layer's compressor */
    atomic_uint_fast64_t model_size;
    atomic_uint_fast64_t cached_size;
    atomic_uint_fast64_t reused_size;
    atomic_size_t layers_built;
    atomic_size_t layers_reused;
    atomic_size_t layers_mounted;
};

void built_layers_release(struct built_layers *built)
{
    image_layers_free(built->layers, built->count);
    *built = (struct built_layers){0};
}

/* Hub -> tar -> diff_id -> compressor -> target, in one pass. */
static int pack(struct layer_bytes *bytes, struct store *target, struct image_layer *out,
                struct error *err)
{
    CLEANUP(writer) struct writer *writer = NULL;
    const struct recipe *recipe = bytes->layer->recipe;
    struct descriptor *blob = &out->blob;
    bool is_plain = recipe->compression.kind == COMPRESSION_NONE;
    uint64_t size = SIZE_UNKNOWN;

    if (recipe_blob_size(recipe, &size, err) < 0)
        return -1;
    if (target->digest_first) { /* that is its name there */
        if (layer_bytes_measure(bytes, out, err) < 0)
            return -1;
        size = blob->size;
    }
    if (store_create_blob(target, size, blob, &writer, err) < 0)
        return -1;
    CLEANUP(text) char *title = planned_layer_title(bytes->layer);
    store_set_replay(target, writer,
                     &(struct blob_replay){title, layer_bytes_replay, bytes, bytes->cancel});
    int result = layer_bytes_write(bytes, writer, out, err);
    writer_free(TAKE(writer)); /* before what it borrows */
    if (result < 0)
        return -1;
    layer_bytes_set_type(bytes, blob);
    if (is_plain)
        out->diff_id = blob->digest;
    return 0;
}

static struct source *source_of(const struct planned_layer *layer)
{
    return layer->placed != NULL ? layer->placed->model->from : NULL;
}

/* What was changed on its way, down or up, is packed once more. */
static int pack_layer(struct building *building, size_t number, const struct cancel *cancel,
                      struct error *err)
{
    const struct build_request *request = building->request;
    const struct planned_layer *layer = &building->plan->layers[number];

    for (unsigned attempt = 1;; attempt++) {
        struct layer_bytes bytes = {
            .layer = layer,
            .source = source_of(layer),
            .threads = building->threads,
            .cancel = cancel,
            .progress = request->run->progress,
        };
        int result = pack(&bytes, request->target.store, &building->out->layers[number], err);
        atomic_fetch_add(&building->model_size, bytes.passed.moved + bytes.replayed.moved);
        atomic_fetch_add(&building->cached_size, bytes.passed.cached + bytes.replayed.cached);
        if (result == 0 || err->kind != ERROR_CORRUPT || attempt == PACK_TRIES)
            return result;
        log_again(request->run->log, err->text, PACK_WAIT_MS, attempt + 1, PACK_TRIES);
        error_release(err);
        if (cancel_wait(cancel, PACK_WAIT_MS, err) < 0)
            return -1;
    }
}

/* A layer that is copied, or read to check it, for the bytes of the model that it stands for. */
struct reuse {
    struct building *building;
    uint64_t left; /* of these, what is not told of yet */
};

static void count_reused(void *arg, uint64_t size)
{
    struct reuse *reuse = arg;
    uint64_t part = size < reuse->left ? size : reuse->left;

    atomic_fetch_add(&reuse->building->reused_size, size);
    reuse->left -= part;
    progress_moved(reuse->building->request->run->progress, part);
}

/* The bytes of the model that have to come for a layer. */
static uint64_t effort(const struct store *target, const struct recipe *recipe)
{
    return recipe->content_size * (target->digest_first ? 2 : 1);
}

/*
 * A layer that the target can have without a byte of the model. One that is not what it should be
 * is LAYER_BUILT afterwards.
 */
static int reuse_layer(struct building *building, size_t number, const struct cancel *cancel,
                       struct error *err)
{
    const struct build_request *request = building->request;
    struct planned_layer *layer = &building->plan->layers[number];
    struct image_layer *out = &building->out->layers[number];
    struct reuse reuse = {building, effort(request->target.store, layer->recipe)};
    enum store_copied how = STORE_WAS_THERE;
    const struct layer_take take = {
        request->target.store, request->run->log, layer, cancel, count_reused, &reuse, &how};
    bool is_right = false;

    if (layer_take(&take, &is_right, err) < 0)
        return -1;
    if (!is_right) {
        layer->fate = LAYER_BUILT;
        progress_expect(request->run->progress,
                        effort(request->target.store, layer->recipe) - reuse.left);
        return 0;
    }
    progress_spared(request->run->progress, reuse.left);
    layer->is_proven = layer->is_proven || layer->is_claim;
    out->blob = layer->blob;
    out->diff_id = layer->diff_id;
    out->table = layer->table;
    atomic_fetch_add(&building->layers_reused, 1);
    atomic_fetch_add(&building->layers_mounted, how == STORE_MOUNTED);
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

/* Plain files are the model's whatever they are called. */
static uint64_t count_files(const struct recipe *recipe, const struct layout *layout)
{
    bool is_plain = layout != NULL && layout->content == LAYOUT_PLAIN_FILES;
    uint64_t count = 0;

    for (size_t i = 0; recipe->plan != NULL && i < recipe->count; i++)
        count += is_plain ? recipe->entries[i]->type == TREE_FILE
                          : is_model_file(recipe->plan, recipe->entries[i]);
    return count;
}

/* What each file is under its own name, for later calls that go to the same folder. */
static void list_contents(const struct planned_layer *planned, struct strings *out)
{
    const struct recipe *recipe = planned->recipe;
    const char *place = planned->placed->tree.place;
    size_t prefix = place[1] != '\0' ? strlen(place) : 0;

    for (size_t i = 0; i < recipe->count; i++) {
        const struct tree_entry *entry = recipe->entries[i];
        if (entry->type == TREE_FILE)
            strings_addf(out, "%s %s", digest_format(&recipe->plan->files[entry->file].digest).text,
                         entry->path + prefix);
    }
}

void planned_layer_describe(const struct planned_layer *planned, struct layer_record *out)
{
    const struct placed_model *placed = planned->placed;
    const struct layout *layout = placed != NULL ? placed->model->layout : NULL;

    *out = (struct layer_record){
        .kind = xstrdup(recipe_kind_name(planned->recipe->kind)),
        .model = placed != NULL ? xstrdup(placed->model->name) : NULL,
        .source = placed != NULL ? text_copy(placed->model->source) : NULL,
        .commit = placed != NULL ? xstrdup(placed->model->plan.pin) : NULL,
        .layout = placed != NULL ? xstrdup(layout->name) : NULL,
        .place = placed != NULL ? xstrdup(placed->tree.place) : NULL,
        .files = count_files(planned->recipe, layout),
        .recipe = planned->recipe->digest,
    };
    if (placed != NULL && layout->content == LAYOUT_PLAIN_FILES && out->files <= CONTENTS_MAX)
        list_contents(planned, &out->contents);
}

static const char *describe_fate(const struct build_plan *plan, const struct planned_layer *layer)
{
    switch (layer->fate) {
    case LAYER_BUILT:
        return "built and written";
    case LAYER_THERE:
        return layer->is_claim ? "already there, checked" : "already there";
    case LAYER_COPIED:
        if (layer->from == plan->base)
            return layer->is_claim ? "taken from the base, checked" : "taken from the base";
        return layer->is_claim ? "taken from another image, checked" : "taken from another image";
    }
    abort();
}

static void sign_layer(const struct reuse_rules *reuse, struct image_layer *layer)
{
    if (reuse->signing_key == NULL)
        return;
    CLEANUP(text) char *statement = image_layer_statement(layer);
    free(layer->record.signature);
    layer->record.signature = signing_key_sign(reuse->signing_key, statement);
}

static int have_layer(struct building *building, size_t number, const struct cancel *cancel,
                      struct error *err)
{
    const struct build_request *request = building->request;
    struct planned_layer *layer = &building->plan->layers[number];

    if (layer->fate != LAYER_BUILT && reuse_layer(building, number, cancel, err) < 0)
        return -1;
    if (layer->fate == LAYER_BUILT) {
        if (pack_layer(building, number, cancel, err) < 0)
            return -1;
        layer->is_proven = true;
        atomic_fetch_add(&building->layers_built, 1);
    }
    sign_layer(request->reuse, &building->out->layers[number]);
    return layer_share(request, layer, &building->out->layers[number], cancel, err);
}

static int build_layer(struct building *building, size_t number, const struct cancel *cancel,
                       struct error *err)
{
    const struct build_request *request = building->request;
    const struct planned_layer *layer = &building->plan->layers[number];
    struct image_layer *out = &building->out->layers[number];

    CLEANUP(text) char *what = planned_layer_title(layer);
    planned_layer_describe(layer, &out->record);
    progress_begin(request->run->progress, what, effort(request->target.store, layer->recipe));
    int result = have_layer(building, number, cancel, err);
    progress_end(request->run->progress);
    if (result < 0)
        return planned_layer_wrap(layer, err);
    log_info(request->run->log, "layer: %s, %s, %s", what, text_format_size(out->blob.size).text,
             describe_fate(building->plan, layer));
    log_debug(request->run->log, "layer %s is recipe %s", digest_format(&out->blob.digest).text,
              digest_format(&layer->recipe->digest).text);
    return 0;
}

static int run_job(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct building *building = arg;
    struct build_plan *plan = building->plan;
    const struct reuse_rules *reuse = building->request->reuse;

    if (number < plan->layer_count)
        return reuse_is_of_shard(reuse, number) ? build_layer(building, number, cancel, err) : 0;
    number -= plan->layer_count;
    if (reuse->shard_count > 0 || transfer_copy_blob(&plan->others, number, cancel, err) == 0)
        return 0;
    return error_wrap(err, "the base's %s",
                      digest_format(&plan->others.blobs[number].blob.digest).text);
}

static uint64_t total_effort(const struct build_request *request, const struct build_plan *plan)
{
    uint64_t total = request->reuse->shard_count == 0 ? plan->others.blob_size : 0;

    for (size_t i = 0; i < plan->layer_count; i++)
        if (reuse_is_of_shard(request->reuse, i))
            total += effort(request->target.store, plan->layers[i].recipe);
    return total;
}

/* What is there already need not be done again: a store that is whole at its end alone has none. */
static int explain_stop(struct building *building, struct error *err)
{
    struct store *target = building->request->target.store;
    size_t unsure = store_unsettled(target);
    size_t kept = building->layers_built > unsure ? building->layers_built - unsure : 0;

    if (err->kind != ERROR_CANCELED || kept == 0 || target->sequential)
        return -1;
    return error_set(err, ERROR_CANCELED, "stopped on request; kept: %zu layer%s at '%s'", kept,
                     kept == 1 ? "" : "s", target->name);
}

int build_run(const struct build_request *request, struct build_plan *plan,
              struct built_layers *out, struct error *err)
{
    CLEANUP(built_layers)
    struct built_layers built = {
        .layers = xcalloc(plan->layer_count, sizeof(*built.layers)),
        .count = plan->layer_count,
    };
    bool sequential = request->target.store->sequential;
    struct building building = {
        .request = request,
        .plan = plan,
        .out = &built,
        .threads = layer_bytes_threads(plan, sequential ? 1 : request->run->jobs),
    };

    uint64_t effort_size = total_effort(request, plan);
    progress_expect(request->run->progress, effort_size);
    if (workers_run(sequential ? 1 : request->run->jobs,
                    plan->layer_count + plan->others.blob_count, run_job, &building,
                    request->run->cancel, err) < 0)
        return explain_stop(&building, err);
    built.model_size = building.model_size;
    built.cached_size = building.cached_size;
    built.base_size = building.reused_size + plan->others.moved;
    built.layers_built = building.layers_built;
    built.layers_reused = building.layers_reused;
    built.layers_mounted = building.layers_mounted;
    uint64_t dealt = built.model_size + built.cached_size + built.base_size;
    built.spared_size = effort_size > dealt ? effort_size - dealt : 0;
    *out = built;
    built = (struct built_layers){0};
    return 0;
}
