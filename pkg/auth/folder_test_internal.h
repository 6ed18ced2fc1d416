#ifndef INLAY_AUTH_FOLDER_TEST_INTERNAL_H
#define INLAY_AUTH_FOLDER_TEST_INTERNAL_H

#include "core/file.h"
#include "testing/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of a test's own, whose path is the test's state. */
static inline int folder_setup(void **state)
{
    char name[] = "/tmp/inlay-auth-XXXXXX";

    assert_non_null(mkdtemp(name));
    *state = xstrdup(name);
    return 0;
}

static inline int folder_teardown(void **state)
{
    int result = folder_clear(*state);

    free(*state);
    return result;
}

/* Writes <folder>/<path>; a `program` can be run. */
static inline void folder_put(const char *folder, const char *path, const char *content,
                              bool program)
{
    CLEANUP(text) char *file = xasprintf("%s/%s", folder, path);
    CLEANUP(text) char *above = xstrndup(file, (size_t)(strrchr(file, '/') - file));
    CLEANUP(error) struct error err = ERROR_INIT;

    assert_int_equal(file_make_folders(above, &err), 0);
    assert_int_equal(file_replace(file, content, strlen(content), &err), 0);
    assert_int_equal(chmod(file, program ? 0755 : 0644), 0);
}

/* The content of <folder>/<path>, empty if there is no such file; the caller frees it. */
static inline char *folder_get(const char *folder, const char *path)
{
    CLEANUP(text) char *file = xasprintf("%s/%s", folder, path);
    CLEANUP(error) struct error ignored = ERROR_INIT; /* there is none */
    struct buf content = BUF_INIT;

    if (file_read(file, MIB, &content, &ignored) < 0)
        return xstrdup("");
    return buf_take(&content);
}

/* No place but those below `folder`, which is HOME, and a PATH whose first folder is its bin. */
static inline void folder_be_home(const char *folder)
{
    static const char *const names[] = {"XDG_CONFIG_HOME", "DOCKER_CONFIG", "DOCKER_AUTH_CONFIG",
                                        "REGISTRY_AUTH_FILE"};
    CLEANUP(text) char *path = xasprintf("%s/bin:/usr/bin:/bin", folder);
    CLEANUP(text) char *runtime = xasprintf("%s/run", folder);

    setenv("HOME", folder, 1);
    setenv("PATH", path, 1);
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        unsetenv(names[i]);
}

#endif
