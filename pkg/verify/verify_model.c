#include "verify/verify_internal.h"

#include <string.h>
#include <strings.h>

#define OFFLINE "HF_HUB_OFFLINE"

static void subject_release(struct subject *subject)
{
    for (size_t i = 0; i < subject->file_count; i++) {
        free(subject->files[i].path);
        free(subject->files[i].at);
    }
    free(subject->files);
    free(subject->tree);
    free(subject->folder);
    strings_release(&subject->explained);
    *subject = (struct subject){.check = NULL};
}
CLEANUP_RELEASE(subject)

int record_parse(const char *name, const char *commit, struct origin *out, struct error *err)
{
    CLEANUP(origin) struct origin model = ORIGIN_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    const char *id = NULL;

    origin_from_record(name, &id);
    if (origin_parse(name, &model, &why) < 0 || strcmp(model.name, id) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the recorded name '%s' is none of a model, expected 'org/name' or "
                         "'datasets/org/name'",
                         name);
    free(model.revision);
    model.revision = xstrdup(commit);
    origin_release(out);
    *out = model;
    model = (struct origin)ORIGIN_INIT;
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

/* Where the model's layers have it, by what is recorded. */
static bool find_folder(struct subject *subject)
{
    struct verify_model *model = subject->model;
    CLEANUP(origin) struct origin origin = ORIGIN_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;
    const char *name = NULL;
    enum origin_kind kind = origin_from_record(model->name, &name);

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
    if (origin_is_of_hub(kind) && record_parse(model->name, model->commit, &origin, &why) < 0) {
        findings_add(&model->findings, VERIFY_UNCHECKED, NULL, "%s", why.text);
        return false;
    }
    model->canonical = layout_folder(subject->layout, model->place, kind, name);
    if (strcmp(model->canonical, "/") == 0) {
        findings_add(&model->findings, VERIFY_UNCHECKED, NULL,
                     "'/' cannot be the model's folder; name an absolute path below /");
        return false;
    }
    subject->folder = xstrdup(model->canonical + 1);
    return true;
}

/* "'/a'", or "'/a', which is '/b'"; caller frees. */
static char *place_title(const char *nominal, const char *canonical)
{
    if (strcmp(nominal + 1, canonical) == 0)
        return xasprintf("'%s'", nominal);
    return xasprintf("'%s', which is '/%s'", nominal, canonical);
}

/* Of a model in a shared folder: does the loader's own path lead to it, where it has a folder? */
static int follow_link(struct subject *subject, char *path, struct error *err)
{
    const struct check *check = subject->check;
    struct verify_model *model = subject->model;
    CLEANUP(text) char *own_path = path;
    CLEANUP(error) struct error why = ERROR_INIT;
    struct rootfs_entry *way = NULL;
    size_t count = 0;

    if (subject->layout->folder_name == NULL) { /* each file is a link; they are looked at */
        model->path = TAKE(own_path);
        return 0;
    }
    if (rootfs_walk(check->rootfs, path, &way, &count, &why) < 0 && !error_is_finding(&why))
        return error_move(err, &why);
    bool leads = count > 0 && way[count - 1].type == ROOTFS_FOLDER &&
                 strcmp(way[count - 1].path, subject->folder) == 0;
    rootfs_entries_free(way, count);
    if (leads)
        model->path = TAKE(own_path);
    else
        findings_add(&model->findings, VERIFY_PLACE, path + 1,
                     "the loader of the user %s looks at '%s', which does not lead to the model in "
                     "'%s'",
                     check->platform->user, path, model->canonical);
    return 0;
}

/*
 * Where this user's loader looks, by the image's environment; it has to be where the model is, or
 * where it is linked from.
 */
static int find_place(struct subject *subject, struct error *err)
{
    const struct check *check = subject->check;
    struct verify_model *model = subject->model;
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(text) char *place = NULL;
    CLEANUP(text) char *absolute = NULL;
    struct rootfs_entry *way = NULL;
    const char *name = NULL;
    size_t count = 0;

    if (!check->has_user)
        return 0;
    if (subject->layout->takes_path) { /* whoever reads it is told where */
        model->path = xstrdup(model->canonical);
        return 0;
    }
    if (layout_find_place(subject->layout, &check->home, &place, NULL, &why) < 0 ||
        rootfs_walk(check->rootfs, place, &way, &count, &why) < 0)
        return findings_take(&model->findings, VERIFY_PLACE, &why, err);
    const char *canonical = count > 0 ? way[count - 1].path : "";
    CLEANUP(text) char *looks = place_title(place, canonical);
    absolute = xasprintf("/%s", canonical);
    rootfs_entries_free(way, count);
    enum origin_kind kind = origin_from_record(model->name, &name);
    if (strcmp(absolute, model->place) != 0 && strings_has(&model->links, absolute))
        return follow_link(subject, layout_folder(subject->layout, place, kind, name), err);
    if (strcmp(absolute, model->place) != 0) {
        findings_add(&model->findings, VERIFY_PLACE, place + 1,
                     "the loader of the user %s looks in %s, the model is in '%s'",
                     check->platform->user, looks, model->place);
        return 0;
    }
    model->path = layout_folder(subject->layout, place, kind, name);
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
static int note_alternates(struct subject *subject, struct error *err)
{
    const struct check *check = subject->check;
    const char *name = strrchr(subject->model->canonical, '/') + 1;
    CLEANUP(strings) struct strings variables = STRINGS_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;

    layout_alternates(subject->layout, &check->home, &variables, &paths);
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

/* The model, or the link by which the loader comes to it. */
static int note_volume(struct subject *subject, const char *path, const char *what,
                       struct error *err)
{
    const struct check *check = subject->check;
    CLEANUP(text) char *volume = NULL;

    if (rootfs_find_volume(check->rootfs, check->loaded->image, path, &volume, err) < 0)
        return -1;
    if (volume != NULL)
        strings_addf(&subject->model->notes,
                     "%s lies in the image's volume %s: what is mounted there hides it", what,
                     volume);
    return 0;
}

static int note_all(struct subject *subject, struct error *err)
{
    const struct check *check = subject->check;
    struct verify_model *model = subject->model;

    if (note_volume(subject, model->canonical, "it", err) < 0)
        return -1;
    for (size_t i = 0; i < model->links.count; i++)
        if (note_volume(subject, model->links.items[i], "a link to it", err) < 0)
            return -1;
    if (!check->has_user)
        return 0;
    if (subject->layout->content == LAYOUT_HUB_CACHE && subject->layout->offline != NULL &&
        !is_offline(check) && model->kind != ORIGIN_HUB_DATASET)
        strings_add(&model->notes, "the image does not set " OFFLINE "=1: loaders ask the Hub "
                                   "before they take these files");
    return note_alternates(subject, err);
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
    CLEANUP(companions) struct companions found = COMPANIONS_INIT;

    if (!find_folder(subject))
        return 0;
    if (find_place(subject, err) < 0 || subject_check_way(subject, err) < 0 ||
        subject_collect(subject, err) < 0 || subject_check_stated(subject, err) < 0 ||
        subject_check_folders(subject, err) < 0 || subject_check_layout(subject, err) < 0)
        return -1;
    for (size_t i = 0; i < subject->tree_count; i++)
        subject_check_entry(subject, subject->tree[i]);
    for (size_t i = 0; i < subject->file_count; i++) {
        strings_add(&model->paths, subject->files[i].path);
        if (!u64_add(model->size, subject->files[i].size, &model->size))
            model->size = UINT64_MAX;
    }
    model->files = subject->file_count;
    drop_repeated(&model->findings);
    subject_compare_hub(subject);
    subject_compare_statements(subject);
    if (note_all(subject, err) < 0 || subject_find_companions(subject, &found, err) < 0 ||
        subject_check_modules(subject, &found, err) < 0 || subject_find_rules(subject, err) < 0)
        return -1;
    return subject_check_companions(subject, &found, err);
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
