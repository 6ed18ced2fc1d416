#ifndef INLAY_CORE_SECRETS_H
#define INLAY_CORE_SECRETS_H

#include "core/buf.h"

/*
 * What must not be printed, whoever repeats it: passwords and tokens, as they are, in base64 (RFC
 * 4648, sections 4 and 5), percent-encoded (RFC 3986, section 2.1) and as a text of JSON. Only
 * grows; what it held is cleared when it is freed. Safe to share between threads.
 */
struct secrets;

struct secrets *secrets_new(void);
void secrets_free(struct secrets *secrets);
CLEANUP_FREE(secrets)

/* Copies it. What is shorter than eight bytes is left out: it could be a part of any word. */
void secrets_add(struct secrets *secrets, const char *secret);
/*
 * Appends `size` bytes to `out`, with "…" in place of each secret. A secret that begins in them and
 * ends in what comes later is not found.
 */
void secrets_mask(struct secrets *secrets, const char *text, size_t size, struct buf *out);

#endif
