#include "verify/verify_internal.h"

#include "plan/contents.h"

/*
 * Code of a model's own. transformers copies it at the start to HF_MODULES_CACHE and runs it from
 * there, wherever the model lies: without a folder that the user may write, it does not start.
 */

static const struct place_rule rules[] = {
    {"HF_MODULES_CACHE", "", false, false, false},
    {"HF_HOME", "/modules", true, false, false},
    {"XDG_CACHE_HOME", "/huggingface/modules", true, false, false},
    {NULL, NULL, false, false, false},
};
static const struct layout modules = {
    .name = "modules", .places = rules, .below = "/.cache/huggingface/modules"};

/* The model's small files, as the image has them. */
static int read_contents(const struct subject *subject, struct plan_contents *out,
                         struct error *err)
{
    for (size_t i = 0; i < subject->file_count && out->count < PLAN_CONTENTS_MAX; i++) {
        const struct found_file *file = &subject->files[i];
        const struct plan_file wanted = {.path = file->path, .size = file->size};
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        if (!plan_wants_content(&wanted))
            continue;
        if (rootfs_read(subject->check->rootfs, file->at, PLAN_CONTENT_MAX, &bytes, err) < 0)
            return -1;
        plan_contents_add(out, file->path, buf_text(&bytes), bytes.size);
    }
    return 0;
}

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

static void tell(struct subject *subject, const struct rootfs_entry *folder, const char *code,
                 const char *place, const char *variable)
{
    struct verify_model *model = subject->model;

    if (folder->type == ROOTFS_FOLDER && check_may(subject->check, folder, ACCESS_MAKE)) {
        strings_addf(
            &model->notes,
            "it has code of its own (%s: auto_map), which is copied to %s at the start: on "
            "a read-only root file system mount a tmpfs or a volume there, or set "
            "HF_MODULES_CACHE=/tmp/modules",
            code, place);
        return;
    }
    findings_add(&model->findings, VERIFY_UNWRITABLE, folder->path,
                 "it has code of its own (%s: auto_map), which is copied to '%s' (by %s) at the "
                 "start, and the user %s cannot write in '/%s', which is %04o %u:%u; set "
                 "HF_MODULES_CACHE to a folder of this user's, or mount one there",
                 code, place, variable, subject->check->platform->user, folder->path, folder->mode,
                 folder->uid, folder->gid);
}

int subject_check_modules(struct subject *subject, struct error *err)
{
    const struct check *check = subject->check;
    CLEANUP(rootfs_entry) struct rootfs_entry root = {0};
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(text) char *place = NULL;
    const struct rootfs_entry *folder = NULL;
    struct rootfs_entry *way = NULL;
    const char *variable = NULL;
    size_t count = 0;

    if (!subject->layout->runs_code || !check->has_user)
        return 0;
    if (read_contents(subject, &contents, err) < 0)
        return -1;
    const char *code = plan_contents_find_code(&contents);
    if (code == NULL)
        return 0;
    if (layout_find_place(&modules, &check->home, &place, &variable, &why) < 0 ||
        rootfs_walk(check->rootfs, place, &way, &count, &why) < 0)
        return findings_take(&subject->model->findings, VERIFY_UNWRITABLE, &why, err);
    int result = find_parent(check->rootfs, way, count, &root, &folder, err);
    if (result == 0)
        tell(subject, folder, code, place, variable);
    rootfs_entries_free(way, count);
    return result;
}
