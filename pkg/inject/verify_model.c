#include "inject/verify_internal.h"

#include <string.h>
#include <strings.h>

#define OFFLINE "HF_HUB_OFFLINE"
#define PROBE "modules.json" /* a file that every layout takes */

static void subject_release(struct subject *subject)
{
    for (size_t i = 0; i < subject->file_count; i++) {
        free(subject->files[i].path);
        free(subject->files[i].at);
    }
    free(subject->files);
    free(subject->tree);
    free(subject->folder);
    strings_release(&subject->refs);
    strings_release(&subject->explained);
    *subject = (struct subject){.check = NULL};
}
CLEANUP_RELEASE(subject)

int record_parse(const char *name, const char *commit, struct model_reference *out,
                 struct error *err)
{
    CLEANUP(model_reference) struct model_reference model = MODEL_REFERENCE_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *text = xasprintf("%s@%s", name, commit);
    bool is_dataset = text_starts_with(name, "datasets/");
    const char *id = name + (is_dataset ? strlen("datasets/") : 0);

    if (model_reference_parse(text, &model, &why) < 0 || strcmp(model.id, id) != 0 ||
        strcmp(model.revision, commit) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the recorded name '%s' is none of a model, expected 'org/name' or "
                         "'datasets/org/name'",
                         name);
    model_reference_release(out);
    *out = model;
    model = (struct model_reference)MODEL_REFERENCE_INIT;
    return 0;
}

/* An absolute path as it is recorded: nothing in it that walking would take away. */
static bool is_plain_path(const char *path)
{
    if (strcmp(path, "/") == 0)
        return true;
    for (const char *at = path; *at != '\0';) {
        size_t size = *at == '/' ? strcspn(at + 1, "/") : 0;
        if (size == 0 || (size == 1 && at[1] == '.') || (size == 2 && strncmp(at, "/..", 3) == 0))
            return false;
        at += size + 1;
    }
    return path[0] == '/';
}

/* How the layout would arrange the model in such an image, one file standing for all. */
static int arrange(const struct subject *subject, const struct home *home, struct tree *out,
                   struct error *err)
{
    const struct verify_model *model = subject->model;
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(text) char *probe = xstrdup(PROBE);
    const struct plan_file file = {.path = probe, .digest = digest_of(DIGEST_GIT_SHA1, "", 0)};
    const struct layout_request request = {
        .plan = &plan,
        .home = home,
        .path = subject->layout->wants_path ? model->place : NULL,
    };
    CLEANUP(model_reference) struct model_reference reference = MODEL_REFERENCE_INIT;

    if (record_parse(model->name, model->commit, &reference, err) < 0)
        return -1;
    plan.type = reference.type;
    plan.id = TAKE(reference.id);
    plan.revision = xstrdup("main");
    plan.commit = TAKE(reference.revision);
    plan_add(&plan, &file);
    return subject->layout->arrange(&request, out, err);
}

/* A path in a folder that may be the root; both without leading '/'. Caller frees. */
static char *path_in(const char *folder, const char *name)
{
    return xasprintf("%s%s%s", folder, *folder != '\0' ? "/" : "", name);
}

/*
 * The model's own folder as a path in the image: the one in `place` that is not above models, or
 * the place itself. NULL if the layout makes none. Caller frees.
 */
static char *own_folder(const struct subject *subject, const struct tree *tree, const char *place)
{
    if (subject->layout->wants_path)
        return xstrdup(place + 1);
    CLEANUP(text) char *prefix = path_in(tree->place + 1, "");
    size_t size = strlen(prefix);

    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_entry *entry = &tree->entries[i];
        if (entry->type == TREE_FOLDER && !entry->above &&
            strncmp(entry->path, prefix, size) == 0 && strchr(entry->path + size, '/') == NULL)
            return path_in(place + 1, entry->path + size);
    }
    return NULL;
}

/* Where the model's layers have it, by what is recorded. */
static bool find_folder(struct subject *subject)
{
    static const char *const none[] = {NULL};
    const struct home plain = {.path = "/", .environment = none};
    struct verify_model *model = subject->model;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;

    subject->layout = layout_find(model->layout);
    if (subject->layout == NULL) {
        findings_add(&model->findings, VERIFY_UNCHECKED, NULL,
                     "the layout '%s' is not known to this version of inlay", model->layout);
        return false;
    }
    if (!is_plain_path(model->place)) {
        findings_add(&model->findings, VERIFY_UNCHECKED, NULL,
                     "the recorded place '%s' is not the absolute path of a folder", model->place);
        return false;
    }
    if (arrange(subject, &plain, &tree, &why) < 0) {
        findings_add(&model->findings, VERIFY_UNCHECKED, NULL, "%s", why.text);
        return false;
    }
    subject->folder = own_folder(subject, &tree, model->place);
    if (subject->folder == NULL) {
        findings_add(&model->findings, VERIFY_UNCHECKED, NULL,
                     "the layout '%s' has no folder for such a model", model->layout);
        return false;
    }
    model->canonical = xasprintf("/%s", subject->folder);
    return true;
}

/* "'/a'", or "'/a', which is '/b'"; caller frees. */
static char *place_title(const char *nominal, const char *canonical)
{
    if (strcmp(nominal + 1, canonical) == 0)
        return xasprintf("'%s'", nominal);
    return xasprintf("'%s', which is '/%s'", nominal, canonical);
}

