#include "session.h"

#include "core/memory.h"
#include "pickle/pickle.h"
#include "rootfs/rootfs.h"
#include "scan/scan.h"

#include <jansson.h>
#include <string.h>

static int serve_layer(void)
{
    return rootfs_serve_layer(scan_selections);
}

int apart_serve(const char *job)
{
    static const struct {
        const char *name;
        int (*serve)(void);
    } jobs[] = {
        {ROOTFS_JOB_LAYER, serve_layer},
        {ROOTFS_JOB_TABLE, rootfs_serve_table},
        {ROOTFS_JOB_UNPACK, rootfs_serve_unpack},
        {PICKLE_JOB, pickle_serve},
        {SOURCE_JOB_ARCHIVE, source_serve_archive},
    };

    memory_watch_crypto();
    json_set_alloc_funcs(xmalloc, free);
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
        if (strcmp(jobs[i].name, job) == 0)
            return jobs[i].serve();
    return EXIT_FAILURE;
}
