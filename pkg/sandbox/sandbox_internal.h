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

/*
 * A record of a talk: its kind and the size of what follows. The kinds of jobs are letters; these
 * are not.
 */
struct record_head {
    uint8_t kind;
    uint8_t size[4]; /* little-endian */
};
#define RECORD_END ((uint8_t)SANDBOX_END)
#define RECORD_PULL 1U  /* offset and size follow, struct pull; a part answers it */
#define RECORD_ERROR 2U /* a letter and a text follow */

struct pull {
    uint64_t offset;
    uint64_t until;
    uint64_t size;
};

/* Parts of process.c: read() that can be canceled, and a part, which ends where it is answered. */
ssize_t process_read(struct sandbox_process *process, void *data, size_t size,
                     struct error *err) MUST_CHECK;
int process_give_part(struct sandbox_process *process, const struct buf *part,
                      struct error *err) MUST_CHECK;

/* Part of inside.c. */
int read_part(struct buf *out, size_t limit, struct error *err) MUST_CHECK;

#endif
