#include "inject/layer.h"

#include "core/workers.h"
#include "inject/content_internal.h"
#include "oci/media_type.h"

#include <string.h>
#include <unistd.h>

#define JOBS_DEFAULT 4

/* A log for steps whose words are about an image that is made; their warnings hold here too. */
struct quiet_log {
    struct log log;
    const struct log *next;
};

/* The layers on their way into files. */
struct layer_writing {
    const struct layer_options *options;
    struct work *work;
    struct layer_result *result;
    const struct build **builds; /* one a file */
    struct writer **writers;     /* one a file, NULL before it is opened */
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
    free(writing->builds);
}
CLEANUP_RELEASE(layer_writing)

static void quiet_write(void *arg, enum log_level level, const char *line)
{
    struct quiet_log *quiet = arg;

    if (level != LOG_INFO && level <= quiet->next->level)
        quiet->next->write(quiet->next->arg, level, line);
}

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

static void warn_of_home(const struct layer_writing *writing, const struct platform *platform)
{
    const struct tree *tree = &platform->trees[0];
    const char *home = platform->user.home;
    const char *place = is_in_home(tree->place, home) ? tree->place : NULL;

    for (size_t i = 0; i < tree->also.count && place == NULL; i++)
        if (is_in_home(tree->also.items[i], home))
            place = tree->also.items[i];
    if (place == NULL || writing->options->with_folders)
        return;
    log_warn(
        writing->work->options->log,
        "%s lies in a home, and these layers do not state the folders above it: in an image "
        "that gets them, some runtimes give the home to root; --base IMAGE adds the layer that "
        "states these folders as the image has them, and --cache-dir, or --layout dir with "
        "--path, names a place outside of homes",
        place);
}

/* inject takes the old layers out; who appends does not. */
static void warn_of_old_layers(const struct layer_writing *writing, const struct platform *platform)
{
    const struct work *work = writing->work;
    const char *told = NULL;

    for (size_t i = 0; i < platform->own_count; i++) {
        const struct image_layer *own = &platform->own[i];
        const char *model = own->record.model;
        if (model == NULL || !work_replaces(work, platform, own) ||
            (told != NULL && strcmp(told, model) == 0))
            continue;
        told = model;
        log_warn(
            work->options->log,
            "the base has '%s' in this place already: what is appended to it lies on top of "
            "those layers, which stay; 'inlay inject' replaces them, 'inlay remove' takes them "
            "out",
            model);
    }
}

