#ifndef INLAY_TESTING_FOLDER_H
#define INLAY_TESTING_FOLDER_H

#include "core/base.h"
#include "core/text.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Folders that a test makes and removes. */

static inline int folder_remove_entry(const char *path, const struct stat *status, int type,
                                      struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

/* Removes the folder with all that is in it; links are not followed. 0, or what nftw() says. */
static inline int folder_clear(const char *path)
{
    return nftw(path, folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A new folder in TMPDIR; removed by folder_remove(). */
static inline char *folder_make(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = xasprintf("%s/inlay-test-XXXXXX", parent != NULL ? parent : "/tmp");

    assert_non_null(mkdtemp(path));
    return path;
}

static inline void folder_remove(char *path)
{
    folder_clear(path);
    free(path);
}

#endif
