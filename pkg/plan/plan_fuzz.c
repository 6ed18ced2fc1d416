#include "plan/plan.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No two of them are the same, and none is a folder of another: what a file system could hold. */
static void check_accepted(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const char *path = plan->files[i].path;
        if (*path == '/' || *path == '\0' || strstr(path, "//") != NULL)
            abort();
        if (glob_matches("*/../*", path) || glob_matches("../*", path) ||
            glob_matches("*/..", path) || strcmp(path, "..") == 0)
            abort();
        for (size_t j = 0; j < plan->count; j++) {
            size_t length = strlen(path);
            const char *other = plan->files[j].path;
            if (i != j && strncmp(other, path, length) == 0 &&
                (other[length] == '/' || other[length] == '\0'))
                abort();
        }
    }
}

/* The first line is a glob, the others are paths; nothing gets lost in a selection. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    char *rest = text;
    const char *glob = strsep(&rest, "\n");
    const char *const exclude[] = {glob, NULL};
    struct plan_selection selection = {.exclude = size % 2 == 0 ? exclude : NULL};

    plan.origin.name = xstrdup("acme/model");
    plan.origin.revision = xstrdup("main");
    for (char *path = strsep(&rest, "\n"); path != NULL; path = strsep(&rest, "\n")) {
        struct plan_file file = {.path = path, .size = strlen(path)};
        glob_matches(glob, path);
        plan_add(&plan, &file);
    }
    plan_sort(&plan);
    if (plan.count < 200 && plan_check(&plan, &err) == 0)
        check_accepted(&plan);

    size_t count = plan.count;
    uint64_t total = plan_size(&plan);
    selection.weights = size % 3 == 0 ? PLAN_PREFER_PYTORCH : PLAN_PREFER_SAFETENSORS;
    if (plan_select(&plan, &selection, &err) == 0 && plan.count == 0)
        abort();
    if (plan.count + plan.left_out.count != count || plan_size(&plan) + plan.left_out_size != total)
        abort();
    CLEANUP(text) char *line = plan_format_left_out(&plan);
    if (strlen(line) > 200)
        abort();
    return 0;
}
