#ifndef INLAY_MANUAL_H
#define INLAY_MANUAL_H

#include "command.h"
#include "core/buf.h"

/* Pages of the manual, out of the rows that the help is made of; `date` is YYYY-MM-DD. */

/* inlay-NAME(1). */
void manual_format_command(const struct command *command, const char *date, struct buf *out);
/* inlay(1); `commands` are `count`. */
void manual_format_program(const struct command *const *commands, size_t count, const char *date,
                           struct buf *out);

#endif
