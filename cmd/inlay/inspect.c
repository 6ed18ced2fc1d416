#include "inject/inspect.h"
#include "core/text.h"
#include "oci/document.h"
#include "session.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The command line of `inlay inspect`, and what it opens. */
struct inspection {
    struct session session;
    struct reference image;
    struct store *store;
    bool json;
    struct session_options options;
};

static void inspection_release(struct inspection *inspection)
{
    store_free(inspection->store);
    session_release(&inspection->session);
    reference_release(&inspection->image);
}
CLEANUP_RELEASE(inspection)

enum argument {
    OPTION_JSON = 256,
};

static int inspection_parse(struct inspection *out, int argc, char **argv, struct error *err)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        SESSION_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, SESSION_SHORT_OPTIONS, options, NULL)) != -1) {
        if (option == OPTION_JSON)
            out->json = true;
        else if (session_take_option(&out->options, option, argv, "inspect", err) < 0)
            return -1;
    }
    if (optind == argc)
        return error_set(err, ERROR_USAGE, "no IMAGE is named; see 'inlay inspect --help'");
    if (optind + 1 < argc)
        return error_set(err, ERROR_USAGE,
                         "'%s' is one argument too many; see 'inlay inspect --help'",
                         argv[optind + 1]);
    return session_parse_image(&out->options, "IMAGE", argv[optind], &out->image, err);
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *digest_json(const struct digest *digest)
{
    return json_string(digest_format(digest).text);
}

static json_t *strings_json(const struct strings *strings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(list, json_string(strings->items[i]));
    return list;
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

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:o}", "kind",
                     model->type == REPO_DATASET ? "dataset" : "model", "name", model->name,
                     "commit", model->commit, "layout", model->layout, "place", model->place,
                     "files", files, "size", (json_int_t)model->size, "layers", layers_json(model),
                     "platforms", strings_json(&model->platforms));
}

static json_t *platform_json(const struct inspect_platform *platform)
{
    json_t *base = json_null();

    if (platform->base_digest != NULL)
        base = json_pack("{s:o, s:o}", "name", text_or_null(platform->base_name), "digest",
                         json_string(platform->base_digest));
    return json_pack("{s:s, s:o, s:o, s:o}", "platform", platform->name, "digest",
                     digest_json(&platform->digest), "base", base, "environment",
                     strings_json(&platform->environment));
}

static void print_json(const struct inspect_result *result)
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
    CLEANUP(buf) struct buf text = BUF_INIT;
    json_to_buf(document, &text);
    puts(buf_text(&text));
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

static char *join(const struct strings *strings)
{
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < strings->count; i++)
        buf_addf(&text, "%s%s", i > 0 ? ", " : "", strings->items[i]);
    return buf_take(&text);
}

/* Texts from outside end on terminals. */
static void add_cell(struct strings *cells, const char *text)
{
    strings_add(cells, text);
    text_mask(cells->items[cells->count - 1]);
}

static void add_row(struct strings *cells, const struct inspect_model *model)
{
    CLEANUP(text) char *commit = xstrndup(model->commit, COMMIT_SHOWN);
    CLEANUP(text)
    char *files = model->files > 0 ? xasprintf("%" PRIu64, model->files) : xstrdup("-");
    CLEANUP(text) char *layers = xasprintf("%zu", model->layer_count);
    CLEANUP(text) char *platforms = join(&model->platforms);

    add_cell(cells, model->name);
    add_cell(cells, commit);
    add_cell(cells, files);
    add_cell(cells, text_format_size(model->size).text);
    add_cell(cells, layers);
    add_cell(cells, model->layout);
    add_cell(cells, model->place);
    add_cell(cells, platforms);
}

/* Columns that a text takes on a terminal, if its characters are of the usual width. */
static size_t text_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(const char *text, enum column column, size_t width, bool last)
{
    bool number = column == COLUMN_FILES || column == COLUMN_SIZE || column == COLUMN_LAYERS;
    int padding = (int)(width - text_width(text));

    if (last)
        printf("%s\n", text);
    else
        printf("%*s%s%*s  ", number ? padding : 0, "", text, number ? 0 : padding, "");
}

/* Rows of COLUMN_COUNT cells; the last column is left out where it says nothing. */
static void print_table(const struct strings *cells, size_t columns)
{
    size_t widths[COLUMN_COUNT] = {0};

    for (size_t i = 0; i < cells->count; i++) {
        size_t width = text_width(cells->items[i]);
        if (width > widths[i % COLUMN_COUNT])
            widths[i % COLUMN_COUNT] = width;
    }
    for (size_t i = 0; i < cells->count; i++) {
        size_t column = i % COLUMN_COUNT;
        if (column < columns)
            print_cell(cells->items[i], (enum column)column, widths[column], column + 1 == columns);
    }
}

