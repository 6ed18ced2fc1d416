#ifndef INLAY_SETTINGS_SETTINGS_INTERNAL_H
#define INLAY_SETTINGS_SETTINGS_INTERNAL_H

#include "settings/settings.h"

/* The value of a variable that is set and not empty; NULL otherwise. */
const char *settings_variable(const char *name);

#endif
