#ifndef INLAY_CORE_FILE_H
#define INLAY_CORE_FILE_H

#include "core/buf.h"

#include <sys/types.h>

/* Whole small files. Paths are the caller's; failures are ERROR_LOCAL with the path. */

/*
 * ERROR_NOT_FOUND if there is none; ERROR_CORRUPT if it is larger than `limit`. It has to be a
 * regular file: whoever made the folder that it is in could let others wait at a pipe.
 */
int file_read(const char *path, size_t limit, struct buf *out, struct error *err) MUST_CHECK;
/* The same of a path that the user names, which may be a pipe: the <(…) of a shell. */
int file_read_named(const char *path, size_t limit, struct buf *out, struct error *err) MUST_CHECK;
/*
 * The same of a file that is obeyed: ERROR_LOCAL if others than this user and root own it or may
 * write it.
 */
int file_read_trusted(const char *path, size_t limit, struct buf *out,
                      struct error *err) MUST_CHECK;
/*
 * Whether nobody can tell if `path` is there, since a folder above it may not be entered: of a file
 * that need not be there, in a place that nobody has named, there is none then.
 */
bool file_is_hidden(const char *path);
/*
 * By a draft (core/draft.h): afterwards `path` is the new content, and after a failure the old.
 * Mode 0644 less the umask.
 */
int file_replace(const char *path, const void *data, size_t size, struct error *err) MUST_CHECK;
/* The same; the file is for this user alone, mode 0600. */
int file_replace_private(const char *path, const void *data, size_t size,
                         struct error *err) MUST_CHECK;
/*
 * The same for a file that a user names: a link stays, and what it leads to is replaced, if that is
 * a regular file. What is there and is none, such as a device, is refused and stays.
 */
int file_replace_named(const char *path, const void *data, size_t size,
                       struct error *err) MUST_CHECK;
/* That alone: nothing is there, or a regular file. */
int file_refuse_irregular(const char *path, struct error *err) MUST_CHECK;
/* Whether that could be done now, as far as can be told: the folder is there and may be written. */
int file_check_named(const char *path, struct error *err) MUST_CHECK;
/* Whether both lead to one file, or would once there is one: links are followed. */
bool file_is_same_name(const char *one, const char *other);
/* All bytes, in as many calls as it takes; -1 with errno. */
int file_write_all(int fd, const void *bytes, size_t size) MUST_CHECK;
/* Makes `path` and the folders above it, 0777 less the umask; no failure if it exists. */
/* The folder itself, or the closest one above it that is there. Caller frees. */
char *file_find_existing(const char *path);
int file_make_folders(const char *path, struct error *err) MUST_CHECK;
/* The same; what is made is for this user alone, or has this mode, less the umask. */
int file_make_private_folders(const char *path, struct error *err) MUST_CHECK;
int file_make_folders_as(const char *path, mode_t mode, struct error *err) MUST_CHECK;

/*
 * Whether a library that has failed, and does not say why, may have missed descriptors: only few
 * more can be opened.
 */
bool file_descriptors_run_out(void);
/* "too many open files", how many there may be, and what they were wanted for. Returns -1. */
int file_refuse_descriptors(const char *purpose, struct error *err);

#endif
