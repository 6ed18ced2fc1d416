#include "core/text.h"
#include "injection.h"
#include "json.h"
#include "oci/document.h"
#include "picture_view.h"
#include "preview/preview.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What git shows of a commit. */
#define COMMIT_SHOWN 7

static json_t *mode_json(uint32_t mode)
{
    CLEANUP(text) char *text = xasprintf("%04o", mode);

    return json_string(text);
}

static json_t *platform_json(const struct preview_platform *platform)
{
    json_t *folders = json_array();

    for (size_t i = 0; i < platform->folders.count; i++) {
        const struct preview_folder *folder = &platform->folders.items[i];
        json_array_append_new(
            folders, json_pack("{s:o, s:o, s:I, s:I, s:b}", "path", text_to_json(folder->path),
                               "mode", mode_json(folder->mode), "uid", (json_int_t)folder->uid,
                               "gid", (json_int_t)folder->gid, "made", (int)folder->made));
    }
    json_t *document = json_pack(
        "{s:o, s:{s:I, s:I, s:o}, s:{s:o, s:o}, s:{s:I, s:I}, s:o, s:o, s:o, s:o, s:I}", "platform",
        text_to_json(platform->name), "user", "uid", (json_int_t)platform->user.uid, "gid",
        (json_int_t)platform->user.gid, "from", text_to_json(platform->user.from), "home", "path",
        text_to_json(platform->home.path), "from", text_to_json(platform->home.from), "owner",
        "uid", (json_int_t)platform->owner.uid, "gid", (json_int_t)platform->owner.gid, "places",
        strings_to_json(&platform->places), "links", strings_to_json(&platform->links),
        "environment", strings_to_json(&platform->environment), "folders", folders, "base_layers",
        (json_int_t)platform->base_layers);
    start_to_json(&platform->start, document);
    return document;
}

static json_t *code_json(const struct preview_code_file *code)
{
    static const char *const verdicts[] = {
        [PICKLE_KNOWN] = "known", [PICKLE_UNKNOWN] = "unknown", [PICKLE_DANGEROUS] = "dangerous"};
    json_t *imports = json_array();

    for (size_t i = 0; i < code->findings.count; i++)
        json_array_append_new(imports,
                              json_pack("{s:s, s:s}", "name", code->findings.imports[i].name,
                                        "verdict", verdicts[code->findings.imports[i].verdict]));
    return json_pack("{s:s, s:s, s:o, s:o}", "path", code->path, "kind",
                     code->is_source ? "source" : "pickle", "imports", imports, "unread",
                     text_to_json(code->findings.unread));
}

static json_t *gate_json(enum plan_gate gate)
{
    switch (gate) {
    case PLAN_GATE_UNKNOWN:
        return json_null();
    case PLAN_GATE_OPEN:
        return json_false();
    case PLAN_GATE_CLOSED:
        return json_true();
    }
    abort();
}

static json_t *model_json(const struct preview_model *model)
{
    json_t *files = json_array();
    json_t *code = json_array();

    for (size_t i = 0; i < model->code.count; i++)
        json_array_append_new(code, code_json(&model->code.items[i]));
    for (size_t i = 0; i < model->files.count; i++)
        json_array_append_new(files, json_pack("{s:s, s:I}", "path", model->files.items[i].path,
                                               "size", (json_int_t)model->files.items[i].size));
    return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:I}", "name",
                     model->name, "revision", text_to_json(model->revision), "companion_of",
                     text_to_json(model->companion_of), "commit", model->commit, "license",
                     text_to_json(model->license.ids), "license_name",
                     text_to_json(model->license.name), "gated", gate_json(model->license.gate),
                     "code", code, "size", (json_int_t)model->files.size, "files", files,
                     "left_out", strings_to_json(&model->left_out.paths), "left_out_size",
                     (json_int_t)model->left_out.size);
}

