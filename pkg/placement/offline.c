#include "placement/placement_internal.h"

#include "layout/offline.h"

#include <string.h>

/* What cannot start offline whatever is baked, as far as the versions in the image tell it. */

/* Is there a model that transformers finds by its name, and does not ask the Hub for? */
static bool is_concerned(const struct placing *placing)
{
    for (size_t i = 0; i < placing->models->count; i++) {
        const struct layout *layout = placing->models->items[i].layout;
        if (layout->runs_code && layout->offline != NULL &&
            strings_has(&placing->out->environment, layout->offline[0]))
            return true;
    }
    return false;
}

static int tell(const struct placing *placing, const struct offline_rule *rule, struct error *err)
{
    const struct placement *out = placing->out;
    CLEANUP(strings) struct strings folders = STRINGS_INIT;
    CLEANUP(text) char *package = xasprintf("python:%s", rule->package);
    CLEANUP(text) char *version = NULL;
    const struct rootfs_package_request request = {
        .package = package,
        .working_dir = out->home.working_dir,
        .home = out->home.path,
        .environment = out->home.environment,
    };

    if (rootfs_find_package(placing->base->rootfs, &request, &folders, err) < 0)
        return -1;
    if (folders.count == 0)
        return 0;
    if (rootfs_find_python_version(placing->base->rootfs, folders.items[0], &version, err) < 0)
        return -1;
    if (version != NULL && offline_rule_covers(rule, version))
        notes_warn(placing->notes, "%s %s, which is in %s, %s", rule->package, version,
                   folders.items[0], rule->line);
    return 0;
}

int placing_tell_offline(const struct placing *placing, struct error *err)
{
    /* No layer is fetched for a warning. */
    if (!is_concerned(placing) || !rootfs_is_read(placing->base->rootfs))
        return 0;
    for (const struct offline_rule *rule = offline_rules; rule->package != NULL; rule++)
        if (rule->condition == OFFLINE_VERSION && tell(placing, rule, err) < 0)
            return error_wrap(err, "looking for the package '%s'", rule->package);
    return 0;
}
