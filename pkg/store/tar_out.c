#include "store/archive_internal.h"

#include "core/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel has it */

struct tar_out {
    char *path;   /* links followed, "-" for standard output; NULL: `open` opens the stream */
    char *folder; /* of the file */
    int (*open)(void *arg, struct writer **out, struct error *err);
    int (*probe)(void *arg, struct error *err);
    void *arg;
    char *name;
    const struct cancel *cancel; /* borrowed; may be NULL */
    bool is_file;
    struct ticket_lock ticket; /* who has it owns the following */
    struct draft draft;        /* the file; not yet made before the first entry */
    struct writer *stream;
    bool is_broken;   /* an entry was begun and not ended, or the tar is finished */
    uint64_t end;     /* where the next entry begins */
    uint64_t header;  /* bytes of header of the entry that is being written */
    uint64_t size;    /* that were announced for it */
    uint64_t written; /* of them */
};

/* The file that a link names, which need not be there; a link that leads to itself stays. */
static char *follow_links(const char *path)
{
    CLEANUP(text) char *at = xstrdup(path);
    char target[PATH_MAX];

    for (unsigned i = 0; i < LINKS_MAX; i++) {
        ssize_t size = readlink(at, target, sizeof(target));
        const char *slash = strrchr(at, '/');
        if (size < 0 || (size_t)size == sizeof(target))
            break;
        int folder = slash != NULL && target[0] != '/' ? (int)(slash + 1 - at) : 0;
        char *next = xasprintf("%.*s%.*s", folder, at, (int)size, target);
        free(at);
        at = next;
    }
    return TAKE(at);
}