static json_t *companion_json(const struct companion_decision *companion)
{
    json_t *size =
        companion->size != SIZE_UNKNOWN ? json_integer((json_int_t)companion->size) : json_null();

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "name", companion->name,
                     "title", companion->title, "of", companion->of, "kind",
                     companion_kind_name(companion->kind), "file", companion->file, "key",
                     text_to_json(companion->key), "reason", companion->reason, "state",
                     companion_fate_name(companion->fate), "commit",
                     text_to_json(companion->commit), "size", size);
}

static json_t *layer_json(const struct preview_layer *layer)
{
    json_t *blob =
        layer->fate == LAYER_BUILT ? json_null() : json_string(digest_format(&layer->blob).text);
    json_t *model = layer->model != NULL ? json_string(layer->model) : json_null();

    return json_pack("{s:s, s:o, s:s, s:b, s:s, s:o, s:I, s:I, s:o}", "kind", layer->kind, "model",
                     model, "state", layer_fate_name(layer->fate), "check", layer->is_claim,
                     "recipe", digest_format(&layer->recipe).text, "digest", blob, "size",
                     (json_int_t)layer->size, "content_size", (json_int_t)layer->content_size,
                     "platforms", strings_to_json(&layer->platforms));
}

static void say_json(const struct preview *preview, struct buf *out)
{
    json_t *platforms = json_array();
    json_t *models = json_array();
    json_t *layers = json_array();
    json_t *companions = json_array();

    for (size_t i = 0; i < preview->companions.count; i++)
        json_array_append_new(companions, companion_json(&preview->companions.items[i]));
    for (size_t i = 0; i < preview->platform_count; i++)
        json_array_append_new(platforms, platform_json(&preview->platforms[i]));
    for (size_t i = 0; i < preview->model_count; i++)
        json_array_append_new(models, model_json(&preview->models[i]));
    for (size_t i = 0; i < preview->layer_count; i++)
        json_array_append_new(layers, layer_json(&preview->layers[i]));
    json_auto_t *document = json_pack(
        "{s:o, s:o, s:o, s:o, s:{s:I, s:I}, s:{s:I, s:I}, s:o}", "platforms", platforms, "models",
        models, "companions", companions, "layers", layers, "base_blobs", "count",
        (json_int_t)preview->base.blobs, "missing", (json_int_t)preview->base.blobs_missing,
        "moves", "model", (json_int_t)preview->model_size, "base", (json_int_t)preview->base_size,
        "notes", strings_to_json(&preview->notes));
    json_say(document, out);
}

static void print_platform(const struct preview_platform *platform)
{
    CLEANUP(text)
    char *name = xasprintf("%s, %zu layer%s in the base", platform->name, platform->base_layers,
                           platform->base_layers == 1 ? "" : "s");
    CLEANUP(text)
    char *user =
        xasprintf("%u:%u (%s)", platform->user.uid, platform->user.gid, platform->user.from);
    CLEANUP(text) char *home = xasprintf("%s (%s)", platform->home.path, platform->home.from);
    CLEANUP(text) char *owner = xasprintf("%u:%u", platform->owner.uid, platform->owner.gid);
    CLEANUP(text) char *links = table_join(&platform->links);
    CLEANUP(text) char *environment = table_join(&platform->environment);
    CLEANUP(text) char *start = container_start_format(&platform->start);
    CLEANUP(strings) struct strings places = STRINGS_INIT;

    for (size_t i = 0; i < platform->places.count; i++)
        if (!strings_has(&places, platform->places.items[i]))
            strings_add(&places, platform->places.items[i]);
    CLEANUP(text) char *place = table_join(&places);
    table_print_line("platform", name);
    table_print_line("user", user);
    table_print_line("home", home);
    table_print_line("place", place);
    table_print_line("owner", owner);
    table_print_line("links", links);
    table_print_line("sets", environment);
    table_print_line("starts", start);
}

