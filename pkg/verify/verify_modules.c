#include "verify/verify_internal.h"

/*
 * Code of a model's own, or of a companion. transformers copies it at the start to HF_MODULES_CACHE
 * and runs it from there, wherever the model lies: without a folder that the user may write, it
 * does not start.
 */

static const struct place_rule rules[] = {
    {"HF_MODULES_CACHE", "", false, false, false},
    {"HF_HOME", "/modules", true, false, false},
    {"XDG_CACHE_HOME", "/huggingface/modules", true, false, false},
    {NULL, NULL, false, false, false},
};
static const struct layout modules = {
    .name = "modules", .places = rules, .below = "/.cache/huggingface/modules"};

/* The folder in which the first one would have to be made, or the last one itself. */
static int find_parent(struct rootfs *rootfs, const struct rootfs_entry *way, size_t count,
                       struct rootfs_entry *root, const struct rootfs_entry **out,
                       struct error *err)
{
    size_t there = 0;

    while (there < count && way[there].type != ROOTFS_ABSENT)
        there++;
    *out = there > 0 ? &way[there - 1] : root;
    return there > 0 ? 0 : rootfs_find_root(rootfs, root, err);
}

static void tell(struct subject *subject, const struct rootfs_entry *folder,
                 const struct companions *found, const char *place, const char *variable)
{
    struct verify_model *model = subject->model;
    const char *code = companions_find_code(found);
    const char *whose = found->own_code != NULL ? " of its own" : "";

    if (folder->type == ROOTFS_FOLDER && check_may(subject->check, folder, ACCESS_MAKE)) {
        strings_addf(&model->notes,
                     "it has code%s (by %s), which is copied to %s at the start: on "
                     "a read-only root file system mount a tmpfs or a volume there, or set "
                     "HF_MODULES_CACHE=/tmp/modules",
                     whose, code, place);
        return;
    }
    findings_add(&model->findings, VERIFY_UNWRITABLE, folder->path,
                 "it has code%s (by %s), which is copied to '%s' (by %s) at the "
                 "start, and the user %s cannot write in '/%s', which is %04o %u:%u; set "
                 "HF_MODULES_CACHE to a folder of this user's, or mount one there",
                 whose, code, place, variable, subject->check->platform->user, folder->path,
                 folder->mode, folder->uid, folder->gid);
}

int subject_check_modules(struct subject *subject, const struct companions *found,
                          struct error *err)
{
    const struct check *check = subject->check;
    CLEANUP(rootfs_entry) struct rootfs_entry root = {0};
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *place = NULL;
    const struct rootfs_entry *folder = NULL;
    struct rootfs_entry *way = NULL;
    const char *variable = NULL;
    size_t count = 0;

    if (!subject->layout->runs_code || !check->has_user || companions_find_code(found) == NULL)
        return 0;
    if (layout_find_place(&modules, &check->home, &place, &variable, &why) < 0 ||
        rootfs_walk(check->rootfs, place, &way, &count, &why) < 0)
        return findings_take(&subject->model->findings, VERIFY_UNWRITABLE, &why, err);
    int result = find_parent(check->rootfs, way, count, &root, &folder, err);
    if (result == 0)
        tell(subject, folder, found, place, variable);
    rootfs_entries_free(way, count);
    return result;
}
