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
                             *globs, plan->id, folder);
        return error_set(err, ERROR_NOT_FOUND,
                         "no file of '%s' matches '%s'; globs are compared with the whole path, "
                         "as in 'onnx/*'",
                         plan->id, *globs);
    }
    return 0;
}

static int choose(const struct plan *plan, const struct plan_selection *selection, bool *keep,
                  struct error *err)
{
    bool is_automatic =
        selection->include == NULL && !selection->all_files && plan->type == REPO_MODEL;
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        keep[i] =
            selection->include == NULL || any_matches(selection->include, plan->files[i].path);
    if (is_automatic)
        automatic_choose(plan, selection->weights, keep);
    for (size_t i = 0; i < plan->count; i++) {
        keep[i] = keep[i] && !any_matches(selection->exclude, plan->files[i].path);
        count += keep[i] ? 1 : 0;
    }
    if (count == 0)
        return error_set(err, ERROR_NOT_FOUND,
                         "nothing of '%s' is selected, out of %zu files; include more or exclude "
                         "less",
                         plan->id, plan->count);
    return is_automatic ? gguf_check(plan, keep, err) : 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop(struct plan *plan, const bool *keep)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++) {
        struct plan_file *file = &plan->files[i];
        if (keep[i]) {
            plan->files[count++] = *file;
            continue;
        }
        strings_add(&plan->left_out, file->path);
        if (!u64_add(plan->left_out_size, file->size, &plan->left_out_size))
            plan->left_out_size = UINT64_MAX;
        free(file->path);
    }
    plan->count = count;
    if (plan->left_out.count > 0)
        qsort(plan->left_out.items, plan->left_out.count, sizeof(*plan->left_out.items),
              compare_texts);
}

int plan_select(struct plan *plan, const struct plan_selection *selection, struct error *err)
{
    if (selection->include != NULL && selection->all_files)
        return error_set(err, ERROR_USAGE,
                         "all files are asked for, and a choice of them too; "
                         "leave one of the two out");
    if (plan->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no files at revision '%s'", plan->id,
                         plan->revision);
    if (check_globs(selection->include, plan, err) < 0 ||
        check_globs(selection->exclude, plan, err) < 0)
        return -1;

    CLEANUP(keep) bool *keep = xcalloc(plan->count, sizeof(*keep));
    if (choose(plan, selection, keep, err) < 0)
        return -1;
    drop(plan, keep);
    return 0;
}
