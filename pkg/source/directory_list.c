#include "source/source_internal.h"

#include "core/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder to be read: it is called `path`, and is `real` where links lead. */
struct folder {
    char *path; /* "", or ends in '/' */
    char *real;
    size_t parent; /* the folder that it was found in; its own number: none */
};

/* A directory being listed. */
struct listing {
    const struct directory *directory;
    struct plan plan;
    struct git_file *git; /* the files, where the pin is made of them */
    size_t git_count;
    struct folder *folders;
    size_t folder_count;
};

static void listing_release(struct listing *listing)
{
    for (size_t i = 0; i < listing->git_count; i++)
        free(listing->git[i].path);
    for (size_t i = 0; i < listing->folder_count; i++) {
        free(listing->folders[i].path);
        free(listing->folders[i].real);
    }
    free(listing->git);
    free(listing->folders);
    plan_release(&listing->plan);
}
CLEANUP_RELEASE(listing)

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

/* Takes over `path` and `real`. */
static void push_folder(struct listing *listing, char *path, char *real, size_t parent)
{
    listing->folders =
        xrealloc(listing->folders, listing->folder_count + 1, sizeof(*listing->folders));
    listing->folders[listing->folder_count++] = (struct folder){path, real, parent};
}

/* Hashes a file and adds it; `real` is where it is. */
static int add_file(struct listing *listing, char *path, const char *real, struct error *err)
{
    const struct directory *directory = listing->directory;
    CLEANUP(text) char *name = xasprintf("%s/%s", directory->path, path);
    struct plan_file file = {.path = path};
    struct digest git = DIGEST_INIT;
    CLEANUP(fd) int fd = -1;

    if (directory_open_regular(directory, real, &fd, &file.size, err) < 0)
        return -1;
    const struct local_file opened = {fd, file.size, name, directory->cancel};
    bool is_large = file.size >= LFS_SIZE;
    if (local_hash(&opened, is_large ? &file.digest : NULL,
                   !is_large || directory->commit == NULL ? &git : NULL, err) < 0)
        return -1;
    if (!is_large)
        file.digest = git;
    source_name_blob(&file);
    if (listing->plan.count >= LISTING_FILES_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' has more than %d files", directory->path,
                         LISTING_FILES_MAX);
    if (directory->commit == NULL) {
        listing->git = xrealloc(listing->git, listing->git_count + 1, sizeof(*listing->git));
        listing->git[listing->git_count++] = (struct git_file){xstrdup(path), git};
    }
    plan_add(&listing->plan, &file);
    return 0;
}

static int add_folder(struct listing *listing, const char *path, const char *real, size_t parent,
                      struct error *err)
{
    const char *shown = listing->directory->path;

    if (strlen(path) >= PATH_MAX || listing->folder_count >= LISTING_FILES_MAX)
        return error_set(err, ERROR_UNSUPPORTED, "'%s' has too many folders, or too deep ones",
                         shown);
    for (size_t above = parent;; above = listing->folders[above].parent) {
        if (strcmp(listing->folders[above].real, real) == 0)
            return error_set(err, ERROR_UNSUPPORTED,
                             "the link '%s' in '%s' leads to a folder that it lies in", path,
                             shown);
        if (above == listing->folders[above].parent)
            break;
    }
    push_folder(listing, xasprintf("%s/", path), xstrdup(real), parent);
    return 0;
}

/* What is neither a file nor a folder. */
static int refuse(const struct directory *directory, const char *path, mode_t mode,
                  struct error *err)
{
    return error_set(err, ERROR_UNSUPPORTED,
                     "'%s' in '%s' is a %s, expected regular files and folders only", path,
                     directory->path, S_ISLNK(mode) ? "link" : "special file");
}

