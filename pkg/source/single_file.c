#include "source/source_internal.h"

#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One file of this machine. */
struct single_file {
    struct source base;
    struct origin origin;
    const struct cancel *cancel; /* may be NULL */
};

static int open_regular(const char *path, int *out, uint64_t *size, struct error *err)
{
    struct stat status;

    *out = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (*out < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, "'%s' does not exist, expected a file", path);
    if (*out < 0 || fstat(*out, &status) < 0)
        return error_set_errno(err, errno, "opening '%s'", path);
    if (S_ISDIR(status.st_mode))
        return error_set(err, ERROR_LOCAL, "'%s' is a folder, which is named 'dir:PATH'", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_UNSUPPORTED, "'%s' is not a regular file", path);
    *size = (uint64_t)status.st_size;
    return 0;
}

static int single_file_list(struct source *source, struct plan *plan, struct error *err)
{
    const struct single_file *single = CONTAINER_OF(source, struct single_file, base);
    const struct origin *origin = &single->origin;
    const char *slash = strrchr(origin->name, '/');
    CLEANUP(text)
    char *name = xstrdup(origin->file_name != NULL ? origin->file_name
                         : slash != NULL           ? slash + 1
                                                   : origin->name);
    struct plan_file file = {.path = name};
    CLEANUP(fd) int fd = -1;

    if (open_regular(origin->name, &fd, &file.size, err) < 0)
        return -1;
    const struct local_file opened = {fd, file.size, origin->name, single->cancel};
    if (local_hash(&opened, &file.digest, NULL, err) < 0)
        return -1;
    source_name_blob(&file);
    plan_release(plan);
    plan_add(plan, &file);
    origin_copy(origin, &plan->origin);
    plan->pin = xstrdup(digest_format(&file.digest).text);
    return 0;
}

static int single_file_open(struct source *source, const struct plan *plan,
                            const struct plan_file *file, const struct source_range *range,
                            struct reader **out, struct error *err)
{
    const struct single_file *single = CONTAINER_OF(source, struct single_file, base);
    CLEANUP(fd) int fd = -1;
    uint64_t size;

    (void)plan;
    (void)file;
    if (open_regular(single->origin.name, &fd, &size, err) < 0)
        return -1;
    return part_reader_open(&fd, single->origin.name, range, out, err);
}

static void single_file_free(struct source *source)
{
    struct single_file *single = CONTAINER_OF(source, struct single_file, base);

    origin_release(&single->origin);
    free(single);
}

/*
 * One file on this machine, origin->name; links are followed. In the image it has
 * origin->file_name, else the last part of that path. Pinned to and known by its SHA-256, which
 * source_list() computes. A file that is another when it is read later is ERROR_LOCAL.
 */
int source_open_single_file(const struct source_context *context, const struct origin *origin,
                            struct source **out, struct error *err)
{
    static const struct source_ops ops = {single_file_list, single_file_open, single_file_free};

    (void)err;
    struct single_file *single = xcalloc(1, sizeof(*single));
    single->base.ops = &ops;
    single->base.explain = local_explain;
    single->origin = (struct origin)ORIGIN_INIT;
    origin_copy(origin, &single->origin);
    single->cancel = context->cancel;
    *out = &single->base;
    return 0;
}
