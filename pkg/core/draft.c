#include "core/draft.h"

#include "core/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define PREFIX ".inlay-"
#define NUMBER_HEX 8
#define DAY_S 86400
#define ATTEMPTS 100u
/* Those that linux/magic.h lacks. */
#define MAGIC_XFS 0x58465342
#define MAGIC_ZFS 0x2fc12fc1

/* A path in `folder` that hardly anybody else has; NULL if there are no random numbers. */
static char *temporary_path(const char *folder)
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        return NULL;
    return xasprintf("%s/" PREFIX "%08x", folder, number);
}

/* Has somebody swept it before it was locked? */
static bool is_gone(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && status.st_nlink == 0;
}

/* Whoever sweeps has it for a moment. Where there are no locks, nobody sweeps. */
static void lock_file(int fd)
{
    while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
        ;
}

/* -1 with errno set: EEXIST for another try. The lock goes with the descriptor. */
static int try_named(const char *folder, struct draft *out)
{
    CLEANUP(text) char *path = temporary_path(folder);
    int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;

    if (fd < 0)
        return -1;
    lock_file(fd);
    if (is_gone(fd)) {
        fd_cleanup(&fd);
        errno = EEXIST;
        return -1;
    }
    out->fd = fd;
    out->temporary = TAKE(path);
    return 0;
}

static int create_named(const char *folder, struct draft *out)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++)
        if (try_named(folder, out) == 0)
            return 0;
        else if (errno != EEXIST)
            return -1;
    return -1;
}

/* It takes /proc to give a file without a name one. */
static int create_nameless(const char *folder, struct draft *out)
{
    if (access("/proc/self/fd", X_OK) < 0)
        return -1;
    out->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
    if (out->fd >= 0)
        lock_file(out->fd); /* for the moment in which it has a name */
    return out->fd >= 0 ? 0 : -1;
}

int draft_create(const char *folder, struct draft *out, struct error *err)
{
    if (create_nameless(folder, out) < 0)
        return draft_create_named(folder, out, err);
    out->folder = xstrdup(folder);
    return 0;
}

int draft_create_named(const char *folder, struct draft *out, struct error *err)
{
    if (create_named(folder, out) < 0)
        return error_set_errno(err, errno, "creating a file in '%s'", folder);
    out->folder = xstrdup(folder);
    return 0;
}

/* Gives it `path`, which nobody may have; -1 with errno set. */
static int link_to(const struct draft *draft, const char *path)
{
    CLEANUP(text) char *open_file = xasprintf("/proc/self/fd/%d", draft->fd);

    return linkat(AT_FDCWD, open_file, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* Only what has a name can take another's place. */
static int take_place(struct draft *draft, const char *path)
{
    for (unsigned attempt = 0; draft->temporary == NULL; attempt++) {
        CLEANUP(text) char *name = temporary_path(draft->folder);
        if (name == NULL)
            return -1;
        if (link_to(draft, name) == 0)
            draft->temporary = TAKE(name);
        else if (errno != EEXIST || attempt == ATTEMPTS)
            return -1;
    }
    if (rename(draft->temporary, path) < 0)
        return -1;
    free(TAKE(draft->temporary));
    return 0;
}

void folder_sync(const char *folder)
{
    CLEANUP(fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        (void)!fsync(fd); /* not every file system knows that of folders */
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? xstrndup(path, (size_t)(slash - path) + (slash == path)) : xstrdup(".");
}

int draft_publish(struct draft *draft, const char *path, struct error *err)
{
    CLEANUP(text) char *folder = folder_of(path);

    if (fsync(draft->fd) < 0)
        return error_set_errno(err, errno, "writing '%s'", path);
    bool is_linked = draft->temporary == NULL && link_to(draft, path) == 0;
    if (!is_linked && take_place(draft, path) < 0)
        return error_set_errno(err, errno, "writing '%s'", path);
    folder_sync(folder); /* what is seen by everybody is no failure any more */
    return 0;
}

void draft_release(struct draft *draft)
{
    if (draft->temporary != NULL)
        unlink(draft->temporary);
    fd_cleanup(&draft->fd);
    free(draft->temporary);
    free(draft->folder);
    *draft = (struct draft)DRAFT_INIT;
}

/* No other machine writes there, or holds a lock that is not seen here. */
static bool is_local(int folder)
{
    struct statfs status;

    if (fstatfs(folder, &status) < 0)
        return false;
    switch ((unsigned long)status.f_type & 0xffffffffUL) {
    case EXT4_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case MAGIC_XFS:
    case MAGIC_ZFS:
        return true;
    default:
        return false;
    }
}

static bool is_name(const char *name)
{
    return text_starts_with(name, PREFIX) && text_is_hex(name + strlen(PREFIX), NUMBER_HEX);
}

static void sweep_one(int folder, const char *name, bool any_age)
{
    CLEANUP(fd)
    int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* NFS locks so */
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
        status.st_uid != geteuid() || (!any_age && time(NULL) - status.st_mtime < DAY_S))
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
}

void draft_sweep(const char *folder)
{
    DIR *list = opendir(folder);
    const struct dirent *entry;

    if (list == NULL)
        return;
    bool any_age = is_local(dirfd(list));
    while ((entry = readdir(list)) != NULL)
        if (is_name(entry->d_name))
            sweep_one(dirfd(list), entry->d_name, any_age);
    closedir(list);
}
