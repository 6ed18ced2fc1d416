#include "cache/cache_internal.h"

#include "core/draft.h"
#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define TAG_FILE "CACHEDIR.TAG"
#define TAG_LIMIT 4096

/* The first line is that of the Cache Directory Tagging Specification: backups pass it over. */
static const char tag_text[] =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# inlay download cache, version 1\n"
    "# 'inlay cache' lists and prunes it; it may be removed as a whole.\n";
static const char tag_mark[] = "\n# inlay download cache, version 1\n";

const enum digest_algorithm cache_algorithms[CACHE_ALGORITHMS] = {DIGEST_SHA256, DIGEST_GIT_SHA1};

int cache_is_tagged(const char *folder, bool *out, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/" TAG_FILE, folder);
    CLEANUP(buf) struct buf text = BUF_INIT;
    CLEANUP(error) struct error why = ERROR_INIT;

    if (file_read(path, TAG_LIMIT, &text, &why) == 0)
        *out = strstr(buf_text(&text), tag_mark) != NULL;
    else if (why.kind == ERROR_NOT_FOUND || why.kind == ERROR_CORRUPT)
        *out = false;
    else
        return error_move(err, &why);
    return 0;
}

char *cache_path(const char *folder, const struct digest *digest)
{
    return xasprintf("%s/%s/%s", folder, digest_algorithm_name(digest->algorithm),
                     digest_format_hex(digest).text);
}

bool cache_is_at(int fd, const char *path)
{
    struct stat open_file;
    struct stat named;

    return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 &&
           open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

static char *folder_of(const char *folder, enum digest_algorithm algorithm)
{
    return xasprintf("%s/%s", folder, digest_algorithm_name(algorithm));
}

/*
 * Marks the folder as ours, which it must not be already something else's: an image's, say.
 * `unwritable` says why that cannot be written.
 */
static int make_tag(const char *folder, struct error *unwritable, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/" TAG_FILE, folder);
    bool is_tagged = false;

    if (cache_is_tagged(folder, &is_tagged, err) < 0)
        return -1;
    if (is_tagged)
        return 0;
    for (size_t i = 0; i < CACHE_ALGORITHMS; i++) {
        CLEANUP(text) char *below = folder_of(folder, cache_algorithms[i]);
        if (access(below, F_OK) == 0)
            return error_set(err, ERROR_USAGE,
                             "'%s' is there and '%s' is no download cache; name another folder, or "
                             "a new one",
                             below, folder);
    }
    if (access(path, F_OK) == 0)
        return error_set(err, ERROR_USAGE,
                         "'%s' says that the folder is the cache of something else; name another "
                         "folder, or a new one",
                         path);
    (void)!file_replace(path, tag_text, strlen(tag_text), unwritable);
    return 0;
}

/* Files of repos that are not open to everybody are in it, too. */
static mode_t choose_file_mode(mode_t folder)
{
    return S_IRUSR | S_IWUSR | ((folder & S_IWGRP) != 0 ? S_IRGRP : 0) |
           ((folder & S_IWOTH) != 0 ? S_IROTH : 0);
}

mode_t cache_folder_mode(mode_t file_mode)
{
    return S_IRWXU | ((file_mode & S_IRGRP) != 0 ? S_IRWXG : 0) |
           ((file_mode & S_IROTH) != 0 ? S_IRWXO : 0);
}

static int make_folders(const char *folder, mode_t *file_mode, struct error *unwritable,
                        struct error *err)
{
    struct stat status;

    if (file_make_private_folders(folder, err) < 0)
        return -1;
    if (stat(folder, &status) < 0)
        return error_set_errno(err, errno, "looking at '%s'", folder);
    if (!S_ISDIR(status.st_mode))
        return error_set(err, ERROR_LOCAL, "'%s' is not a folder", folder);
    *file_mode = choose_file_mode(status.st_mode);
    mode_t folder_mode = cache_folder_mode(*file_mode);
    if (make_tag(folder, unwritable, err) < 0)
        return -1;
    draft_sweep(folder);
    for (size_t i = 0; i < CACHE_ALGORITHMS && unwritable->kind == ERROR_NONE; i++) {
        CLEANUP(text) char *below = folder_of(folder, cache_algorithms[i]);
        if (access(below, F_OK) < 0)
            (void)!file_make_folders_as(below, folder_mode, unwritable);
    }
    return 0;
}

int cache_open(const struct cache_options *options, struct cache **out, struct error *err)
{
    CLEANUP(error) struct error unwritable = ERROR_INIT;
    mode_t file_mode = 0;

    if (options->folder[0] == '\0')
        return error_set(err, ERROR_USAGE, "'' is not the name of a folder");
    if (make_folders(options->folder, &file_mode, &unwritable, err) < 0)
        return -1;
    struct cache *cache = xcalloc(1, sizeof(*cache));
    cache->folder = xstrdup(options->folder);
    cache->log = options->log;
    cache->file_mode = file_mode;
    cache->patience_ms = options->patience_ms > 0 ? options->patience_ms : PATIENCE_MS;
    atomic_init(&cache->is_read_only, false);
    if (unwritable.kind != ERROR_NONE)
        cache_give_up_writing(cache, &unwritable);
    *out = cache;
    return 0;
}

uint64_t cache_kept_size(const struct cache *cache)
{
    return atomic_load(&cache->kept_size);
}

void cache_free(struct cache *cache)
{
    if (cache == NULL)
        return;
    free(cache->folder);
    free(cache);
}
