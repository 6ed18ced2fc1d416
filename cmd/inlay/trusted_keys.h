#ifndef INLAY_TRUSTED_KEYS_H
#define INLAY_TRUSTED_KEYS_H

#include "options.h"
#include "verify/verify.h"

/* The keys that --trust-records names, for a command that looks at signatures alone. */
struct trusted_keys {
    struct verify_key *items;
    size_t count;
};

/* ERROR_USAGE for 'all', which is no key; else fails as signing_key_read() does. */
int trusted_keys_read(const struct options *options, struct trusted_keys *out,
                      struct error *err) MUST_CHECK;
void trusted_keys_release(struct trusted_keys *keys);
CLEANUP_RELEASE(trusted_keys)

#endif
