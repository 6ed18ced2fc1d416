#include "core/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool has_note(const struct notes *notes, enum log_level level, const char *text)
{
    for (size_t i = 0; i < notes->count; i++)
        if (notes->items[i].level == level && strcmp(notes->items[i].text, text) == 0)
            return true;
    return false;
}

/* Takes over `text`. */
static void add(struct notes *notes, enum log_level level, char *text)
{
    text_mask(text);
    if (has_note(notes, level, text)) {
        free(text);
        return;
    }
    notes->items = xrealloc(notes->items, notes->count + 1, sizeof(*notes->items));
    notes->items[notes->count++] = (struct note){level, text};
    if (level == LOG_WARN)
        log_warn(notes->log, "%s", text);
    else
        log_info(notes->log, "%s", text);
}

static PRINTF_FORMAT(1, 0) char *format_text(const char *format, va_list arguments)
{
    char *text = NULL;

    if (vasprintf(&text, format, arguments) < 0)
        out_of_memory();
    return text;
}

void notes_warn(struct notes *notes, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(notes, LOG_WARN, format_text(format, arguments));
    va_end(arguments);
}

void notes_info(struct notes *notes, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(notes, LOG_INFO, format_text(format, arguments));
    va_end(arguments);
}

void notes_release(struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        free(notes->items[i].text);
    free(notes->items);
    *notes = (struct notes)NOTES_INIT;
}
