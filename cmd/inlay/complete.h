#ifndef INLAY_COMPLETE_H
#define INLAY_COMPLETE_H

#include "command.h"
#include "core/buf.h"

/*
 * What the last of these words, which follow "inlay", may become; the shells' scripts ask for it.
 * Lines of a candidate, a tab, and what it is; the last is ":files" or ":folders" where the shell
 * is to complete the word as a path, behind '=' if it is an option with a value, and else ":".
 * A candidate that ends in one of "/:=" may go on. Nothing is asked of a network. `commands` are
 * `command_count`, and there is one word at least.
 */
void complete_line(const struct command *const *commands, size_t command_count, char *const *words,
                   size_t word_count, struct buf *out);

#endif
