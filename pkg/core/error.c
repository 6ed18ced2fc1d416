#include "core/error.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char *format_text(const char *format, va_list arguments) PRINTF_FORMAT(1, 0);

const char *error_kind_name(enum error_kind kind)
{
    static const char *const names[] = {
        [ERROR_NONE] = "none",
        [ERROR_USAGE] = "usage",
        [ERROR_NOT_FOUND] = "not-found",
        [ERROR_DENIED] = "denied",
        [ERROR_UNREACHABLE] = "unreachable",
        [ERROR_UNSUPPORTED] = "unsupported",
        [ERROR_CORRUPT] = "corrupt",
        [ERROR_LOCAL] = "local",
        [ERROR_CANCELED] = "canceled",
        [ERROR_CONFLICT] = "conflict",
        [ERROR_UNCERTAIN] = "uncertain",
        [ERROR_REFUSED] = "refused",
        [ERROR_INTERNAL] = "internal",
    };

    return names[kind];
}

static char *format_text(const char *format, va_list arguments)
{
    char *text = NULL;

    if (vasprintf(&text, format, arguments) < 0)
        text = xstrdup("(a message that could not be formatted)");
    text_mask(text);
    return text;
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *text = format_text(format, arguments);
    va_end(arguments);
    error_release(err);
    err->kind = kind;
    err->text = text;
    return -1;
}

const char *error_words(int number, char *room, size_t size)
{
#ifdef __GLIBC__
    return strerror_r(number, room, size);
#else
    return strerror_r(number, room, size) == 0 ? room
                                               : "unknown"; /* POSIX has another of this name */
#endif
}

int error_set_errno(struct error *err, int number, const char *format, ...)
{
    char words[128];
    va_list arguments;

    va_start(arguments, format);
    CLEANUP(text) char *text = format_text(format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_LOCAL, "%s: %s", text, error_words(number, words, sizeof(words)));
}

/* Is it nothing but a noun in front of the subject: "", "the base "? */
static bool is_noun(const char *words, size_t size)
{
    static const char article[] = "the ";
    size_t start = sizeof(article) - 1;

    if (size == 0)
        return true;
    return size > start && strncmp(words, article, start) == 0 && words[size - 1] == ' ' &&
           memchr(words + start, ' ', size - start - 1) == NULL;
}

/* The rest of a text that begins with what the context ends with; NULL: it says something else. */
static const char *after_subject(const char *context, const char *text)
{
    const char *end = *text == '\'' ? strchr(text + 1, '\'') : NULL;
    size_t size = end != NULL ? (size_t)(end - text) - 1 : 0;
    size_t before = strlen(context);

    if (size == 0 || (end[1] != ':' && end[1] != ' '))
        return NULL;
    bool is_quoted = before > 0 && context[before - 1] == '\'';
    if (before < size + (is_quoted ? 2 : 0))
        return NULL;
    before -= size + is_quoted;
    if (strncmp(context + before, text + 1, size) != 0)
        return NULL;
    before -= is_quoted;
    if (is_quoted ? context[before] != '\'' : before > 0 && context[before - 1] != ' ')
        return NULL;
    return end[1] == ':' || is_noun(context, before) ? end + 1 : NULL;
}

int error_wrap(struct error *err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    CLEANUP(text) char *context = format_text(format, arguments);
    va_end(arguments);
    const char *reason = err->text != NULL ? err->text : "no reason given";
    const char *rest = after_subject(context, reason);
    char *text =
        rest != NULL ? xasprintf("%s%s", context, rest) : xasprintf("%s: %s", context, reason);
    free(err->text);
    err->text = text;
    return -1;
}

int error_move(struct error *to, struct error *from)
{
    error_release(to);
    *to = *from;
    *from = (struct error)ERROR_INIT;
    return -1;
}

void error_release(struct error *err)
{
    free(err->text);
    *err = (struct error)ERROR_INIT;
}
