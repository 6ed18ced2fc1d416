#include "inject/layer.h"
#include "core/text.h"
#include "injection.h"
#include "oci/document.h"

#include <stdio.h>
#include <string.h>

static json_t *text_json(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

/* The members' names are those of an OCI descriptor where they mean the same. */
static json_t *file_json(const struct layer_file *file)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:I, s:s}", "path", file->path, "kind",
                     file->kind, "model", text_json(file->model), "commit", text_json(file->commit),
                     "media_type", file->media_type, "digest", digest_format(&file->digest).text,
                     "diff_id", digest_format(&file->diff_id).text, "size", (json_int_t)file->size,
                     "recipe", digest_format(&file->recipe).text);
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

static int run_layer(const struct command_context *context, int argc, char **argv,
                     struct error *err)
{
    static const struct injection_style style = {.name = "layer", .command = INJECTION_LAYER};
    CLEANUP(injection) struct injection injection = INJECTION_INIT;
    CLEANUP(layer_result) struct layer_result result = LAYER_RESULT_INIT;

    if (injection_open(&injection, context, &style, argc, argv, err) < 0)
        return -1;
    struct layer_options options = {
        .inject = &injection.options,
        .with_folders = injection.base_text != NULL,
        .output = injection.output,
    };
    if (layer_run(&options, &result, err) < 0)
        return -1;
    bool is_taken = strcmp(injection.output, "-") == 0;
    return print_result(&result, is_taken ? stderr : stdout, err);
}

static const char help[] =
    "Usage: inlay layer MODEL… -o FILE [--base IMAGE] [OPTION…]\n"
    "\n"
    "Writes the layers that 'inlay inject' would add, byte for byte, as tars for other tools to\n"
    "append, and says what they are: one JSON document on standard output.\n"
    "\n" INJECTION_HELP_MODEL "\n"
    "Which layers:\n"
    "  -o, --output FILE    where to. Several layers get a number: model.tar is model.1.tar,\n"
    "                       model.2.tar, … from the bottom up. '-' is stdout, for one layer;\n"
    "                       the document then goes to stderr.\n"
    "  --base IMAGE         what they are for: its user, home and links decide on the place, and\n"
    "                       the layer that states the folders above the model as this image has\n"
    "                       them comes along. Without it, the user is root and the home /root.\n"
    "                       Written as BASE of 'inlay inject'.\n"
    "  --platform OS/ARCH[/VARIANT]  which image of an index\n"
    "\n" INJECTION_HELP_FILES "\n"
    "Where, and whose:\n" INJECTION_HELP_PLACE
    "  --env NAME=VALUE     as if the image set it; HOME, HF_HOME and others decide on the place;\n"
    "                       repeatable\n"
    "\n"
    "How it works:\n" INJECTION_HELP_COMPRESSION
    "  --jobs N              layers in flight, 1 to 64 (4)\n" INJECTION_HELP_DOWNLOAD_CACHE
    "  --connections N       to the hub, for files; 1 to 64 (8); a layer always has "
    "one\n" SESSION_HELP "\n" INJECTION_HELP_ENVIRONMENT "\n"
    "Exit status: 0 done, 2 usage, 3 not found, 4 denied, 5 unreachable, 6 unsupported,\n"
    "7 corrupt, 8 this machine, 130 interrupted, 1 a defect.\n";

const struct command layer_command = {
    .name = "layer",
    .summary = "write the layers alone, for other tools to append",
    .help = help,
    .run = run_layer,
};
