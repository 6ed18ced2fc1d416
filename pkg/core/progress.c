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

void progress_begin(const struct progress *progress, const char *title, uint64_t size)
{
    if (progress != NULL && progress->begin != NULL)
        progress->begin(progress->arg, title, size);
}

void progress_end(const struct progress *progress)
{
    if (progress != NULL && progress->end != NULL)
        progress->end(progress->arg);
}