static void say_place(const struct layer_writing *writing, const struct platform *platform)
{
    const struct rootfs_user *user = &platform->user;
    const struct log *log = writing->work->options->log;
    CLEANUP(buf) struct buf environment = BUF_INIT;

    log_info(log, "place: %s, for the user %u:%u with the home %s", platform->trees[0].place,
             user->uid, user->gid, user->home);
    for (size_t i = 0; i < platform->assignments.count; i++)
        buf_addf(&environment, "%s%s", i > 0 ? " " : "", platform->assignments.items[i]);
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

/* The build of this recipe, unless it is not wanted or listed already. */
static const struct build *find_build(const struct layer_writing *writing,
                                      const struct digest *recipe)
{
    for (size_t i = 0; i < writing->count; i++)
        if (digest_equal(&writing->builds[i]->recipe->digest, recipe))
            return NULL;
    for (size_t i = 0; i < writing->work->build_count; i++) {
        const struct build *build = &writing->work->builds[i];
        if (digest_equal(&build->recipe->digest, recipe))
            return build->model != NULL || writing->options->with_folders ? build : NULL;
    }
    return NULL;
}

static void add_file(struct layer_writing *writing, const struct build *build,
                     const struct layer_record *record)
{
    struct layer_result *result = writing->result;

    writing->builds[writing->count++] = build;
    result->files[result->count++] = (struct layer_file){
        .kind = xstrdup(recipe_kind_name(build->recipe->kind)),
        .model = build->model != NULL ? xstrdup(record->model) : NULL,
        .commit = build->model != NULL ? xstrdup(record->commit) : NULL,
        .media_type =
            xasprintf(MEDIA_TYPE_OCI_LAYER "%s", compression_suffix(&build->recipe->compression)),
        .recipe = build->recipe->digest,
    };
}

/* In the order of the image; until a layer is built, its recipe stands for its diff_id. */
static void list_files(struct layer_writing *writing)
{
    struct work *work = writing->work;
    struct layer_result *result = writing->result;
    size_t count = 0;

    for (size_t i = 0; i < work->build_count; i++)
        work->builds[i].layer.diff_id = work->builds[i].recipe->digest;
    struct image_layer *layers = platform_order_layers(work, &work->platforms[0], &count);
    writing->builds = xcalloc(count, sizeof(const struct build *));
    writing->writers = xcalloc(count, sizeof(struct writer *));
    result->files = xcalloc(count, sizeof(*result->files));
    for (size_t i = 0; i < count; i++) {
        const struct build *build = find_build(writing, &layers[i].diff_id);
        if (build != NULL)
            add_file(writing, build, &layers[i].record);
    }
    free(layers); /* the texts in it are the models' and the platform's */
    for (size_t i = 0; i < result->count; i++)
        result->files[i].path = numbered_path(writing->options->output, i + 1, result->count);
}

static int check_files(const struct layer_writing *writing, struct error *err)
{
    const struct layer_result *result = writing->result;

    if (is_standard_output(writing->options->output) && result->count > 1)
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
    static const struct writer_ops ops = {held_write, held_finish, held_free};
    const struct build *build = writing->builds[number];
    struct layer_file *file = &writing->result->files[number];
    struct content content = {.work = writing->work, .model = build->model, .cancel = cancel};

    if (file_writer_open(file->path, writing->work->options->cancel, &writing->writers[number],
                         err) < 0)
        return -1;
    struct held_writer held = {{&ops}, writing->writers[number]};
    CLEANUP(writer)
    struct writer *stage = digest_writer_new(&held.base, DIGEST_SHA256, &file->digest, &file->size);
    if (content_write_layer(&content, build->recipe, stage, &file->diff_id, err) < 0)
        return -1;
    if (build->recipe->compression.kind == COMPRESSION_NONE)
        file->diff_id = file->digest;
    return 0;
}

static int run_job(void *arg, size_t number, const struct cancel *cancel, struct error *err)
{
    struct layer_writing *writing = arg;
    const struct layer_file *file = &writing->result->files[number];
    const struct build *build = writing->builds[number];
    CLEANUP(text) char *title = recipe_title(build->recipe, build->model);

    if (write_file(writing, number, cancel, err) < 0)
        return error_wrap(err, "the %s layer of '%s'", file->kind,
                          file->model != NULL ? file->model : "image");
    log_info(writing->work->options->log, "layer: %s, %s", title,
             text_format_size(file->size).text);
    return 0;
}

static int write_files(struct layer_writing *writing, struct error *err)
{
    const struct inject_options *options = writing->work->options;
    const struct layer_result *result = writing->result;
    uint64_t total = 0;

    for (size_t i = 0; i < result->count; i++)
        total += writing->builds[i]->recipe->content_size;
    progress_expect(writing->work, total);
    if (workers_run(options->jobs > 0 ? options->jobs : JOBS_DEFAULT, result->count, run_job,
                    writing, options->cancel, err) < 0)
        return -1;
    for (size_t i = 0; i < result->count; i++)
        if (writer_finish(writing->writers[i], err) < 0)
            return -1;
    return 0;
}

static int write_layers(struct layer_writing *writing, struct error *err)
{
    const struct platform *platform = &writing->work->platforms[0];

    say_place(writing, platform);
    warn_of_home(writing, platform);
    warn_of_old_layers(writing, platform);
    list_files(writing);
    if (check_files(writing, err) < 0)
        return -1;
    for (size_t i = 0; i < platform->assignments.count; i++)
        strings_add(&writing->result->environment, platform->assignments.items[i]);
    return write_files(writing, err);
}

int layer_run(const struct layer_options *options, struct layer_result *out, struct error *err)
{
    const struct log *log = options->inject->log;
    struct quiet_log quiet = {.next = log};
    struct inject_options own = *options->inject;
    CLEANUP(work) struct work work = {.options = &own};
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;
    CLEANUP(layer_writing)
    struct layer_writing writing = {.options = options, .work = &work, .result = &result};

    quiet.log = (struct log){log != NULL ? log->level : LOG_WARN, quiet_write, &quiet};
    own.log = log != NULL ? &quiet.log : NULL;
    own.target = NULL;
    own.no_index = true;
    if (probe_file(options->output, err) < 0)
        return -1;
    if (work_read_base(&work, err) < 0)
        return error_wrap(err, "the base %s", own.base->name);
    own.log = log;
    if (work_list_models(&work, err) < 0)
        return -1;
    own.log = log != NULL ? &quiet.log : NULL;
    if (work_arrange(&work, err) < 0 || work_cut(&work, err) < 0)
        return -1;
    own.log = log;
    if (write_layers(&writing, err) < 0)
        return -1;

    layer_result_release(out);
    *out = result;
    result = (struct layer_result)LAYER_RESULT_INIT;
    return 0;
}
