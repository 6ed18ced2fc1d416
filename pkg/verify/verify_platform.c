#include "rootfs/rootfs.h"
#include "verify/verify_internal.h"

#include <inttypes.h>
#include <string.h>

/* The number of inlay's lowest layer, or one above all if it has none. */
static size_t lowest_own(const struct check *check)
{
    size_t lowest = check->layer_count + 1;

    for (size_t i = 0; i < check->own_count; i++)
        if (check->own[i].number > 0 && check->own[i].number < lowest)
            lowest = check->own[i].number;
    return lowest;
}

/*
 * Opens the tree of the lowest `count` layers; inlay's and all above are read with their hashes.
 * Tables of contents are not used: engines unpack the tar, of which a table may say anything.
 */
static int open_tree(const struct check *check, size_t count, struct rootfs *known,
                     struct rootfs **out, struct error *err)
{
    const struct verify_options *options = check->options;
    struct rootfs_layer *layers = NULL;
    size_t all = 0;

    if (rootfs_layers_of(check->loaded->image, &layers, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        layers[i].hash_contents = i + 1 >= lowest_own(check);
        layers[i].stargz_toc = layers[i].chunked_checksum = layers[i].chunked_position = NULL;
    }
    struct rootfs_options rootfs = {
        .store = options->store,
        .layers = layers,
        .layer_count = count,
        .memo = options->memo,
        .known = known,
        .jobs = options->jobs,
        .cancel = options->cancel,
        .log = options->log,
        .progress = options->progress,
        .sandbox = options->sandbox,
    };
    int result = rootfs_open(&rootfs, out, err);
    free(layers);
    return result;
}

/* What the history says of inlay's layers has to be true of the image. */
static int check_record(const struct check *check, struct error *err)
{
    const struct image_tree *loaded = check->loaded;
    CLEANUP(image) struct image *image = NULL;

    if (image_open(&loaded->document, &loaded->config, &image, err) < 0)
        return -1;
    return image_strip(image, err);
}

static int open_trees(struct check *check, struct rootfs *known, struct error *err)
{
    if (open_tree(check, check->layer_count, known, &check->rootfs, err) < 0)
        return -1;
    return open_tree(check, lowest_own(check) - 1, check->rootfs, &check->base, err);
}

int check_open(struct check *check, struct rootfs *known, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(error) struct error wrong = ERROR_INIT;
    struct verify_findings *findings = &check->platform->findings;

    image_own_layers(check->loaded->image, &check->own, &check->own_count);
    check->layer_count = image_layer_count(check->loaded->image);
    check->hashed = xcalloc(check->layer_count + 1, sizeof(bool));
    for (size_t i = lowest_own(check); i <= check->layer_count; i++)
        check->hashed[i] = true;
    if (check_record(check, &wrong) < 0) {
        if (!error_is_finding(&wrong))
            return error_move(err, &wrong);
        findings_add(findings, VERIFY_RECORD, NULL, "%s", wrong.text);
    }
    if (check->own_count > 0 && open_trees(check, known, &why) < 0)
        return findings_take(findings, VERIFY_UNCHECKED, &why, err);
    return 0;
}

void check_release(struct check *check)
{
    check_forget(check);
    rootfs_free(check->base);
    rootfs_free(check->rootfs);
    image_layers_free(check->own, check->own_count);
    free(check->hashed);
    free(check->groups);
    free(check->taken);
    strings_release(&check->environment);
    strings_release(&check->package_names);
    strings_release(&check->package_folders);
    *check = (struct check){.options = NULL};
}

/* Every one of them, so that all that are broken are told; *out: none is. */
static int read_layers(struct check *check, bool *out, struct error *err)
{
    *out = true;
    for (size_t number = check->layer_count; number > 0; number--) {
        CLEANUP(error) struct error why = ERROR_INIT;
        if (rootfs_read_layer(check->rootfs, number, &why) == 0)
            continue;
        if (findings_take(&check->platform->findings, VERIFY_LAYER, &why, err) < 0)
            return -1;
        *out = false;
    }
    return 0;
}

/* Where packages are that models have been put into. */
static int find_packages(struct check *check, struct error *err)
{
    check->home.package_names = &check->package_names;
    check->home.package_folders = &check->package_folders;
    for (size_t i = 0; i < check->own_count; i++) {
        const char *name = check->own[i].record.layout;
        const struct layout *layout = name != NULL ? layout_find(name) : NULL;
        CLEANUP(strings) struct strings folders = STRINGS_INIT;
        if (layout == NULL || layout->package == NULL ||
            strings_has(&check->package_names, layout->package))
            continue;
        const struct rootfs_package_request request = {
            .package = layout->package,
            .working_dir = check->home.working_dir,
            .home = check->home.path,
            .environment = check->home.environment,
        };
        if (rootfs_find_package(check->rootfs, &request, &folders, err) < 0)
            return -1;
        strings_add(&check->package_names, layout->package);
        strings_add(&check->package_folders, folders.count > 0 ? folders.items[0] : "");
    }
    return 0;
}

static int find_user(struct check *check, struct error *err)
{
    static const char *const none[] = {NULL};
    const struct verify_options *options = check->options;
    struct verify_platform *platform = check->platform;
    CLEANUP(rootfs_user) struct rootfs_user user = {.home = NULL};

    image_environment(check->loaded->image, &check->environment);
    check->home.environment = (const char *const *)check->environment.items;
    if (check->home.environment == NULL)
        check->home.environment = none;
    const struct rootfs_user_request request = {
        .user = options->user != NULL ? options->user : image_user(check->loaded->image),
        .home = options->home != NULL ? options->home : home_variable(&check->home, "HOME"),
    };
    if (rootfs_find_user(check->rootfs, &request, &user, err) < 0 ||
        rootfs_find_groups(check->rootfs, &request, &check->groups, &check->group_count, err) < 0)
        return -1;
    platform->user = xasprintf("%" PRIu32 ":%" PRIu32, user.uid, user.gid);
    platform->uid = user.uid;
    platform->gid = user.gid;
    platform->user_from = options->user != NULL ? xstrdup("--user") : TAKE(user.user_from);
    platform->home = TAKE(user.home);
    platform->home_from = options->home != NULL ? xstrdup("--home") : TAKE(user.home_from);
    check->home.path = platform->home;
    check->home.working_dir = image_working_dir(check->loaded->image);
    check->home.uid = user.uid;
    check->home.gid = user.gid;
    check->has_user = true;
    return find_packages(check, err);
}

int check_read(struct check *check, bool *out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    *out = false;
    if (check->base == NULL)
        return 0; /* the findings say why */
    log_info(check->options->log, "%s: reading %zu layers", check->platform->name,
             check->layer_count);
    if (read_layers(check, out, err) < 0)
        return -1;
    if (*out && find_user(check, &why) < 0)
        return findings_take(&check->platform->findings, VERIFY_USER, &why, err);
    return 0;
}
