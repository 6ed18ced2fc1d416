#include "scan/scan_internal.h"

#include "scan/application_internal.h"

#include "transfer/image_tree.h"

#include <string.h>

const struct rootfs_selection *const scan_selections[] = {&application_selection, &baked_selection,
                                                          NULL};

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
        .sandbox = options->sandbox,
    };
    if (application_read_image(&request, &application, err) < 0)
        return error_wrap(err, "the image %s", options->store->name);
    for (const char *const *at = options->environment; at != NULL && *at != NULL; at++)
        strings_add(&application.environment, *at);
    if (scan_application(&application, options->presets, options->cancel, out, err) < 0)
        return -1;
    if (scan_mark_baked(options, one->image, out, err) < 0)
        return error_wrap(err, "the image %s", options->store->name);
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
