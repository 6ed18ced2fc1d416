#include "inject/inject_internal.h"

#include <string.h>

/* Whether the layers are known beforehand: they are for the very base that this is. */
static bool is_known(const struct inject_options *options, const struct base *base)
{
    const struct inject_expected *expected = options->expected;

    return expected != NULL &&
           digest_equal(&expected->base, &base->tree->document.descriptor.digest);
}

/* NULL: none of this recipe is. */
static const struct inject_expected_layer *find_layer(const struct inject_expected *expected,
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
static int check_missing(const struct inject_expected *expected, const struct base *base,
                         const struct build_plan *plan, struct error *err)
{
    for (size_t i = 0; i < expected->count; i++) {
        const struct inject_expected_layer *layer = &expected->layers[i];
        if (has_platform(base, layer->platform) && !has_layer(plan, &layer->recipe))
            return error_set(err, ERROR_CORRUPT,
                             "the layer of %s with the recipe %s on %s is expected on this base, "
                             "and is not among those that the models get",
                             layer->model != NULL ? layer->model : "the folders",
                             digest_format(&layer->recipe).text, layer->platform);
    }
    return 0;
}

int expected_check_plan(const struct inject_options *options, const struct base *base,
                        const struct build_plan *plan, struct error *err)
{
    if (!is_known(options, base))
        return 0;
    for (size_t i = 0; i < plan->layer_count; i++) {
        const struct planned_layer *layer = &plan->layers[i];
        CLEANUP(text) char *title = planned_layer_title(layer);
        if (find_layer(options->expected, &layer->recipe->digest) == NULL)
            return error_set(err, ERROR_CORRUPT,
                             "the layer of %s has the recipe %s, which is none of those that are "
                             "expected on this base",
                             title, digest_format(&layer->recipe->digest).text);
    }
    return check_missing(options->expected, base, plan, err);
}

int expected_check_layer(const struct inject_options *options, const struct base *base,
                         const struct planned_layer *layer, const struct digest *diff_id,
                         struct error *err)
{
    const struct inject_expected_layer *expected =
        is_known(options, base) ? find_layer(options->expected, &layer->recipe->digest) : NULL;

    if (expected == NULL || expected->diff_id.algorithm == DIGEST_NONE ||
        digest_equal(&expected->diff_id, diff_id))
        return 0;
    CLEANUP(text) char *title = planned_layer_title(layer);
    return error_set(err, ERROR_CORRUPT, "the layer of %s has the diff_id %s, expected %s", title,
                     digest_format(diff_id).text, digest_format(&expected->diff_id).text);
}
