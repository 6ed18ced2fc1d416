#include "source/source_internal.h"

#include "core/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE_SIZE MIB /* from here on a hub would keep a file in LFS */

struct directory {
    struct source base;
    struct model_reference model;
    char *path; /* for messages */
    char *commit;
    int root;
};

/* A folder being read. */
struct folder_stream {
    DIR *stream;
};

static void folder_stream_release(struct folder_stream *folder)
{
    if (folder->stream != NULL)
        closedir(folder->stream);
    folder->stream = NULL;
}
CLEANUP_RELEASE(folder_stream)

/* Reads a range of an open file. */
struct part_reader {
    struct reader base;
    int fd;
    uint64_t left; /* SIZE_UNKNOWN: to the end */
    char *name;
};

static ssize_t part_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct part_reader *part = CONTAINER_OF(reader, struct part_reader, base);
    ssize_t got;

    if (size > part->left)
        size = (size_t)part->left;
    if (size == 0)
        return 0;
    do
        got = read(part->fd, data, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set_errno(err, errno, "reading '%s'", part->name);
    if (part->left != SIZE_UNKNOWN)
        part->left -= (uint64_t)got;
    return got;
}

static void part_free(struct reader *reader)
{
    struct part_reader *part = CONTAINER_OF(reader, struct part_reader, base);

    close(part->fd);
    free(part->name);
    free(part);
}

static int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Opens the folder that `path` lies in, part by part, so that no link is followed on the way. */
static int open_parent(const struct directory *directory, const char **path, int *out,
                       struct error *err)
{
    CLEANUP(fd) int parent = fcntl(directory->root, F_DUPFD_CLOEXEC, 0);

    if (parent < 0)
        return error_set_errno(err, errno, "opening '%s'", directory->path);
    for (const char *slash; (slash = strchr(*path, '/')) != NULL; *path = slash + 1) {
        CLEANUP(text) char *name = xstrndup(*path, (size_t)(slash - *path));
        int next = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0 && errno == ENOENT)
            return error_set(err, ERROR_NOT_FOUND, "'%s' has no folder '%s'", directory->path,
                             name);
        if (next < 0 && (errno == ELOOP || errno == ENOTDIR))
            return error_set(err, ERROR_UNSUPPORTED,
                             "'%s' in '%s' is not a folder; links are not followed", name,
                             directory->path);
        if (next < 0)
            return error_set_errno(err, errno, "opening the folder '%s' in '%s'", name,
                                   directory->path);
        close(parent);
        parent = next;
    }
    *out = take_fd(&parent);
    return 0;
}

static int open_regular(const struct directory *directory, const char *path, int *out,
                        struct error *err)
{
    const char *name = path;
    CLEANUP(fd) int parent = -1;
    struct stat status;

    if (open_parent(directory, &name, &parent, err) < 0)
        return -1;
    CLEANUP(fd) int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no file '%s'", directory->path, path);
    if (fd < 0 && errno == ELOOP)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' in '%s' is a link, expected a regular file",
                         path, directory->path);
    if (fd < 0 || fstat(fd, &status) < 0)
        return error_set_errno(err, errno, "opening '%s' in '%s'", path, directory->path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_UNSUPPORTED, "'%s' in '%s' is not a regular file", path,
                         directory->path);
    *out = take_fd(&fd);
    return 0;
}

static int directory_open(struct source *source, const struct plan *plan,
                          const struct plan_file *file, const struct source_range *range,
                          struct reader **out, struct error *err)
{
    static const struct reader_ops ops = {part_read, part_free};
    const struct directory *directory = CONTAINER_OF(source, struct directory, base);
    CLEANUP(fd) int fd = -1;

    (void)plan;
    if (open_regular(directory, file->path, &fd, err) < 0)
        return -1;
    if (range->offset > INT64_MAX || lseek(fd, (off_t)range->offset, SEEK_SET) < 0)
        return error_set(err, ERROR_LOCAL, "'%s' in '%s' has no byte %" PRIu64, file->path,
                         directory->path, range->offset);
    struct part_reader *part = xcalloc(1, sizeof(*part));
    part->base.ops = &ops;
    part->fd = take_fd(&fd);
    part->left = range->length;
    part->name = xasprintf("%s/%s", directory->path, file->path);
    *out = &part->base;
    return 0;
}

