#include "layer_export/layer_export.h"

#include "build/layer_bytes.h"
#include "build/layer_order.h"
#include "core/workers.h"
#include "models/code.h"
#include "models/models.h"
#include "oci/media_type.h"

#include <string.h>
#include <unistd.h>

/* What is exported: the plan for one image. Everything is borrowed. */
struct export
{
    const struct layer_options *options;
    const struct base *base;
    const struct own_parts *own; /* of the base */
    const struct placement *placement;
    const struct build_plan *plan;
};

/* The layers on their way into files. */
struct layer_writing {
    const struct export *export;
    struct layer_result *result;
    size_t *numbers;         /* one a file: its layer in the plan */
    struct writer **writers; /* one a file, NULL before it is opened */
    size_t count;
};

static void layer_file_release(struct layer_file *file)
{
    free(file->path);
    free(file->kind);
    free(file->model);
    free(file->commit);
    free(file->media_type);
}

void layer_result_release(struct layer_result *result)
{
    for (size_t i = 0; i < result->count; i++)
        layer_file_release(&result->files[i]);
    free(result->files);
    strings_release(&result->environment);
    *result = (struct layer_result)LAYER_RESULT_INIT;
}

static void layer_writing_release(struct layer_writing *writing)
{
    for (size_t i = 0; i < writing->count; i++)
        writer_free(writing->writers[i]);
    free(writing->writers);
    free(writing->numbers);
}
CLEANUP_RELEASE(layer_writing)

