#include "core/text.h"
#include "injection.h"
#include "json.h"
#include "oci/document.h"
#include "picture_view.h"
#include "plan_view.h"
#include "preview/preview.h"

#include <string.h>

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

static json_t *size_json(uint64_t size)
{
    return size != SIZE_UNKNOWN ? json_integer((json_int_t)size) : json_null();
}

static json_t *files_json(const struct preview_file *files, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o}", "path", text_to_json(files[i].path),
                                              "size", size_json(files[i].size)));
    return list;
}

static json_t *model_json(const struct preview_model *model)
{
    json_t *code = json_array();
    json_t *left_out = json_array();

    for (size_t i = 0; i < model->left_out.count; i++)
        json_array_append_new(left_out, text_to_json(model->left_out.items[i].path));
    for (size_t i = 0; i < model->code.count; i++)
        json_array_append_new(code, code_json(&model->code.items[i]));
    return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:o}", "name",
                     model->name, "revision", text_to_json(model->revision), "companion_of",
                     text_to_json(model->companion_of), "commit", model->commit, "license",
                     text_to_json(model->license.ids), "license_name",
                     text_to_json(model->license.name), "gated", gate_json(model->license.gate),
                     "code", code, "size", (json_int_t)model->files.size, "files",
                     files_json(model->files.items, model->files.count), "left_out", left_out,
                     "left_out_size", (json_int_t)model->left_out.size, "left_out_files",
                     files_json(model->left_out.items, model->left_out.count));
}

static json_t *companion_json(const struct companion_decision *companion)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "name", companion->name,
                     "title", companion->title, "of", companion->of, "kind",
                     companion_kind_name(companion->kind), "file", companion->file, "key",
                     text_to_json(companion->key), "reason", companion->reason, "state",
                     companion_fate_name(companion->fate), "commit",
                     text_to_json(companion->commit), "size", size_json(companion->size));
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
    json_t *notes = json_array();

    for (size_t i = 0; i < preview->notes.count; i++)
        json_array_append_new(notes, text_to_json(preview->notes.items[i].text));
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
        "notes", notes);
    json_say(document, out);
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
    if (picture_view_of_plan(options, &injection.base, &preview, context->secrets,
                             injection.session.stores.log, err) < 0)
        return -1;
    if (options_has(options, "json"))
        say_json(&preview, context->result);
    else
        plan_view_print(&preview, options->target.kind != REFERENCE_NONE,
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
