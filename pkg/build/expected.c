#include "build/build_plan.h"

#include <string.h>

/* Whether the layers are known beforehand: they are for the very base that this is. */
static bool is_known(const struct expected_layers *expected, const struct base *base)
{
    return expected != NULL &&
           digest_equal(&expected->base, &base->tree->document.descriptor.digest);
}

/* NULL: none of this recipe is. */
static const struct expected_layer *find_layer(const struct expected_layers *expected,
                                               const struct digest *recipe)
{
    for (size_t i = 0; i < expected->count; i++)
        if (digest_equal(&expected->layers[i].recipe, recipe))
            return &expected->layers[i];
    return NULL;
}

static bool has_platform(const struct base *base, const char *platform)
{
    bool has = false;

    for (size_t i = 0; i < base->platform_count && !has; i++)
        has = strcmp(image_platform(base->platforms[i].image), platform) == 0;
    return has;
}

static bool has_layer(const struct build_plan *plan, const struct digest *recipe)
{
    bool has = false;

    for (size_t i = 0; i < plan->layer_count && !has; i++)
        has = digest_equal(&plan->layers[i].recipe->digest, recipe);
    return has;
}

/* Platforms that the call leaves out have layers that are not wanted. */
static int check_missing(const struct expected_layers *expected, const struct base *base,
                         const struct build_plan *plan, struct error *err)
{
    for (size_t i = 0; i < expected->count; i++) {
        const struct expected_layer *layer = &expected->layers[i];
        if (has_platform(base, layer->platform) && !has_layer(plan, &layer->recipe))
            return error_set(err, ERROR_CORRUPT,
                             "%s has a layer of %s with the recipe %s for this base and %s, and "
                             "it is not among those that the models get; %s",
                             expected->by, layer->model != NULL ? layer->model : "the folders",
                             digest_format(&layer->recipe).text, layer->platform, expected->advice);
    }
    return 0;
}

static int check_others(const struct expected_layers *expected, const struct build_plan *plan,
                        struct error *err)
{
    for (size_t i = 0; i < plan->layer_count; i++) {
        const struct planned_layer *layer = &plan->layers[i];
        CLEANUP(text) char *title = planned_layer_title(layer);
        if (find_layer(expected, &layer->recipe->digest) == NULL)
            return error_set(err, ERROR_CORRUPT,
                             "the layer of %s has the recipe %s, which is none of those that %s "
                             "has for this base; %s",
                             title, digest_format(&layer->recipe->digest).text, expected->by,
                             expected->advice);
    }
    return 0;
}

int expected_check_plan(const struct expected_layers *expected, const struct base *base,
                        const struct build_plan *plan, const struct log *log, struct error *err)
{
    if (expected == NULL)
        return 0;
    if (!is_known(expected, base)) {
        log_info(log, "layers are not compared: those of %s are for another base, %s", expected->by,
                 digest_format(&expected->base).text);
        return 0;
    }
    if (check_others(expected, plan, err) < 0)
        return -1;
    return check_missing(expected, base, plan, err);
}

int expected_check_layer(const struct expected_layers *expected, const struct base *base,
                         const struct planned_layer *layer, const struct digest *diff_id,
                         struct error *err)
{
    const struct expected_layer *wanted =
        is_known(expected, base) ? find_layer(expected, &layer->recipe->digest) : NULL;

    if (wanted == NULL || wanted->diff_id.algorithm == DIGEST_NONE ||
        digest_equal(&wanted->diff_id, diff_id))
        return 0;
    CLEANUP(text) char *title = planned_layer_title(layer);
    return error_set(err, ERROR_CORRUPT, "the layer of %s has the diff_id %s, expected %s by %s",
                     title, digest_format(diff_id).text, digest_format(&wanted->diff_id).text,
                     expected->by);
}
