#ifndef INLAY_HELP_H
#define INLAY_HELP_H

#include "command.h"
#include "core/buf.h"

/* How a kind of failure ends the program: docs/inject.md, "Exit status". */
struct exit_status {
    enum error_kind kind;
    int status;
    const char *name;
};

/* In the order of the help, up to one without a name. */
extern const struct exit_status exit_statuses[];

/* The help of a command, out of its row and those of its options: lines of at most 100 columns. */
void help_format_command(const struct command *command, struct buf *out);
/* The help of the program; `commands` are `count`. */
void help_format_program(const struct command *const *commands, size_t count, struct buf *out);

#endif
