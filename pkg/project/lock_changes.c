#include "project/lock.h"

#include <string.h>

/* What git shows of a commit, and as much of other digests behind their algorithm. */
#define PIN_SHOWN 7

/* Caller frees. */
static char *shorten(const char *pin)
{
    const char *colon = strchr(pin, ':');
    size_t before = colon != NULL ? (size_t)(colon - pin) + 1 : 0;

    return xasprintf("%.*s", (int)before + PIN_SHOWN, pin);
}

static void add_changed(const struct plan_file *was, const struct plan_file *is, struct buf *out)
{
    if (was->size == is->size)
        buf_addf(out, "  changed  %s (%s)\n", is->path, text_format_size(is->size).text);
    else
        buf_addf(out, "  changed  %s (%s -> %s)\n", is->path, text_format_size(was->size).text,
                 text_format_size(is->size).text);
}

static void add_file(const char *what, const struct plan_file *file, struct buf *out)
{
    buf_addf(out, "  %s  %s (%s)\n", what, file->path, text_format_size(file->size).text);
}

/* Both are sorted by path. */
static void add_files(const struct plan *before, const struct plan *after, struct buf *out)
{
    size_t i = 0, k = 0;

    while (i < before->count || k < after->count) {
        const struct plan_file *was = &before->files[i], *is = &after->files[k];
        int order = i == before->count ? 1 : k == after->count ? -1 : strcmp(was->path, is->path);
        if (order < 0)
            add_file("removed", was, out);
        else if (order > 0)
            add_file("added  ", is, out);
        else if (!digest_equal(&was->digest, &is->digest) || was->size != is->size)
            add_changed(was, is, out);
        i += order <= 0;
        k += order >= 0;
    }
}

static const char *license_of(const struct plan *plan)
{
    return plan->license != NULL ? plan->license : "not known";
}

/* Returns whether there is anything. */
static bool add_model(const struct lock_model *was, const struct lock_model *is, struct buf *out)
{
    const struct plan *before = &was->plan, *after = &is->plan;
    CLEANUP(buf) struct buf files = BUF_INIT;
    CLEANUP(text) char *old = shorten(before->pin);
    CLEANUP(text) char *new = shorten(after->pin);
    bool moved = strcmp(before->pin, after->pin) != 0;
    bool relicensed = strcmp(license_of(before), license_of(after)) != 0;

    add_files(before, after, &files);
    if (!moved && !relicensed && files.size == 0)
        return false;
    if (moved)
        buf_addf(out, "%s: %s -> %s\n", is->model, old, new);
    else
        buf_addf(out, "%s: %s, another choice of its files\n", is->model, new);
    buf_add_text(out, buf_text(&files));
    if (relicensed)
        buf_addf(out, "  license  %s -> %s\n", license_of(before), license_of(after));
    return true;
}

size_t lock_format_changes(const struct lock *before, const struct lock *after, struct buf *out)
{
    size_t count = 0;

    for (size_t i = 0; i < after->model_count; i++) {
        const struct lock_model *model = &after->models[i];
        const struct lock_model *was = lock_find_model(before, model);
        if (was != NULL) {
            count += add_model(was, model, out);
            continue;
        }
        CLEANUP(text) char *pin = shorten(model->plan.pin);
        count++;
        buf_addf(out, "%s: new, %s, %zu file%s, %s, license %s\n", model->model, pin,
                 model->plan.count, model->plan.count == 1 ? "" : "s",
                 text_format_size(plan_size(&model->plan)).text, license_of(&model->plan));
    }
    for (size_t i = 0; i < before->model_count; i++) {
        if (lock_find_model(after, &before->models[i]) != NULL)
            continue;
        count++;
        buf_addf(out, "%s: gone\n", before->models[i].model);
    }
    return count;
}
