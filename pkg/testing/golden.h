#ifndef INLAY_TESTING_GOLDEN_H
#define INLAY_TESTING_GOLDEN_H

#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/*
 * For tests, which run in testdata/: compares with the file golden/NAME. INLAY_WRITE_GOLDEN=1
 * writes it instead; that belongs into a commit which says why the format changes.
 */
static inline void check_golden(const char *name, const struct buf *found)
{
    CLEANUP(text) char *path = xasprintf("golden/%s", name);
    CLEANUP(buf) struct buf expected = BUF_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (getenv("INLAY_WRITE_GOLDEN") != NULL)
        assert_int_equal(file_replace(path, buf_text(found), found->size, &err), 0);
    if (file_read(path, MIB, &expected, &err) < 0)
        fail_msg("%s", err.text);
    if (found->size == expected.size &&
        memcmp(buf_text(found), buf_text(&expected), found->size) == 0)
        return;
    if (memchr(buf_text(found), 0, found->size) != NULL)
        fail_msg("%s has %zu other bytes than expected", path, found->size);
    fail_msg("%s is not:\n%s", path, buf_text(found));
}

#endif
