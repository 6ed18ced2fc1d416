#ifndef INLAY_SOURCE_FOLDER_TEST_INTERNAL_H
#define INLAY_SOURCE_FOLDER_TEST_INTERNAL_H

#include "source/source.h"

#include "core/file.h"
#include "testing/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of files for a test of sources. */

/* For cmocka: a new folder that lives as long as the test. */
static inline int folder_setup(void **state)
{
    char *folder = xstrdup("/tmp/inlay-folder-XXXXXX");

    *state = folder;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static inline int folder_teardown(void **state)
{
    int result = folder_clear(*state);

    free(*state);
    return result;
}

static inline void put(const char *folder, const char *path, const void *data, size_t size)
{
    CLEANUP(text) char *name = xasprintf("%s/%s", folder, path);
    CLEANUP(text) char *parent = xstrndup(name, (size_t)(strrchr(name, '/') - name));
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(file_make_folders(parent, &err), 0);
    assert_int_equal(file_replace(name, data, size, &err), 0);
}

static inline void put_text(const char *folder, const char *path, const char *text)
{
    put(folder, path, text, strlen(text));
}

#endif
