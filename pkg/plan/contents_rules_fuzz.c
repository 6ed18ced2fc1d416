#include "plan/contents.h"
#include "plan/plan.h"

#include <stdint.h>

/* Small files of a repo, as anybody may have written them: the choice goes by them or does not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const small[] = {"model.safetensors.index.json", "model_index.json",
                                        "modules.json", "config.json"};
    static const char *const weights[] = {"2_Dense/model.safetensors", "2_Dense/pytorch_model.bin",
                                          "a/model.safetensors",
                                          "model-00001-of-00002.safetensors"};
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(plan_contents) struct plan_contents contents = PLAN_CONTENTS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct plan_selection selection = {.contents = &contents};

    plan.origin.name = xstrdup("acme/model");
    for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
        CLEANUP(text) char *path = xstrdup(small[i]);
        plan_add(&plan, &(struct plan_file){.path = path, .size = size});
        plan_contents_add(&contents, small[i], data, size);
    }
    for (size_t i = 0; i < ARRAY_SIZE(weights); i++) {
        CLEANUP(text) char *path = xstrdup(weights[i]);
        plan_add(&plan, &(struct plan_file){.path = path, .size = 1});
    }
    plan_sort(&plan);
    if (plan_select(&plan, &selection, &err) == 0 && plan.count == 0)
        abort();
    return 0;
}
