#include "core/base.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What main() makes of ERROR_LOCAL. */
#define STATUS_LOCAL 8

/* Nothing here takes memory, and of several threads one speaks. */
void out_of_memory(void)
{
    static const char text[] = "inlay: out of memory: the system gives this process no more (see "
                               "'ulimit -v' and the limit of its container)\n";
    static atomic_flag is_said = ATOMIC_FLAG_INIT;

    if (atomic_flag_test_and_set(&is_said))
        for (;;)
            pause();
    if (isatty(STDERR_FILENO) == 1) /* a bar may stand there */
        (void)!write(STDERR_FILENO, "\r\033[K", 4);
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(STATUS_LOCAL);
}

void fd_cleanup(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

void *xmalloc(size_t size)
{
    return xrealloc(NULL, size, 1);
}

void *xcalloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (memory == NULL)
        out_of_memory();
    return memory;
}

void *xrealloc(void *pointer, size_t count, size_t size)
{
    void *memory = reallocarray(pointer, count > 0 ? count : 1, size > 0 ? size : 1);

    if (memory == NULL)
        out_of_memory();
    return memory;
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    char *copy = xcalloc(length + 1, 1);

    memcpy(copy, text, length);
    return copy;
}

char *xasprintf(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (size < 0)
        out_of_memory();
    return text;
}

bool size_add(size_t a, size_t b, size_t *out)
{
    size_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

bool size_mul(size_t a, size_t b, size_t *out)
{
    size_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}
