#include "core/log.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>

static void log_line(const struct log *log, enum log_level level, const char *format,
                     va_list arguments) PRINTF_FORMAT(3, 0);

static void log_line(const struct log *log, enum log_level level, const char *format,
                     va_list arguments)
{
    char *line = NULL;

    if (log == NULL || log->write == NULL || level > log->level)
        return;
    if (vasprintf(&line, format, arguments) < 0)
        return;
    text_mask(line);
    log->write(log->arg, level, line);
    free(line);
}

#define LOG_FORWARD(level)                                                                         \
    va_list arguments;                                                                             \
    va_start(arguments, format);                                                                   \
    log_line(log, level, format, arguments);                                                       \
    va_end(arguments)

void log_warn(const struct log *log, const char *format, ...)
{
    LOG_FORWARD(LOG_WARN);
}

void log_wait(const struct log *log, const char *format, ...)
{
    LOG_FORWARD(LOG_WAIT);
}

void log_info(const struct log *log, const char *format, ...)
{
    LOG_FORWARD(LOG_INFO);
}

void log_debug(const struct log *log, const char *format, ...)
{
    LOG_FORWARD(LOG_DEBUG);
}

void log_again(const struct log *log, const char *why, unsigned wait_ms, unsigned attempt,
               unsigned tries)
{
    unsigned tenths = (wait_ms + 50) / 100;

    if (tenths < 100 && tenths % 10 != 0)
        log_wait(log, "%s; again in %u.%u s (try %u of %u)", why, tenths / 10, tenths % 10, attempt,
                 tries);
    else
        log_wait(log, "%s; again in %u s (try %u of %u)", why, (tenths + 5) / 10, attempt, tries);
}
