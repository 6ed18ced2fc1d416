#include "source/source_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An answer that is accepted has a commit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(hub_info) struct hub_info info = HUB_INFO_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (hub_info_parse(data, size, &info, &err) < 0) {
        if (err.kind != ERROR_CORRUPT)
            abort();
    } else if (!hub_revision_is_commit(info.commit)) {
        abort();
    }
    return 0;
}
