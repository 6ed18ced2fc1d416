#ifndef INLAY_RUN_OPTIONS_H
#define INLAY_RUN_OPTIONS_H

#include "options.h"

/*
 * Runs the command that the options are for: adds what the configuration of user and machine says,
 * looks at the files that are written besides, and goes. How main() and the library run one. Fails
 * as the command does.
 */
int run_options(const struct command_context *context, struct options *options,
                struct error *err) MUST_CHECK;

#endif
