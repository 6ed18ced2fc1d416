#ifndef INLAY_OUTPUT_H
#define INLAY_OUTPUT_H

#include "core/secrets.h"

/*
 * Streams in the place of stdout and stderr through which no secret passes, whoever prints it:
 * names and messages of servers may repeat what was sent to them. Each line of stdout is written
 * when it is complete.
 */
struct output;

/* Once, before any other thread runs. The secrets are borrowed, and outlive all printing. */
struct output *output_open(struct secrets *secrets);
/*
 * Writes what a command has printed; what was lost before counts, too. ERROR_LOCAL if standard
 * output did not take all of it.
 */
int output_finish(struct output *output, struct error *err) MUST_CHECK;
/* Prints what the program says of itself. A reader that has read enough is no error. */
int output_say(struct output *output, const char *text, struct error *err) MUST_CHECK;
/* Nothing is printed afterwards. */
void output_free(struct output *output);
CLEANUP_FREE(output)

#endif