/* Where this user's loader looks, by the image's environment; it has to be where the model is. */
static int find_place(struct subject *subject, struct error *err)
{
    const struct check *check = subject->check;
    struct verify_model *model = subject->model;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(tree) struct tree tree = TREE_INIT;
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (!check->has_user)
        return 0;
    if (subject->layout->wants_path) { /* whoever reads it is told where */
        model->path = xstrdup(model->canonical);
        return 0;
    }
    if (arrange(subject, &check->home, &tree, &why) < 0 ||
        rootfs_walk(check->rootfs, tree.place, &way, &count, &why) < 0)
        return findings_take(&model->findings, VERIFY_PLACE, &why, err);
    const char *canonical = count > 0 ? way[count - 1].path : "";
    CLEANUP(text) char *looks = place_title(tree.place, canonical);
    bool agree = strcmp(canonical, model->place + 1) == 0;
    rootfs_entries_free(way, count);
    if (!agree) {
        findings_add(&model->findings, VERIFY_PLACE, tree.place + 1,
                     "the loader of the user %s looks in %s, the model is in '%s'",
                     check->platform->user, looks, model->place);
        return 0;
    }
    CLEANUP(text) char *path = own_folder(subject, &tree, tree.place);
    model->path = path != NULL ? xasprintf("/%s", path) : NULL;
    return 0;
}

char *subject_loader_path(const struct subject *subject, const char *path)
{
    const struct verify_model *model = subject->model;

    return xasprintf("%s%s", model->path != NULL ? model->path : model->canonical,
                     path + strlen(subject->folder));
}

static bool is_offline(const struct check *check)
{
    static const char *const words[] = {"1", "on", "yes", "true"};
    const char *value = home_variable(&check->home, OFFLINE);

    for (size_t i = 0; value != NULL && i < ARRAY_SIZE(words); i++)
        if (strcasecmp(value, words[i]) == 0)
            return true;
    return false;
}

/* Loaders that obey other variables find the model there behind a link, or not at all. */
static int note_elsewhere(struct subject *subject, struct error *err)
{
    const struct check *check = subject->check;
    const char *name = strrchr(subject->model->canonical, '/') + 1;
    CLEANUP(strings) struct strings variables = STRINGS_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;

    subject->layout->elsewhere(&check->home, &variables, &paths);
    for (size_t i = 0; i < variables.count; i++) {
        CLEANUP(text) char *path = xasprintf("%s/%s", paths.items[i], name);
        CLEANUP(error) struct error why = ERROR_INIT;
        struct rootfs_entry *way = NULL;
        size_t count = 0;
        if (paths.items[i][0] != '\0' && rootfs_walk(check->rootfs, path, &way, &count, &why) < 0 &&
            !error_is_finding(&why))
            return error_move(err, &why);
        bool found = count > 0 && strcmp(way[count - 1].path, subject->folder) == 0;
        rootfs_entries_free(way, count);
        if (!found)
            strings_addf(&subject->model->notes,
                         "the image sets %s=%s: loaders that obey it do not find the model",
                         variables.items[i], home_variable(&check->home, variables.items[i]));
    }
    return 0;
}

static int note_all(struct subject *subject, struct error *err)
{
    const struct check *check = subject->check;
    struct verify_model *model = subject->model;
    const char *volume = image_volume_above(check->loaded->image, model->place);

    if (volume != NULL)
        strings_addf(&model->notes,
                     "it lies in the image's volume '%s': what is mounted there "
                     "hides it",
                     volume);
    if (!check->has_user)
        return 0;
    if (subject->layout == layout_find(NULL) && !is_offline(check))
        strings_add(&model->notes, "the image does not set " OFFLINE "=1: loaders ask the Hub "
                                   "before they take these files");
    return note_elsewhere(subject, err);
}

/* Where it is said what is wrong with a file, that it is another one says nothing more. */
static void drop_repeated(struct verify_findings *findings)
{
    size_t kept = 0;

    for (size_t i = 0; i < findings->count; i++) {
        struct verify_finding *finding = &findings->items[i];
        bool repeated = false;
        for (size_t k = i + 1; k < findings->count && finding->kind == VERIFY_REPLACED; k++) {
            const struct verify_finding *other = &findings->items[k];
            repeated =
                repeated || ((other->kind == VERIFY_DIGEST || other->kind == VERIFY_REF ||
                              other->kind == VERIFY_LINK || other->kind == VERIFY_UNEXPECTED) &&
                             strcmp(other->path, finding->path) == 0);
        }
        if (!repeated) {
            findings->items[kept++] = *finding;
            continue;
        }
        free(finding->path);
        free(finding->text);
    }
    findings->count = kept;
}

static int check_all(struct subject *subject, struct error *err)
{
    struct verify_model *model = subject->model;

    if (!find_folder(subject))
        return 0;
    if (find_place(subject, err) < 0 || subject_check_way(subject, err) < 0 ||
        subject_collect(subject, err) < 0 || subject_check_stated(subject, err) < 0 ||
        subject_check_folders(subject, err) < 0 || subject_check_layout(subject, err) < 0)
        return -1;
    for (size_t i = 0; i < subject->tree_count; i++)
        subject_check_entry(subject, subject->tree[i]);
    for (size_t i = 0; i < subject->file_count; i++)
        if (!u64_add(model->size, subject->files[i].size, &model->size))
            model->size = UINT64_MAX;
    model->files = subject->file_count;
    drop_repeated(&model->findings);
    subject_compare_hub(subject);
    return note_all(subject, err);
}

int check_model(struct check *check, struct verify_model *model, struct error *err)
{
    CLEANUP(subject) struct subject subject = {.check = check, .model = model};
    CLEANUP(error) struct error why = ERROR_INIT;

    model->is_checked = true;
    if (check_all(&subject, &why) < 0 &&
        findings_take(&model->findings, VERIFY_UNCHECKED, &why, err) < 0)
        return -1;
    for (size_t i = 0; i < model->notes.count; i++)
        text_mask(model->notes.items[i]);
    return 0;
}
