#ifndef INLAY_CORE_BASE_H
#define INLAY_CORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The words that every other file is written with. */

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_FORMAT(text_, first_) __attribute__((format(printf, text_, first_)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1024) * KIB)
#define GIB (UINT64_C(1024) * MIB)

/* The local is released when its scope ends; see CLEANUP_FREE and CLEANUP_RELEASE. */
#define CLEANUP(name) __attribute__((cleanup(name##_cleanup)))

/* Moves the pointer out and leaves NULL behind. */
#define TAKE(pointer)                                                                              \
    ({                                                                                             \
        typeof(pointer) taken_ = (pointer);                                                        \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

/* Makes CLEANUP(name) work for `struct name *`, which name_free() destroys. */
#define CLEANUP_FREE(name)                                                                         \
    static inline void name##_cleanup(struct name **pointer)                                       \
    {                                                                                              \
        name##_free(*pointer);                                                                     \
    }

/* Makes CLEANUP(name) work for `struct name`, which name_release() empties. */
#define CLEANUP_RELEASE(name)                                                                      \
    static inline void name##_cleanup(struct name *value)                                          \
    {                                                                                              \
        name##_release(value);                                                                     \
    }

/* CLEANUP(text) char *…; CLEANUP(fd) int … = -1; */
static inline void text_cleanup(char **text)
{
    free(*text);
}
void fd_cleanup(const int *fd);

/* Memory: running out of it ends the process, with one line and the status of ERROR_LOCAL. */
_Noreturn void out_of_memory(void);
void *xmalloc(size_t size) __attribute__((returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull));
/* Grows an array to hold `count` elements of `size` bytes; new elements are not cleared. */
void *xrealloc(void *pointer, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((returns_nonnull));
char *xstrndup(const char *text, size_t size) __attribute__((returns_nonnull));
char *xasprintf(const char *format, ...) PRINTF_FORMAT(1, 2) __attribute__((returns_nonnull));

/* Arithmetic on numbers from outside: false if the result does not fit; *out is then unchanged. */
static inline bool u64_add(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}
bool size_add(size_t a, size_t b, size_t *out) MUST_CHECK;
bool size_mul(size_t a, size_t b, size_t *out) MUST_CHECK;

#endif
