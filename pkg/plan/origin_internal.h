#ifndef INLAY_PLAN_ORIGIN_INTERNAL_H
#define INLAY_PLAN_ORIGIN_INTERNAL_H

#include "plan/origin.h"

/* The rule of the Hub's own clients for a repo id, in ASCII: what is wrong; NULL if nothing is. */
const char *hub_name_complaint(const char *id);
/* What is wrong with a revision, which becomes a path under refs/; NULL if nothing is. */
const char *revision_complaint(const char *revision);

#endif
