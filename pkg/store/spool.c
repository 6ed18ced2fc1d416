#include "store/archive_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_SIZE ((size_t)256 * 1024)
#define HEAD_SIZE ((size_t)6)
/* What unpacks to more than so many times its size, beyond the first GiB, is made to fill disks. */
#define UNPACK_FREE GIB
#define UNPACK_RATIO 1000

/* What is being copied: a file, a pipe, or a reader. */
struct spool {
    int fd;                      /* -1: `from` */
    struct reader *from;         /* borrowed */
    const char *name;            /* for messages, with its quotes */
    const struct cancel *cancel; /* borrowed; may be NULL */
    struct error *err;           /* what reading said, since libarchive's callback cannot */
    size_t head_size;            /* bytes of `part` that were looked at and not yet passed on */
    char part[PART_SIZE];
};

/* A pipe that nobody writes to is waited for, with an eye on `cancel`. */
static ssize_t spool_pull(struct spool *spool, void *data, size_t size, struct error *err)
{
    struct pollfd poll_fd = {.fd = spool->fd, .events = POLLIN};

    if (spool->fd < 0) {
        if (cancel_check(spool->cancel, err) < 0)
            return -1;
        return reader_read(spool->from, data, size, err);
    }
    for (;;) {
        if (cancel_check(spool->cancel, err) < 0)
            return -1;
        if (poll(&poll_fd, 1, CANCEL_POLL_MS) <= 0)
            continue;
        ssize_t got = read(spool->fd, data, size);
        if (got >= 0)
            return got;
        if (errno != EINTR && errno != EAGAIN)
            return error_set_errno(err, errno, "reading %s", spool->name);
    }
}

/* Fills the first bytes of `part`, as far as there are any. */
static int spool_look(struct spool *spool, struct error *err)
{
    while (spool->head_size < HEAD_SIZE) {
        ssize_t got =
            spool_pull(spool, spool->part + spool->head_size, HEAD_SIZE - spool->head_size, err);
        if (got < 0)
            return -1;
        if (got == 0)
            return 0;
        spool->head_size += (size_t)got;
    }
    return 0;
}

static int copy_plain(struct spool *spool, int to, struct error *err)
{
    ssize_t got = (ssize_t)spool->head_size;

    do {
        if (temporary_write(to, spool->part, (size_t)got, err) < 0)
            return -1;
        got = spool_pull(spool, spool->part, sizeof(spool->part), err);
    } while (got > 0);
    return got < 0 ? -1 : 0;
}

static la_ssize_t unpack_give(struct archive *archive, void *arg, const void **data)
{
    struct spool *spool = arg;
    ssize_t size = (ssize_t)spool->head_size;

    if (size == 0)
        size = spool_pull(spool, spool->part, sizeof(spool->part), spool->err);
    spool->head_size = 0;
    if (size < 0) {
        archive_set_error(archive, EIO, "see the stream");
        return ARCHIVE_FATAL;
    }
    *data = spool->part;
    return size;
}

static int unpack_refuse(const struct spool *spool, struct archive *archive, struct error *err)
{
    const char *words = archive_error_string(archive);

    if (spool->err->kind != ERROR_NONE)
        return error_move(err, spool->err);
    return error_set(err, ERROR_CORRUPT, "%s cannot be unpacked: %s", spool->name,
                     words != NULL ? words : "libarchive gives no reason");
}

static int unpack_data(struct spool *spool, struct archive *archive, int to, struct error *err)
{
    uint64_t made = 0;
    const void *data = NULL;
    size_t size = 0;
    la_int64_t offset = 0;
    int status;

    while ((status = archive_read_data_block(archive, &data, &size, &offset)) == ARCHIVE_OK) {
        uint64_t taken = (uint64_t)archive_filter_bytes(archive, -1);
        made += size;
        if (made > UNPACK_FREE && made / UNPACK_RATIO > taken)
            return error_set(err, ERROR_UNSUPPORTED,
                             "%s unpacks to more than %d times its size, and is not read on: "
                             "%" PRIu64 " bytes became %" PRIu64,
                             spool->name, UNPACK_RATIO, taken, made);
        if (temporary_write(to, data, size, err) < 0)
            return -1;
    }
    return status == ARCHIVE_EOF ? 0 : unpack_refuse(spool, archive, err);
}

