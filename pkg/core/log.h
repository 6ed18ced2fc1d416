#ifndef INLAY_CORE_LOG_H
#define INLAY_CORE_LOG_H

#include "core/base.h"

/*
 * Where messages for people go. The text of one call is one line without its newline; control
 * characters in it become '?'. Never hand it a secret, or a URL with its query. Safe to share
 * between threads if `write` is.
 */
enum log_level {
    LOG_WARN,
    LOG_WAIT, /* whom the program waits for, so that nobody takes it for dead */
    LOG_INFO,
    LOG_DEBUG,
};

struct log {
    enum log_level level; /* the least important level that is written */
    void (*write)(void *arg, enum log_level level, const char *line);
    void *arg;
};

/*
 * `log` may be NULL: nothing is written. log_warn is for the use cases, build, rootfs, source,
 * cache and cmd alone, log_info for the use cases, build and cmd, log_wait for whoever waits for
 * somebody else.
 */
void log_warn(const struct log *log, const char *format, ...) PRINTF_FORMAT(2, 3);
void log_wait(const struct log *log, const char *format, ...) PRINTF_FORMAT(2, 3);
void log_info(const struct log *log, const char *format, ...) PRINTF_FORMAT(2, 3);
void log_debug(const struct log *log, const char *format, ...) PRINTF_FORMAT(2, 3);

/*
 * Says by log_wait() why something is done again, and when: "WHY; again in 2 s (try 2 of 6)".
 * `attempt` is the one to come, and the first one is 1.
 */
void log_again(const struct log *log, const char *why, unsigned wait_ms, unsigned attempt,
               unsigned tries);

#endif
