#include "injection.h"

#include "core/text.h"
#include "mistakes.h"
#include "plan/hub_page.h"

#include <string.h>

void injection_model_release(struct injection_model *model)
{
    origin_release(&model->origin);
    strings_release(&model->include);
    strings_release(&model->optional);
    strings_release(&model->exclude);
    strings_release(&model->also);
    strings_release(&model->executable);
    free(model->path);
    free(model->as);
    free(model->name);
    free(model->weights);
    free(model->companion_of);
    if (model->locked != NULL)
        lock_model_release(model->locked);
    free(model->locked);
    *model = (struct injection_model)INJECTION_MODEL_INIT;
}

static bool are_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

struct injection_model *injection_find_model(const struct injection *injection,
                                             const struct origin *origin,
                                             const struct layout *layout, const char *path)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        struct injection_model *model = &injection->models[i];
        const struct origin *other = &model->origin;
        if (model->layout == layout && are_equal(model->path, path) &&
            other->kind == origin->kind && are_equal(other->name, origin->name) &&
            are_equal(other->revision, origin->revision) &&
            are_equal(other->member, origin->member))
            return model;
    }
    return NULL;
}

void injection_add_model(struct injection *injection, struct injection_model *model)
{
    injection->models = xrealloc(injection->models, injection->model_count + 1, sizeof(*model));
    injection->models[injection->model_count++] = *model;
    *model = (struct injection_model)INJECTION_MODEL_INIT;
}

static void add_globs(struct strings *to, const char *const *globs)
{
    for (; globs != NULL && *globs != NULL; globs++)
        strings_add(to, *globs);
}

/* Which files the options of the call choose, in a model that does not say it itself. */
static void apply_files(const struct options *line, struct injection_model *model)
{
    if (model_options_has_files(model))
        return;
    model->all_files = line->all_files;
    model->weights = text_copy(options_text(line, "weights"));
    add_globs(&model->include, options_list(line, "include"));
    add_globs(&model->exclude, options_list(line, "exclude"));
    add_globs(&model->also, options_list(line, "also"));
}

/* What the options of the call say of a MODEL that is no preset and does not say it itself. */
static void apply_options(const struct options *line, struct injection_model *model)
{
    struct origin *origin = &model->origin;
    bool is_file = origin_is_file(origin->kind);

    if (model->layout == NULL)
        model->layout = line->layout != NULL ? line->layout : layout_find(NULL);
    if (model->path == NULL && model->layout->takes_path)
        model->path = text_copy(line->path);
    apply_files(line, model);
    origin->unpacks =
        model->layout->unpacks || model->unpacks || (options_has(line, "unpack") && is_file);
    if (!origin_is_of_hub(origin->kind))
        origin->as = text_copy(model->as != NULL ? model->as : options_text(line, "as"));
    if (is_file)
        origin->file_name =
            text_copy(model->name != NULL ? model->name : options_text(line, "name"));
}

