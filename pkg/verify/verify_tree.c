#include "verify/verify_internal.h"

#include <string.h>

static void listed_free(struct listed *listed)
{
    rootfs_entries_free(listed->entries, listed->count);
    free(listed->path);
    free(listed);
}

void check_forget(struct check *check)
{
    for (size_t i = 0; i < check->listed_count; i++)
        listed_free(check->listed[i]);
    free(check->listed);
    check->listed = NULL;
    check->listed_count = 0;
}

/* The folder that a path is in: "" for one in the root. Caller frees. */
static char *path_above(const char *path)
{
    const char *slash = strrchr(path, '/');

    return xstrndup(path, slash != NULL ? (size_t)(slash - path) : 0);
}

/* What a path leads to, if no link is on the way; ROOTFS_LINK: one is. */
static int look(struct check *check, const char *path, struct rootfs_entry *out, struct error *err)
{
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (*path == '\0') {
        *out = (struct rootfs_entry){.path = xstrdup(""), .type = ROOTFS_FOLDER, .mode = 0755};
        return 0;
    }
    if (rootfs_walk(check->rootfs, path, &way, &count, err) < 0)
        return -1;
    if (count > 0 && strcmp(way[count - 1].path, path) == 0) {
        *out = way[count - 1];
        way[count - 1] = (struct rootfs_entry){.path = NULL};
    } else {
        *out = (struct rootfs_entry){.path = xstrdup(path), .type = ROOTFS_LINK};
    }
    rootfs_entries_free(way, count);
    return 0;
}

static int list_folder(struct check *check, struct listed *listed, struct error *err)
{
    CLEANUP(rootfs_entry) struct rootfs_entry entry = {.path = NULL};
    CLEANUP(error) struct error why = ERROR_INIT;

    if (look(check, listed->path, &entry, &why) < 0) {
        if (why.kind != ERROR_UNSUPPORTED)
            return error_move(err, &why);
        return 0; /* a file, or a circle of links, is in the way */
    }
    if (entry.type != ROOTFS_FOLDER)
        return 0;
    CLEANUP(text) char *absolute = xasprintf("/%s", listed->path);
    if (rootfs_list(check->rootfs, absolute, &listed->entries, &listed->count, err) < 0)
        return -1;
    listed->is_there = true;
    return 0;
}

/* The folder with its children, listed once. *out belongs to the check. */
static int check_list(struct check *check, const char *path, const struct listed **out,
                      struct error *err)
{
    for (size_t i = check->listed_count; i > 0; i--) {
        *out = check->listed[i - 1];
        if (strcmp((*out)->path, path) == 0)
            return 0;
    }
    struct listed *listed = xcalloc(1, sizeof(*listed));
    listed->path = xstrdup(path);
    if (list_folder(check, listed, err) < 0) {
        listed_free(listed);
        return -1;
    }
    check->listed = xrealloc(check->listed, check->listed_count + 1, sizeof(struct listed *));
    check->listed[check->listed_count++] = listed;
    *out = listed;
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct rootfs_entry *)a)->path, ((const struct rootfs_entry *)b)->path);
}

int check_find(struct check *check, const char *path, const struct rootfs_entry **out,
               struct error *err)
{
    CLEANUP(text) char *above = path_above(path);
    CLEANUP(text) char *own_path = xstrdup(path);
    const struct rootfs_entry key = {.path = own_path};
    const struct listed *folder = NULL;

    *out = NULL;
    if (check_list(check, above, &folder, err) < 0)
        return -1;
    if (folder->count > 0)
        *out = bsearch(&key, folder->entries, folder->count, sizeof(key), compare_entries);
    return 0;
}

/* The folders in it come to the end of the list, so that all of the tree is reached. */
static int collect_once(struct subject *subject, struct error *err)
{
    const struct rootfs_entry *top = NULL;

    free(subject->tree);
    subject->tree = NULL;
    subject->tree_count = 0;
    if (check_find(subject->check, subject->folder, &top, err) < 0)
        return -1;
    for (size_t next = 0; top != NULL; top = subject->tree[next++]) {
        const struct listed *folder = NULL;
        if (top->type == ROOTFS_FOLDER) {
            if (check_list(subject->check, top->path, &folder, err) < 0)
                return -1;
            subject->tree = xrealloc(subject->tree, subject->tree_count + folder->count + 1,
                                     sizeof(const struct rootfs_entry *));
            for (size_t i = 0; i < folder->count; i++)
                subject->tree[subject->tree_count++] = &folder->entries[i];
        }
        if (next == subject->tree_count)
            break;
    }
    return 0;
}

