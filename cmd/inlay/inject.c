#include "inject/inject.h"
#include "core/text.h"
#include "injection.h"

/* A line for each tag. */
static int say_targets(struct injection *injection, const struct digest *digest, struct error *err)
{
    struct reference *target = &injection->target;

    if (session_say_target(target, digest, err) < 0)
        return -1;
    for (size_t i = 0; i < injection->more_targets.count; i++) {
        free(target->tag);
        target->tag = xstrdup(injection->more_targets.items[i]);
        if (session_say_target(target, digest, err) < 0)
            return -1;
    }
    return 0;
}

static int run_inject(const struct command_context *context, int argc, char **argv,
                      struct error *err)
{
    static const struct injection_style style = {.name = "inject", .command = INJECTION_INJECT};
    CLEANUP(injection) struct injection injection = INJECTION_INIT;
    struct inject_result result;

    if (injection_open(&injection, context, &style, argc, argv, err) < 0 ||
        inject_run(&injection.options, &result, err) < 0)
        return -1;
    log_info(injection.options.log,
             "done: %zu layer%s built, %zu already there; moved %s of model, %s of base",
             result.layers_built, result.layers_built == 1 ? "" : "s", result.layers_reused,
             text_format_size(result.model_size).text, text_format_size(result.base_size).text);
    if (injection.options.shard_count > 0) {
        log_info(injection.options.log, "shard %u of %u: no image is written",
                 injection.options.shard + 1, injection.options.shard_count);
        return 0;
    }
    return say_targets(&injection, &result.manifest.digest, err);
}

static const char help[] =
    "Usage: inlay inject BASE MODEL… --to TARGET [OPTION…]\n"
    "\n"
    "Adds models to an image, where its own environment makes the loading library look.\n"
    "\n" INJECTION_HELP_NAMES "\n" INJECTION_HELP_OPTIONS
    "\n" INJECTION_HELP_REUSE INJECTION_HELP_DOWNLOAD_CACHE
    "  --shard K/N           builds every N-th layer from the K-th on, and no image; a last run\n"
    "                        without it finds the layers of all\n"
    "\n"
    "How it works:\n"
    "  --to TARGET           repeatable: several tags of one place\n" INJECTION_HELP_COMPRESSION
    "  --force               layers above the limits that a registry is known to have, too\n"
    "  --jobs N              layers and blobs in flight, 1 to 64 (4)\n"
    "  --connections N       to the hub, for files; 1 to 64 (8); a layer always has "
    "one\n" SESSION_HELP "\n" INJECTION_HELP_ENVIRONMENT "\n"
    "Prints TARGET@DIGEST on standard output. Exit status: 0 done, 2 usage, 3 not found, 4 "
    "denied,\n"
    "5 unreachable, 6 unsupported, 7 corrupt, 8 this machine, 130 interrupted, 1 a defect.\n";

const struct command inject_command = {
    .name = "inject",
    .summary = "add models to an image",
    .help = help,
    .run = run_inject,
};