static void print_line(const char *name, const char *text)
{
    CLEANUP(text) char *shown = xstrdup(text);

    text_mask(shown);
    printf("%-9s  %s\n", name, shown);
}

/* The base as "name@digest", or the digest alone where the base was not in a registry. */
static char *format_base(const struct inspect_platform *platform)
{
    const char *name = platform->base_name != NULL ? platform->base_name : "";

    if (platform->base_digest == NULL)
        return xstrdup("");
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
        CLEANUP(text) char *list = join(&platforms);
        bool all = platforms.count == result->platform_count;
        CLEANUP(text)
        char *line = xasprintf("%s%s%s%s", values->items[i], all ? "" : " (", all ? "" : list,
                               all ? "" : ")");
        print_line(name, line);
    }
}

static void print_head(const struct inspect_result *result)
{
    CLEANUP(strings) struct strings names = STRINGS_INIT;
    CLEANUP(strings) struct strings bases = STRINGS_INIT;
    CLEANUP(strings) struct strings environments = STRINGS_INIT;

    for (size_t i = 0; i < result->platform_count; i++) {
        const struct inspect_platform *platform = &result->platforms[i];
        CLEANUP(text) char *base = format_base(platform);
        CLEANUP(text) char *environment = join(&platform->environment);
        strings_add(&names, platform->name);
        strings_add(&bases, base);
        strings_add(&environments, environment);
    }
    CLEANUP(text) char *platforms = join(&names);
    print_line("image", digest_format(&result->manifest.digest).text);
    print_line("platforms", platforms);
    print_values("base", &bases, result);
    print_values("sets", &environments, result);
    puts("");
}

static void print_text(const struct inspect_result *result)
{
    static const char *const titles[COLUMN_COUNT] = {
        [COLUMN_MODEL] = "MODEL", [COLUMN_COMMIT] = "COMMIT",      [COLUMN_FILES] = "FILES",
        [COLUMN_SIZE] = "SIZE",   [COLUMN_LAYERS] = "LAYERS",      [COLUMN_LAYOUT] = "LAYOUT",
        [COLUMN_PLACE] = "PLACE", [COLUMN_PLATFORMS] = "PLATFORMS"};
    CLEANUP(strings) struct strings cells = STRINGS_INIT;
    bool everywhere = true;

    if (result->model_count == 0) {
        puts("no models");
        return;
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        strings_add(&cells, titles[i]);
    for (size_t i = 0; i < result->model_count; i++) {
        add_row(&cells, &result->models[i]);
        everywhere = everywhere && result->models[i].platforms.count == result->platform_count;
    }
    print_head(result);
    print_table(&cells, everywhere ? COLUMN_PLATFORMS : COLUMN_COUNT);
}

static int run_inspect(const struct command_context *context, int argc, char **argv,
                       struct error *err)
{
    CLEANUP(inspection) struct inspection inspection = {.image = REFERENCE_INIT};
    CLEANUP(inspect_result) struct inspect_result result = INSPECT_RESULT_INIT;
    struct session *session = &inspection.session;

    if (inspection_parse(&inspection, argc, argv, err) < 0)
        return -1;
    session_open(session, context, &inspection.options);
    if (store_open(&inspection.image, &session->stores, &inspection.store, err) < 0)
        return -1;
    CLEANUP(text) char *version = reference_version(&inspection.image);
    if (inspect_run(inspection.store, version, &result, err) < 0)
        return -1;
    if (inspection.json)
        print_json(&result);
    else
        print_text(&result);
    return 0;
}

static const char help[] =
    "Usage: inlay inspect IMAGE [--json]\n"
    "\n"
    "Says which models an image carries. Only manifests and configs are read, no layer.\n"
    "\n"
    "  IMAGE  [docker://]NAME[:TAG][@DIGEST]    an image in a registry\n"
    "         oci:DIR[:TAG][@DIGEST]            an image in an OCI layout\n"
    "         oci-archive:FILE[:TAG][@DIGEST]   the same in a tar; '-' is stdin\n"
    "         docker-archive:FILE[:NAME[:TAG]]  what 'docker save' writes; '-' is stdin\n"
    "         docker-daemon:NAME[:TAG]          an image of a Docker engine\n"
    "\n"
    "  --json         for programs: one JSON document, with whole commits and every "
    "layer\n" SESSION_HELP "\n"
    "Environment: HTTPS_PROXY, http_proxy, NO_PROXY; SSL_CERT_FILE; DOCKER_HOST.\n"
    "\n"
    "An image without models is one too: 'no models', and exit status 0. Exit status: 0 done, 2\n"
    "usage, 3 not found, 4 denied, 5 unreachable, 6 unsupported, 7 corrupt, 8 this machine, 130\n"
    "interrupted, 1 a defect.\n";

const struct command inspect_command = {
    .name = "inspect",
    .summary = "say which models an image carries",
    .help = help,
    .run = run_inspect,
};
