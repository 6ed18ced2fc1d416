#ifndef INLAY_EXIT_STATUS_H
#define INLAY_EXIT_STATUS_H

#include "core/error.h"

/* How a kind of failure ends the program: docs/inject.md, "Exit status". */
struct exit_status {
    enum error_kind kind;
    int status;
    const char *name;
};

/* In the order of the help, up to one without a name. */
extern const struct exit_status exit_statuses[];
/* 1 for a kind that is not among them. */
int exit_status_of(enum error_kind kind);

#endif
