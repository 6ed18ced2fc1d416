#include "core/text.h"
#include "injection.h"
#include "json.h"
#include "layer_export/layer_export.h"
#include "oci/document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The members' names are those of an OCI descriptor where they mean the same. */
static json_t *file_json(const struct layer_file *file)
{
    CLEANUP(text) char *tar_size = xasprintf("%" PRIu64, file->tar_size);
    json_t *json =
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:I, s:s}", "path", file->path, "kind",
                  file->kind, "model", text_to_json(file->model), "commit",
                  text_to_json(file->commit), "media_type", file->media_type, "digest",
                  digest_format(&file->digest).text, "diff_id", digest_format(&file->diff_id).text,
                  "size", (json_int_t)file->size, "recipe", digest_format(&file->recipe).text);

    if (file->table.algorithm != DIGEST_NONE)
        json_object_set_new(json, "annotations",
                            json_pack("{s:s, s:s}", "containerd.io/snapshot/stargz/toc.digest",
                                      digest_format(&file->table).text,
                                      "io.containers.estargz.uncompressed-size", tar_size));
    return json;
}

static int print_result(const struct layer_result *result, FILE *stream, struct error *err)
{
    json_t *layers = json_array();
    json_t *environment = json_array();
    CLEANUP(buf) struct buf text = BUF_INIT;

    for (size_t i = 0; i < result->count; i++)
        json_array_append_new(layers, file_json(&result->files[i]));
    for (size_t i = 0; i < result->environment.count; i++)
        json_array_append_new(environment, json_string(result->environment.items[i]));
    json_auto_t *document = json_pack("{s:o, s:o}", "layers", layers, "environment", environment);
    json_to_buf(document, &text);
    if (fprintf(stream, "%s\n", buf_text(&text)) < 0 || fflush(stream) != 0)
        return error_set(err, ERROR_LOCAL,
                         "the layers are written, but what they are could not be told on standard "
                         "%s",
                         stream == stdout ? "output" : "error");
    return 0;
}

static int run_layer(const struct command_context *context, struct options *options,
                     struct error *err)
{
    CLEANUP(injection) struct injection injection = INJECTION_INIT;
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;

    if (options->platform_count > 1)
        return error_set(err, ERROR_USAGE,
                         "--platform is given %zu times, and layers are for one image",
                         options->platform_count);
    if (injection_open(&injection, context, options, err) < 0)
        return -1;
    const struct inject_options *inject = &injection.options;
    const struct layer_options layer = {
        .models = inject->models,
        .base = inject->base,
        .placement = inject->placement,
        .compression = inject->compression,
        .expected = inject->expected,
        .with_folders = options_has(options, "base"),
        .output = options_text(options, "output"),
        .run = inject->run,
    };
    if (layer_run(&layer, &result, err) < 0)
        return injection_explain(&injection, err);
    render_finish(injection.session.render);
    return print_result(&result, strcmp(layer.output, "-") == 0 ? stderr : stdout, err);
}

static const struct argument_help arguments[] = {
    ARGUMENT_HELP_MODEL,
    {NULL, NULL, NULL},
};

const struct command layer_command = {
    .id = COMMAND_LAYER,
    .name = "layer",
    .summary = "write the layers alone, for other tools to append",
    .usage = "MODEL… -o FILE [--base IMAGE] [OPTION…]",
    .more = "[MODEL…] --project FILE -o FILE [OPTION…]",
    .about = "Writes the layers that 'inlay inject' would add, byte for byte, as tars for other "
             "tools to append; a JSON document on standard output says what they are.",
    .names = {"MODEL…"},
    .arguments = arguments,
    .examples = {"intfloat/multilingual-e5-large -o e5.tar --base python:3.12",
                 "whisper:base -o whisper.tar",
                 "dir:./weights --layout dir --path /models/mine -o mine.tar"},
    .environment =
        ENVIRONMENT_HUB "; " ENVIRONMENT_MODELSCOPE "; SOURCE_DATE_EPOCH; " ENVIRONMENT_NETWORK,
    .run = run_layer,
};