static int copy_unpacked(struct spool *spool, int to, struct error *err)
{
    CLEANUP(error) struct error why = ERROR_INIT;
    struct archive *archive = archive_read_new();
    struct archive_entry *entry = NULL;
    int result;

    spool->err = &why;
    if (archive == NULL || archive_read_support_format_raw(archive) != ARCHIVE_OK ||
        archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
        archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(archive) != ARCHIVE_OK)
        result = error_set(err, ERROR_INTERNAL, "libarchive does not unpack what it should");
    else if (archive_read_open(archive, spool, NULL, unpack_give, NULL) != ARCHIVE_OK ||
             archive_read_next_header(archive, &entry) != ARCHIVE_OK)
        result = unpack_refuse(spool, archive, err);
    else
        result = unpack_data(spool, archive, to, err);
    archive_read_free(archive);
    return result;
}

/* Copies what is left into a new file, unpacked if it is packed and `unpack` is wanted. */
static int spool_copy(struct spool *spool, bool unpack, int *out, struct error *err)
{
    CLEANUP(fd) int to = -1;

    if (temporary_create(&to, err) < 0)
        return -1;
    int result = unpack && packing_name(spool->part, spool->head_size) != NULL
                     ? copy_unpacked(spool, to, err)
                     : copy_plain(spool, to, err);
    if (result < 0)
        return -1;
    *out = to;
    to = -1;
    return 0;
}

int spool_reader(struct reader *from, const struct cancel *cancel, int *out, struct error *err)
{
    struct spool *spool = xcalloc(1, sizeof(*spool));

    spool->fd = -1;
    spool->from = from;
    spool->cancel = cancel;
    int result = spool_copy(spool, false, out, err);
    free(spool);
    return result;
}

static int open_input(const char *path, int *out, struct error *err)
{
    int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                    : open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return error_set(err, ERROR_NOT_FOUND, "the file '%s' does not exist", path);
    if (fd < 0)
        return error_set_errno(err, errno, "opening '%s'", path);
    *out = fd;
    return 0;
}

/* 1 if the input can be read where it is, 0 if it has to be copied. */
static int is_direct(struct spool *spool, struct error *err)
{
    struct stat status;

    if (fstat(spool->fd, &status) < 0)
        return error_set_errno(err, errno, "reading %s", spool->name);
    if (S_ISDIR(status.st_mode))
        return error_set(err, ERROR_USAGE,
                         "%s is a folder, expected an archive; oci:DIR is for folders",
                         spool->name);
    if (isatty(spool->fd))
        return error_set(err, ERROR_USAGE, "%s is a terminal, expected an archive", spool->name);
    bool at_start = S_ISREG(status.st_mode) && lseek(spool->fd, 0, SEEK_CUR) == 0;
    if (spool_look(spool, err) < 0)
        return -1;
    if (spool->head_size == 0)
        return error_set(err, ERROR_CORRUPT, "%s is empty", spool->name);
    return at_start && packing_name(spool->part, spool->head_size) == NULL ? 1 : 0;
}

int spool_open(const char *path, const struct cancel *cancel, int *out, struct error *err)
{
    CLEANUP(fd) int fd = -1;
    CLEANUP(text)
    char *name = strcmp(path, "-") == 0 ? xstrdup("standard input") : xasprintf("'%s'", path);

    if (open_input(path, &fd, err) < 0)
        return -1;
    struct spool *spool = xcalloc(1, sizeof(*spool));
    spool->fd = fd;
    spool->name = name;
    spool->cancel = cancel;
    int direct = is_direct(spool, err);
    int result = direct == 0 ? spool_copy(spool, true, out, err) : direct;
    free(spool);
    if (result <= 0)
        return result;
    *out = fd;
    fd = -1;
    return 0;
}

struct fd_reader {
    struct reader base;
    int fd; /* borrowed */
    char *name;
    uint64_t offset;
    uint64_t left;
};

static ssize_t fd_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct fd_reader *file = CONTAINER_OF(reader, struct fd_reader, base);
    size_t part = size < file->left ? size : (size_t)file->left;
    ssize_t got;

    if (part == 0)
        return 0;
    do {
        got = pread(file->fd, data, part, (off_t)file->offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set_errno(err, errno, "reading '%s'", file->name);
    if (got == 0)
        return error_set(err, ERROR_CORRUPT, "'%s' has become shorter while it was read",
                         file->name);
    file->offset += (uint64_t)got;
    file->left -= (uint64_t)got;
    return got;
}

static void fd_free(struct reader *reader)
{
    struct fd_reader *file = CONTAINER_OF(reader, struct fd_reader, base);

    free(file->name);
    free(file);
}

struct reader *fd_reader_new(int fd, const char *name, uint64_t offset, uint64_t length)
{
    static const struct reader_ops ops = {fd_read, fd_free};
    struct fd_reader *file = xcalloc(1, sizeof(*file));

    file->base.ops = &ops;
    file->fd = fd;
    file->name = xstrdup(name);
    file->offset = offset;
    file->left = length;
    return &file->base;
}
