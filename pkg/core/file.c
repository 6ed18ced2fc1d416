#include "core/file.h"

#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A connection by a name, with its certificates, takes about so many at a time. */
#define DESCRIPTORS_WANTED 4

int file_read(const char *path, size_t limit, struct buf *out, struct error *err)
{
    CLEANUP(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    CLEANUP(buf) struct buf content = BUF_INIT;
    char part[16384];
    ssize_t size;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", path);
    if (fd < 0)
        return error_set_errno(err, errno, "opening '%s'", path);
    while ((size = read(fd, part, sizeof(part))) != 0) {
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return error_set_errno(err, errno, "reading '%s'", path);
        if (buf_add_limited(&content, part, (size_t)size, limit, err) < 0)
            return error_wrap(err, "reading '%s'", path);
    }
    buf_release(out);
    *out = content;
    content = (struct buf)BUF_INIT;
    return 0;
}

/* A path in `folder` that hardly anybody else has; NULL if there are no random numbers. */
static char *temporary_path(const char *folder)
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        return NULL;
    return xasprintf("%s/.inlay-%08x", folder, number);
}

int file_create_temporary(const char *folder, char **name, int *fd, struct error *err)
{
    CLEANUP(text) char *path = NULL;
    int opened = -1;

    for (unsigned attempt = 0; opened < 0 && attempt < 100; attempt++) {
        free(path);
        path = temporary_path(folder);
        if (path == NULL)
            break;
        opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (opened < 0 && errno != EEXIST)
            break;
    }
    if (opened < 0) {
        error_set_errno(err, errno, "creating a file in '%s'", folder);
        return -1;
    }
    *name = TAKE(path);
    *fd = opened;
    return 0;
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        data += written;
        size -= (size_t)written;
    }
    return 0;
}

int file_replace(const char *path, const void *data, size_t size, struct error *err)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(text)
    char *folder =
        slash != NULL ? xstrndup(path, (size_t)(slash - path) + (slash == path)) : xstrdup(".");
    CLEANUP(text) char *name = NULL;
    CLEANUP(fd) int fd = -1;

    if (file_create_temporary(folder, &name, &fd, err) < 0)
        return -1;
    if (write_all(fd, data, size) < 0 || fsync(fd) < 0 || rename(name, path) < 0) {
        int number = errno;
        unlink(name);
        return error_set_errno(err, number, "writing '%s'", path);
    }
    return 0;
}

int file_make_folders(const char *path, struct error *err)
{
    CLEANUP(text) char *part = xstrdup(path);

    for (char *at = part + 1;; at++) {
        char end = *at;
        if (end != '/' && end != '\0')
            continue;
        *at = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return error_set_errno(err, errno, "creating the folder '%s'", part);
        *at = end;
        if (end == '\0')
            return 0;
    }
}

bool file_descriptors_run_out(void)
{
    int opened[DESCRIPTORS_WANTED];
    size_t count = 0;

    while (count < DESCRIPTORS_WANTED &&
           (opened[count] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0)
        count++;
    bool run_out = count < DESCRIPTORS_WANTED && (errno == EMFILE || errno == ENFILE);
    while (count > 0)
        close(opened[--count]);
    return run_out;
}

int file_refuse_descriptors(const char *purpose, struct error *err)
{
    struct rlimit limit = {.rlim_cur = 0};

    getrlimit(RLIMIT_NOFILE, &limit);
    return error_set(err, ERROR_LOCAL,
                     "too many open files: this process may have %" PRIu64
                     " (see 'ulimit -n'), and needs more to %s",
                     (uint64_t)limit.rlim_cur, purpose);
}
