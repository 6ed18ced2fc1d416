#include "source/source_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(strings) struct strings flags = STRINGS_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    (void)!hub_flags_parse(data, size, &flags, &err);
    for (size_t i = 0; i < flags.count; i++)
        if (!text_is_one_line(flags.items[i]))
            abort();
    return 0;
}
