#include "cache/cache_internal.h"

#include "core/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void cache_list_add(struct cache_list *list, const struct cache_item *item)
{
    list->items = xrealloc(list->items, list->count + 1, sizeof(*list->items));
    struct cache_item *copy = &list->items[list->count++];
    *copy = *item;
    copy->listing = text_copy(item->listing);
}

uint64_t cache_list_size(const struct cache_list *list)
{
    uint64_t size = 0;

    for (size_t i = 0; i < list->count; i++)
        size += list->items[i].size;
    return size;
}

void cache_list_release(struct cache_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].listing);
    free(list->items);
    *list = (struct cache_list)CACHE_LIST_INIT;
}

void cache_prune_result_release(struct cache_prune_result *result)
{
    cache_list_release(&result->removed);
    cache_list_release(&result->in_use);
}

/* HEX or HEX.partial; whatever else is there is not ours. */
static bool parse_name(const char *name, enum digest_algorithm algorithm, struct cache_item *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then it is no name of ours */
    bool is_partial = text_ends_with(name, CACHE_PARTIAL);
    CLEANUP(text)
    char *hex = xstrndup(name, strlen(name) - (is_partial ? strlen(CACHE_PARTIAL) : 0));

    out->is_partial = is_partial;
    return digest_parse_hex(algorithm, hex, &out->digest, &ignored) == 0;
}

/* *out is NULL if there is none. Nobody leads out of the cache, and what is removed is in it. */
static int open_folder(const char *path, DIR **out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return error_set(
            err, ERROR_LOCAL,
            "'%s' is a link or a file, expected a folder: what is elsewhere is not the "
            "cache's",
            path);
    if (fd < 0)
        return error_set_errno(err, errno, "reading the folder '%s'", path);
    *out = fdopendir(fd); /* which has the descriptor now */
    if (*out == NULL)
        out_of_memory();
    return 0;
}

static int list_folder(const char *folder, enum digest_algorithm algorithm, struct cache_list *out,
                       struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", folder, digest_algorithm_name(algorithm));
    DIR *stream = NULL;
    struct dirent *entry;

    if (open_folder(path, &stream, err) < 0)
        return -1;
    if (stream == NULL)
        return 0;
    while ((entry = readdir(stream)) != NULL) {
        struct cache_item item = {.size = 0};
        struct stat status;
        if (!parse_name(entry->d_name, algorithm, &item) ||
            fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(status.st_mode))
            continue; /* not ours, or gone by now */
        item.size = (uint64_t)status.st_size;
        item.used = status.st_mtime;
        cache_list_add(out, &item);
    }
    closedir(stream);
    return 0;
}

/* By last use, and then in an order that does not depend on the file system. */
static int compare_items(const void *left, const void *right)
{
    const struct cache_item *a = left;
    const struct cache_item *b = right;

    if (a->used != b->used)
        return a->used < b->used ? -1 : 1;
    if (a->listing != NULL && b->listing != NULL)
        return strcmp(a->listing, b->listing);
    if (a->listing != NULL || b->listing != NULL)
        return a->listing == NULL ? -1 : 1;
    if (a->digest.algorithm != b->digest.algorithm)
        return a->digest.algorithm < b->digest.algorithm ? -1 : 1;
    int order = memcmp(a->digest.bytes, b->digest.bytes, sizeof(a->digest.bytes));
    return order != 0 ? order : (int)a->is_partial - (int)b->is_partial;
}

int cache_list(const char *folder, struct cache_list *out, struct error *err)
{
    CLEANUP(cache_list) struct cache_list list = CACHE_LIST_INIT;
    bool is_tagged = false;

    if (access(folder, F_OK) < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist", folder);
    if (cache_is_tagged(folder, &is_tagged, err) < 0)
        return -1;
    if (!is_tagged)
        return error_set(err, ERROR_USAGE,
                         "'%s' is no download cache; expected the DIR of --download-cache", folder);
    for (size_t i = 0; i < CACHE_ALGORITHMS; i++)
        if (list_folder(folder, cache_algorithms[i], &list, err) < 0)
            return -1;
    if (cache_add_listings(folder, &list, err) < 0)
        return -1;
    if (list.count > 0)
        qsort(list.items, list.count, sizeof(*list.items), compare_items);
    cache_list_release(out);
    *out = list;
    list = (struct cache_list)CACHE_LIST_INIT;
    return 0;
}

static char *item_path(const char *folder, const struct cache_item *item)
{
    if (item->listing != NULL)
        return xasprintf("%s/%s", folder, item->listing);
    CLEANUP(text) char *whole = cache_path(folder, &item->digest);
    return xasprintf("%s%s", whole, item->is_partial ? CACHE_PARTIAL : "");
}

/* *in_use tells whether it was left because somebody has it locked. */
static int remove_item(const char *folder, const struct cache_item *item, bool *in_use,
                       struct error *err)
{
    CLEANUP(text) char *path = item_path(folder, item);
    CLEANUP(fd) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return error_set_errno(err, errno, "opening '%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return error_set_errno(err, errno, "locking '%s'", path);
        *in_use = true;
        return 0;
    }
    if (cache_is_at(fd, path) && unlink(path) < 0 && errno != ENOENT)
        return error_set_errno(err, errno, "removing '%s'", path);
    return 0;
}

int cache_prune(const struct cache_prune_options *options, struct cache_prune_result *out,
                struct error *err)
{
    CLEANUP(cache_list) struct cache_list list = CACHE_LIST_INIT;

    if (cache_list(options->folder, &list, err) < 0)
        return -1;
    uint64_t left = cache_list_size(&list);
    /* What goes for its own sake goes first, so that no more goes for the sake of the size. */
    for (int for_size = 0; for_size < 2; for_size++) {
        for (size_t i = 0; i < list.count; i++) {
            const struct cache_item *item = &list.items[i];
            bool is_unwanted = (options->unused_since > 0 && item->used <= options->unused_since) ||
                               (options->partial && item->is_partial);
            bool in_use = false;
            if (for_size ? is_unwanted || left <= options->max_size : !is_unwanted)
                continue;
            if (cancel_check(options->cancel, err) < 0 ||
                remove_item(options->folder, item, &in_use, err) < 0)
                return -1;
            cache_list_add(in_use ? &out->in_use : &out->removed, item);
            left -= in_use ? 0 : item->size;
        }
    }
    return 0;
}