/* Ways to choose files of which one excludes the other; `dashes` are what stands before them. */
static int check_ways(const struct injection_model *model, const char *dashes, struct error *err)
{
    const struct {
        bool is_given;
        const char *name;
    } ways[] = {
        {model->all_files, "all-files"},
        {model->include.count > 0, "include"},
        {model->weights != NULL, "weights"},
        {model->also.count > 0, "also"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
        for (size_t k = i + 1; k < ARRAY_SIZE(ways); k++)
            if (ways[i].is_given && ways[k].is_given && strcmp(ways[i].name, "weights") != 0)
                return error_set(err, ERROR_USAGE,
                                 "%s%s and %s%s exclude each other; leave one out", dashes,
                                 ways[i].name, dashes, ways[k].name);
    return 0;
}

/* What a model says itself has to fit it. */
static int check_names_fit(const struct injection_model *model, const char *shown,
                           struct error *err)
{
    if (model->as != NULL && origin_is_of_hub(model->origin.kind))
        return error_set(err, ERROR_USAGE,
                         "MODEL '%s': 'as=' is for models that are not of the Hub", shown);
    if (model->name != NULL && !origin_is_file(model->origin.kind))
        return error_set(err, ERROR_USAGE, "MODEL '%s': 'name=' is for files and URLs", shown);
    if (model->unpacks && !origin_is_file(model->origin.kind))
        return error_set(err, ERROR_USAGE, "MODEL '%s': 'unpack' is for files and URLs", shown);
    if (model->path != NULL && !model->layout->takes_path)
        return error_set(err, ERROR_USAGE, "MODEL '%s': 'path=' is for the layout dir or hub-dir",
                         shown);
    if (model->executable.count > 0 &&
        (!model->layout->takes_path || model->layout->content != LAYOUT_PLAIN_FILES))
        return error_set(err, ERROR_USAGE, "MODEL '%s': 'executable=' is for the layout dir",
                         shown);
    if (model->name != NULL && model->origin.unpacks)
        return error_set(err, ERROR_USAGE,
                         "MODEL '%s': 'name=' is for a file, and this one is unpacked", shown);
    return 0;
}

/* Whether BASE stands among the arguments and looks like a model: "acme/tiny". */
static bool base_is_like_model(const struct injection *injection)
{
    const struct options *line = injection->line;

    if (injection_base_is_option(line) || line->name_count == 0)
        return false;
    return strchr(line->names[0], '/') != NULL && !mistakes_is_image(line->names[0]);
}

/* What a MODEL may be that is none. */
static int explain_model(const struct injection *injection, const char *text, struct error *err)
{
    const struct options *line = injection->line;
    bool is_image = mistakes_is_image(text);

    if (is_image && base_is_like_model(injection))
        return error_set(err, ERROR_USAGE,
                         "MODEL '%s' looks like an image, and BASE '%s' like a model; BASE stands "
                         "first: inlay %s %s %s",
                         text, line->names[0], line->command->name, text, line->names[0]);
    if (is_image && (strchr(text, '/') != NULL || text_starts_with(text, "oci:")))
        return error_set(err, ERROR_USAGE, "MODEL '%s' looks like an image; %s", text,
                         injection_base_is_option(line)
                             ? "the image that layers are for is --base IMAGE"
                             : "BASE stands first, then each MODEL, and the result is --to TARGET");
    return mistakes_explain_model(text, err) < 0 ? model_options_explain(text, err) : -1;
}

/* An address of the Hub's pages is the model, and maybe the file, that it shows. */
static void take_page(struct injection *injection, struct injection_model *model, char **name)
{
    CLEANUP(hub_page) struct hub_page page = HUB_PAGE_INIT;
    bool is_download = strstr(*name, "#sha256=") != NULL ||
                       options_has(injection->line, "unverified") ||
                       options_has(injection->line, "name");

    if (!hub_page_parse(*name, &page) || (page.is_file && is_download))
        return;
    CLEANUP(text)
    char *glob =
        page.path != NULL ? xasprintf("%s%s", page.path, page.is_folder ? "/*" : "") : NULL;
    CLEANUP(text) char *shown = text_display_url(*name);
    if (glob != NULL && !model_options_has_files(model))
        strings_add(&model->include, glob);
    notes_info(&injection->notes, "'%s' is taken as '%s'%s%s", shown, page.model,
               glob != NULL ? ", of it " : "", glob != NULL ? glob : "");
    free(*name);
    *name = TAKE(page.model);
}

static int add_model(struct injection *injection, const char *text, struct injection_model *model,
                     struct error *err)
{
    CLEANUP(text) char *shown = model_text_display(text);

    if (origin_parse(text, &model->origin, err) < 0) {
        error_wrap(err, "MODEL");
        return explain_model(injection, text, err);
    }
    if (check_ways(model, "", err) < 0)
        return error_wrap(err, "MODEL '%s'", shown);
    apply_options(injection->line, model);
    if (check_names_fit(model, shown, err) < 0)
        return -1;
    if (origin_is_of_hub(model->origin.kind)) {
        char *id = layout_model_id(model->layout, model->origin.name);
        free(model->origin.name);
        model->origin.name = id;
    }
    const struct injection_model *there =
        injection_find_model(injection, &model->origin, model->layout, model->path);
    if (there != NULL && there < injection->models + injection->named_count)
        return 0;
    if (there != NULL)
        return error_set(err, ERROR_USAGE, "MODEL: '%s' is named twice", shown);
    injection_add_model(injection, model);
    return 0;
}

int injection_parse_model(struct injection *injection, const char *text, struct error *err)
{
    CLEANUP(injection_model) struct injection_model model = INJECTION_MODEL_INIT;
    CLEANUP(text) char *name = NULL;

    if (model_options_parse(text, &model, &name, err) < 0)
        return -1;
    take_page(injection, &model, &name);
    return injection_add_name(injection, name, &model, err);
}

int injection_add_name(struct injection *injection, const char *name, struct injection_model *model,
                       struct error *err)
{
    const struct preset *preset = NULL;

    if (presets_find(&injection->presets, name, &preset, err) < 0) {
        error_wrap(err, "MODEL");
        return explain_model(injection, name, err);
    }
    if (preset == NULL)
        return add_model(injection, name, model, err);
    if (model_options_has_any(model))
        return error_set(err, ERROR_USAGE,
                         "MODEL: '%s' is a preset, which says itself what is taken and where it "
                         "goes; leave out what is behind its name",
                         name);
    return injection_add_preset(injection, preset, err);
}

/* How many models an option can speak of. */
static size_t count_models(const struct injection *injection,
                           bool (*fits)(const struct injection_model *model))
{
    size_t count = 0;

    for (size_t i = 0; i < injection->model_count; i++)
        count += injection->models[i].preset == NULL && fits(&injection->models[i]);
    return count;
}

static bool is_any(const struct injection_model *model)
{
    (void)model;
    return true;
}

static bool takes_name_of_hub(const struct injection_model *model)
{
    return !origin_is_of_hub(model->origin.kind) && model->as == NULL;
}

static bool takes_file_name(const struct injection_model *model)
{
    return origin_is_file(model->origin.kind) && model->name == NULL;
}

static bool is_file(const struct injection_model *model)
{
    return origin_is_file(model->origin.kind);
}

/* Each of these speaks of one MODEL, which the call has to have. */
static int check_names(const struct injection *injection, struct error *err)
{
    const struct options *line = injection->line;
    bool has_name = options_has(line, "name");
    bool unpacks = options_has(line, "unpack");
    size_t nameable = count_models(injection, takes_name_of_hub);
    size_t files = count_models(injection, takes_file_name);

    if (options_has(line, "as") && nameable != 1)
        return error_set(err, ERROR_USAGE,
                         "--as names one MODEL that is not of the Hub and no preset, and the call "
                         "has %zu; inject several one after another",
                         nameable);
    if (has_name && files == 0)
        return error_set(err, ERROR_USAGE,
                         "--name is for a MODEL that is a file or a URL, and files of a repo or "
                         "folder keep their paths; name the one file by file:PATH or by its URL, "
                         "as in https://huggingface.co/ORG/NAME/resolve/main/onnx/model.onnx");
    if (has_name && files != 1)
        return error_set(err, ERROR_USAGE,
                         "--name is for one MODEL that is a file or a URL, and the call has %zu; "
                         "inject several one after another",
                         files);
    if (has_name && unpacks)
        return error_set(err, ERROR_USAGE, "--name and --unpack exclude each other; leave one out");
    if (unpacks && count_models(injection, is_file) == 0)
        return error_set(err, ERROR_USAGE,
                         "--unpack is for archives, and no MODEL is a file or a URL");
    return 0;
}

static int refuse_without_path(const struct injection_model *model, struct error *err)
{
    CLEANUP(text) char *name = origin_record(&model->origin);

    return error_set(err, ERROR_USAGE,
                     "MODEL '%s': --layout %s wants the model's folder; name it by --path, or by "
                     "path= behind the MODEL",
                     name, model->layout->name);
}

/* Which folder the models go into, where a layout wants one. */
static int check_path(const struct injection *injection, struct error *err)
{
    const struct options *line = injection->line;
    bool takes_path = false;

    for (size_t i = 0; i < injection->model_count; i++) {
        const struct injection_model *model = &injection->models[i];
        takes_path = takes_path || model->layout->takes_path;
        if (model->layout->takes_path && model->path == NULL)
            return refuse_without_path(model, err);
    }
    if (!takes_path && line->path != NULL)
        return error_set(err, ERROR_USAGE,
                         "--path is for --layout dir or hub-dir; --cache-dir moves the cache of "
                         "a loader");
    if (takes_path && line->inject.placement.shared != NULL)
        return error_set(
            err, ERROR_USAGE,
            "--path names the model's folder already, which may be a shared one; leave "
            "--shared out");
    return 0;
}

static int check_files(const struct injection *injection, struct error *err)
{
    CLEANUP(injection_model) struct injection_model asked = INJECTION_MODEL_INIT;

    apply_files(injection->line, &asked);
    if (check_ways(&asked, "--", err) < 0)
        return -1;
    if (count_models(injection, is_any) == 0 &&
        (asked.all_files || model_options_has_files(&asked)))
        return error_set(err, ERROR_USAGE,
                         "--include, --exclude, --weights, --also and --all-files choose in models "
                         "that are no presets, and there is none");
    return 0;
}

int injection_check_names(const struct injection *injection, struct error *err)
{
    for (size_t i = 0; i < injection->model_count; i++) {
        const struct injection_model *model = &injection->models[i];
        CLEANUP(text) char *name = origin_record(&model->origin);
        if (model->as == NULL && layout_check_name(model->layout, &model->origin, err) < 0)
            return error_wrap(err, "MODEL '%s'", name);
    }
    return 0;
}

int injection_check_models(const struct injection *injection, struct error *err)
{
    if (check_names(injection, err) < 0 || check_path(injection, err) < 0)
        return -1;
    return check_files(injection, err);
}

void injection_fill_choices(struct injection *injection)
{
    injection->choices = xcalloc(injection->model_count, sizeof(*injection->choices));
    for (size_t i = 0; i < injection->model_count; i++) {
        const struct injection_model *model = &injection->models[i];
        injection->choices[i] = (struct model_choice){
            .layout = model->layout,
            .path = model->path,
            .executable = (const char *const *)model->executable.items,
            .companion_of = model->companion_of,
            .is_chosen = model->locked != NULL,
            .is_alone = model->locked != NULL && !injection->follows_locked,
            .selection =
                {
                    .include = (const char *const *)model->include.items,
                    .optional = (const char *const *)model->optional.items,
                    .exclude = (const char *const *)model->exclude.items,
                    .also = (const char *const *)model->also.items,
                    .format = model->weights,
                    .all_files = model->all_files,
                },
        };
    }
}
