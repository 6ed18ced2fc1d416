#ifndef INLAY_CORE_BASE64_H
#define INLAY_CORE_BASE64_H

#include "core/buf.h"

/* RFC 4648, section 4. What is encoded and decoded may be a secret: no copy of it stays behind. */

/* With padding. The caller frees it, by secret_free() if it is one. */
char *base64_encode(const char *data, size_t size);
/* Appends what it stands for; padding may be missing. False if it is no base64. */
bool base64_decode(const char *text, struct buf *out);

#endif
