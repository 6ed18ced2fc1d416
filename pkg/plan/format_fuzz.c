#include "plan/plan_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The first line asks for a format of weights, the others are paths, GGUF files among them: what is
 * chosen has weights of that format and variant, and nothing gets lost.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    char *rest = text;
    const struct plan_selection selection = {.format = strsep(&rest, "\n")};
    const char *variant = NULL;
    enum format wanted;

    if (plan_check_weights(selection.format, &err) < 0) {
        if (err.kind != ERROR_USAGE)
            abort();
        return 0;
    }
    if (format_parse(selection.format, &wanted, &variant, &err) < 0)
        abort();
    plan.origin.name = xstrdup("acme/model");
    plan.origin.revision = xstrdup("main");
    while (rest != NULL && plan.count < 100) {
        struct plan_file file = {.path = strsep(&rest, "\n"), .size = 1};
        plan_add(&plan, &file);
    }
    plan_sort(&plan);
    size_t count = plan.count;
    if (plan_check(&plan, &err) < 0)
        return 0;
    if (plan_select(&plan, &selection, &err) < 0) {
        if (err.kind != ERROR_NOT_FOUND && err.kind != ERROR_UNSUPPORTED)
            abort();
        return 0;
    }
    size_t weights = 0;
    for (size_t i = 0; i < plan.count; i++) {
        CLEANUP(weights_file) struct weights_file file = WEIGHTS_FILE_INIT;
        weights_file_parse(plan.files[i].path, &file);
        weights += file.is_weights && file.format == wanted &&
                   (variant == NULL || format_variant_equals(wanted, file.variant, variant));
    }
    if (weights == 0 || plan.count + plan.left_out.count != count)
        abort();
    return 0;
}
