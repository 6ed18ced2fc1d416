#ifndef INLAY_INJECTION_OPTIONS_H
#define INLAY_INJECTION_OPTIONS_H

#include "injection.h"

/* Takes the options of a command; what remains of argv, from `optind` on, are names. */
int injection_parse_options(struct injection *out, const struct injection_style *style, int argc,
                            char **argv, struct error *err) MUST_CHECK;
/* What does not go together, and what is missing. */
int injection_check_options(const struct injection *injection, const struct injection_style *style,
                            struct error *err) MUST_CHECK;

#endif
