#include "layout/layout_internal.h"

#include <string.h>

/*
 * The model's files as they are, in a folder that the caller names: for servers that are given a
 * path, and for KServe's modelcars, which look into /models.
 */

static int check_plan(const struct plan *plan, struct error *err)
{
    if (plan->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no files", plan->id);
    for (size_t i = 0; i < plan->count; i++)
        if (!parts_are_usable(plan->files[i].path))
            return error_set(err, ERROR_UNSUPPORTED, "'%s' cannot be a path in an image",
                             plan->files[i].path);
    return 0;
}

static int arrange(const struct layout_request *request, struct tree *out, struct error *err)
{
    CLEANUP(tree) struct tree tree = TREE_INIT;
    const char *previous = NULL;

    tree.place = place_from_value(request->path);
    if (tree.place == NULL || strcmp(tree.place, "/") == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' cannot be the model's folder; name an absolute path below /",
                         request->path);
    if (check_plan(request->plan, err) < 0)
        return -1;
    tree_add_above(&tree, request->home);
    for (size_t i = 0; i < request->plan->count; i++) {
        const char *path = request->plan->files[i].path;
        tree_add_parents(&tree, request->home, tree.place + 1, path, previous);
        tree_add_own(&tree, request->home,
                     (struct tree_entry){
                         .type = TREE_FILE,
                         .path = xasprintf("%s/%s", tree.place + 1, path),
                         .file = i,
                     });
        previous = path;
    }
    if (tree_sort(&tree, err) < 0)
        return -1;

    tree_release(out);
    *out = tree;
    tree = (struct tree)TREE_INIT;
    return 0;
}

static char *model_id(const char *id)
{
    return xstrdup(id);
}

static void elsewhere(const struct home *home, struct strings *variables, struct strings *paths)
{
    (void)home;
    (void)variables;
    (void)paths;
}

const struct layout layout_dir = {
    .name = "dir",
    .summary = "plain files in the folder --path: servers that are told a path, KServe modelcars",
    .wants_path = true,
    .weights = PLAN_PREFER_SAFETENSORS,
    .model_id = model_id,
    .arrange = arrange,
    .elsewhere = elsewhere,
};
