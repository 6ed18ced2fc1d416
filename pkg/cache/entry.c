#include "cache/cache_internal.h"

#include "core/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* How far another has come with the file that we wait for. */
struct progress {
    off_t size;
    struct timespec changed;
    unsigned still_ms;
};

/* Moves it out and leaves -1 behind. */
static int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

static int open_regular(const char *path, int flags, int *out, struct stat *status,
                        struct error *err)
{
    CLEANUP(fd) int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

    if (fd < 0 && errno == ENOENT && (flags & O_CREAT) == 0)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", path);
    if (fd < 0 || fstat(fd, status) < 0)
        return error_set_errno(err, errno, "opening '%s'", path);
    if (!S_ISREG(status->st_mode))
        return error_set(err, ERROR_LOCAL, "'%s' is not a regular file", path);
    *out = take_fd(&fd);
    return 0;
}

/* Opens the whole file; 0 and entry->fd still -1 if there is none, or one of another size. */
static int find_whole(struct cache *cache, struct entry *entry, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    CLEANUP(fd) int fd = -1;
    struct stat status = {.st_size = 0};

    if (open_regular(entry->path, O_RDONLY, &fd, &status, &why) < 0)
        return why.kind == ERROR_NOT_FOUND ? 0 : error_move(err, &why);
    if ((uint64_t)status.st_size != entry->size) {
        log_warn(cache->log,
                 "'%s' has %" PRIu64 " bytes, expected %" PRIu64 ": it is removed, and comes anew",
                 entry->path, (uint64_t)status.st_size, entry->size);
        if (unlink(entry->path) < 0 && errno != ENOENT)
            return error_set_errno(err, errno, "removing '%s'", entry->path);
        return 0;
    }
    /* Both are for whoever prunes: who may not, reads all the same. */
    (void)!flock(fd, LOCK_SH | LOCK_NB);
    (void)!futimens(fd, NULL);
    entry->fd = take_fd(&fd);
    entry->present = entry->size;
    return 0;
}

/*
 * Opens the partial file and locks it; 0 and entry->fd still -1 if another has the lock, or if it
 * has another name by now. `watched` is brought up to date.
 */
static int try_partial(struct entry *entry, struct progress *watched, struct error *err)
{
    CLEANUP(fd) int fd = -1;
    struct stat status = {.st_size = 0};

    if (open_regular(entry->partial, O_RDWR | O_CREAT, &fd, &status, err) < 0)
        return -1;
    bool has_lock = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!has_lock && errno != EWOULDBLOCK && errno != EINTR)
        return error_set_errno(err, errno, "locking '%s'", entry->partial);
    if (!has_lock) {
        bool has_moved = status.st_size != watched->size ||
                         status.st_mtim.tv_sec != watched->changed.tv_sec ||
                         status.st_mtim.tv_nsec != watched->changed.tv_nsec;
        *watched = (struct progress){
            .size = status.st_size,
            .changed = status.st_mtim,
            .still_ms = has_moved ? 0 : watched->still_ms + CANCEL_POLL_MS,
        };
        return 0;
    }
    if (!cache_is_at(fd, entry->partial))
        return 0;
    (void)!fchmod(fd, entry->mode); /* another user's stays as it is */
    if (fstat(fd, &status) < 0)     /* again: its last owner may have gone on until now */
        return error_set_errno(err, errno, "looking at '%s'", entry->partial);
    entry->present = (uint64_t)status.st_size;
    entry->fd = take_fd(&fd);
    return 0;
}

/* What is longer than the whole is no beginning of it. */
static int begin_partial(struct entry *entry, struct error *err)
{
    if (entry->present <= entry->size)
        return 0;
    if (ftruncate(entry->fd, 0) < 0)
        return error_set_errno(err, errno, "emptying '%s'", entry->partial);
    entry->present = 0;
    return 0;
}

static int be_whole(struct entry *entry)
{
    free(TAKE(entry->partial));
    return 0;
}