/* So that the file that a link names is replaced and not the link. */
static void set_path(struct tar_out *out, const char *path)
{
    struct stat status;

    out->path = strcmp(path, "-") != 0 ? follow_links(path) : xstrdup(path);
    out->is_file = strcmp(path, "-") != 0 &&
                   (stat(path, &status) < 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    const char *slash = strrchr(out->path, '/');
    out->folder = slash != NULL
                      ? xstrndup(out->path, (size_t)(slash - out->path) + (slash == out->path))
                      : xstrdup(".");
}

struct tar_out *tar_out_new(const struct tar_target *target)
{
    struct tar_out *out = xcalloc(1, sizeof(*out));

    if (target->path != NULL)
        set_path(out, target->path);
    out->open = target->open;
    out->probe = target->probe;
    out->arg = target->arg;
    out->name = xstrdup(target->name);
    out->cancel = target->cancel;
    out->draft = (struct draft)DRAFT_INIT;
    ticket_lock_init(&out->ticket);
    return out;
}

void tar_out_free(struct tar_out *out)
{
    if (out == NULL)
        return;
    draft_release(&out->draft);
    writer_free(out->stream);
    ticket_lock_release(&out->ticket);
    free(out->name);
    free(out->path);
    free(out->folder);
    free(out);
}

bool tar_out_is_file(const struct tar_out *out)
{
    return out->is_file;
}

int tar_out_probe(const struct tar_out *out, struct error *err)
{
    CLEANUP(draft) struct draft draft = DRAFT_INIT;
    struct stat status;

    if (out->path == NULL)
        return out->probe(out->arg, err);
    if (!out->is_file) {
        if (strcmp(out->path, "-") == 0 && isatty(STDOUT_FILENO))
            return error_set(err, ERROR_USAGE,
                             "standard output is a terminal; name a file, or pipe it into another "
                             "program");
        return 0;
    }
    if (stat(out->path, &status) < 0 && errno == ELOOP)
        return error_set_errno(err, errno, "opening '%s'", out->path);
    if (stat(out->path, &status) == 0 && S_ISDIR(status.st_mode))
        return error_set(err, ERROR_USAGE, "'%s' is a folder, expected the name of a file",
                         out->path);
    return draft_create(out->folder, &draft, err);
}

/* Mode and owner of the file that is replaced; the latter where this user may give them. */
static int keep_access(const struct tar_out *out, struct error *err)
{
    struct stat old;
    struct stat new;

    if (stat(out->path, &old) < 0 || fstat(out->draft.fd, &new) < 0)
        return 0; /* there is none */
    if ((new.st_uid != old.st_uid || new.st_gid != old.st_gid) &&
        fchown(out->draft.fd, old.st_uid, old.st_gid) < 0)
        (void)!fchown(out->draft.fd, (uid_t)-1, old.st_gid);
    if ((new.st_mode & 07777) != (old.st_mode & 07777) &&
        fchmod(out->draft.fd, old.st_mode & 07777) < 0)
        return error_set_errno(err, errno, "giving the new '%s' the mode of the old", out->path);
    return 0;
}

static int create_file(struct tar_out *out, struct error *err)
{
    draft_sweep(out->folder);
    if (draft_create(out->folder, &out->draft, err) < 0)
        return -1;
    return keep_access(out, err);
}

static int prepare(struct tar_out *out, struct error *err)
{
    if (out->is_broken)
        return error_set(err, ERROR_LOCAL,
                         "'%s' is a stream, and what was begun in it cannot be taken back; run it "
                         "again, or write to a file",
                         out->name);
    if (out->is_file)
        return out->draft.fd >= 0 ? 0 : create_file(out, err);
    if (out->stream != NULL)
        return 0;
    if (out->path == NULL)
        return out->open(out->arg, &out->stream, err);
    if (tar_out_probe(out, err) < 0)
        return -1;
    return stream_writer_open(out->path, out->cancel, &out->stream, err);
}

/* Writes at `offset` of the file, or next in the stream. */
static int put(struct tar_out *out, uint64_t offset, const void *data, size_t size,
               struct error *err)
{
    const char *at = data;

    if (!out->is_file)
        return writer_write(out->stream, data, size, err);
    while (size > 0) {
        ssize_t written = pwrite(out->draft.fd, at, size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_set_errno(err, errno, "writing '%s'", out->path);
        at += written;
        offset += (uint64_t)written;
        size -= (size_t)written;
    }
    return 0;
}

static int begin(struct tar_out *out, const char *name, uint64_t size, struct error *err)
{
    CLEANUP(buf) struct buf header = BUF_INIT;

    if (prepare(out, err) < 0)
        return -1;
    tar_header(name != NULL ? name : "", size, &header);
    out->header = header.size;
    out->size = size;
    out->written = 0;
    if (!out->is_file && writer_write(out->stream, header.data, header.size, err) < 0) {
        out->is_broken = true;
        return -1;
    }
    return 0;
}

int tar_out_take(struct tar_out *out, struct error *err)
{
    return ticket_lock_take(&out->ticket, out->cancel, err);
}

void tar_out_give(struct tar_out *out)
{
    ticket_lock_give(&out->ticket);
}

int tar_out_begin(struct tar_out *out, const char *name, uint64_t size, struct error *err)
{
    if (begin(out, name, size, err) == 0)
        return 0;
    ticket_lock_give(&out->ticket);
    return -1;
}

int tar_out_write(struct tar_out *out, const void *data, size_t size, struct error *err)
{
    if (put(out, out->end + out->header + out->written, data, size, err) < 0)
        return -1;
    out->written += size;
    return 0;
}

static int end(struct tar_out *out, const char *name, struct tar_range *where, struct error *err)
{
    static const char zeros[TAR_BLOCK] = {0};
    CLEANUP(buf) struct buf header = BUF_INIT;
    uint64_t data = out->end + out->header;
    uint64_t after = data + out->written;
    size_t padding = (TAR_BLOCK - out->written % TAR_BLOCK) % TAR_BLOCK;

    tar_header(name, out->written, &header);
    if (header.size != out->header || (!out->is_file && out->written != out->size))
        return error_set(err, ERROR_INTERNAL, "'%s' of '%s' is not what was announced", name,
                         out->name);
    if (put(out, after, zeros, padding, err) < 0 ||
        (out->is_file && put(out, out->end, header.data, header.size, err) < 0))
        return -1;
    *where = (struct tar_range){data, out->written};
    out->end = after + padding;
    return 0;
}

int tar_out_end(struct tar_out *out, const char *name, struct tar_range *where, struct error *err)
{
    int result = end(out, name, where, err);

    out->is_broken = out->is_broken || (result < 0 && !out->is_file);
    ticket_lock_give(&out->ticket);
    return result;
}

void tar_out_drop(struct tar_out *out)
{
    out->is_broken = out->is_broken || !out->is_file; /* the next entry overwrites it in a file */
    ticket_lock_give(&out->ticket);
}

int tar_out_add(struct tar_out *out, const char *name, const struct buf *bytes,
                struct tar_range *where, struct error *err)
{
    if (tar_out_take(out, err) < 0 || tar_out_begin(out, name, bytes->size, err) < 0)
        return -1;
    if (tar_out_write(out, buf_text(bytes), bytes->size, err) == 0)
        return tar_out_end(out, name, where, err);
    tar_out_drop(out);
    return -1;
}

struct reader *tar_out_read(struct tar_out *out, const struct tar_range *range, uint64_t offset,
                            uint64_t length)
{
    uint64_t left = offset < range->size ? range->size - offset : 0;

    return fd_reader_new(out->draft.fd, out->name, range->offset + offset,
                         length < left ? length : left);
}

static int finish_file(struct tar_out *out, uint64_t size, struct error *err)
{
    if (ftruncate(out->draft.fd, (off_t)size) < 0)
        return error_set_errno(err, errno, "writing '%s'", out->path);
    return draft_publish(&out->draft, out->path, err);
}

int tar_out_finish(struct tar_out *out, struct error *err)
{
    static const char zeros[2 * TAR_BLOCK] = {0};

    if (ticket_lock_take(&out->ticket, out->cancel, err) < 0)
        return -1;
    int result = prepare(out, err);
    if (result == 0)
        result = put(out, out->end, zeros, sizeof(zeros), err);
    if (result == 0)
        result = out->is_file ? finish_file(out, out->end + sizeof(zeros), err)
                              : writer_finish(out->stream, err);
    ticket_lock_give(&out->ticket);
    return result;
}
