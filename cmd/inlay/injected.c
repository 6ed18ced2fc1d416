#include "injected.h"

#include "core/text.h"
#include "json.h"

#include <inttypes.h>
#include <string.h>

#define COMMIT_SHOWN 12

static json_t *model_json(const struct listed_model *model, const struct strings *places)
{
    return json_pack("{s:o, s:o, s:s, s:o, s:I, s:I, s:o}", "model", text_to_json(model->title),
                     "commit", text_to_json(model->plan.pin), "layout", model->layout->name,
                     "places", strings_to_json(places), "files", (json_int_t)model->plan.count,
                     "size", (json_int_t)plan_size(&model->plan), "companion_of",
                     strings_to_json(&model->companion_of));
}

static json_t *kept_json(const struct kept_model *model)
{
    return json_pack("{s:o, s:o, s:o}", "name", text_to_json(model->name), "commit",
                     text_to_json(model->pin), "layout", text_to_json(model->layout));
}

static json_t *image_json(const struct made_image *image)
{
    return json_pack("{s:o, s:I, s:I}", "platform", text_to_json(image->platform), "size",
                     (json_int_t)image->size, "models_size", (json_int_t)image->models_size);
}

json_t *injected_to_json(const struct inject_result *result, const struct materials *materials)
{
    json_t *models = json_array();
    json_t *kept = json_array();
    json_t *images = json_array();

    for (size_t i = 0; i < materials->models.count; i++)
        json_array_append_new(models,
                              model_json(&materials->models.items[i], &materials->places[i]));
    for (size_t i = 0; i < materials->kept_count; i++)
        json_array_append_new(kept, kept_json(&materials->kept[i]));
    for (size_t i = 0; i < materials->image_count; i++)
        json_array_append_new(images, image_json(&materials->images[i]));
    json_t *layers =
        json_pack("{s:I, s:I, s:I}", "built", (json_int_t)result->layers_built, "reused",
                  (json_int_t)result->layers_reused, "mounted", (json_int_t)result->layers_mounted);
    json_t *moved =
        json_pack("{s:I, s:I, s:I, s:I}", "models", (json_int_t)result->model_size, "cached",
                  (json_int_t)result->cached_size, "base", (json_int_t)result->base_size, "spared",
                  (json_int_t)result->spared_size);
    return json_pack("{s:{s:s}, s:o, s:o, s:o, s:o, s:o}", "base", "digest",
                     digest_format(&materials->base.digest).text, "models", models, "kept", kept,
                     "platforms", images, "layers", layers, "moved", moved);
}

/* " (2 mounted)"; "" where there is nothing to say. Caller frees. */
static char *format_mounted(const struct inject_result *result)
{
    return result->layers_mounted > 0 ? xasprintf(" (%zu mounted)", result->layers_mounted)
                                      : xstrdup("");
}

static void say_done(const struct injected *injected, const struct log *log)
{
    const struct inject_result *result = injected->result;
    CLEANUP(text) char *mounted = format_mounted(result);
    CLEANUP(text)
    char *cached = result->cached_size > 0 ? xasprintf(" (and %s from caches)",
                                                       text_format_size(result->cached_size).text)
                                           : xstrdup("");
    CLEANUP(text) char *models = xstrdup(text_format_size(result->model_size).text);
    CLEANUP(text) char *base = xstrdup(text_format_size(result->base_size).text);

    log_info(log,
             "done: %zu layer%s built, %zu already there%s; moved %s of model%s, %s of base; %s "
             "were there; in %" PRIu64 " s",
             result->layers_built, result->layers_built == 1 ? "" : "s", result->layers_reused,
             mounted, models, cached, base, text_format_size(result->spared_size).text,
             injected->seconds);
}

static void say_models(const struct materials *materials, const struct log *log)
{
    for (size_t i = 0; i < materials->models.count; i++) {
        const struct listed_model *model = &materials->models.items[i];
        CLEANUP(buf) struct buf places = BUF_INIT;
        for (size_t k = 0; k < materials->places[i].count; k++)
            buf_addf(&places, "%s%s", k > 0 ? ", " : "", materials->places[i].items[k]);
        log_info(log, "  model   %s, %.*s, %s, in %s", model->title, COMMIT_SHOWN,
                 plan_commit(model->plan.pin).text, text_format_size(plan_size(&model->plan)).text,
                 buf_text(&places));
    }
}

/* What a shell takes as it is; a line with others is not offered for copying. NULL is none. */
static bool is_plain_word(const char *text)
{
    return text == NULL ||
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "/:.,@_+=-")] == '\0';
}

/* Revisions that only who names them finds: without them, whichever there is would do. */
static void add_revisions(const struct materials *materials, struct buf *line)
{
    for (size_t i = 0; i < materials->models.count; i++) {
        const struct listed_model *model = &materials->models.items[i];
        if (model->layout->content == LAYOUT_HUB_CACHE && model->companion_of.count == 0 &&
            origin_is_of_hub(model->plan.origin.kind) &&
            strcmp(plan_ref(&model->plan), "main") != 0 && is_plain_word(model->title))
            buf_addf(line, " %s", model->title);
    }
}

static void say_check(const struct injected *injected, const struct log *log)
{
    const struct reference *target = injected->target;
    CLEANUP(text) char *name = reference_format(target, false);
    bool has_digests = reference_has_tags(target);
    bool is_taken = target->path != NULL && strcmp(target->path, "-") == 0;
    CLEANUP(buf) struct buf line = BUF_INIT;

    if (is_taken || !is_plain_word(name) || !is_plain_word(injected->user) ||
        !is_plain_word(injected->home))
        return;
    buf_addf(&line, "inlay verify %s%s%s", name, has_digests ? "@" : "",
             has_digests ? digest_format(&injected->result->manifest.digest).text : "");
    add_revisions(injected->materials, &line);
    if (injected->user != NULL)
        buf_addf(&line, " --user %s", injected->user);
    if (injected->home != NULL)
        buf_addf(&line, " --home %s", injected->home);
    log_info(log, "  check   %s", buf_text(&line));
}

void injected_say(const struct injected *injected, const struct log *log)
{
    const struct materials *materials = injected->materials;

    say_done(injected, log);
    say_models(materials, log);
    for (size_t i = 0; i < materials->image_count; i++) {
        const struct made_image *image = &materials->images[i];
        CLEANUP(text) char *size = xstrdup(text_format_size(image->size).text);
        log_info(log, "  image   %s, %s, of which models are %s", image->platform, size,
                 text_format_size(image->models_size).text);
    }
    if (injected->target != NULL)
        say_check(injected, log);
}
