#include "core/progress.h"

#include <stddef.h>

void progress_expect(const struct progress *progress, uint64_t size)
{
    if (progress != NULL && progress->expect != NULL)
        progress->expect(progress->arg, size);
}

void progress_moved(const struct progress *progress, uint64_t size)
{
    if (progress != NULL && progress->moved != NULL)
        progress->moved(progress->arg, size);
}

void progress_spared(const struct progress *progress, uint64_t size)
{
    if (progress != NULL && progress->spared != NULL)
        progress->spared(progress->arg, size);
}
