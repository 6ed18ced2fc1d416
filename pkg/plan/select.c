#include "plan/plan_internal.h"

#include <string.h>

static void keep_cleanup(bool **keep)
{
    free(*keep);
}

static bool any_matches(const char *const *globs, const char *path)
{
    for (; globs != NULL && *globs != NULL; globs++)
        if (glob_matches(*globs, path))
            return true;
    return false;
}

static bool matches_any(const char *glob, const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (glob_matches(glob, plan->files[i].path))
            return true;
    return false;
}

/* A glob that matches nothing is a typing error, and would go unnoticed. */
static int check_globs(const char *const *globs, const struct plan *plan, struct error *err)
{
    for (; globs != NULL && *globs != NULL; globs++) {
        if (matches_any(*globs, plan))
            continue;
        CLEANUP(text) char *folder = xasprintf("%s/", *globs);
        if (matches_any(folder, plan))
            return error_set(err, ERROR_NOT_FOUND,
                             "'%s' is a folder of '%s' and matches no file; write '%s' for "
                             "everything in it",
                             *globs, plan->origin.name, folder);
        return error_set(err, ERROR_NOT_FOUND,
                         "no file of '%s' matches '%s'; globs are compared with the whole path, "
                         "as in 'onnx/*'",
                         plan->origin.name, *globs);
    }
    return 0;
}

static bool is_automatic(const struct plan *plan, const struct plan_selection *selection)
{
    if (selection->format != NULL)
        return true;
    return selection->include == NULL && !selection->all_files &&
           origin_is_model_repo(plan->origin.kind);
}

static void drop_excluded(const struct plan *plan, const struct plan_selection *selection,
                          bool *keep)
{
    for (size_t i = 0; i < plan->count; i++)
        keep[i] = keep[i] && !any_matches(selection->exclude, plan->files[i].path);
}

/* The choice by the formats of weights, and what has to be said before a loader can tell. */
static int choose_by_format(const struct plan *plan, const struct plan_selection *selection,
                            bool *keep, struct error *err)
{
    automatic_drop_training(plan, keep);
    if (selection->format != NULL && format_choose(plan, selection, keep, err) < 0)
        return -1;
    automatic_choose(plan, selection, keep);
    drop_excluded(plan, selection, keep);
    if (selection->format != NULL && format_check(plan, selection->format, keep, err) < 0)
        return -1;
    if (gguf_check(plan, keep, err) < 0 || shards_check(plan, selection->contents, keep, err) < 0)
        return -1;
    if (!has_whole_model(plan, keep) && onnx_check(plan, selection->weights, keep, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->count; i++)
        keep[i] = keep[i] || any_matches(selection->also, plan->files[i].path);
    return 0;
}

static bool has_onnx(const struct plan *plan)
{
    bool found = false;

    for (size_t i = 0; i < plan->count && !found; i++) {
        CLEANUP(weights_file) struct weights_file file = WEIGHTS_FILE_INIT;
        weights_file_parse(plan->files[i].path, &file);
        found = file.is_weights && file.format == FORMAT_ONNX;
    }
    return found;
}

static int choose(const struct plan *plan, const struct plan_selection *selection, bool *keep,
                  struct error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        keep[i] = selection->include == NULL ||
                  any_matches(selection->include, plan->files[i].path) ||
                  any_matches(selection->optional, plan->files[i].path);
    if (is_automatic(plan, selection)) {
        struct plan_selection preferred = *selection;
        if (selection->weights == PLAN_PREFER_ONNX && selection->format == NULL && has_onnx(plan))
            preferred.format = format_name(FORMAT_ONNX);
        if (choose_by_format(plan, &preferred, keep, err) < 0)
            return -1;
    }
    drop_excluded(plan, selection, keep);
    for (size_t i = 0; i < plan->count; i++)
        count += keep[i] ? 1 : 0;
    if (count == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "nothing of '%s' is selected, out of %zu files; include more or exclude "
                         "less",
                         plan->origin.name, plan->count);
    return 0;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct plan_file *)a)->path, ((const struct plan_file *)b)->path);
}

/* Takes over the paths. */
static void note_left_out(struct plan *plan, struct plan_file *files, size_t count)
{
    bool is_first = plan->left_out.count == 0;

    if (count > 0)
        qsort(files, count, sizeof(*files), compare_paths);
    free(plan->left_out_sizes);
    plan->left_out_sizes =
        is_first && count > 0 ? xcalloc(count, sizeof(*plan->left_out_sizes)) : NULL;
    for (size_t i = 0; i < count; i++) {
        strings_add(&plan->left_out, files[i].path);
        if (is_first)
            plan->left_out_sizes[i] = files[i].size;
        if (!u64_add(plan->left_out_size, files[i].size, &plan->left_out_size))
            plan->left_out_size = UINT64_MAX;
        free(files[i].path);
    }
    set_sort(&plan->left_out);
}

static void drop(struct plan *plan, const bool *keep)
{
    struct plan_file *dropped = xcalloc(plan->count, sizeof(*dropped));
    size_t dropped_count = 0;
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++) {
        if (keep[i])
            plan->files[count++] = plan->files[i];
        else
            dropped[dropped_count++] = plan->files[i];
    }
    plan->count = count;
    note_left_out(plan, dropped, dropped_count);
    free(dropped);
}

int plan_select(struct plan *plan, const struct plan_selection *selection, struct error *err)
{
    if ((selection->include != NULL) + selection->all_files + (selection->format != NULL) > 1)
        return error_set(err, ERROR_USAGE,
                         "files are chosen in several ways: by globs, all of them, or by the "
                         "format of weights; leave one out");
    if (plan->count == 0)
        return plan_refuse_empty(plan, err);
    if (check_globs(selection->include, plan, err) < 0 ||
        check_globs(selection->exclude, plan, err) < 0 ||
        check_globs(selection->also, plan, err) < 0)
        return -1;

    CLEANUP(keep) bool *keep = xcalloc(plan->count, sizeof(*keep));
    if (choose(plan, selection, keep, err) < 0)
        return -1;
    drop(plan, keep);
    return 0;
}
