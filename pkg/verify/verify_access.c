#include "verify/verify_internal.h"

#include <inttypes.h>
#include <string.h>

static bool is_in_group(const struct check *check, uint32_t gid)
{
    if (check->home.gid == gid)
        return true;
    for (size_t i = 0; i < check->group_count; i++)
        if (check->groups[i] == gid)
            return true;
    return false;
}

/* By the first that holds: owner, group, all others. Root may do everything. */
bool check_may(const struct check *check, const struct rootfs_entry *entry, uint32_t wanted)
{
    uint32_t bits = entry->mode & 07;

    if (!check->has_user || check->home.uid == 0)
        return true;
    if (entry->uid == check->home.uid)
        bits = entry->mode >> 6 & 07;
    else if (is_in_group(check, entry->gid))
        bits = entry->mode >> 3 & 07;
    return (bits & wanted) == wanted;
}

/* Told once of each path. */
static void refuse(struct subject *subject, const struct rootfs_entry *entry, const char *verb)
{
    struct verify_findings *findings = &subject->model->findings;

    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].kind == VERIFY_UNREADABLE &&
            strcmp(findings->items[i].path + 1, entry->path) == 0)
            return;
    findings_add(findings, VERIFY_UNREADABLE, entry->path,
                 "the user %s cannot %s '/%s', which is %04o %" PRIu32 ":%" PRIu32,
                 subject->check->platform->user, verb, entry->path, entry->mode, entry->uid,
                 entry->gid);
}

void subject_check_entry(struct subject *subject, const struct rootfs_entry *entry)
{
    const struct check *check = subject->check;

    if (entry->type == ROOTFS_FOLDER && !check_may(check, entry, ACCESS_ENTER))
        refuse(subject, entry, "enter");
    else if (entry->type == ROOTFS_FOLDER && !check_may(check, entry, ACCESS_READ))
        refuse(subject, entry, "list");
    else if (entry->type == ROOTFS_FILE && !check_may(check, entry, ACCESS_READ))
        refuse(subject, entry, "read");
}

static void add_file(struct subject *subject, const struct rootfs_entry *entry, const char *path)
{
    subject->files = xrealloc(subject->files, subject->file_count + 1, sizeof(*subject->files));
    subject->files[subject->file_count++] = (struct found_file){
        .path = xstrdup(path),
        .at = xasprintf("/%s", entry->path),
        .size = entry->size,
        .sha256 = entry->sha256,
        .git_sha1 = entry->git_sha1,
    };
}

void subject_drop_file(struct subject *subject)
{
    struct found_file *file = &subject->files[--subject->file_count];

    free(file->path);
    free(file->at);
}

/* What is at the end of the way: a file that may be read, or why it is none. */
static void arrive(struct subject *subject, const struct rootfs_entry *from,
                   const struct rootfs_entry *last, const char *path)
{
    struct verify_findings *findings = &subject->model->findings;
    const struct check *check = subject->check;

    if (from->type == ROOTFS_FILE && last->type != ROOTFS_FILE) {
        findings_add(findings, VERIFY_LINK, last->path,
                     "'/%s' does not lead to '/%s', which the loader looks for there", last->path,
                     from->path);
        return;
    }
    switch (last->type) {
    case ROOTFS_FILE:
        if (!check_may(check, last, ACCESS_READ))
            refuse(subject, last, "read");
        add_file(subject, last, path);
        return;
    case ROOTFS_ABSENT:
        findings_add(findings, VERIFY_LINK, from->path,
                     "the link '/%s' leads to '/%s', which is not there", from->path, last->path);
        return;
    case ROOTFS_FOLDER:
    case ROOTFS_LINK:
    case ROOTFS_OTHER:
        findings_add(findings, VERIFY_LINK, from->path,
                     "the link '/%s' leads to '/%s', which is not a file", from->path, last->path);
        return;
    }
}

/* All folders that are gone through, the last of the entries being what is at the end. */
static void pass(struct subject *subject, const struct rootfs_entry *way, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++)
        if (way[i].type == ROOTFS_FOLDER && !check_may(subject->check, &way[i], ACCESS_ENTER))
            refuse(subject, &way[i], "enter");
}

int subject_check_way(struct subject *subject, struct error *err)
{
    CLEANUP(text) char *path = subject_loader_path(subject, subject->folder);
    CLEANUP(error) struct error why = ERROR_INIT;
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (rootfs_trace(subject->check->rootfs, path, &way, &count, &why) < 0)
        return why.kind == ERROR_UNSUPPORTED ? 0 : error_move(err, &why); /* told as replaced */
    pass(subject, way, count);
    rootfs_entries_free(way, count);
    return 0;
}

int subject_reach(struct subject *subject, const struct rootfs_entry *entry, const char *path,
                  struct error *err)
{
    CLEANUP(text) char *loader_path = subject_loader_path(subject, entry->path);
    CLEANUP(error) struct error why = ERROR_INIT;
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (rootfs_trace(subject->check->rootfs, loader_path, &way, &count, &why) < 0) {
        if (why.kind != ERROR_UNSUPPORTED) /* else a circle of links, or a file as a folder */
            return error_move(err, &why);
        findings_add(&subject->model->findings, VERIFY_LINK, entry->path, "%s", why.text);
        return 0;
    }
    pass(subject, way, count);
    arrive(subject, entry, &way[count - 1], path);
    rootfs_entries_free(way, count);
    return 0;
}

static bool is_own_layer(const struct check *check, size_t layer)
{
    for (size_t i = 0; i < check->own_count; i++)
        if (check->own[i].number == layer)
            return true;
    return false;
}

/* What layers above inlay's make of a folder is as their author wants it. */
static void compare_folder(struct subject *subject, const struct rootfs_entry *base,
                           const struct rootfs_entry *now)
{
    if (base->type != ROOTFS_FOLDER || now->type != ROOTFS_FOLDER ||
        strcmp(base->path, now->path) != 0 || !is_own_layer(subject->check, now->layer) ||
        (base->mode == now->mode && base->uid == now->uid && base->gid == now->gid))
        return;
    findings_add(&subject->model->findings, VERIFY_FOLDER, now->path,
                 "layer %zu of %zu changes '/%s': it is %04o %" PRIu32 ":%" PRIu32
                 ", the base has %04o %" PRIu32 ":%" PRIu32,
                 now->layer, subject->check->layer_count, now->path, now->mode, now->uid, now->gid,
                 base->mode, base->uid, base->gid);
}

static int check_folders(struct subject *subject, const char *place, struct error *err)
{
    const struct check *check = subject->check;
    struct rootfs_entry *before = NULL, *now = NULL;
    size_t before_count = 0, now_count = 0;

    if (rootfs_walk(check->base, place, &before, &before_count, err) < 0)
        return error_wrap(err, "the base");
    int result = rootfs_walk(check->rootfs, place, &now, &now_count, err);
    for (size_t i = 0; result == 0 && i < before_count && i < now_count; i++)
        compare_folder(subject, &before[i], &now[i]);
    rootfs_entries_free(before, before_count);
    rootfs_entries_free(now, now_count);
    return result;
}

int subject_check_folders(struct subject *subject, struct error *err)
{
    const struct verify_model *model = subject->model;

    if (check_folders(subject, model->place, err) < 0)
        return -1;
    for (size_t i = 0; i < model->links.count; i++)
        if (check_folders(subject, model->links.items[i], err) < 0)
            return -1;
    return 0;
}
