#include "placement/placement_internal.h"

#include <string.h>

/* An image may have several Pythons: the one that its environment puts first is taken. */
static int find_package(const struct placing *placing, const char *package, struct error *err)
{
    struct placement *out = placing->out;
    CLEANUP(strings) struct strings folders = STRINGS_INIT;
    const struct rootfs_package_request request = {
        .package = package,
        .working_dir = out->home.working_dir,
        .home = out->home.path,
        .environment = out->home.environment,
    };

    if (rootfs_find_package(placing->base->rootfs, &request, &folders, err) < 0)
        return error_wrap(err, "looking for the package '%s'", strchr(package, ':') + 1);
    strings_add(&out->package_names, package);
    strings_add(&out->package_folders, folders.count > 0 ? folders.items[0] : "");
    for (size_t i = 1; i < folders.count; i++)
        notes_info(placing->notes,
                   "the package '%s' is in %s too; the model goes to that in %s, which the image's "
                   "environment puts first",
                   strchr(package, ':') + 1, folders.items[i], folders.items[0]);
    return 0;
}

int placing_find_packages(const struct placing *placing, struct error *err)
{
    struct placement *out = placing->out;

    for (size_t i = 0; i < placing->models->count; i++) {
        const char *package = placing->models->items[i].layout->package;
        if (package != NULL && !strings_has(&out->package_names, package) &&
            find_package(placing, package, err) < 0)
            return -1;
    }
    out->home.package_names = &out->package_names;
    out->home.package_folders = &out->package_folders;
    return 0;
}
