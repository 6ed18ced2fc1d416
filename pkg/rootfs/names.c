#include "rootfs/rootfs_internal.h"

#include "core/text.h"

#include <string.h>

static void leave_folder(struct buf *path)
{
    const char *slash = strrchr(path->data, '/');

    path->size = slash != NULL ? (size_t)(slash - path->data) : 0;
    path->data[path->size] = '\0';
}

int name_clean(const char *name, struct buf *out, struct error *err)
{
    const char *at = name;

    if (strlen(name) > ROOTFS_PATH_MAX)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it names a path of %zu bytes, expected %zu at most", strlen(name),
                         ROOTFS_PATH_MAX);
    while (*at != '\0') {
        size_t size = strcspn(at, "/");
        bool is_up = size == 2 && strncmp(at, "..", 2) == 0;
        if (is_up && out->size == 0)
            return error_set(err, ERROR_UNSUPPORTED,
                             "it names '%s', which leads out of the image, expected a path that "
                             "stays in it",
                             name);
        if (is_up) {
            leave_folder(out);
        } else if (size > 0 && !(size == 1 && *at == '.')) {
            if (out->size > 0)
                buf_add_text(out, "/");
            buf_add(out, at, size);
        }
        at += size;
        at += *at == '/';
    }
    return 0;
}

int name_clean_source(const char *name, struct buf *out, struct error *err)
{
    if (name_clean(name, out, err) < 0)
        return -1;
    if (out->size == 0)
        return error_set(err, ERROR_CORRUPT, "it leads to '%s', expected a file", name);
    return 0;
}

/*
 * umoci, dockerd and containers/storage refuse such a layer. Of a folder they take mode and owner,
 * however its name spells the root; containerd takes nothing. Where the storage is an overlay, its
 * root covers that of the layers: Docker's overlay2 has 0755, podman's 0555.
 */
int name_check_root(enum rootfs_type type, struct error *err)
{
    if (type == ROOTFS_FOLDER)
        return 0;
    return error_set(err, ERROR_CORRUPT, "it has a %s in place of the root, expected a folder",
                     type == ROOTFS_LINK ? "link" : "file");
}

const char *name_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The bookkeeping of AUFS, which is no part of any tree: a part that begins with ".wh..wh.". */
static bool is_bookkeeping(const char *path)
{
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        if (text_starts_with(at, ".wh..wh."))
            return true;
    }
    return false;
}

/* The last part of `path` begins with ".wh.". */
static int add_mark(struct listing *listing, const char *path, struct error *err)
{
    const char *base = name_base(path);
    const char *name = base + strlen(".wh.");
    size_t folder_size = (size_t)(base - path);
    CLEANUP(buf) struct buf target = BUF_INIT;

    buf_add(&target, path, folder_size > 0 ? folder_size - 1 : 0);
    if (is_bookkeeping(buf_text(&target)))
        return 0;
    if (strcmp(base, ".wh..wh..opq") == 0)
        return listing_add_opaque(listing, buf_text(&target), err);
    if (is_bookkeeping(base))
        return 0;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return error_set(err, ERROR_CORRUPT, "it has the whiteout '%s', which names no file", path);
    buf_addf(&target, folder_size > 0 ? "/%s" : "%s", name);
    return listing_add_whiteout(listing, buf_text(&target), err);
}

int name_is_mark(struct listing *listing, const char *path, bool *out, struct error *err)
{
    *out = true;
    if (text_starts_with(name_base(path), ".wh."))
        return add_mark(listing, path, err);
    *out = is_bookkeeping(path);
    return 0;
}
