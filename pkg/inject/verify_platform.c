#include "inject/tree_layers_internal.h"
#include "inject/verify_internal.h"

#include <inttypes.h>
#include <string.h>

/* The number of inlay's lowest layer, or one above all if it has none. */
static size_t lowest_own(const struct check *check)
{
    size_t lowest = check->layer_count + 1;

    for (size_t i = 0; i < check->own_count; i++)
        if (check->own_numbers[i] > 0 && check->own_numbers[i] < lowest)
            lowest = check->own_numbers[i];
    return lowest;
}

/* Opens the tree of the lowest `count` layers; inlay's and all above are read with their hashes. */
static int open_tree(const struct check *check, size_t count, struct rootfs *known,
                     struct rootfs **out, struct error *err)
{
    const struct verify_options *options = check->options;
    struct rootfs_layer *layers = NULL;
    size_t all = 0;

    if (tree_layers(check->loaded->image, &layers, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        layers[i].hash_contents = i + 1 >= lowest_own(check);
    struct rootfs_options rootfs = {
        .store = options->store,
        .layers = layers,
        .layer_count = count,
        .memo = options->memo,
        .known = known,
        .jobs = options->jobs,
        .cancel = options->cancel,
        .log = options->log,
    };
    int result = rootfs_open(&rootfs, out, err);
    free(layers);
    return result;
}

/* Which layer of the image each of inlay's is: they are found by diff_id. */
static int number_layers(struct check *check, struct error *err)
{
    struct digest *diff_ids = NULL;

    image_own_layers(check->loaded->image, &check->own, &check->own_count);
    check->own_numbers = xcalloc(check->own_count, sizeof(*check->own_numbers));
    if (image_diff_ids(check->loaded->image, &diff_ids, &check->layer_count, err) < 0)
        return -1;
    for (size_t i = 0; i < check->own_count; i++)
        for (size_t k = check->layer_count; k > 0; k--)
            if (digest_equal(&diff_ids[k - 1], &check->own[i].diff_id))
                check->own_numbers[i] = k;
    free(diff_ids);
    return 0;
}

/* What the history says of inlay's layers has to be true of the image. */
static int check_record(const struct check *check, struct error *err)
{
    const struct loaded *loaded = check->loaded;
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

    if (number_layers(check, err) < 0)
        return -1;
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
    free(check->own_numbers);
    free(check->hashed);
    free(check->groups);
    strings_release(&check->environment);
    *check = (struct check){.options = NULL};
}

/* Every one of them, so that all that are broken are told; *out: none is. */
static int read_layers(struct check *check, bool *out, struct error *err)
{
    *out = true;
    for (size_t number = check->layer_count; number >= lowest_own(check); number--) {
        CLEANUP(error) struct error why = ERROR_INIT;
        if (rootfs_read_layer(check->rootfs, number, &why) == 0)
            continue;
        if (findings_take(&check->platform->findings, VERIFY_LAYER, &why, err) < 0)
            return -1;
        *out = false;
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
    platform->user_from = TAKE(user.user_from);
    platform->home = TAKE(user.home);
    platform->home_from = TAKE(user.home_from);
    check->home.path = platform->home;
    check->home.uid = user.uid;
    check->home.gid = user.gid;
    check->has_user = true;
    return 0;
}

int check_read(struct check *check, bool *out, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;

    *out = false;
    if (check->base == NULL)
        return 0; /* the findings say why */
    log_info(check->options->log, "%s: reading %zu of %zu layers", check->platform->name,
             check->layer_count + 1 - lowest_own(check), check->layer_count);
    if (read_layers(check, out, err) < 0)
        return -1;
    if (*out && find_user(check, &why) < 0)
        return findings_take(&check->platform->findings, VERIFY_USER, &why, err);
    return 0;
}
