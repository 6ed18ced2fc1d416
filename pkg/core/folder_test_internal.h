#ifndef INLAY_CORE_FOLDER_TEST_INTERNAL_H
#define INLAY_CORE_FOLDER_TEST_INTERNAL_H

#include "core/base.h"
#include "core/text.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* For cmocka: a folder of its own for each test, which is empty at its end, but for "file". */

static inline int make_folder(void **state)
{
    char template[] = "/tmp/inlay-core-XXXXXX";

    *state = xstrdup(mkdtemp(template));
    return 0;
}

static inline int remove_folder(void **state)
{
    CLEANUP(text) char *folder = *state;
    CLEANUP(text) char *file = xasprintf("%s/file", folder);

    unlink(file);
    return rmdir(folder); /* so a test that leaves something behind is seen */
}

static inline size_t count_entries(const char *folder)
{
    DIR *stream = opendir(folder);
    size_t count = 0;

    while (readdir(stream) != NULL)
        count++;
    closedir(stream);
    return count - 2;
}

#endif
