#include "oci/reference.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What parses must format to something that parses to the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;
    CLEANUP(reference) struct reference again = REFERENCE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (reference_parse(text, &reference, &err) < 0)
        return 0;
    CLEANUP(text) char *canonical = reference_format(&reference, true);
    if (reference_parse(canonical, &again, &err) < 0)
        abort();
    CLEANUP(text) char *same = reference_format(&again, true);
    if (strcmp(canonical, same) != 0 || again.kind != reference.kind)
        abort();
    return 0;
}
