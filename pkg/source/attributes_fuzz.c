#include "source/hub_cache_internal.h"

#include <stdlib.h>
#include <string.h>

/* A path and, behind the first newline, the .gitattributes of its repo. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *path = xstrndup((const char *)data, size);
    char *attributes = path + strcspn(path, "\n");

    if (*attributes != '\0')
        *attributes++ = '\0';
    bool is_lfs = hub_snapshot_is_in_lfs(attributes, path, 1);
    /* What says nothing of LFS puts nothing there, and size tells only where nothing is said at
     * all. */
    if ((is_lfs && strstr(attributes, "filter=lfs") == NULL) ||
        (*attributes != '\0' && hub_snapshot_is_in_lfs(attributes, path, UINT64_MAX) != is_lfs))
        abort();
    return 0;
}
