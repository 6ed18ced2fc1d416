#include "source/hub_cache_internal.h"

#include "core/file.h"
#include "core/text.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTRIBUTES_LIMIT ((size_t)MIB)
#define LARGE_SIZE MIB /* what .gitattributes do not tell: from here on it is in LFS */

/* A snapshot being read. */
struct snapshot {
    char *folder;           /* snapshots/<commit> */
    struct buf attributes;  /* the content of its .gitattributes */
    struct strings folders; /* "" and, each with its '/', those that are still to be read */
    struct plan *plan;
};

static void snapshot_release(struct snapshot *snapshot)
{
    free(snapshot->folder);
    buf_release(&snapshot->attributes);
    strings_release(&snapshot->folders);
}
CLEANUP_RELEASE(snapshot)

/* A pattern with a '/' is for the whole path, another for the name (gitattributes(5)). */
static bool pattern_fits(const char *pattern, const char *path)
{
    const char *name = strrchr(path, '/');

    if (strchr(pattern, '/') != NULL)
        return fnmatch(pattern + (*pattern == '/'), path, FNM_PATHNAME) == 0;
    return fnmatch(pattern, name != NULL ? name + 1 : path, 0) == 0;
}

bool hub_snapshot_is_in_lfs(const char *attributes, const char *path, uint64_t size)
{
    bool is_lfs = size >= LARGE_SIZE && *attributes == '\0';

    for (const char *line = attributes; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        CLEANUP(text) char *pattern = xstrndup(line, length);
        char *rest = pattern + strcspn(pattern, " \t\r");
        if (*rest != '\0')
            *rest++ = '\0';
        if (*pattern != '\0' && *pattern != '#' && strstr(rest, "filter") != NULL &&
            pattern_fits(pattern, path))
            is_lfs = strstr(rest, "filter=lfs") != NULL;
        line += length + (line[length] == '\n');
    }
    return is_lfs;
}

static int hash_file(const char *path, struct plan_file *file, struct error *err)
{
    CLEANUP(hasher) struct hasher *hasher = hasher_new(file->digest.algorithm, file->size);
    CLEANUP(text) char *data = xcalloc(1, (size_t)(256 * KIB));
    CLEANUP(reader) struct reader *reader = NULL;
    ssize_t part;

    if (file_reader_open(path, 0, file->size, &reader, err) < 0)
        return -1;
    while ((part = reader_read(reader, data, (size_t)(256 * KIB), err)) > 0)
        hasher_add(hasher, data, (size_t)part);
    file->digest = hasher_finish(hasher);
    return part < 0 ? -1 : 0;
}

/* By the name of the blob that the link leads to; false if it has no such name. */
static bool digest_from_link(const char *path, struct digest *out)
{
    CLEANUP(error) struct error ignored = ERROR_INIT; /* then its content tells */
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof(target) - 1);

    if (size < 0)
        return false;
    target[size] = '\0';
    const char *slash = strrchr(target, '/');
    const char *name = slash != NULL ? slash + 1 : target;
    return digest_parse_hex(DIGEST_SHA256, name, out, &ignored) == 0 ||
           digest_parse_hex(DIGEST_GIT_SHA1, name, out, &ignored) == 0;
}

static int add_file(const struct snapshot *snapshot, const char *full, char *path,
                    struct error *err)
{
    struct plan_file file = {.path = path};
    bool is_named = digest_from_link(full, &file.digest);
    struct stat status;

    if (snapshot->plan->count >= LISTING_FILES_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' has more than %d files", snapshot->folder,
                         LISTING_FILES_MAX);
    bool is_there = stat(full, &status) == 0;
    if (!is_there && (errno != ENOENT || !is_named))
        return error_set_errno(err, errno, "looking at '%s'", full);
    if (is_there && !S_ISREG(status.st_mode))
        return error_set(err, ERROR_UNSUPPORTED,
                         "'%s' is neither a file nor a link to one, as a snapshot has them", full);
    file.size = is_there ? (uint64_t)status.st_size : 0;
    if (!is_named) {
        bool is_lfs = hub_snapshot_is_in_lfs(buf_text(&snapshot->attributes), path, file.size);
        file.digest.algorithm = is_lfs ? DIGEST_SHA256 : DIGEST_GIT_SHA1;
        if (hash_file(full, &file, err) < 0)
            return -1;
    }
    plan_add(snapshot->plan, &file);
    return 0;
}

static int add_entry(struct snapshot *snapshot, const char *folder, const char *name,
                     struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s%s", folder, name);
    CLEANUP(text) char *full = xasprintf("%s/%s", snapshot->folder, path);
    struct stat status;

    if (lstat(full, &status) < 0)
        return error_set_errno(err, errno, "looking at '%s'", full);
    if (!S_ISDIR(status.st_mode))
        return add_file(snapshot, full, path, err);
    strings_addf(&snapshot->folders, "%s/", path);
    return 0;
}

static int read_folder(struct snapshot *snapshot, const char *folder, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/%s", snapshot->folder, folder);
    DIR *stream = opendir(path);
    const struct dirent *entry;
    int result = 0;

    if (stream == NULL)
        return error_set_errno(err, errno, "reading the folder '%s'", path);
    while (result == 0 && (entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = add_entry(snapshot, folder, entry->d_name, err);
    closedir(stream);
    return result;
}

static int read_attributes(struct snapshot *snapshot, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/.gitattributes", snapshot->folder);
    CLEANUP(error) struct error why = ERROR_INIT;

    if (file_read(path, ATTRIBUTES_LIMIT, &snapshot->attributes, &why) < 0 &&
        why.kind != ERROR_NOT_FOUND)
        return error_move(err, &why);
    return 0;
}

int hub_snapshot_list(const char *repo, const char *commit, struct plan *plan, struct error *err)
{
    CLEANUP(snapshot)
    struct snapshot snapshot = {
        .folder = xasprintf("%s/snapshots/%s", repo, commit),
        .plan = plan,
    };

    if (access(snapshot.folder, F_OK) < 0 && errno == ENOENT)
        return 0;
    if (read_attributes(&snapshot, err) < 0)
        return -1;
    strings_add(&snapshot.folders, "");
    for (size_t i = 0; i < snapshot.folders.count; i++)
        if (read_folder(&snapshot, snapshot.folders.items[i], err) < 0)
            return -1;
    plan_sort(plan);
    return 0;
}
