#ifndef INLAY_CORE_BUF_H
#define INLAY_CORE_BUF_H

#include "core/base.h"
#include "core/error.h"

/* A growing run of bytes, always followed by a NUL that is not counted. */
struct buf {
    char *data; /* NULL while empty; buf_text() never is */
    size_t size;
    size_t capacity;
};

#define BUF_INIT                                                                                   \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void buf_add(struct buf *buf, const void *data, size_t size);
void buf_add_text(struct buf *buf, const char *text);
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_FORMAT(2, 3);
/* Appends bytes from outside; ERROR_CORRUPT once the whole would exceed `limit` bytes. */
int buf_add_limited(struct buf *buf, const void *data, size_t size, size_t limit,
                    struct error *err) MUST_CHECK;
/* The bytes as a C string; belongs to the buf. */
const char *buf_text(const struct buf *buf);
/* The bytes as a C string that the caller frees; the buf is empty afterwards. */
char *buf_take(struct buf *buf);
void buf_clear(struct buf *buf);
void buf_release(struct buf *buf);
CLEANUP_RELEASE(buf)

#endif
