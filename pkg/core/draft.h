#ifndef INLAY_CORE_DRAFT_H
#define INLAY_CORE_DRAFT_H

#include "core/error.h"

/*
 * A file that is written beside its place and appears there whole, on the disk before it has its
 * name. Until then it has none, so that a killed run leaves nothing; on file systems that cannot do
 * that it is called ".inlay-XXXXXXXX" and locked, and draft_sweep() knows by the lock whether
 * anybody still writes it. Failures are ERROR_LOCAL with the path.
 */
struct draft {
    int fd;          /* to be written and read by the caller; -1: none */
    char *folder;    /* where it is */
    char *temporary; /* its name until the end; NULL: it has none */
};

#define DRAFT_INIT                                                                                 \
    {                                                                                              \
        -1, NULL, NULL                                                                             \
    }

/* Creates a file in `folder`, of mode 0644 less the umask. */
int draft_create(const char *folder, struct draft *out, struct error *err) MUST_CHECK;
/* The same as where every file needs a name. */
int draft_create_named(const char *folder, struct draft *out, struct error *err) MUST_CHECK;
/*
 * Syncs it, and gives it the name `path`, which lies on the same file system, in place of what has
 * that name; then syncs the folder, so that the name outlasts a loss of power. After a failure
 * `path` is what it was. It can be read until it is released.
 */
int draft_publish(struct draft *draft, const char *path, struct error *err) MUST_CHECK;
/* Closes it. Without draft_publish(), nothing of it remains. */
void draft_release(struct draft *draft);
CLEANUP_RELEASE(draft)

/*
 * Removes what killed runs of this user have left in a folder: files that are called as drafts are
 * and that nobody has locked. Where the file system is not known to be this machine's alone, so
 * that there may be locks that are not seen, those alone that are a day old. What cannot be read or
 * removed stays.
 */
void draft_sweep(const char *folder);

/* So that names that were given or taken in it outlast a loss of power. Does what it can. */
void folder_sync(const char *folder);

#endif