static int hash_file(const struct directory *directory, struct plan_file *file, struct error *err)
{
    enum digest_algorithm algorithm = file->size < LARGE_SIZE ? DIGEST_GIT_SHA1 : DIGEST_SHA256;
    CLEANUP(hasher) struct hasher *hasher = hasher_new(algorithm, file->size);
    CLEANUP(text) char *data = xcalloc(1, (size_t)(256 * KIB));
    CLEANUP(fd) int fd = -1;
    uint64_t passed = 0;
    ssize_t got;

    if (open_regular(directory, file->path, &fd, err) < 0)
        return -1;
    while ((got = read(fd, data, (size_t)(256 * KIB))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(err, errno, "reading '%s' in '%s'", file->path, directory->path);
        hasher_add(hasher, data, (size_t)got);
        passed += (uint64_t)got;
    }
    if (passed != file->size)
        return error_set(err, ERROR_LOCAL,
                         "'%s' in '%s' had %" PRIu64 " bytes and now has %" PRIu64
                         ": it must not change while it is read",
                         file->path, directory->path, file->size, passed);
    file->digest = hasher_finish(hasher);
    return 0;
}

/* The name that git has for the file: for a large one, that of its pointer (Git LFS, "spec"). */
static void name_blob(struct plan_file *file)
{
    struct digest blob = file->digest;

    if (file->digest.algorithm == DIGEST_SHA256) {
        CLEANUP(text)
        char *pointer =
            xasprintf("version https://git-lfs.github.com/spec/v1\noid %s\nsize %" PRIu64 "\n",
                      digest_format(&file->digest).text, file->size);
        blob = digest_of(DIGEST_GIT_SHA1, pointer, strlen(pointer));
    }
    memcpy(file->blob_id, digest_format_hex(&blob).text, sizeof(file->blob_id));
}

static int add_file(const struct directory *directory, char *path, uint64_t size, struct plan *plan,
                    struct error *err)
{
    struct plan_file file = {.path = path, .size = size};

    if (hash_file(directory, &file, err) < 0)
        return -1;
    name_blob(&file);
    if (plan->count >= LISTING_FILES_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' has more than %d files", directory->path,
                         LISTING_FILES_MAX);
    plan_add(plan, &file);
    return 0;
}

/* The two folders that tools keep beside a repo's files, and that are no part of it. */
static bool is_skipped(const char *path)
{
    return strcmp(path, ".git") == 0 || strcmp(path, ".cache/huggingface") == 0;
}

/* Adds one entry of the folder `fd`: a file to `plan`, a folder to `folders`. */
static int add_entry(const struct directory *directory, int fd, char *path, struct plan *plan,
                     struct strings *folders, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct stat status;

    if (is_skipped(path))
        return 0;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, errno, "looking at '%s' in '%s'", path, directory->path);
    if (S_ISREG(status.st_mode))
        return add_file(directory, path, (uint64_t)status.st_size, plan, err);
    if (S_ISDIR(status.st_mode)) {
        if (strlen(path) >= PATH_MAX)
            return error_set(err, ERROR_UNSUPPORTED, "'%s' has folders nested too deep",
                             directory->path);
        strings_addf(folders, "%s/", path);
        return 0;
    }
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' in '%s' is a %s, expected regular files and folders only", path,
                     directory->path, S_ISLNK(status.st_mode) ? "link" : "special file");
}

/* `folder` is "" or ends in '/'. */
static int list_folder(const struct directory *directory, const char *folder, struct plan *plan,
                       struct strings *folders, struct error *err)
{
    CLEANUP(folder_stream) struct folder_stream entries = {NULL};
    CLEANUP(fd) int fd = -1;
    const char *rest = folder;

    if (open_parent(directory, &rest, &fd, err) < 0)
        return -1;
    /* Opened anew, since a duplicate would share its position with the root's. */
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own >= 0)
        entries.stream = fdopendir(own);
    if (entries.stream == NULL) {
        int number = errno;
        fd_cleanup(&own);
        return error_set_errno(err, number, "reading the folder '%s/%s'", directory->path, folder);
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(entries.stream);
        if (entry == NULL && errno != 0)
            return error_set_errno(err, errno, "reading the folder '%s/%s'", directory->path,
                                   folder);
        if (entry == NULL)
            return 0;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        CLEANUP(text) char *path = xasprintf("%s%s", folder, entry->d_name);
        if (add_entry(directory, fd, path, plan, folders, err) < 0)
            return -1;
    }
}

static int directory_list(struct source *source, struct plan *plan, struct error *err)
{
    const struct directory *directory = CONTAINER_OF(source, struct directory, base);
    CLEANUP(strings) struct strings folders = STRINGS_INIT;
    CLEANUP(plan) struct plan listed = PLAN_INIT;

    strings_add(&folders, "");
    for (size_t i = 0; i < folders.count; i++)
        if (list_folder(directory, folders.items[i], &listed, &folders, err) < 0)
            return -1;
    listed.type = directory->model.type;
    listed.id = xstrdup(directory->model.id);
    listed.revision = xstrdup(directory->model.revision);
    listed.commit = xstrdup(directory->commit);
    plan_sort(&listed);
    plan_release(plan);
    *plan = listed;
    listed = (struct plan)PLAN_INIT;
    return 0;
}

static void directory_free(struct source *source)
{
    struct directory *directory = CONTAINER_OF(source, struct directory, base);

    model_reference_release(&directory->model);
    free(directory->path);
    free(directory->commit);
    close(directory->root);
    free(directory);
}

int source_open_directory(const char *path, const struct model_reference *model, const char *commit,
                          struct source **out, struct error *err)
{
    static const struct source_ops ops = {directory_list, directory_open, directory_free};

    if (!model_revision_is_commit(commit))
        return error_set(err, ERROR_USAGE, "'%s' is not a commit, expected 40 hex digits", commit);
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist, expected a folder of files",
                         path);
    if (root < 0)
        return error_set_errno(err, errno, "opening the folder '%s'", path);

    struct directory *directory = xcalloc(1, sizeof(*directory));
    directory->base.ops = &ops;
    directory->model = (struct model_reference){
        .type = model->type,
        .id = xstrdup(model->id),
        .revision = xstrdup(model->revision),
    };
    directory->path = xstrdup(path);
    directory->commit = xstrdup(commit);
    directory->root = root;
    *out = &directory->base;
    return 0;
}
