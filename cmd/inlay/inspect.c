#include "inspect/inspect.h"
#include "core/text.h"
#include "folders_view.h"
#include "json.h"
#include "oci/document.h"
#include "picture_view.h"
#include "session.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What `inlay inspect` opens. */
struct inspection {
    struct session session;
    struct reference image;
    struct store *store;
};

static void inspection_release(struct inspection *inspection)
{
    store_free(inspection->store);
    session_release(&inspection->session);
    reference_release(&inspection->image);
}
CLEANUP_RELEASE(inspection)

static json_t *digest_json(const struct digest *digest)
{
    return json_string(digest_format(digest).text);
}

static json_t *layers_json(const struct inspect_model *model)
{
    json_t *list = json_array();

    for (size_t i = 0; i < model->layer_count; i++) {
        const struct inspect_layer *layer = &model->layers[i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:I, s:o}", "kind", layer->kind,
                                              "digest", digest_json(&layer->digest), "diff_id",
                                              digest_json(&layer->diff_id), "size",
                                              (json_int_t)layer->size, "recipe",
                                              digest_json(&layer->recipe)));
    }
    return list;
}

static json_t *model_json(const struct inspect_model *model)
{
    json_t *files = model->files > 0 ? json_integer((json_int_t)model->files) : json_null();

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o}", "kind",
                     origin_kind_name(model->kind), "name", model->name, "source", model->source,
                     "commit", model->commit, "layout", model->layout, "place", model->place,
                     "links", strings_to_json(&model->links), "files", files, "size",
                     (json_int_t)model->size, "layers", layers_json(model), "platforms",
                     strings_to_json(&model->platforms));
}

static json_t *platform_json(const struct inspect_platform *platform)
{
    json_t *base = json_null();

    if (platform->base_digest != NULL)
        base = json_pack("{s:o, s:o}", "name", text_to_json(platform->base_name), "digest",
                         json_string(platform->base_digest));
    json_t *document = json_pack("{s:s, s:o, s:o, s:o}", "platform", platform->name, "digest",
                                 digest_json(&platform->digest), "base", base, "environment",
                                 strings_to_json(&platform->environment));
    start_to_json(&platform->start, document);
    return document;
}

static void say_json(const struct inspect_result *result, struct buf *out)
{
    json_t *models = json_array();
    json_t *platforms = json_array();

    for (size_t i = 0; i < result->model_count; i++)
        json_array_append_new(models, model_json(&result->models[i]));
    for (size_t i = 0; i < result->platform_count; i++)
        json_array_append_new(platforms, platform_json(&result->platforms[i]));
    json_auto_t *document =
        json_pack("{s:o, s:o, s:o}", "digest", digest_json(&result->manifest.digest), "models",
                  models, "platforms", platforms);
    json_say(document, out);
}

enum column {
    COLUMN_MODEL,
    COLUMN_COMMIT,
    COLUMN_FILES,
    COLUMN_SIZE,
    COLUMN_LAYERS,
    COLUMN_LAYOUT,
    COLUMN_PLACE,
    COLUMN_PLATFORMS,
    COLUMN_COUNT,
};

/* What git shows of a commit, and `inlay remove` takes. */
#define COMMIT_SHOWN 7

static void add_row(struct table *table, const struct inspect_model *model)
{
    CLEANUP(text) char *platforms = table_join(&model->platforms);
    CLEANUP(text) char *links = table_join(&model->links);

    table_add(table, model->name);
    table_addf(table, "%.*s", COMMIT_SHOWN, plan_commit(model->commit).text);
    if (model->files > 0)
        table_addf(table, "%" PRIu64, model->files);
    else
        table_add(table, "-");
    table_add(table, text_format_size(model->size).text);
    table_addf(table, "%zu", model->layer_count);
    table_add(table, model->layout);
    if (model->links.count > 0)
        table_addf(table, "%s, linked from %s", model->place, links);
    else
        table_add(table, model->place);
    table_add(table, platforms);
}

/* Without a layer and without a name the base was nothing. */
static bool is_on_scratch(const struct inspect_platform *platform)
{
    for (size_t i = 0; i < platform->stack_count; i++)
        if (platform->stack[i].kind == NULL)
            return false;
    return platform->base_name == NULL;
}

/* The base as "name@digest", or the digest alone where the base was not in a registry. */
static char *format_base(const struct inspect_platform *platform)
{
    const char *name = platform->base_name != NULL ? platform->base_name : "";

    if (platform->base_digest == NULL)
        return xstrdup("");
    if (is_on_scratch(platform))
        return xstrdup("scratch");
    if (name[0] == '\0' || strchr(name, '@') != NULL)
        return xstrdup(name[0] == '\0' ? platform->base_digest : name);
    return xasprintf("%s@%s", name, platform->base_digest);
}

/* A line for each value, with the platforms that have it unless all have the same. */
static void print_values(const char *name, const struct strings *values,
                         const struct inspect_result *result)
{
    for (size_t i = 0; i < values->count; i++) {
        CLEANUP(strings) struct strings platforms = STRINGS_INIT;
        bool known = false;
        for (size_t k = 0; k < values->count; k++) {
            bool same = strcmp(values->items[i], values->items[k]) == 0;
            known = known || (same && k < i);
            if (same)
                strings_add(&platforms, result->platforms[k].name);
        }
        if (known || values->items[i][0] == '\0')
            continue;
        CLEANUP(text) char *list = table_join(&platforms);
        bool all = platforms.count == result->platform_count;
        CLEANUP(text)
        char *line = xasprintf("%s%s%s%s", values->items[i], all ? "" : " (", all ? "" : list,
                               all ? "" : ")");
        table_print_line(name, line);
    }
}

