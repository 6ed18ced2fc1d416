#include "core/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int fd_write(int fd, const char *name, const void *data, size_t size, struct error *err)
{
    const char *at = data;

    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_set_errno(err, errno, "writing %s", name);
        at += written;
        size -= (size_t)written;
    }
    return 0;
}

static const char *temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");

    return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

int temporary_create(int *out, struct error *err)
{
    const char *folder = temporary_folder();
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

    if (fd < 0) {
        CLEANUP(text) char *path = xasprintf("%s/inlay-XXXXXX", folder);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    if (fd < 0)
        return error_set_errno(err, errno, "creating a file in '%s' (TMPDIR names another folder)",
                               folder);
    *out = fd;
    return 0;
}

int temporary_write(int fd, const void *data, size_t size, struct error *err)
{
    CLEANUP(text) char *name = xasprintf("a copy to '%s'", temporary_folder());

    if (fd_write(fd, name, data, size, err) == 0)
        return 0;
    return error_wrap(err, "TMPDIR may name a larger folder");
}