static void print_folders(const struct preview_platform *platform)
{
    CLEANUP(table) struct table table = {.columns = 4};

    table_add(&table, "FOLDER");
    table_add(&table, "MODE");
    table_add(&table, "OWNER");
    table_add(&table, "STATE");
    for (size_t i = 0; i < platform->folders.count; i++) {
        const struct preview_folder *folder = &platform->folders.items[i];
        table_add(&table, folder->path);
        table_addf(&table, "%04o", folder->mode);
        table_addf(&table, "%u:%u", folder->uid, folder->gid);
        table_add(&table, folder->made ? "make" : "as in the base");
    }
    puts("");
    table_print(&table, table.columns);
}

static void print_license(const struct preview_model *model)
{
    const struct plan plan = {.license = model->license.ids, .license_name = model->license.name};
    CLEANUP(text) char *license = license_format(&plan);
    CLEANUP(text)
    char *line =
        xasprintf("%s%s", license, model->license.gate == PLAN_GATE_CLOSED ? ", gated" : "");

    table_print_line("license", line);
}

static void print_model(const struct preview_model *model)
{
    const char *ignored = NULL;
    CLEANUP(table) struct table table = {.columns = 3, .is_number = {false, true, false}};
    CLEANUP(text)
    char *summary = xasprintf("%.*s, %zu file%s, %s", COMMIT_SHOWN, plan_commit(model->commit).text,
                              model->files.count, model->files.count == 1 ? "" : "s",
                              text_format_size(model->files.size).text);

    puts("");
    table_print_line("model", model->title);
    bool has_commits = origin_has_commits(origin_from_record(model->name, &ignored));
    table_print_line(has_commits ? "commit" : "checksum", summary);
    print_license(model);
    if (model->left_out.paths.count > 0) {
        CLEANUP(text)
        char *left_out = xasprintf("%zu file%s, %s", model->left_out.paths.count,
                                   model->left_out.paths.count == 1 ? "" : "s",
                                   text_format_size(model->left_out.size).text);
        table_print_line("left out", left_out);
    }
    puts("");
    table_add(&table, "FILE");
    table_add(&table, "SIZE");
    table_add(&table, "STATE");
    for (size_t i = 0; i < model->files.count; i++) {
        table_add(&table, model->files.items[i].path);
        table_add(&table, text_format_size(model->files.items[i].size).text);
        table_add(&table, "take");
    }
    for (size_t i = 0; i < model->left_out.paths.count; i++) {
        table_add(&table, model->left_out.paths.items[i]);
        table_add(&table, "");
        table_add(&table, "leave out");
    }
    table_print(&table, table.columns);
}

static void print_companions(const struct companion_decisions *companions)
{
    static const char *const states[] = {[COMPANION_COMES] = "take",
                                         [COMPANION_NAMED] = "named in the call",
                                         [COMPANION_THERE] = "there already",
                                         [COMPANION_LEFT] = "leave out"};
    CLEANUP(table) struct table table = {.columns = 5, .is_number = {false, true}};

    if (companions->count == 0)
        return;
    table_add(&table, "COMPANION");
    table_add(&table, "SIZE");
    table_add(&table, "STATE");
    table_add(&table, "OF");
    table_add(&table, "WHY");
    for (size_t i = 0; i < companions->count; i++) {
        const struct companion_decision *companion = &companions->items[i];
        bool is_known = companion->size != SIZE_UNKNOWN;
        table_add(&table, companion->title);
        table_add(&table, is_known ? text_format_size(companion->size).text : "");
        table_add(&table, states[companion->fate]);
        table_add(&table, companion->of);
        table_addf(&table, "%s: %s, %s", companion->file, companion->key, companion->reason);
    }
    puts("");
    table_print(&table, table.columns);
}