static int add_link(struct listing *listing, char *path, size_t parent, struct error *err)
{
    const struct directory *directory = listing->directory;
    CLEANUP(text) char *real = NULL;
    struct stat status;

    if (directory_resolve(directory, path, &real, err) < 0)
        return -1;
    if (fstatat(directory->root, *real != '\0' ? real : ".", &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, errno, "looking at '%s' in '%s'", path, directory->path);
    if (S_ISREG(status.st_mode))
        return add_file(listing, path, real, err);
    if (S_ISDIR(status.st_mode))
        return add_folder(listing, path, real, parent, err);
    return refuse(directory, path, status.st_mode, err);
}

/* The two folders that tools keep beside a repo's files, and that are no part of it. */
static bool is_skipped(const char *path)
{
    return strcmp(path, ".git") == 0 || strcmp(path, ".cache/huggingface") == 0;
}

/* Adds the entry `name` of the folder `number`, which `fd` is. */
static int add_entry(struct listing *listing, size_t number, int fd, const char *name,
                     struct error *err)
{
    const struct directory *directory = listing->directory;
    CLEANUP(text) char *path = xasprintf("%s%s", listing->folders[number].path, name);
    const char *folder = listing->folders[number].real;
    CLEANUP(text) char *real = xasprintf("%s%s%s", folder, *folder != '\0' ? "/" : "", name);
    struct stat status;

    if (is_skipped(path))
        return 0;
    if (cancel_check(directory->cancel, err) < 0)
        return -1;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set_errno(err, errno, "looking at '%s' in '%s'", path, directory->path);
    if (S_ISREG(status.st_mode))
        return add_file(listing, path, real, err);
    if (S_ISDIR(status.st_mode))
        return add_folder(listing, path, real, number, err);
    if (S_ISLNK(status.st_mode) && directory->real != NULL)
        return add_link(listing, path, number, err);
    return refuse(directory, path, status.st_mode, err);
}

/* Opened anew, since a duplicate would share its position with the root's. */
static int open_stream(const struct directory *directory, const char *real,
                       struct folder_stream *out, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s%s", real, *real != '\0' ? "/" : "");
    const char *rest = path;
    CLEANUP(fd) int fd = -1;

    if (directory_open_parent(directory, &rest, &fd, err) < 0)
        return -1;
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own >= 0)
        out->stream = fdopendir(own);
    if (out->stream == NULL) {
        int number = errno;
        fd_cleanup(&own);
        return error_set_errno(err, number, "reading the folder '%s/%s'", directory->path, real);
    }
    return 0;
}

static int list_folder(struct listing *listing, size_t number, struct error *err)
{
    const struct directory *directory = listing->directory;
    CLEANUP(folder_stream) struct folder_stream entries = {NULL};

    if (open_stream(directory, listing->folders[number].real, &entries, err) < 0 ||
        entries.stream == NULL)
        return -1;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(entries.stream);
        if (entry == NULL && errno != 0)
            return error_set_errno(err, errno, "reading the folder '%s/%s'", directory->path,
                                   listing->folders[number].path);
        if (entry == NULL)
            return 0;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            add_entry(listing, number, dirfd(entries.stream), entry->d_name, err) < 0)
            return -1;
    }
}

int directory_list(struct source *source, struct plan *plan, struct error *err)
{
    const struct directory *directory = CONTAINER_OF(source, struct directory, base);
    CLEANUP(listing) struct listing listing = {.directory = directory, .plan = PLAN_INIT};

    push_folder(&listing, xstrdup(""), xstrdup(""), 0);
    for (size_t i = 0; i < listing.folder_count; i++)
        if (list_folder(&listing, i, err) < 0)
            return -1;
    origin_copy(&directory->model, &listing.plan.origin);
    const struct digest tree = git_tree_id(listing.git, listing.git_count);
    listing.plan.pin =
        xstrdup(directory->commit != NULL ? directory->commit : digest_format_hex(&tree).text);
    plan_sort(&listing.plan);
    plan_release(plan);
    *plan = listing.plan;
    listing.plan = (struct plan)PLAN_INIT;
    return 0;
}
