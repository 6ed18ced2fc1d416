#include "scan/scan_internal.h"

#include "layout/layout.h"
#include "transfer/image_tree.h"

#include <string.h>

static bool is_of_platform(const struct image_tree *one, const struct oci_platform *platform)
{
    CLEANUP(text) char *name = platform != NULL ? oci_platform_format(platform) : NULL;

    return one->image != NULL && (name == NULL || strcmp(image_platform(one->image), name) == 0);
}

/* The first image that is for the platform; NULL: there is none. */
static const struct image_tree *choose(struct image_tree *loaded,
                                       const struct oci_platform *platform)
{
    struct image_tree **list = NULL;
    const struct image_tree *found = NULL;
    size_t count = 0;

    image_tree_list(loaded, &list, &count);
    for (size_t i = 0; i < count && found == NULL; i++)
        if (is_of_platform(list[i], platform))
            found = list[i];
    free(list);
    return found;
}

/* Layouts may have one tree between them, where their loaders look for it. */
static bool is_same_place(const struct layout *one, const struct layout *other)
{
    return one == other || (one != NULL && other != NULL && one->content == LAYOUT_HUB_CACHE &&
                            other->content == LAYOUT_HUB_CACHE && one->base == other->base &&
                            strcmp(one->below, other->below) == 0);
}

/* Does the image carry it, where a loader of this layout looks? */
static bool has_model(const struct image_layer *own, size_t count, const struct origin *origin,
                      const char *layout)
{
    CLEANUP(text) char *record = origin_record(origin);
    const struct layout *wanted = layout_find(layout); /* NULL: the Hub's cache */

    for (size_t i = 0; i < count; i++) {
        const struct layer_record *there = &own[i].record;
        if (there->model == NULL || strcmp(there->model, record) != 0)
            continue;
        if (is_same_place(layout_find(there->layout), wanted))
            return true;
    }
    return false;
}

static bool has_preset(const struct image_layer *own, size_t count, const struct preset *preset)
{
    for (size_t i = 0; i < preset->item_count; i++)
        if (!has_model(own, count, &preset->items[i].origin, preset->layout))
            return false;
    return true;
}

static bool is_baked(const struct image_layer *own, size_t count, const struct presets *presets,
                     const struct scan_finding *finding)
{
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is no name that could be baked */
    const struct preset *preset = NULL;

    if (presets_find(presets, finding->model, &preset, &ignored) == 0 && preset != NULL)
        return has_preset(own, count, preset);
    return origin_parse(finding->model, &origin, &ignored) == 0 &&
           has_model(own, count, &origin, finding->layout);
}

static void mark_baked(const struct image *image, const struct presets *presets,
                       struct scan_findings *out)
{
    struct image_layer *own = NULL;
    size_t count = 0;

    image_own_layers(image, &own, &count);
    for (size_t i = 0; i < out->count; i++)
        out->items[i].baked = is_baked(own, count, presets, &out->items[i]);
    image_layers_free(own, count);
}

int scan_image(const struct scan_options *options, char **platform, struct scan_findings *out,
               struct error *err)
{
    CLEANUP(image_tree) struct image_tree *loaded = NULL;
    CLEANUP(application) struct application application = {0};

    if (image_tree_open(options->store, options->version, IMAGE_TREE_IN_REACH, &loaded, err) < 0)
        return error_wrap(err, "the image %s", options->store->name);
    const struct image_tree *one = choose(loaded, options->platform);
    if (one == NULL && options->platform != NULL) {
        CLEANUP(text) char *name = oci_platform_format(options->platform);
        return error_set(err, ERROR_NOT_FOUND, "the image %s is not for %s", options->store->name,
                         name);
    }
    if (one == NULL)
        return error_set(err, ERROR_NOT_FOUND, "the image %s has no image for Linux",
                         options->store->name);
    struct application_image request = {
        .store = options->store,
        .image = one->image,
        .memo = options->memo,
        .jobs = options->jobs,
        .cancel = options->cancel,
        .log = options->log,
    };
    if (application_read_image(&request, &application, err) < 0)
        return error_wrap(err, "the image %s", options->store->name);
    for (const char *const *at = options->environment; at != NULL && *at != NULL; at++)
        strings_add(&application.environment, *at);
    if (scan_application(&application, options->presets, options->cancel, out, err) < 0)
        return -1;
    mark_baked(one->image, options->presets, out);
    *platform = xstrdup(image_platform(one->image));
    return 0;
}

int scan_folder(const char *path, const struct presets *presets, const struct cancel *cancel,
                struct scan_findings *out, struct error *err)
{
    CLEANUP(application) struct application application = {0};

    if (application_read_folder(path, cancel, &application, err) < 0)
        return -1;
    return scan_application(&application, presets, cancel, out, err);
}
