#include "rootfs/rootfs_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The first line is config.User, the rest is passwd and group at once. Whatever they are: ids are
 * in their range, the home is absolute, and what a number says depends on no file.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t user_size = newline != NULL ? (size_t)(newline - data) : size;
    CLEANUP(text) char *name = xstrndup((const char *)data, user_size);
    CLEANUP(buf) struct buf file = BUF_INIT;
    CLEANUP(rootfs_user) struct rootfs_user user = {.home = NULL};
    CLEANUP(rootfs_user) struct rootfs_user bare = {.home = NULL};
    CLEANUP(error) struct error err = ERROR_INIT;
    struct rootfs_user_request request = {.user = name};

    buf_add(&file, data + user_size, size - user_size);
    if (user_find(&request, &file, &file, &user, &err) < 0) {
        if (user.home != NULL || err.kind != ERROR_UNSUPPORTED)
            abort();
        return 0;
    }
    if (user.uid > INT32_MAX || user.gid > INT32_MAX || user.home[0] != '/' ||
        user.user_from == NULL || user.home_from == NULL)
        abort();
    request.home = "/home";
    if (user_needs_passwd(&request) || user_needs_group(&request))
        return 0;
    if (user_find(&request, NULL, NULL, &bare, &err) < 0 || bare.uid != user.uid ||
        bare.gid != user.gid)
        abort();
    return 0;
}
