#include "core/file.h"
#include "core/temporary.h"
#include "doctor/doctor_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Less is worth a word: models and archives go there. */
#define FREE_LEAST GIB
#define PROBE_SIZE ((size_t)64 * 1024)

/* Writes some bytes into a file without a name. */
static int probe(const char *folder, struct error *err)
{
    CLEANUP(text) char *path = xasprintf("%s/.inlay-doctor-XXXXXX", folder);
    CLEANUP(text) char *name = xasprintf("to '%s'", folder);
    CLEANUP(text) char *bytes = xcalloc(1, PROBE_SIZE);
    CLEANUP(fd) int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    if (fd < 0)
        return error_set_errno(err, errno, "'%s' cannot be written", folder);
    return fd_write(fd, name, bytes, PROBE_SIZE, err);
}

void doctor_check_folder(struct doctor *doctor, const struct doctor_folder *folder)
{
    CLEANUP(text)
    char *existing =
        folder->has_to_exist ? xstrdup(folder->path) : file_find_existing(folder->path);
    CLEANUP(error) struct error err = ERROR_INIT;
    struct statvfs space;

    if (probe(existing, &err) < 0) {
        if (strcmp(existing, folder->path) != 0)
            error_wrap(&err, "'%s'", folder->path);
        doctor_add_error(doctor, folder->name, &err, folder->hint);
        return;
    }
    if (statvfs(existing, &space) < 0) {
        doctor_add(doctor, folder->name, DOCTOR_OK, "'%s' can be written", folder->path);
        return;
    }
    uint64_t left = (uint64_t)space.f_bavail * space.f_frsize;
    bool is_low = left < FREE_LEAST;
    doctor_add(doctor, folder->name, is_low ? DOCTOR_WARNING : DOCTOR_OK,
               "'%s' can be written, and has %s left%s%s", folder->path,
               text_format_size(left).text, is_low ? "; " : "", is_low ? folder->hint : "");
}
