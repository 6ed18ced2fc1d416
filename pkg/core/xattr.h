#ifndef INLAY_CORE_XATTR_H
#define INLAY_CORE_XATTR_H

#include "core/base.h"

/* An extended attribute of a file or folder. Name and value are owned; the value is any bytes. */
struct xattr {
    char *name;
    void *value;
    size_t size;
};

/* A copy of `count` of them, which the caller frees by xattrs_free(); NULL if there are none. */
struct xattr *xattrs_copy(const struct xattr *xattrs, size_t count);
void xattrs_free(struct xattr *xattrs, size_t count);

#endif
