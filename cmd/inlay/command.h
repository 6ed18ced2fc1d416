#ifndef INLAY_COMMAND_H
#define INLAY_COMMAND_H

#include "core/cancel.h"
#include "core/error.h"
#include "core/log.h"

/* What every command gets from main(). */
struct command_context {
    const struct cancel *cancel;
};

struct command {
    const char *name;
    const char *summary; /* one line for the program's help */
    const char *help;    /* the command's whole help text */
    /* `argv` begins with the command's name. 0, or -1 with `err` set. */
    int (*run)(const struct command_context *context, int argc, char **argv, struct error *err);
};

extern const struct command cache_command;
extern const struct command copy_command;
extern const struct command inject_command;
extern const struct command inspect_command;
extern const struct command layer_command;
extern const struct command plan_command;
extern const struct command remove_command;
extern const struct command verify_command;

#endif
