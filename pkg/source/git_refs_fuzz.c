#include "source/modelscope_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found is a commit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char commit[GIT_OID_HEX + 1];

    if (git_refs_find(data, size, "master", commit) != (commit[0] != '\0') ||
        (commit[0] != '\0' && !hub_revision_is_commit(commit)))
        abort();
    return 0;
}
