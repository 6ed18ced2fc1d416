#ifndef INLAY_CORE_TEMPORARY_H
#define INLAY_CORE_TEMPORARY_H

#include "core/error.h"

/* Files in $TMPDIR, else /tmp, that have no name and are gone once they are closed. ERROR_LOCAL. */

/* To be written and read. */
int temporary_create(int *out, struct error *err) MUST_CHECK;
/* Writes all of it at the file's own offset; what is wrong is said with the folder. */
int temporary_write(int fd, const void *data, size_t size, struct error *err) MUST_CHECK;
/* The same of any file. `name` is for the message. */
int fd_write(int fd, const char *name, const void *data, size_t size, struct error *err) MUST_CHECK;

#endif