static bool is_standard_output(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* Fails now rather than after an hour. */
static int probe_file(const char *path, struct error *err)
{
    CLEANUP(writer) struct writer *unused = NULL;

    if (is_standard_output(path) && isatty(STDOUT_FILENO))
        return error_set(err, ERROR_USAGE,
                         "standard output is a terminal; name a file, or pipe it into another "
                         "program");
    return file_writer_open(path, NULL, &unused, err);
}

static bool is_at_or_below(const char *path, const char *folder)
{
    size_t size = strlen(folder);

    return strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

static bool is_in_home(const char *place, const char *home)
{
    return text_starts_with(place, "/home/") || is_at_or_below(place, "/root") ||
           (strcmp(home, "/") != 0 && is_at_or_below(place, home));
}

static void warn_of_home(const struct export *export)
{
    const struct tree *tree = &export->placement->models[0].tree;
    const char *home = export->placement->user.home;
    const char *links = export->placement->models[0].links.place; /* they are left out */
    const char *place = is_in_home(tree->place, home) ? tree->place : NULL;

    for (size_t i = 0; i < tree->also.count && place == NULL && links == NULL; i++)
        if (is_in_home(tree->also.items[i], home))
            place = tree->also.items[i];
    if (place == NULL || export->options->with_folders)
        return;
    log_warn(
        export->options->run.log,
        "%s lies in a home, and these layers do not state the folders above it: in an image "
        "that gets them, some runtimes give the home to root; --base IMAGE adds the layer that "
        "states these folders as the image has them, and --cache-dir, or --layout dir with "
        "--path, names a place outside of homes",
        place);
}

/* inject takes the old layers out; who appends does not. */
static void warn_of_old_layers(const struct export *export)
{
    const struct own_parts *own = export->own;
    const char *told = NULL;

    for (size_t i = 0; i < own->layer_count; i++) {
        const char *model = own->layers[i].record.model;
        if (model == NULL || !placement_replaces(export->placement, &own->layers[i]) ||
            (told != NULL && strcmp(told, model) == 0))
            continue;
        told = model;
        log_warn(
            export->options->run.log,
            "the base has '%s' in this place already: what is appended to it lies on top of "
            "those layers, which stay; 'inlay inject' replaces them, 'inlay remove' takes them "
            "out",
            model);
    }
}

static void say_place(const struct export *export)
{
    const struct rootfs_user *user = &export->placement->user;
    const struct strings *assignments = &export->placement->assignments;
    const struct log *log = export->options->run.log;
    const char *links = export->placement->models[0].links.place;
    CLEANUP(buf) struct buf environment = BUF_INIT;

    log_info(log, "place: %s, for the user %u:%u with the home %s",
             export->placement->models[0].tree.place, user->uid, user->gid, user->home);
    if (links != NULL && !export->options->with_folders)
        log_info(log, "links to it are not among the layers: loaders look in the home of the "
                      "image's user; --base IMAGE adds the layers with links and folders");
    else if (links != NULL)
        log_info(log, "links: in %s", links);
    for (size_t i = 0; i < assignments->count; i++)
        buf_addf(&environment, "%s%s", i > 0 ? " " : "", assignments->items[i]);
    if (environment.size > 0)
        log_info(log, "the image has to set %s, as 'inlay inject' would", buf_text(&environment));
}

/* "model.tar" is "model.2.tar", or "model.02.tar" of ten and more, so that names sort as layers do.
 */
static char *numbered_path(const char *output, size_t number, size_t count)
{
    const char *slash = strrchr(output, '/');
    const char *name = slash != NULL ? slash + 1 : output;
    const char *dot = name[0] != '\0' ? strrchr(name + 1, '.') : NULL;
    size_t stem = dot != NULL ? (size_t)(dot - output) : strlen(output);
    int width = 1;

    if (count == 1)
        return xstrdup(output);
    for (size_t left = count; left >= 10; left /= 10)
        width++;
    return xasprintf("%.*s.%0*zu%s", (int)stem, output, width, number, output + stem);
}

/* Has the layer a file already, or is it not wanted? */
static bool is_left_out(const struct layer_writing *writing, size_t number)
{
    const struct export *export = writing->export;

    for (size_t i = 0; i < writing->count; i++)
        if (writing->numbers[i] == number)
            return true;
    /* Whose links there have to be is known of an image alone. */
    const struct planned_layer *layer = &export->plan->layers[number];
    bool is_of_image = layer->placed == NULL || layer->recipe->kind == RECIPE_LINKS;
    return is_of_image && !export->options->with_folders;
}

static void add_file(struct layer_writing *writing, size_t number,
                     const struct layer_record *record)
{
    const struct planned_layer *layer = &writing->export->plan->layers[number];
    struct layer_result *result = writing->result;

    writing->numbers[writing->count++] = number;
    result->files[result->count++] = (struct layer_file){
        .kind = xstrdup(recipe_kind_name(layer->recipe->kind)),
        .model = layer->placed != NULL ? xstrdup(record->model) : NULL,
        .commit = layer->placed != NULL ? xstrdup(record->commit) : NULL,
        .media_type =
            xasprintf(MEDIA_TYPE_OCI_LAYER "%s", compression_suffix(&layer->recipe->compression)),
        .recipe = layer->recipe->digest,
    };
}

/* In the order of the image. */
static void list_files(struct layer_writing *writing)
{
    const struct export *export = writing->export;
    const struct build_plan *plan = export->plan;
    struct layer_result *result = writing->result;
    const struct layer_order order = {export->own, export->placement, &plan->platforms[0], plan};
    size_t count = 0;
    struct image_layer *layers = layer_order_planned(&order, &count);

    writing->numbers = xcalloc(count, sizeof(*writing->numbers));
    writing->writers = xcalloc(count, sizeof(struct writer *));
    result->files = xcalloc(count, sizeof(*result->files));
    for (size_t i = 0; i < count; i++) {
        size_t number = build_plan_find_recipe(plan, &layers[i].diff_id);
        if (number < plan->layer_count && !is_left_out(writing, number))
            add_file(writing, number, &layers[i].record);
    }
    free(layers); /* the texts in it are the models' and the placement's */
    for (size_t i = 0; i < result->count; i++)
        result->files[i].path = numbered_path(export->options->output, i + 1, result->count);
}

static int check_files(const struct layer_writing *writing, struct error *err)
{
    const struct layer_result *result = writing->result;

    if (is_standard_output(writing->export->options->output) && result->count > 1)
        return error_set(err, ERROR_USAGE,
                         "there are %zu layers, and standard output takes one; '-o FILE' writes "
                         "each into a file of its own",
                         result->count);
    for (size_t i = 0; i < result->count; i++)
        if (probe_file(result->files[i].path, err) < 0)
            return -1;
    return 0;
}

/* Keeps the end to itself: the files take their names together. */
struct held_writer {
    struct writer base;
    struct writer *next; /* borrowed */
};

static int held_write(struct writer *writer, const void *data, size_t size, struct error *err)
{
    return writer_write(CONTAINER_OF(writer, struct held_writer, base)->next, data, size, err);
}

static int held_finish(struct writer *writer, struct error *err)
{
    return file_writer_sync(CONTAINER_OF(writer, struct held_writer, base)->next, err);
}

static void held_free(struct writer *writer)
{
    (void)writer;
}

/* Hub -> tar -> diff_id -> compressor -> digest -> file. */
static int write_file(struct layer_writing *writing, size_t number, const struct cancel *cancel,
                      struct error *err)
{
    static const struct writer_ops ops = {
        .write = held_write, .finish = held_finish, .free = held_free};
    const struct export *export = writing->export;
    const struct layer_options *options = export->options;
    const struct planned_layer *layer = &export->plan->layers[writing->numbers[number]];
    struct layer_file *file = &writing->result->files[number];
    struct image_layer made = {.number = 0}; /* without a record: nothing to release */
    struct layer_bytes bytes = {
        .layer = layer,
        .threads = layer_bytes_threads(export->plan, options->run.jobs),
        .cancel = cancel,
        .progress = options->run.progress,
    };

    if (layer->placed != NULL)
        bytes.source = layer->placed->model->from;
    if (file_writer_open(file->path, options->run.cancel, &writing->writers[number], err) < 0)
        return -1;
    struct held_writer held = {{&ops}, writing->writers[number]};
    CLEANUP(writer)
    struct writer *stage = digest_writer_new(&held.base, DIGEST_SHA256, &file->digest, &file->size);
    if (layer_bytes_write(&bytes, stage, &made, err) < 0)
        return -1;
    file->diff_id = made.diff_id;
    file->table = made.table.digest;
    file->tar_size = made.table.tar_size;
    if (layer->recipe->compression.kind == COMPRESSION_NONE)
        file->diff_id = file->digest;
    return expected_check_layer(options->expected, export->base, layer, &file->diff_id, err);
}

static int run_job(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct layer_writing *writing = arg;
    const struct layer_file *file = &writing->result->files[number];
    const struct planned_layer *layer = &writing->export->plan->layers[writing->numbers[number]];
    CLEANUP(text) char *title = planned_layer_title(layer);

    if (write_file(writing, number, cancel, err) < 0)
        return planned_layer_wrap(layer, err);
    log_info(writing->export->options->run.log, "layer: %s, %s", title,
             text_format_size(file->size).text);
    return 0;
}

static int write_files(struct layer_writing *writing, struct error *err)
{
    const struct layer_options *options = writing->export->options;
    const struct build_plan *plan = writing->export->plan;
    uint64_t total = 0;

    for (size_t i = 0; i < writing->count; i++)
        total += plan->layers[writing->numbers[i]].recipe->content_size;
    progress_expect(options->run.progress, total);
    if (workers_run(options->run.jobs, writing->count, run_job, writing, options->run.cancel, err) <
        0)
        return -1;
    for (size_t i = 0; i < writing->count; i++)
        if (writer_finish(writing->writers[i], err) < 0)
            return -1;
    return 0;
}

static int export_layers(const struct export *export, struct layer_result *result,
                         struct error *err)
{
    const struct strings *assignments = &export->placement->assignments;
    CLEANUP(layer_writing)
    struct layer_writing writing = {.export = export, .result = result};

    say_place(export);
    warn_of_home(export);
    warn_of_old_layers(export);
    list_files(&writing);
    if (check_files(&writing, err) < 0)
        return -1;
    strings_add_all(&result->environment, assignments);
    return write_files(&writing, err);
}

/* What else a step says is about an image that is made; its warnings hold here too. */
static void pass_warnings(const struct notes *notes, const struct log *log)
{
    for (size_t i = 0; i < notes->count; i++)
        if (notes->items[i].level == LOG_WARN)
            log_warn(log, "%s", notes->items[i].text);
}

/* The layers of the base that is read, and the models that are listed. */
static int plan_and_export(const struct layer_options *options, const struct base *base,
                           struct layer_result *result, struct error *err)
{
    CLEANUP(notes) struct notes told = {.log = options->run.log};
    CLEANUP(notes) struct notes quiet = NOTES_INIT;
    CLEANUP(models) struct models models = MODELS_INIT;
    CLEANUP(companion_decisions) struct companion_decisions companions = COMPANION_DECISIONS_INIT;
    CLEANUP(code) struct code code = {NULL, 0};
    CLEANUP(placements) struct placements placements = {0};
    CLEANUP(build_plan) struct build_plan plan = {0};
    CLEANUP(known_bases) struct known_bases known = {0};
    const struct model_listing listing = {&options->models, &options->run, base, &told, NULL};
    static const struct reuse_rules nothing;
    const struct arrangement arrangement = {
        &options->placement, base, &models, &known, options->run.cancel, options->run.sandbox};
    const struct build_request build = {
        {NULL, NULL}, &nothing, &options->compression, &options->run};
    const struct base_platform *platform = &base->platforms[0];

    known_bases_add(&known, &platform->own);
    if (models_list(&listing, &models, &companions, err) < 0 ||
        code_check(&options->models, &options->run, &models, &code, &told, err) < 0)
        return -1;
    int result_code = placements_find(&arrangement, &placements, &quiet, err);
    pass_warnings(&quiet, options->run.log);
    if (result_code < 0 || build_plan_cut(&build, base, &placements, &plan, err) < 0 ||
        expected_check_plan(options->expected, base, &plan, options->run.log, err) < 0)
        return -1;
    struct export export = {options, base, &platform->own, &placements.items[0], &plan};
    return export_layers(&export, result, err);
}

int layer_run(const struct layer_options *options, struct layer_result *out, struct error *err)
{
    struct base_request request = base_request_for(&options->base, NULL, &options->compression);
    CLEANUP(notes) struct notes quiet = NOTES_INIT;
    CLEANUP(base) struct base base = {0};
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;

    request.no_index = true;
    request.keep_attestations = false;
    if (probe_file(options->output, err) < 0)
        return -1;
    if (base_read(&request, &options->run, &base, &quiet, err) < 0)
        return image_tree_wrap("the base", request.store, request.version, err);
    pass_warnings(&quiet, options->run.log);
    rootfs_free(TAKE(base.platforms[0].whole)); /* what the base has stays where it is */
    if (plan_and_export(options, &base, &result, err) < 0)
        return -1;

    layer_result_release(out);
    *out = result;
    result = (struct layer_result)LAYER_RESULT_INIT;
    return 0;
}
