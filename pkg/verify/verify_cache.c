#include "verify/verify_internal.h"

#include <string.h>

#define COMMIT_HEX ((size_t)40)
#define SHA256_HEX ((size_t)64)
#define REF_LIMIT ((size_t)4096)

/* The part of an entry's path that is in the model's folder. */
static const char *inside(const struct subject *subject, const struct rootfs_entry *entry)
{
    return entry->path + strlen(subject->folder) + 1;
}

static void unexpected(struct subject *subject, const struct rootfs_entry *entry, const char *what)
{
    findings_add(&subject->model->findings, VERIFY_UNEXPECTED, entry->path, "'/%s' is %s",
                 entry->path, what);
}

static void check_blob(struct subject *subject, const struct rootfs_entry *entry)
{
    struct verify_findings *findings = &subject->model->findings;
    const char *name = strrchr(entry->path, '/') + 1;
    bool is_sha256 = text_is_hex(name, SHA256_HEX);
    const struct digest *found = is_sha256 ? &entry->sha256 : &entry->git_sha1;

    if (entry->type != ROOTFS_FILE)
        unexpected(subject, entry, "not a file, as blobs are");
    else if (!is_sha256 && !text_is_hex(name, COMMIT_HEX))
        unexpected(subject, entry, "not named by its digest, as blobs are");
    else if (found->algorithm == DIGEST_NONE)
        findings_add(findings, VERIFY_UNCHECKED, entry->path,
                     "'/%s' is a hard link to what its layer does not hold", entry->path);
    else if (strcmp(digest_format_hex(found).text, name) != 0)
        findings_add(findings, VERIFY_DIGEST, entry->path,
                     "'/%s', in layer %zu of %zu, has the digest %s, which is not its name",
                     entry->path, entry->layer, subject->check->layer_count,
                     digest_format_hex(found).text);
}

/* A ref is a commit and nothing more: readers take the whole file for a folder's name. */
static int check_ref(struct subject *subject, const struct rootfs_entry *entry, struct error *err)
{
    struct verify_findings *findings = &subject->model->findings;
    CLEANUP(buf) struct buf content = BUF_INIT;
    const struct rootfs_entry *snapshot = NULL;

    if (entry->size <= REF_LIMIT &&
        rootfs_read(subject->check->rootfs, entry->path, REF_LIMIT, &content, err) < 0)
        return -1;
    CLEANUP(text) char *commit = xstrndup(buf_text(&content), COMMIT_HEX);
    if (!text_is_hex(commit, COMMIT_HEX) || content.size != COMMIT_HEX) {
        bool newline = text_is_hex(commit, COMMIT_HEX) && content.size > COMMIT_HEX &&
                       (content.data[COMMIT_HEX] == '\n' || content.data[COMMIT_HEX] == '\r');
        findings_add(findings, VERIFY_REF, entry->path, "the ref '/%s', in layer %zu of %zu, %s",
                     entry->path, entry->layer, subject->check->layer_count,
                     newline ? "has a newline behind the commit: loaders take it for a part of the "
                               "name"
                             : "is not a commit of 40 hex digits");
        return 0;
    }
    CLEANUP(text) char *path = xasprintf("%s/snapshots/%s", subject->folder, commit);
    if (check_find(subject->check, path, &snapshot, err) < 0)
        return -1;
    if (snapshot == NULL || snapshot->type != ROOTFS_FOLDER)
        findings_add(findings, VERIFY_REF, entry->path,
                     "the ref '/%s' names the commit %s, of which there is no snapshot",
                     entry->path, commit);
    const char *name = inside(subject, entry) + strlen("refs/");
    if (strcmp(commit, plan_commit(subject->model->commit).text) == 0 && strcmp(name, commit) != 0)
        strings_add(&subject->model->refs, name);
    return 0;
}

/* Is this snapshot that of another revision, which is a model of its own? */
static bool is_of_other(const struct subject *subject, const char *commit)
{
    const struct check *check = subject->check;
    const struct verify_model *model = subject->model;

    for (size_t i = 0; i < check->own_count; i++) {
        const struct layer_record *record = &check->own[i].record;
        if (record->model == NULL)
            continue;
        const struct plan_commit other = plan_commit(record->commit);
        size_t size = strlen(other.text);
        if (size > 0 && strcmp(record->model, model->name) == 0 &&
            strcmp(record->commit, model->commit) != 0 &&
            strcmp(record->place, model->place) == 0 && strncmp(commit, other.text, size) == 0 &&
            commit[size] == '/')
            return true;
    }
    return false;
}

