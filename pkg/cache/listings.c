#include "cache/cache_internal.h"

#include "core/draft.h"
#include "core/file.h"
#include "core/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *cache_listings(const struct cache *cache)
{
    return xasprintf("%s/" CACHE_LISTINGS, cache->folder);
}

/* What is there already is not written again: others may be reading it. */
static bool is_kept(const char *path, const void *data, size_t size)
{
    CLEANUP(buf) struct buf there = BUF_INIT;
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is written */

    return file_read(path, size, &there, &ignored) == 0 && there.size == size &&
           memcmp(there.data, data, size) == 0;
}

void cache_keep_listing(struct cache *cache, const char *path, const void *data, size_t size)
{
    CLEANUP(text) char *full = xasprintf("%s/" CACHE_LISTINGS "/%s", cache->folder, path);
    CLEANUP(text) char *folder = xstrndup(full, (size_t)(strrchr(full, '/') - full));
    CLEANUP(error) struct error why = ERROR_INIT;

    if (is_kept(full, data, size)) {
        (void)!utimensat(AT_FDCWD, full, NULL, 0); /* for whoever prunes */
        return;
    }
    if (atomic_load(&cache->is_read_only))
        return;
    draft_sweep(folder);
    if (file_make_folders_as(folder, cache_folder_mode(cache->file_mode), &why) < 0 ||
        file_replace(full, data, size, &why) < 0)
        cache_give_up_writing(cache, &why);
}

bool cache_find_size(const struct cache *cache, const struct digest *digest, uint64_t *size)
{
    CLEANUP(text) char *path = cache_path(cache->folder, digest);
    struct stat status;

    if (lstat(path, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    *size = (uint64_t)status.st_size;
    return true;
}

bool cache_has(const struct cache *cache, const struct digest *digest, uint64_t size)
{
    uint64_t found = 0;

    return cache_find_size(cache, digest, &found) && found == size;
}

int cache_open_part(const struct cache *cache, const struct digest *digest, uint64_t size,
                    uint64_t offset, struct reader **out, struct error *err)
{
    *out = NULL;
    if (!cache_has(cache, digest, size))
        return 0;
    CLEANUP(text) char *path = cache_path(cache->folder, digest);
    return file_reader_open(path, offset, SIZE_UNKNOWN, out, err);
}

/* Deeper than the folders that cache_keep_listing() makes. */
#define DEPTH_MOST 32

/* Adds what is in the folder `below`, a path in the cache's folder. */
static int add_folder(const char *folder, const char *below, unsigned depth, struct cache_list *out,
                      struct error *err)
{
    CLEANUP(text) char *full = xasprintf("%s/%s", folder, below);
    DIR *directory = opendir(full);
    const struct dirent *entry;
    struct stat info;
    int result = 0;

    if (directory == NULL && (errno == ENOENT || depth > 0))
        return 0; /* there is none, it is gone by now, or it is not ours */
    if (directory == NULL)
        return error_set_errno(err, errno, "reading the folder '%s'", full);
    while (result == 0 && (entry = readdir(directory)) != NULL) {
        CLEANUP(text) char *path = xasprintf("%s/%s", below, entry->d_name);
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            fstatat(dirfd(directory), name, &info, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(info.st_mode) && depth < DEPTH_MOST)
            result = add_folder(folder, path, depth + 1, out, err);
        const struct cache_item item = {
            .listing = path, .size = (uint64_t)info.st_size, .used = info.st_mtime};
        if (S_ISREG(info.st_mode))
            cache_list_add(out, &item);
    }
    closedir(directory);
    return result;
}

int cache_add_listings(const char *folder, struct cache_list *out, struct error *err)
{
    return add_folder(folder, CACHE_LISTINGS, 0, out, err);
}
