#include "core/file.h"

#include "core/draft.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A connection by a name, with its certificates, takes about so many at a time. */
#define DESCRIPTORS_WANTED 4

static int open_file(const char *path, int flags, int *out, struct error *err)
{
    *out = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (*out >= 0)
        return 0;
    if (errno == ENOENT || errno == ENOTDIR)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", path);
    return error_set_errno(err, errno, "opening '%s'", path);
}

static int read_all(int fd, const char *path, size_t limit, struct buf *out, struct error *err)
{
    CLEANUP(buf) struct buf content = BUF_INIT;
    char part[16384];
    ssize_t size;

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

int file_read(const char *path, size_t limit, struct buf *out, struct error *err)
{
    CLEANUP(fd) int fd = -1;
    struct stat status;

    if (open_file(path, O_NONBLOCK, &fd, err) < 0)
        return -1;
    if (fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "reading '%s'", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_LOCAL, "'%s' is %s, expected a regular file", path,
                         S_ISDIR(status.st_mode) ? "a folder" : "a pipe or device");
    return read_all(fd, path, limit, out, err);
}

int file_read_named(const char *path, size_t limit, struct buf *out, struct error *err)
{
    CLEANUP(fd) int fd = -1;

    if (open_file(path, 0, &fd, err) < 0)
        return -1;
    return read_all(fd, path, limit, out, err);
}

bool file_is_hidden(const char *path)
{
    struct stat status;

    return stat(path, &status) < 0 && errno == EACCES;
}

/* What has no lasting owner, such as a pipe, comes from whoever has named it. */
static int check_writers(const char *path, const struct stat *status, struct error *err)
{
    if (!S_ISREG(status->st_mode))
        return 0;
    if (status->st_uid != geteuid() && status->st_uid != 0)
        return error_set(err, ERROR_LOCAL,
                         "'%s' belongs to the user %u, expected %u, who runs this, or root: what "
                         "others write is not obeyed",
                         path, (unsigned)status->st_uid, (unsigned)geteuid());
    if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return error_set(err, ERROR_LOCAL,
                         "'%s' may be written by others (mode %04o), who could so change what is "
                         "done: 'chmod go-w' takes that from them",
                         path, (unsigned)(status->st_mode & 07777));
    return 0;
}

int file_read_trusted(const char *path, size_t limit, struct buf *out, struct error *err)
{
    CLEANUP(fd) int fd = -1;
    struct stat status;

    if (open_file(path, 0, &fd, err) < 0)
        return -1;
    if (fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "reading '%s'", path);
    return check_writers(path, &status, err) < 0 ? -1 : read_all(fd, path, limit, out, err);
}

int file_write_all(int fd, const void *bytes, size_t size)
{
    const char *data = bytes;

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

/* Caller frees. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? xstrndup(path, (size_t)(slash - path) + (slash == path)) : xstrdup(".");
}

/* `mode` 0: that of a draft. */
static int replace(const char *path, mode_t mode, const void *data, size_t size, struct error *err)
{
    CLEANUP(text) char *folder = folder_of(path);
    CLEANUP(draft) struct draft draft = DRAFT_INIT;

    if (draft_create(folder, &draft, err) < 0)
        return -1;
    if ((mode != 0 && fchmod(draft.fd, mode) < 0) || file_write_all(draft.fd, data, size) < 0)
        return error_set_errno(err, errno, "writing '%s'", path);
    return draft_publish(&draft, path, err);
}

int file_replace(const char *path, const void *data, size_t size, struct error *err)
{
    return replace(path, 0, data, size, err);
}

int file_replace_private(const char *path, const void *data, size_t size, struct error *err)
{
    return replace(path, 0600, data, size, err);
}

/* The new file would take the place of a device or a pipe, which others go on to write to. */
int file_refuse_irregular(const char *path, struct error *err)
{
    struct stat status;

    if (path[0] == '\0')
        return error_set(err, ERROR_LOCAL, "'' is not the name of a file");
    bool is_there = stat(path, &status) == 0;
    if (text_ends_with(path, "/") || (is_there && S_ISDIR(status.st_mode)))
        return error_set(err, ERROR_LOCAL, "'%s' is a folder, expected the name of a file", path);
    if (is_there && !S_ISREG(status.st_mode))
        return error_set(err, ERROR_LOCAL,
                         "'%s' is a pipe or device, which a file would replace; expected the name "
                         "of a regular file, or of none yet",
                         path);
    return 0;
}

int file_check_named(const char *path, struct error *err)
{
    CLEANUP(text) char *real = realpath(path, NULL);
    CLEANUP(text) char *folder = folder_of(real != NULL ? real : path);
    struct stat status;

    if (file_refuse_irregular(path, err) < 0)
        return -1;
    if (stat(folder, &status) == 0 && !S_ISDIR(status.st_mode))
        errno = ENOTDIR;
    else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0)
        return 0;
    return error_set_errno(err, errno, "creating a file in '%s'", folder);
}

bool file_is_same_name(const char *one, const char *other)
{
    const char *const paths[] = {one, other};
    char *names[ARRAY_SIZE(paths)];

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        const char *slash = strrchr(paths[i], '/');
        CLEANUP(text) char *folder = folder_of(paths[i]);
        CLEANUP(text) char *real = realpath(folder, NULL);
        names[i] = realpath(paths[i], NULL);
        if (names[i] == NULL)
            names[i] = xasprintf("%s/%s", real != NULL ? real : folder,
                                 slash != NULL ? slash + 1 : paths[i]);
    }
    bool is_same = strcmp(names[0], names[1]) == 0;
    free(names[0]);
    free(names[1]);
    return is_same;
}

int file_replace_named(const char *path, const void *data, size_t size, struct error *err)
{
    CLEANUP(text) char *real = realpath(path, NULL);

    if (file_refuse_irregular(path, err) < 0)
        return -1;
    return file_replace(real != NULL ? real : path, data, size, err);
}

/* A new folder's name outlasts a loss of power, too. */
static void sync_parent(const char *path)
{
    CLEANUP(text) char *parent = folder_of(path);

    folder_sync(parent);
}

int file_make_folders_as(const char *path, mode_t mode, struct error *err)
{
    CLEANUP(text) char *part = xstrdup(path);

    for (char *at = part + 1;; at++) {
        char end = *at;
        if (end != '/' && end != '\0')
            continue;
        *at = '\0';
        bool is_new = mkdir(part, mode) == 0;
        if (!is_new && errno != EEXIST)
            return error_set_errno(err, errno, "creating the folder '%s'", part);
        if (is_new)
            sync_parent(part);
        *at = end;
        if (end == '\0')
            return 0;
    }
}

char *file_find_existing(const char *path)
{
    char *folder = xstrdup(path);

    while (access(folder, F_OK) != 0) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL || slash == folder) {
            free(folder);
            return xstrdup(slash == NULL ? "." : "/");
        }
        *slash = '\0';
    }
    return folder;
}

int file_make_folders(const char *path, struct error *err)
{
    return file_make_folders_as(path, 0777, err);
}

int file_make_private_folders(const char *path, struct error *err)
{
    return file_make_folders_as(path, 0700, err);
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