/* `below` is the path in snapshots/. */
static int check_snapshot_entry(struct subject *subject, const struct rootfs_entry *entry,
                                const char *below, struct error *err)
{
    const struct plan_commit commit = plan_commit(subject->model->commit);
    size_t size = strlen(commit.text);
    const char *slash = strchr(below, '/');

    if (slash == NULL) {
        if (entry->type != ROOTFS_FOLDER)
            unexpected(subject, entry, "not a folder, as snapshots are");
        return 0;
    }
    if (entry->type == ROOTFS_OTHER)
        unexpected(subject, entry, "a special file");
    if (entry->type == ROOTFS_OTHER || entry->type == ROOTFS_FOLDER)
        return 0;
    bool is_own = strncmp(below, commit.text, size) == 0 && below[size] == '/';
    if (!is_own && is_of_other(subject, below))
        return 0;
    size_t before = subject->file_count;
    if (subject_reach(subject, entry, slash + 1, err) < 0)
        return -1;
    if (!is_own && subject->file_count > before) /* it is good, and none of this model's */
        subject_drop_file(subject);
    return 0;
}

static bool begins(const char **path, const char *prefix)
{
    if (!text_starts_with(*path, prefix))
        return false;
    *path += strlen(prefix);
    return true;
}

static int check_cache_entry(struct subject *subject, const struct rootfs_entry *entry,
                             struct error *err)
{
    const char *path = inside(subject, entry);

    if (begins(&path, "blobs/")) {
        check_blob(subject, entry);
        return 0;
    }
    if (begins(&path, "snapshots/"))
        return check_snapshot_entry(subject, entry, path, err);
    if (begins(&path, "refs/")) {
        if (entry->type == ROOTFS_FILE)
            return check_ref(subject, entry, err);
        if (entry->type != ROOTFS_FOLDER)
            unexpected(subject, entry, "not a file, as refs are");
        return 0;
    }
    bool is_folder =
        strcmp(path, "blobs") == 0 || strcmp(path, "snapshots") == 0 || strcmp(path, "refs") == 0;
    if (is_folder && entry->type != ROOTFS_FOLDER)
        unexpected(subject, entry, "not a folder");
    else if (entry->type == ROOTFS_OTHER)
        unexpected(subject, entry, "a special file");
    return 0;
}

/* Whoever names no revision means main. */
static void note_refs(struct subject *subject)
{
    CLEANUP(buf) struct buf names = BUF_INIT;

    if (strings_has(&subject->model->refs, "main"))
        return;
    for (size_t i = 0; i < subject->model->refs.count; i++)
        buf_addf(&names, "%s'%s'", i > 0 ? ", " : "", subject->model->refs.items[i]);
    strings_addf(&subject->model->notes,
                 "it is found %s%s%sby its commit%s: applications have to name that",
                 names.size > 0 ? "as " : "", buf_text(&names), names.size > 0 ? " and " : "",
                 names.size > 0 ? "" : " alone");
}

/* models--org--name/ with blobs/, snapshots/ and refs/. */
static int check_cache(struct subject *subject, struct error *err)
{
    CLEANUP(text)
    char *snapshot =
        xasprintf("%s/snapshots/%s", subject->folder, plan_commit(subject->model->commit).text);
    const struct rootfs_entry *there = NULL;

    for (size_t i = 0; i < subject->tree_count; i++)
        if (check_cache_entry(subject, subject->tree[i], err) < 0)
            return -1;
    if (check_find(subject->check, snapshot, &there, err) < 0)
        return -1;
    if (there == NULL || there->type != ROOTFS_FOLDER)
        return subject_explain(subject, snapshot, err);
    if (subject->file_count == 0)
        unexpected(subject, there, "a snapshot without files");
    note_refs(subject);
    return 0;
}

/* Is it an empty file that the loader wants to see for another one? */
static bool is_marker(const struct subject *subject, const struct rootfs_entry *entry)
{
    bool found = false;

    for (size_t i = 0; entry->size == 0 && i < subject->tree_count && !found; i++) {
        CLEANUP(text)
        char *marker = layout_marker(subject->layout, inside(subject, subject->tree[i]));
        found = marker != NULL && subject->tree[i] != entry &&
                strcmp(marker, inside(subject, entry)) == 0;
    }
    return found;
}

/* org_name/, or a folder of any name, with plain files. */
static int check_plain(struct subject *subject, struct error *err)
{
    for (size_t i = 0; i < subject->tree_count; i++) {
        const struct rootfs_entry *entry = subject->tree[i];
        if (entry->type == ROOTFS_OTHER)
            unexpected(subject, entry, "a special file");
        else if (entry->type != ROOTFS_FOLDER && !is_marker(subject, entry) &&
                 subject_reach(subject, entry, inside(subject, entry), err) < 0)
            return -1;
    }
    if (subject->file_count == 0 && subject->model->findings.count == 0)
        findings_add(&subject->model->findings, VERIFY_MISSING, subject->folder,
                     "'/%s' has no file of the model", subject->folder);
    return 0;
}

int subject_check_layout(struct subject *subject, struct error *err)
{
    const struct rootfs_entry *folder = NULL;

    if (check_find(subject->check, subject->folder, &folder, err) < 0)
        return -1;
    if (folder == NULL || folder->type != ROOTFS_FOLDER)
        return subject_explain(subject, subject->folder, err);
    subject_check_entry(subject, folder);
    return subject->layout->content == LAYOUT_HUB_CACHE ? check_cache(subject, err)
                                                        : check_plain(subject, err);
}
