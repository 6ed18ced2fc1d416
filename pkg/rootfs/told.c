#include "rootfs/rootfs_internal.h"

#include <string.h>

int told_end(struct told *told, const char *digest, struct error *err)
{
    if (*digest != '\0' && digest_parse(digest, &told->digest, err) < 0) /* "": nobody asked */
        return -1;
    told->has_ended = true;
    return 0;
}

/* As name_clean() leaves it, without a copy: there are many. */
static bool is_clean(const char *path)
{
    const char *at = path;

    if (*path == '\0')
        return true;
    while (true) {
        size_t size = strcspn(at, "/");
        if (size == 0 || (size == 1 && *at == '.') || (size == 2 && strncmp(at, "..", 2) == 0))
            return false;
        if (at[size] == '\0')
            return (size_t)(at - path) + size <= ROOTFS_PATH_MAX;
        at += size + 1;
    }
}

int told_check_mark(const char *path, struct error *err)
{
    if (!is_clean(path))
        return error_set(err, ERROR_CORRUPT, "a path is told that is not clean");
    return 0;
}

int told_check(const struct listing_entry *entry, struct error *err)
{
    if (told_check_mark(entry->path, err) < 0 ||
        (*entry->path == '\0' && name_check_root(entry->type, err) < 0))
        return -1;
    if (entry->target != NULL &&
        ((entry->type != ROOTFS_FILE && entry->type != ROOTFS_LINK) ||
         strlen(entry->target) > ROOTFS_PATH_MAX ||
         (entry->type == ROOTFS_FILE && told_check_mark(entry->target, err) < 0)))
        return error_set(err, ERROR_CORRUPT, "a link is told that leads nowhere");
    if (entry->hashes != NULL && entry->type != ROOTFS_FILE)
        return error_set(err, ERROR_CORRUPT, "digests are told of what is no file");
    if (entry->xattr_count > 0 && entry->type != ROOTFS_FOLDER)
        return error_set(err, ERROR_CORRUPT, "attributes are told of what is no folder");
    return 0;
}
