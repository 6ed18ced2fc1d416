#include "scan/application_internal.h"

#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders in folders; what is deeper is no application's. */
#define DEPTH_MAX 64
/* Entries that are looked at; a folder with more is not one application. */
#define ENTRIES_MAX ((size_t)2 * 1000 * 1000)

struct folder {
    const char *root; /* canonical */
    struct candidates *candidates;
    const struct cancel *cancel;
    size_t entries;
};

/* "root/path", or the root itself for "". Caller frees. */
static char *absolute(const struct folder *folder, const char *path)
{
    return *path == '\0' ? xstrdup(folder->root) : xasprintf("%s/%s", folder->root, path);
}

static void add_file(const struct folder *folder, const char *path, const struct stat *status)
{
    const struct candidate candidate = {
        .path = (char *)(uintptr_t)path,
        .role = application_role(ROOT_FOLDER, path),
        .size = (uint64_t)status->st_size,
    };

    if (candidate.role != ROLE_NONE)
        candidates_add(folder->candidates, &candidate);
}

/*
 * A link to a file of the folder counts as that file under its own name; folders are read where
 * they are.
 */
static void add_link(const struct folder *folder, const char *path)
{
    CLEANUP(text) char *link = absolute(folder, path);
    CLEANUP(text) char *target = realpath(link, NULL);
    struct stat status = {.st_mode = 0};
    bool has_role = application_role(ROOT_FOLDER, path) != ROLE_NONE;
    bool is_there = target != NULL && stat(target, &status) == 0;

    if (!is_there && has_role)
        candidates_skip(folder->candidates, "%s is not read: a link that leads nowhere", path);
    else if (is_there && path_is_inside(target, folder->root) && S_ISREG(status.st_mode))
        add_file(folder, path, &status);
    else if (is_there && !path_is_inside(target, folder->root) &&
             (has_role || S_ISDIR(status.st_mode)))
        candidates_skip(folder->candidates, "%s is not read: a link that leads out of the folder",
                        path);
}

/* One level: what is a folder goes into `below`. */
static int list_folder(struct folder *folder, const char *path, struct strings *below,
                       struct error *err)
{
    CLEANUP(text) char *name = absolute(folder, path);
    DIR *stream = opendir(name);

    if (stream == NULL) {
        candidates_skip(folder->candidates, "%s is not read: %s", path, strerror(errno));
        return 0;
    }
    int result = 0;
    for (struct dirent *entry; result == 0 && (entry = readdir(stream)) != NULL;) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        CLEANUP(text)
        char *child = xasprintf("%s%s%s", path, *path != '\0' ? "/" : "", entry->d_name);
        result = cancel_check(folder->cancel, err);
        if (result == 0 && ++folder->entries > ENTRIES_MAX)
            result = error_set(err, ERROR_UNSUPPORTED,
                               "the folder '%s' holds more than %zu files and folders",
                               folder->root, ENTRIES_MAX);
        if (result < 0 || fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(status.st_mode) && application_enters(child))
            strings_add(below, child);
        else if (S_ISREG(status.st_mode))
            add_file(folder, child, &status);
        else if (S_ISLNK(status.st_mode))
            add_link(folder, child);
        else if (!S_ISDIR(status.st_mode) && application_role(ROOT_FOLDER, child) != ROLE_NONE)
            candidates_skip(folder->candidates, "%s is not read: a special file", child);
    }
    closedir(stream);
    return result;
}

static size_t depth_of(const char *path)
{
    size_t depth = 1;

    for (; *path != '\0'; path++)
        depth += *path == '/';
    return depth;
}

/* Level by level, so that nothing recurses. */
static int walk_folder(struct folder *folder, struct error *err)
{
    CLEANUP(strings) struct strings open = STRINGS_INIT;

    strings_add(&open, "");
    for (size_t i = 0; i < open.count; i++) {
        if (depth_of(open.items[i]) > DEPTH_MAX)
            candidates_skip(folder->candidates, "%s is not read: it lies deeper than %d folders",
                            open.items[i], DEPTH_MAX);
        else if (list_folder(folder, open.items[i], &open, err) < 0)
            return -1;
    }
    return 0;
}

/* What has become larger, or something else, since it was listed is not taken. */
static int read_file(void *arg, struct candidates *candidates, const struct candidate *candidate,
                     struct buf *out, bool *is_read, struct error *err)
{
    const struct folder *folder = arg;
    CLEANUP(text) char *path = absolute(folder, candidate->path);
    CLEANUP(error) struct error why = ERROR_INIT;

    if (cancel_check(folder->cancel, err) < 0)
        return -1;
    *is_read = file_read(path, APPLICATION_FILE_LIMIT, out, &why) == 0;
    if (!*is_read)
        candidates_skip(candidates, "%s is not read: %s", candidate->path, why.text);
    return 0;
}

int application_read_folder(const char *path, const struct cancel *cancel, struct application *out,
                            struct error *err)
{
    CLEANUP(application) struct application application = {.files = NULL};
    CLEANUP(candidates) struct candidates candidates = {.items = NULL};
    CLEANUP(text) char *root = realpath(path, NULL);
    struct folder folder = {.root = root, .candidates = &candidates, .cancel = cancel};
    struct stat status;

    if (root == NULL && (errno == ENOENT || errno == ENOTDIR))
        return error_set(err, ERROR_NOT_FOUND, "there is no folder '%s'", path);
    if (root == NULL || stat(root, &status) < 0)
        return error_set_errno(err, errno, "reading the folder '%s'", path);
    if (!S_ISDIR(status.st_mode))
        return error_set(err, ERROR_NOT_FOUND, "'%s' is a file, expected a folder", path);
    if (access(root, R_OK | X_OK) < 0)
        return error_set_errno(err, errno, "reading the folder '%s'", path);
    if (walk_folder(&folder, err) < 0 ||
        application_fill(&candidates, read_file, &folder, &application, err) < 0)
        return -1;
    application.is_folder = true;
    application_read_dockerfile(&application);
    *out = application;
    application = (struct application){.files = NULL};
    return 0;
}
