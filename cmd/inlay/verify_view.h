#ifndef INLAY_VERIFY_VIEW_H
#define INLAY_VERIFY_VIEW_H

#include "verify/verify.h"

/* What `inlay verify` says of an image's models to people. */

/* On standard output: platforms of which the same is to be told are told of together. */
void verify_view_print(const struct verify_result *result);
/* As many findings as that prints: what is wrong on several platforms alike is told once. */
size_t verify_view_count(const struct verify_result *result);

#endif
