#ifndef INLAY_SANDBOX_SANDBOX_INTERNAL_H
#define INLAY_SANDBOX_SANDBOX_INTERNAL_H

#include "sandbox/sandbox.h"

/* What goes through the pipes; both ends are the same program. */

#define GREETING "inlay-1"

/* The first that is answered, before a byte of a stranger has been read. */
struct greeting {
    char magic[sizeof(GREETING)];
    uint32_t landlock;
    uint32_t seccomp;
};

/* A question and each part of what is read stand behind their size; these are no sizes. */
#define PART_END 0U
#define PART_BROKEN UINT32_MAX

#endif
