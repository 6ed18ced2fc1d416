#ifndef INLAY_LAYOUT_OFFLINE_H
#define INLAY_LAYOUT_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Loaders that ask a server at each start, whatever is baked, so that a start without a network
 * fails. A table of values; docs/offline.md tells people the same.
 */

enum offline_condition {
    OFFLINE_VERSION, /* by the version alone: models of the Hub by their names, HF_HUB_OFFLINE=1 */
    OFFLINE_CALL,    /* a call, in Python */
    OFFLINE_COMMAND, /* a program's command line */
};

/* A row a behaviour. Lists have '|' between their items. */
struct offline_rule {
    const char *package; /* as PEP 503 has it */
    const char *from;    /* the first version that does so; NULL: all */
    const char *before;  /* the first one that does not any more; NULL: none */
    enum offline_condition condition;
    /* OFFLINE_CALL: the module, and what the dotted name of the call may end with behind it. */
    const char *module;
    const char *calls;
    /* OFFLINE_COMMAND: the program's name, and a variable that stands for the argument. */
    const char *program;
    const char *variable;
    const char *argument; /* keyword or flag that decides; NULL: whatever is said */
    int position;         /* of it among a call's arguments, from 0; -1: none */
    const char *values;   /* globs of its value, any of which does; NULL: whatever it is */
    const char *unless;   /* a glob of the value that does not do so; NULL: none */
    /* For people: what is asked for, and the way out. */
    const char *line;
};

/* The table, up to a row without a package. */
extern const struct offline_rule offline_rules[];

/* Whether the rule is about this version; NULL, one that is not known: if it is about all. */
bool offline_rule_covers(const struct offline_rule *rule, const char *version);
/* Whether the rule is about this value of its argument; NULL: it is not given. */
bool offline_rule_takes(const struct offline_rule *rule, const char *value);

#endif
