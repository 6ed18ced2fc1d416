#ifndef INLAY_CONFIGURATION_H
#define INLAY_CONFIGURATION_H

#include "options.h"
#include "settings/settings.h"

/*
 * Reads the configuration, if the command takes an option of it, and adds each value that the
 * command line leaves open as if it stood there. `settings` is empty before, and lent to `options`
 * afterwards. Fails as settings_read(), or as the option does, with where the value is from; for
 * doctor, which tells them, these are problems of `settings`, and what is right holds.
 */
int configuration_add(struct settings *settings, struct options *options,
                      struct error *err) MUST_CHECK;
/* Whether the values of a setting are some that its option takes. ERROR_USAGE, as above. */
int configuration_check(const struct settings *settings, size_t row, struct options *options,
                        struct error *err) MUST_CHECK;

#endif
