#include "layout/layout_internal.h"

#include <string.h>

/* What loaders would not find, beyond names of files. */

static size_t count_parts(const char *path)
{
    size_t count = 1;

    for (; *path != '\0'; path++)
        count += *path == '/';
    return count;
}

static int check_depth(const struct layout_request *request, size_t least, const char *expected,
                       struct error *err)
{
    const struct plan *plan = request->plan;

    for (size_t i = 0; i < plan->count; i++)
        if (count_parts(plan->files[i].path) < least)
            return error_set(err, ERROR_UNSUPPORTED,
                             "'%s' is not where the loader of the layout '%s' looks; expected %s",
                             plan->files[i].path, request->layout->name, expected);
    return 0;
}

int check_kagglehub(const struct layout_request *request, struct error *err)
{
    return check_depth(request, 6, "OWNER/MODEL/FRAMEWORK/VARIATION/VERSION/FILE", err);
}

int check_folders(const struct layout_request *request, struct error *err)
{
    return check_depth(request, 2, "a folder for each model, NAME/FILE", err);
}

/* It reads "--" in a folder's name as '/', wherever that came from. */
int check_llama_name(const struct layout_request *request, struct error *err)
{
    const struct origin *origin = &request->plan->origin;
    const char *name = origin->as != NULL ? origin->as : origin->name;

    if (strstr(name, "--") == NULL)
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "llama.cpp never finds a model in its cache that has '--' in its name; use "
                     "--layout dir and -m PATH");
}

int check_main_only(const struct layout_request *request, struct error *err)
{
    if (request->is_main || !origin_is_of_hub(request->plan->origin.kind))
        return 0;
    return error_set(err, ERROR_UNSUPPORTED,
                     "the revision '%s' would be found as main in the layout '%s', which holds one "
                     "state of a model; name main, or the commit",
                     plan_ref(request->plan), request->layout->name);
}

int check_one_url(const struct layout_request *request, struct error *err)
{
    if (request->plan->origin.kind == ORIGIN_URL)
        return 0;
    return error_set(
        err, ERROR_UNSUPPORTED,
        "the loader of the layout '%s' goes by the URL that it would fetch; name that, "
        "https://…",
        request->layout->name);
}