static void print_layers(const struct preview *preview)
{
    static const char *const states[] = {[LAYER_THERE] = "there already",
                                         [LAYER_COPIED] = "comes from the base",
                                         [LAYER_BUILT] = "build"};
    CLEANUP(table) struct table table = {.columns = 4, .is_number = {false, true}};
    bool everywhere = true;

    table_add(&table, "LAYER");
    table_add(&table, "SIZE");
    table_add(&table, "STATE");
    table_add(&table, "PLATFORMS");
    for (size_t i = 0; i < preview->layer_count; i++) {
        const struct preview_layer *layer = &preview->layers[i];
        CLEANUP(text) char *platforms = table_join(&layer->platforms);
        everywhere = everywhere && layer->platforms.count == preview->platform_count;
        table_add(&table, layer->title);
        table_add(&table, text_format_size(layer->size).text);
        table_addf(&table, "%s%s", states[layer->fate], layer->is_claim ? ", to be checked" : "");
        table_add(&table, platforms);
    }
    puts("");
    table_print(&table, everywhere ? 3 : 4);
}

static void print_text(const struct preview *preview, bool has_target, bool may_mount)
{
    for (size_t i = 0; i < preview->platform_count; i++) {
        if (i > 0)
            puts("");
        print_platform(&preview->platforms[i]);
        print_folders(&preview->platforms[i]);
    }
    for (size_t i = 0; i < preview->model_count; i++)
        print_model(&preview->models[i]);
    print_companions(&preview->companions);
    print_layers(preview);
    puts("");
    if (has_target)
        printf("base blobs: %zu, of which the target lacks %zu\n", preview->base.blobs,
               preview->base.blobs_missing);
    printf("would move: %s of model", text_format_size(preview->model_size).text);
    if (has_target)
        printf(", %s of base%s", text_format_size(preview->base_size).text,
               preview->base_size > 0 && may_mount ? " unless the registry can mount it" : "");
    puts("");
}

static bool may_mount(const struct reference *base, const struct reference *target)
{
    return base->kind == REFERENCE_REGISTRY && target->kind == REFERENCE_REGISTRY &&
           strcmp(base->registry, target->registry) == 0;
}

static int run_plan(const struct command_context *context, struct options *options,
                    struct error *err)
{
    CLEANUP(injection) struct injection injection = INJECTION_INIT;
    CLEANUP(preview) struct preview preview = PREVIEW_INIT;

    if (picture_view_check(options, err) < 0)
        return -1;
    if (injection_open(&injection, context, options, err) < 0)
        return -1;
    const struct preview_options asked = injection_preview_options(&injection.options);
    if (preview_run(&asked, &preview, err) < 0)
        return injection_explain(&injection, err);
    if (picture_view_of_plan(options, &injection.base, &preview, context->secrets, err) < 0)
        return -1;
    if (options_has(options, "json"))
        say_json(&preview, context->result);
    else
        print_text(&preview, options->target.kind != REFERENCE_NONE,
                   may_mount(&injection.base, &options->target));
    return 0;
}

const struct command plan_command = {
    .id = COMMAND_PLAN,
    .name = "plan",
    .summary = "say what 'inject' would do",
    .usage = "BASE MODEL… [--to TARGET] [OPTION…]",
    .more = "[BASE [MODEL…]] --project FILE [OPTION…]",
    .about = "Says what 'inlay inject' would do, before a byte of weights moves: whose home, which "
             "files, folders and layers, and how much would move. Nothing is written.",
    .names = {"BASE", "MODEL…"},
    .arguments = injection_arguments,
    .examples = {"registry.example.com/rag:1.4 intfloat/multilingual-e5-large",
                 "python:3.12 whisper:base --to oci:images:whisper",
                 "oci:images:rag BAAI/bge-m3 --weights onnx --json"},
    .environment =
        ENVIRONMENT_HUB "; " ENVIRONMENT_MODELSCOPE "; SOURCE_DATE_EPOCH; " ENVIRONMENT_NETWORK,
    .run = run_plan,
};
