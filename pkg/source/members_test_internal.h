#ifndef INLAY_SOURCE_MEMBERS_TEST_INTERNAL_H
#define INLAY_SOURCE_MEMBERS_TEST_INTERNAL_H

#include "source/unpack_internal.h"

#include <stdlib.h>

/* What has to hold of an archive's members, whatever it is; for fuzz targets. */
static inline void check_members(const struct members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        CLEANUP(error) struct error err = ERROR_INIT;
        const struct member *content = NULL;
        if (plan_check_path(members->items[i].path, &err) < 0 ||
            members_find(members, members->items[i].path) != &members->items[i])
            abort();
        if (members_follow(members, &members->items[i], &content, &err) == 0 &&
            content->target != NULL)
            abort();
    }
}

#endif
