#include "source/source_internal.h"

#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

int directory_open_parent(const struct directory *directory, const char **path, int *out,
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

int directory_open_regular(const struct directory *directory, const char *path, int *out,
                           uint64_t *size, struct error *err)
{
    const char *name = path;
    CLEANUP(fd) int parent = -1;
    struct stat status;

    if (directory_open_parent(directory, &name, &parent, err) < 0)
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
    *size = (uint64_t)status.st_size;
    *out = take_fd(&fd);
    return 0;
}

/* Caller frees; "" if it is no link any more. */
static char *read_link(const char *path)
{
    char target[4096];
    ssize_t size = readlink(path, target, sizeof(target));

    return xstrndup(target, size > 0 ? (size_t)size : 0);
}

static int refuse_link(const struct directory *directory, const char *path, int number,
                       struct error *err)
{
    CLEANUP(text) char *link = xasprintf("%s/%s", directory->real, path);
    CLEANUP(text) char *target = read_link(link);

    if (number == ENOENT && *target == '\0')
        return error_set(err, ERROR_NOT_FOUND, "'%s' has no file '%s'", directory->path, path);
    if (number == ENOENT)
        return error_set(err, ERROR_NOT_FOUND,
                         "the link '%s' in '%s' leads to '%s', which is not "
                         "there",
                         path, directory->path, target);
    if (number == ELOOP)
        return error_set(err, ERROR_UNSUPPORTED, "the link '%s' in '%s' leads to itself by '%s'",
                         path, directory->path, target);
    if (number != 0)
        return error_set_errno(err, number, "following '%s' in '%s'", path, directory->path);
    return error_set(err, ERROR_UNSUPPORTED,
                     "the link '%s' leads to '%s', outside the folder '%s': put the file itself "
                     "there, or name a folder that holds both",
                     path, target, directory->path);
}

int directory_resolve(const struct directory *directory, const char *path, char **out,
                      struct error *err)
{
    if (directory->real == NULL) {
        *out = xstrdup(path);
        return 0;
    }
    CLEANUP(text) char *whole = xasprintf("%s/%s", directory->real, path);
    CLEANUP(text) char *resolved = realpath(whole, NULL);
    size_t size = strlen(directory->real);
    if (resolved == NULL)
        return refuse_link(directory, path, errno, err);
    if (strncmp(resolved, directory->real, size) != 0 ||
        (resolved[size] != '/' && resolved[size] != '\0'))
        return refuse_link(directory, path, 0, err);
    *out = xstrdup(resolved[size] == '/' ? resolved + size + 1 : "");
    return 0;
}

static int directory_open(struct source *source, const struct plan *plan,
                          const struct plan_file *file, const struct source_range *range,
                          struct reader **out, struct error *err)
{
    const struct directory *directory = CONTAINER_OF(source, struct directory, base);
    CLEANUP(text) char *name = xasprintf("%s/%s", directory->path, file->path);
    CLEANUP(text) char *path = NULL;
    CLEANUP(fd) int fd = -1;
    uint64_t size;

    (void)plan;
    if (directory_resolve(directory, file->path, &path, err) < 0 || path == NULL ||
        directory_open_regular(directory, path, &fd, &size, err) < 0)
        return -1;
    return part_reader_open(&fd, name, range, out, err);
}

/* The pointer is that of Git LFS, "spec". */
uint64_t source_name_blob(struct plan_file *file)
{
    struct digest blob = file->digest;
    uint64_t size = file->size;

    if (file->digest.algorithm == DIGEST_SHA256) {
        CLEANUP(text)
        char *pointer =
            xasprintf("version https://git-lfs.github.com/spec/v1\noid %s\nsize %" PRIu64 "\n",
                      digest_format(&file->digest).text, file->size);
        size = strlen(pointer);
        blob = digest_of(DIGEST_GIT_SHA1, pointer, size);
    }
    memcpy(file->blob_id, digest_format_hex(&blob).text, sizeof(file->blob_id));
    return size;
}

static void directory_free(struct source *source)
{
    struct directory *directory = CONTAINER_OF(source, struct directory, base);

    origin_release(&directory->model);
    free(directory->path);
    free(directory->commit);
    free(directory->real);
    close(directory->root);
    free(directory);
}

static int open_root(const char *path, struct error *err)
{
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (root < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist, expected a folder of files",
                         path);
    if (root < 0 && errno == ENOTDIR)
        return error_set(err, ERROR_LOCAL,
                         "'%s' is not a folder; a single file is named 'file:PATH'", path);
    if (root < 0)
        return error_set_errno(err, errno, "opening the folder '%s'", path);
    return root;
}

/* `root` is the open folder of that path. */
static struct directory *directory_new(int root, const char *path, const struct origin *model)
{
    static const struct source_ops ops = {directory_list, directory_open, directory_free};
    struct directory *directory = xcalloc(1, sizeof(*directory));
    directory->base.ops = &ops;
    directory->base.explain = local_explain;
    directory->model = (struct origin)ORIGIN_INIT;
    origin_copy(model, &directory->model);
    directory->path = xstrdup(path);
    directory->root = root;
    return directory;
}

int source_open_directory(const char *path, const struct origin *model, const char *commit,
                          struct source **out, struct error *err)
{
    if (!hub_revision_is_commit(commit))
        return error_set(err, ERROR_USAGE, "'%s' is not a commit, expected 40 hex digits", commit);
    int root = open_root(path, err);
    if (root < 0)
        return -1;
    struct directory *directory = directory_new(root, path, model);
    directory->commit = xstrdup(commit);
    *out = &directory->base;
    return 0;
}

/* Its last part is what the image calls the model, and was not on the command line for "dir:." */
static int check_real(const char *real, struct error *err)
{
    CLEANUP(text) char *masked = xstrdup(real);

    text_mask(masked);
    if (strcmp(masked, real) == 0 && text_is_utf8(real))
        return 0;
    return error_set(
        err, ERROR_USAGE,
        "the folder '%s' has control characters in its path, or one that is not UTF-8; "
        "rename it",
        masked);
}

/*
 * A folder on this machine, origin->name, for what it is. Links are followed as long as they stay
 * inside; one that leads out, or to a folder above itself, and special files are refused. `.git`
 * and `.cache/huggingface` are left out. The plan's origin has its real path as name. The pin is
 * the id of the tree that git would make of the files, all of them of mode 100644: content alone
 * decides, whatever mode, owner, time and umask. Digests are computed by source_list(): SHA-256
 * from 1 MiB on, git SHA-1 below. A file that is another when it is read later is ERROR_LOCAL.
 * ERROR_USAGE for "/", ERROR_NOT_FOUND if there is none.
 */
int source_open_folder(const struct source_context *context, const struct origin *origin,
                       struct source **out, struct error *err)
{
    CLEANUP(text) char *real = realpath(origin->name, NULL);
    const char *path = real != NULL ? real : origin->name;

    if (real != NULL && strcmp(real, "/") == 0)
        return error_set(err, ERROR_USAGE,
                         "'dir:%s' is all of this machine, expected the folder of a model",
                         origin->name);
    if (check_real(path, err) < 0)
        return -1;
    int root = open_root(path, err);
    if (root < 0)
        return -1;
    struct directory *directory = directory_new(root, path, origin);
    free(directory->model.name);
    directory->model.name = xstrdup(directory->path);
    directory->real = TAKE(real);
    directory->cancel = context->cancel;
    *out = &directory->base;
    return 0;
}
