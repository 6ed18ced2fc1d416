#include "plan/license.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    CLEANUP(plan) struct plan plan = PLAN_INIT;
    CLEANUP(text) char *text = xstrndup((const char *)data, size);

    license_read_card(text, &plan);
    if (plan.license != NULL && !text_is_one_line(plan.license))
        abort();
    if (plan.license_name != NULL && !text_is_one_line(plan.license_name))
        abort();
    license_read_text(text, &plan);
    return 0;
}
