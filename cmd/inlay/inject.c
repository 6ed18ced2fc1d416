#include "inject/inject.h"

#include "attest.h"
#include "cache/cache.h"
#include "core/text.h"
#include "injected.h"
#include "injection.h"
#include "result_files.h"

#include <string.h>

/* What a second call of the same need not do again. */
static int explain_stop(const struct injection *injection, struct error *err)
{
    const struct cache *cache = injection->download_cache;
    uint64_t kept = cache != NULL ? cache_kept_size(cache) : 0;
    bool has_layers = strchr(err->text, ';') != NULL;

    if (err->kind != ERROR_CANCELED || (kept == 0 && !has_layers))
        return injection_explain(injection, err);
    CLEANUP(text) char *words = xstrdup(err->text);
    CLEANUP(text)
    char *files = kept > 0 ? xasprintf("%s %s in the download cache",
                                       has_layers ? " and" : "; kept:", text_format_size(kept).text)
                           : xstrdup("");
    return error_set(err, ERROR_CANCELED, "%s%s; run the same command again to go on", words,
                     files);
}

/* What is published is told, whatever becomes of the documents about it; `out` as result_say() has
 * it. */
static int finish(struct injection *injection, struct options *options,
                  const struct inject_result *result, const struct materials *materials,
                  struct buf *out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    bool is_shard = injection->options.reuse.shard_count > 0;
    bool is_attested = is_shard || attest_write(injection, result, materials, &why) == 0;
    json_auto_t *more = injected_to_json(result, materials);
    const struct result said = {options, &options->target, injection->target_store,
                                is_shard ? NULL : &result->manifest, more};

    if (result_say(&said, out, err) < 0)
        return -1;
    return is_attested ? 0 : error_move(err, &why);
}

static int run_inject(const struct command_context *context, struct options *options,
                      struct error *err)
{
    CLEANUP(injection) struct injection injection = INJECTION_INIT;
    CLEANUP(materials) struct materials materials = MATERIALS_INIT;
    struct inject_result result;

    if (injection_parse(&injection, options, err) < 0 || attest_check(&injection, err) < 0 ||
        result_files_check(options, &options->target, err) < 0 ||
        injection_connect(&injection, context, err) < 0)
        return -1;
    if (inject_run_told(&injection.options, &result, &materials, err) < 0)
        return explain_stop(&injection, err);
    render_finish(injection.session.render);
    const struct injected said = {
        .result = &result,
        .materials = &materials,
        .target = injection.options.reuse.shard_count > 0 ? NULL : &options->target,
        .user = injection.options.placement.user,
        .home = injection.options.placement.home,
        .seconds = render_seconds(injection.session.render),
    };
    injected_say(&said, injection.options.run.log);
    if (injection.options.reuse.shard_count > 0)
        log_info(injection.options.run.log, "shard %u of %u: no image is written",
                 injection.options.reuse.shard + 1, injection.options.reuse.shard_count);
    return finish(&injection, options, &result, &materials, context->result, err);
}

const struct command inject_command = {
    .id = COMMAND_INJECT,
    .name = "inject",
    .summary = "add models to an image",
    .usage = "BASE MODEL… --to TARGET [OPTION…]",
    .more = "[BASE [MODEL…]] --project FILE [OPTION…]",
    .about = "Adds models to an image, where its own environment makes loaders look.",
    .names = {"BASE", "MODEL…"},
    .arguments = injection_arguments,
    .examples = {"registry.example.com/rag:1.4 intfloat/multilingual-e5-large \\\n"
                 "      --to registry.example.com/rag:1.4-e5",
                 "python:3.12 whisper:base --to oci:images:whisper",
                 "oci:images:rag BAAI/bge-m3 --weights onnx --to oci:images:bge"},
    .environment =
        ENVIRONMENT_HUB "; " ENVIRONMENT_MODELSCOPE "; SOURCE_DATE_EPOCH; " ENVIRONMENT_NETWORK,
    .result = "Prints TARGET@DIGEST on standard output.",
    .run = run_inject,
};
