#include "core/error.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char *format_text(const char *format, va_list arguments) PRINTF_FORMAT(1, 0);

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

int error_set_errno(struct error *err, int number, const char *format, ...)
{
    char words[128];
    va_list arguments;

    va_start(arguments, format);
    CLEANUP(text) char *text = format_text(format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_LOCAL, "%s: %s", text, strerror_r(number, words, sizeof(words)));
}

int error_wrap(struct error *err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    CLEANUP(text) char *context = format_text(format, arguments);
    va_end(arguments);
    char *text = xasprintf("%s: %s", context, err->text != NULL ? err->text : "no reason given");
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
