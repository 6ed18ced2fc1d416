#ifndef INLAY_HELP_H
#define INLAY_HELP_H

#include "command.h"
#include "core/buf.h"

/*
 * The help of a command, out of its row and those of its options: lines of at most 80 columns.
 * What fits a screen: examples, and the options that people use.
 */
void help_format_brief(const struct command *command, struct buf *out);
/* All of it. */
void help_format_command(const struct command *command, struct buf *out);
/* The help of the program; `commands` are `count`. With `all` it tells the exit statuses, too. */
void help_format_program(const struct command *const *commands, size_t count, bool all,
                         struct buf *out);

struct option_row;

/* What the help and the manual set each in their way. */

/* The next argument; `argument` is the first row of one. */
const struct argument_help *help_next_argument(const struct argument_help *argument);
/* The title of the next group of options that the command takes; NULL: the first, or no more. */
const char *help_next_title(const struct command *command, const char *title);
/* "-o, --output FILE", "--shared[=DIR]"; caller frees. */
char *help_format_label(const struct option_row *row);

#endif
