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

/* Takes over the text. */
static void add(struct notes *notes, struct note note)
{
    text_mask(note.text);
    if (has_note(notes, note.level, note.text)) {
        free(note.text);
        return;
    }
    notes->items = xrealloc(notes->items, notes->count + 1, sizeof(*notes->items));
    notes->items[notes->count++] = note;
    if (note.level == LOG_WARN)
        log_warn(notes->log, "%s", note.text);
    else
        log_info(notes->log, "%s", note.text);
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
    add(notes, (struct note){.level = LOG_WARN, .text = format_text(format, arguments)});
    va_end(arguments);
}

void notes_info(struct notes *notes, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(notes, (struct note){.level = LOG_INFO, .text = format_text(format, arguments)});
    va_end(arguments);
}

void notes_fact(struct notes *notes, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(notes, (struct note){LOG_INFO, true, format_text(format, arguments)});
    va_end(arguments);
}

void notes_release(struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        free(notes->items[i].text);
    free(notes->items);
    *notes = (struct notes)NOTES_INIT;
}
