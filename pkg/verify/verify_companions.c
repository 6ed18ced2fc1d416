#include "verify/verify_internal.h"

#include <string.h>

/*
 * What a model makes its loader ask for besides has to be in the image, too: put there by inlay or
 * by anything else.
 */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its own are sorted, and those that may name companions have their content. */
static int read_files(const struct subject *subject, struct strings *paths,
                      struct plan_contents *contents, struct error *err)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    const struct check *check = subject->check;
    int result = 0;
    size_t count = 0;

    for (size_t i = 0; i < subject->file_count; i++) {
        const struct found_file *file = &subject->files[i];
        strings_add(paths, file->path);
        if (companion_reads(file->path))
            plan_add(&plan, &(struct plan_file){.path = file->path, .size = file->size});
    }
    if (paths->count > 0)
        qsort(paths->items, paths->count, sizeof(*paths->items), compare_texts);
    plan_sort(&plan);
    const struct plan_file **wanted = plan_wanted_contents(&plan, &count);
    for (size_t i = 0; i < subject->file_count && result == 0; i++) {
        const struct found_file *file = &subject->files[i];
        CLEANUP(buf) struct buf bytes = BUF_INIT;
        bool is_wanted = false;
        for (size_t k = 0; k < count && !is_wanted; k++)
            is_wanted = strcmp(wanted[k]->path, file->path) == 0;
        if (!is_wanted || plan_contents_find(contents, file->path) != NULL)
            continue;
        result = rootfs_read(check->rootfs, file->at, PLAN_CONTENT_MAX, &bytes, err);
        if (result == 0)
            plan_contents_add(contents, file->path, buf_text(&bytes), bytes.size);
    }
    free(wanted);
    return result;
}

int subject_find_companions(struct subject *subject, struct companions *out, struct error *err)
{
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(strings) struct strings paths = STRINGS_INIT;
    const char *name = NULL;

    origin_from_record(subject->model->name, &name);
    if (read_files(subject, &paths, &contents, err) < 0)
        return -1;
    return companions_find(name, &contents, &paths, out, err);
}

/* Whether inlay has put it in, for a loader with this content. */
static bool is_recorded(const struct check *check, const struct companion *companion,
                        enum layout_content content)
{
    for (size_t i = 0; i < check->platform->model_count; i++) {
        const struct verify_model *model = &check->platform->models[i];
        const struct layout *layout = layout_find(model->layout);
        if (layout != NULL && layout->content == content &&
            layout_is_record_of(layout, model->name, &companion->origin))
            return true;
    }
    return false;
}

/* What its loader does for certain; else a note says what it may do. */
static bool is_asked_for(const struct subject *subject, const struct companion *companion)
{
    if (subject->layout->content != LAYOUT_HUB_CACHE || companion->is_conditional)
        return false;
    return companion->kind != COMPANION_CODE || subject->layout->runs_code;
}

/* As `inlay inject` takes it, to have the same once more. Caller frees. */
static char *format_model(const struct subject *subject)
{
    const struct verify_model *model = subject->model;
    bool is_default = subject->layout == layout_find(NULL);
    const char *revision = model->refs.count > 0 ? model->refs.items[0] : model->commit;

    if (strings_has(&model->refs, "main"))
        revision = NULL;
    return xasprintf("%s%s%s%s%s%s%s", model->name, revision != NULL ? "@" : "",
                     revision != NULL ? revision : "",
                     is_default ? "" : ",layout=", is_default ? "" : model->layout,
                     subject->layout->takes_path ? ",path=" : "",
                     subject->layout->takes_path ? model->place : "");
}

static void tell(struct subject *subject, const struct companion *companion, const char *place)
{
    const struct check *check = subject->check;
    struct verify_model *model = subject->model;
    bool is_certain = is_asked_for(subject, companion);
    const char *option = companion->kind == COMPANION_WEIGHTS ? " --companions" : "";
    CLEANUP(text) char *title = origin_format(&companion->origin);
    CLEANUP(text) char *again = format_model(subject);
    /* What is there, another commit or a part of it, stays unless it is named. */
    bool is_named = is_recorded(check, companion, LAYOUT_HUB_CACHE);
    CLEANUP(text)
    char *text = xasprintf("the first start %s ask for %s (%s: %s, %s), which is not in '%s'",
                           is_certain ? "will" : "may", title, companion->file, companion->key,
                           companion->reason, place);

    if (!is_certain || check->options->companions_are_notes)
        strings_add(&model->notes, text);
    else
        findings_add(&model->findings, VERIFY_COMPANION, place + 1,
                     "%s: 'inlay inject IMAGE %s%s%s%s --to TARGET' takes it along", text, again,
                     is_named ? " " : "", is_named ? title : "", option);
}

int subject_check_companions(struct subject *subject, const struct companions *found,
                             struct error *err)
{
    const struct check *check = subject->check;
    const struct layout *layout =
        subject->layout->content == LAYOUT_HUB_CACHE ? subject->layout : layout_find(NULL);
    CLEANUP(text) char *place = NULL;
    CLEANUP(error) struct error why = ERROR_INIT; /* it is told as the model's place */

    strings_add_all(&subject->model->notes, &found->notes);
    if (!check->has_user)
        return 0;
    if (layout->takes_path)
        place = xstrdup(subject->model->place);
    else if (layout_find_place(layout, &check->home, &place, NULL, &why) < 0)
        return 0;
    for (size_t i = 0; i < found->count; i++) {
        const struct companion *companion = &found->items[i];
        bool is_there = false;
        if (check_has_companion(check, place, companion, &is_there, err) < 0)
            return -1;
        if (is_there ||
            /* loaders of plain files are told a path, and so may be this one's */
            (companion->kind == COMPANION_WEIGHTS &&
             is_recorded(check, companion, LAYOUT_PLAIN_FILES)) ||
            (companion->kind == COMPANION_CODE && subject->layout->content == LAYOUT_HUB_CACHE &&
             !subject->layout->runs_code))
            continue;
        tell(subject, companion, place);
    }
    return 0;
}
