#include "core/xattr.h"

#include <string.h>

struct xattr *xattrs_copy(const struct xattr *xattrs, size_t count)
{
    struct xattr *copy = count > 0 ? xcalloc(count, sizeof(*copy)) : NULL;

    for (size_t i = 0; i < count; i++) {
        copy[i].name = xstrdup(xattrs[i].name);
        copy[i].value = xcalloc(xattrs[i].size, 1);
        copy[i].size = xattrs[i].size;
        if (xattrs[i].size > 0)
            memcpy(copy[i].value, xattrs[i].value, xattrs[i].size);
    }
    return copy;
}

void xattrs_free(struct xattr *xattrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(xattrs[i].name);
        free(xattrs[i].value);
    }
    free(xattrs);
}