static void print_head(const struct inspect_result *result)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(strings) struct strings bases = STRINGS_INIT;
    CLEANUP(strings) struct strings environments = STRINGS_INIT;
    CLEANUP(strings) struct strings starts = STRINGS_INIT;

    for (size_t i = 0; i < result->platform_count; i++) {
        const struct inspect_platform *platform = &result->platforms[i];
        CLEANUP(text) char *base = format_base(platform);
        CLEANUP(text) char *environment = table_join(&platform->environment);
        CLEANUP(text) char *start = container_start_format(&platform->start);
        strings_add(&names, platform->name);
        strings_add(&bases, base);
        strings_add(&environments, environment);
        strings_add(&starts, start);
    }
    CLEANUP(text) char *platforms = table_join(&names);
    table_print_line("image", digest_format(&result->manifest.digest).text);
    table_print_line("platforms", platforms);
    print_values("base", &bases, result);
    print_values("sets", &environments, result);
    print_values("starts", &starts, result);
    puts("");
}

/* Of folders, files and archives it is no commit that says what they are. */
static const char *title_of_pins(const struct inspect_result *result)
{
    size_t commits = 0;

    for (size_t i = 0; i < result->model_count; i++)
        commits += origin_has_commits(result->models[i].kind);
    if (commits == 0)
        return "CHECKSUM";
    return commits < result->model_count ? "COMMIT OR CHECKSUM" : "COMMIT";
}

static void print_models(const struct inspect_result *result)
{
    static const char *const titles[COLUMN_COUNT] = {
        [COLUMN_MODEL] = "MODEL",        [COLUMN_FILES] = "FILES",   [COLUMN_SIZE] = "SIZE",
        [COLUMN_LAYERS] = "LAYERS",      [COLUMN_LAYOUT] = "LAYOUT", [COLUMN_PLACE] = "PLACE",
        [COLUMN_PLATFORMS] = "PLATFORMS"};
    CLEANUP(table)
    struct table table = {
        .columns = COLUMN_COUNT,
        .is_number = {[COLUMN_FILES] = true, [COLUMN_SIZE] = true, [COLUMN_LAYERS] = true},
    };
    bool everywhere = true;

    for (size_t i = 0; i < COLUMN_COUNT; i++)
        table_add(&table, i == COLUMN_COMMIT ? title_of_pins(result) : titles[i]);
    for (size_t i = 0; i < result->model_count; i++) {
        add_row(&table, &result->models[i]);
        everywhere = everywhere && result->models[i].platforms.count == result->platform_count;
    }
    table_print(&table, everywhere ? COLUMN_PLATFORMS : COLUMN_COUNT);
}

static void print_text(const struct inspect_result *result, bool as_tree)
{
    if (result->model_count == 0) {
        puts("no models");
        return;
    }
    print_head(result);
    if (as_tree)
        folders_view_print(result);
    else
        print_models(result);
}

static int run_inspect(const struct command_context *context, struct options *options,
                       struct error *err)
{
    CLEANUP(inspection) struct inspection inspection = {.image = REFERENCE_INIT};
    CLEANUP(inspect_result) struct inspect_result result = INSPECT_RESULT_INIT;
    struct session *session = &inspection.session;

    if (options_has(options, "tree") && options_has(options, "json"))
        return error_set(err, ERROR_USAGE, "--tree and --json exclude each other; leave one out");
    if (picture_view_check(options, err) < 0)
        return -1;
    if (session_parse_existing(options, "IMAGE", options->names[0], &inspection.image, err) < 0)
        return -1;
    if (session_open(session, context, options, err) < 0)
        return -1;
    if (store_open(&inspection.image, &session->stores, &inspection.store, err) < 0)
        return -1;
    CLEANUP(text) char *version = reference_version(&inspection.image);
    if (inspect_run(inspection.store, version, &result, err) < 0 ||
        picture_view_of_image(options, &result, context->secrets, session->stores.log, err) < 0)
        return -1;
    if (options_has(options, "json"))
        say_json(&result, context->result);
    else
        print_text(&result, options_has(options, "tree"));
    return 0;
}

static const struct argument_help arguments[] = {
    ARGUMENT_HELP_IMAGE("IMAGE", "stdin"),
    {NULL, NULL, NULL},
};

const struct command inspect_command = {
    .id = COMMAND_INSPECT,
    .name = "inspect",
    .summary = "say which models an image carries",
    .usage = "IMAGE [OPTION…]",
    .about =
        "Says which models an image carries. Only manifests and configs are read, no layer. "
        "With --json it tells whole commits and every layer, with --tree the folders down to each "
        "model.",
    .names = {"IMAGE"},
    .arguments = arguments,
    .examples = {"registry.example.com/rag:1.4-e5", "oci:images:rag --json",
                 "docker-archive:image.tar"},
    .environment = ENVIRONMENT_NETWORK,
    .result = "An image without models is one too: 'no models', and exit status 0.",
    .run = run_inspect,
};
