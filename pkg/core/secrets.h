#ifndef INLAY_CORE_SECRETS_H
#define INLAY_CORE_SECRETS_H

#include "core/buf.h"

/* What must not stay in memory: overwritten before it is freed. */
void secret_free(char *secret);
void secret_buf_release(struct buf *buf);
static inline void secret_cleanup(char **secret)
{
    secret_free(*secret);
}
static inline void secret_buf_cleanup(struct buf *buf)
{
    secret_buf_release(buf);
}

/*
 * What must not be printed, whoever repeats it: passwords and tokens, as they are, in base64 (RFC
 * 4648, sections 4 and 5), percent-encoded (RFC 3986, section 2.1), as a text of JSON and as
 * text_mask() leaves it. Only grows; what it held is cleared when it is freed. Safe to share
 * between threads.
 */
struct secrets;

struct secrets *secrets_new(void);
void secrets_free(struct secrets *secrets);
CLEANUP_FREE(secrets)

/* Copies it. What is shorter than eight bytes is left out: it could be a part of any word. */
void secrets_add(struct secrets *secrets, const char *secret);
/*
 * Adds the passwords that somebody wrote into a name: "USER:PASSWORD@HOST/…" in front of an image,
 * or as the authority of a URL (RFC 3986, section 3.2.1), where one without ':' counts as well.
 * `text` is one such name, or "--OPTION=" and one. A short password is masked where it stands
 * between ':' and '@' alone.
 */
void secrets_add_passwords(struct secrets *secrets, const char *text);
/* The same of the variables that inlay reads. */
void secrets_add_passwords_of_environment(struct secrets *secrets);
/* The same of each word of a message. */
void secrets_add_passwords_of_words(struct secrets *secrets, const char *message);
/* Appends `size` bytes to `out`, with "…" in place of each secret. */
void secrets_mask(struct secrets *secrets, const char *text, size_t size, struct buf *out);
/*
 * The same of a text that goes on: returns how many of the bytes are done with. The rest may begin
 * a secret, and comes again together with what follows.
 */
size_t secrets_mask_part(struct secrets *secrets, const char *text, size_t size, struct buf *out);

#endif