/* The lock is ours; the file may have become whole just before. */
static int take_partial(struct cache *cache, struct entry *entry, struct error *err)
{
    CLEANUP(fd) int fd = take_fd(&entry->fd);
    uint64_t present = entry->present;

    if (find_whole(cache, entry, err) < 0)
        return -1;
    if (entry->fd >= 0) {
        unlink(entry->partial);
        return be_whole(entry);
    }
    entry->fd = take_fd(&fd);
    entry->present = present;
    return begin_partial(entry, err);
}

/* Until the file is whole, or ours, or whoever has it stands still: then entry->fd is still -1. */
static int wait_for_turn(struct cache *cache, const struct cache_request *request,
                         struct entry *entry, struct error *err)
{
    struct progress watched = {.size = -1};

    for (bool has_said = false;; has_said = true) {
        if (find_whole(cache, entry, err) < 0)
            return -1;
        if (entry->fd >= 0)
            return be_whole(entry);
        if (atomic_load(&cache->is_read_only))
            return 0;
        if (try_partial(entry, &watched, err) < 0)
            return -1;
        if (entry->fd >= 0)
            return take_partial(cache, entry, err);
        if (watched.still_ms >= cache->patience_ms) {
            log_debug(cache->log, "'%s' has not grown for %u s: '%s' is fetched without it",
                      entry->partial, watched.still_ms / 1000, request->name);
            return 0;
        }
        if (!has_said)
            log_wait(cache->log, "waiting for '%s', which another run downloads", request->name);
        if (cancel_wait(request->cancel, CANCEL_POLL_MS, err) < 0)
            return -1;
    }
}

int entry_open(struct cache *cache, const struct cache_request *request, struct entry **out,
               struct error *err)
{
    CLEANUP(entry) struct entry *entry = xcalloc(1, sizeof(*entry));

    entry->fd = -1;
    entry->size = request->size;
    entry->mode = cache->file_mode;
    entry->path = cache_path(cache->folder, request->digest);
    entry->partial = xasprintf("%s" CACHE_PARTIAL, entry->path);
    if (wait_for_turn(cache, request, entry, err) < 0)
        return -1;
    *out = entry->fd >= 0 ? TAKE(entry) : NULL;
    return 0;
}

ssize_t entry_read(const struct entry *entry, void *data, size_t size, uint64_t offset,
                   struct error *err)
{
    ssize_t part;

    do
        part = pread(entry->fd, data, size, (off_t)offset);
    while (part < 0 && errno == EINTR);
    if (part < 0)
        return error_set_errno(err, errno, "reading '%s'",
                               entry->partial != NULL ? entry->partial : entry->path);
    return part;
}

int entry_write(struct entry *entry, const void *data, size_t size, uint64_t offset,
                struct error *err)
{
    const char *at = data;

    while (size > 0) {
        ssize_t part = pwrite(entry->fd, at, size, (off_t)offset);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return error_set_errno(err, errno, "writing '%s'", entry->partial);
        at += part;
        offset += (uint64_t)part;
        size -= (size_t)part;
    }
    return 0;
}

int entry_commit(struct entry *entry, struct error *err)
{
    if (entry->partial == NULL)
        return 0;
    if (fsync(entry->fd) < 0 || rename(entry->partial, entry->path) < 0)
        return error_set_errno(err, errno, "writing '%s'", entry->path);
    CLEANUP(text)
    char *folder = xstrndup(entry->path, (size_t)(strrchr(entry->path, '/') - entry->path));
    folder_sync(folder);
    return be_whole(entry);
}

void entry_discard(const struct entry *entry)
{
    const char *path = entry->partial != NULL ? entry->partial : entry->path;

    if (cache_is_at(entry->fd, path))
        unlink(path);
}

void entry_free(struct entry *entry)
{
    struct stat status;

    if (entry == NULL)
        return;
    /* Under the lock, which goes with the descriptor. */
    if (entry->fd >= 0 && entry->partial != NULL && fstat(entry->fd, &status) == 0 &&
        status.st_size == 0)
        entry_discard(entry);
    fd_cleanup(&entry->fd);
    free(entry->partial);
    free(entry->path);
    free(entry);
}