/* A file of a layer that was not hashed, such as what the base had there before; NULL: none. */
static const struct rootfs_entry *find_unhashed(const struct subject *subject)
{
    for (size_t i = 0; i < subject->tree_count; i++) {
        const struct rootfs_entry *entry = subject->tree[i];
        if (entry->type == ROOTFS_FILE && !subject->check->hashed[entry->layer])
            return entry;
    }
    return NULL;
}

int subject_collect(struct subject *subject, struct error *err)
{
    struct check *check = subject->check;

    while (!subject->layout->shares_folder) {
        if (collect_once(subject, err) < 0)
            return -1;
        const struct rootfs_entry *entry = find_unhashed(subject);
        if (entry == NULL)
            return 0;
        size_t layer = entry->layer;
        check_forget(check);
        if (rootfs_hash_layer(check->rootfs, layer, err) < 0)
            return -1;
        check->hashed[layer] = true;
    }
    return 0;
}

/* All that a model's own layers state, the last one to say something winning. */
struct stated {
    struct rootfs_entry *entries;
    size_t count;
};

static void stated_release(struct stated *stated)
{
    rootfs_entries_free(stated->entries, stated->count);
    *stated = (struct stated){NULL, 0};
}
CLEANUP_RELEASE(stated)

static int stated_add(struct stated *stated, struct rootfs *rootfs, size_t layer, struct error *err)
{
    struct rootfs_entry *entries = NULL;
    size_t count = 0;

    if (rootfs_list_layer(rootfs, layer, &entries, &count, err) < 0)
        return -1;
    stated->entries =
        xrealloc(stated->entries, stated->count + count + 1, sizeof(*stated->entries));
    for (size_t i = 0; i < count; i++)
        stated->entries[stated->count++] = entries[i];
    free(entries);
    return 0;
}

/* By path; of the same path the highest layer first. */
static int compare_stated(const void *a, const void *b)
{
    const struct rootfs_entry *left = a, *right = b;
    int order = strcmp(left->path, right->path);

    if (order != 0)
        return order;
    return left->layer > right->layer ? -1 : left->layer < right->layer;
}

static bool is_own(const struct subject *subject, const struct layer_record *record)
{
    const struct verify_model *model = subject->model;

    return record->model != NULL && strcmp(record->model, model->name) == 0 &&
           strcmp(record->commit, model->commit) == 0 &&
           strcmp(record->layout, model->layout) == 0 && strcmp(record->place, model->place) == 0;
}

static const char *type_title(enum rootfs_type type)
{
    switch (type) {
    case ROOTFS_ABSENT:
        return "nothing";
    case ROOTFS_FOLDER:
        return "a folder";
    case ROOTFS_FILE:
        return "a file";
    case ROOTFS_LINK:
        return "a link";
    case ROOTFS_OTHER:
        return "a special file";
    }
    abort();
}

bool subject_is_explained(const struct subject *subject, const char *path)
{
    for (size_t i = 0; i < subject->explained.count; i++) {
        size_t size = strlen(subject->explained.items[i]);
        if (strncmp(path, subject->explained.items[i], size) == 0 &&
            (path[size] == '/' || path[size] == '\0'))
            return true;
    }
    return false;
}

/* Something stands at the path that the model does not have there. */
static int explain_replaced(struct subject *subject, const char *path, bool is_last,
                            struct error *err)
{
    struct check *check = subject->check;
    const struct rootfs_entry *there = NULL;

    if (check_find(check, path, &there, err) < 0)
        return -1;
    if (there == NULL || there->layer == 0)
        findings_add(&subject->model->findings, VERIFY_REPLACED, path,
                     "'/%s' is not what the model has there", path);
    else
        findings_add(&subject->model->findings, VERIFY_REPLACED, path,
                     "layer %zu of %zu has %s at '/%s', where the model has %s", there->layer,
                     check->layer_count, type_title(there->type), path,
                     is_last ? "something else" : "a folder");
    return 0;
}

/* *done: this part of the path is why the whole is not there. */
static int explain_part(struct subject *subject, const char *path, bool is_last, bool *done,
                        struct error *err)
{
    struct check *check = subject->check;
    CLEANUP(rootfs_entry) struct rootfs_entry entry = {.path = NULL};
    CLEANUP(error) struct error why = ERROR_INIT;

    if (look(check, path, &entry, &why) < 0 && why.kind != ERROR_UNSUPPORTED)
        return error_move(err, &why);
    *done = is_last || entry.type != ROOTFS_FOLDER;
    if (!*done)
        return 0;
    strings_add(&subject->explained, path);
    if (why.kind != ERROR_NONE || entry.type != ROOTFS_ABSENT)
        return explain_replaced(subject, path, is_last, err);
    if (entry.removed)
        findings_add(&subject->model->findings, VERIFY_HIDDEN, path,
                     "layer %zu of %zu removes '/%s'", entry.layer, check->layer_count, path);
    else
        findings_add(&subject->model->findings, VERIFY_MISSING, path, "'/%s' is not there", path);
    return 0;
}

int subject_explain(struct subject *subject, const char *path, struct error *err)
{
    bool done = subject_is_explained(subject, path);

    for (const char *at = path; *at != '\0' && !done; at += *at == '/') {
        at += strcspn(at, "/");
        CLEANUP(text) char *part = xstrndup(path, (size_t)(at - path));
        if (explain_part(subject, part, *at == '\0', &done, err) < 0)
            return -1;
    }
    return 0;
}

static bool is_same(const struct rootfs_entry *stated, const struct rootfs_entry *there)
{
    if (stated->type != there->type)
        return false;
    if (stated->type == ROOTFS_LINK)
        return strcmp(stated->target, there->target) == 0;
    return stated->type != ROOTFS_FILE ||
           (stated->size == there->size && digest_equal(&stated->sha256, &there->sha256));
}

/* In a folder that somebody has named for the model, other things may lie as well. */
static void add_stated(struct subject *subject, const struct rootfs_entry *there)
{
    size_t size = strlen(subject->folder);

    if (!subject->layout->shares_folder || strncmp(there->path, subject->folder, size) != 0 ||
        there->path[size] != '/')
        return;
    subject->tree =
        xrealloc(subject->tree, subject->tree_count + 1, sizeof(const struct rootfs_entry *));
    subject->tree[subject->tree_count++] = there;
}

static int check_one(struct subject *subject, const struct rootfs_entry *stated, struct error *err)
{
    struct check *check = subject->check;
    const struct rootfs_entry *there = NULL;

    if (check_find(check, stated->path, &there, err) < 0)
        return -1;
    if (there != NULL)
        add_stated(subject, there);
    if (there != NULL && is_same(stated, there))
        return 0;
    if (there == NULL || there->type != stated->type)
        return subject_explain(subject, stated->path, err);
    findings_add(&subject->model->findings, VERIFY_REPLACED, stated->path,
                 "layer %zu of %zu has %s '/%s' than the model", there->layer, check->layer_count,
                 stated->type == ROOTFS_LINK ? "another link" : "other content in", stated->path);
    return 0;
}

int subject_check_stated(struct subject *subject, struct error *err)
{
    const struct check *check = subject->check;
    CLEANUP(stated) struct stated stated = {NULL, 0};

    for (size_t i = 0; i < check->own_count; i++)
        if (is_own(subject, &check->own[i].record) && check->own[i].number > 0 &&
            stated_add(&stated, check->rootfs, check->own[i].number, err) < 0)
            return -1;
    if (stated.count > 1)
        qsort(stated.entries, stated.count, sizeof(*stated.entries), compare_stated);
    for (size_t i = 0; i < stated.count; i++)
        if ((i == 0 || strcmp(stated.entries[i - 1].path, stated.entries[i].path) != 0) &&
            check_one(subject, &stated.entries[i], err) < 0)
            return -1;
    return 0;
}
