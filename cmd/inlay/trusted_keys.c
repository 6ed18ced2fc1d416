#include "trusted_keys.h"

#include "core/signing_key.h"

#include <string.h>

int trusted_keys_read(const struct options *options, struct trusted_keys *out, struct error *err)
{
    CLEANUP(trusted_keys) struct trusted_keys keys = {.items = NULL};
    const char *const *texts = options_list(options, "trust-records");
    size_t count = options_count(options, "trust-records");

    keys.items = xcalloc(count, sizeof(*keys.items));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i], "all") == 0)
            return error_set(err, ERROR_USAGE,
                             "--trust-records is 'all', expected a key: 'inlay verify' looks at "
                             "signatures, and leaves none out");
        if (signing_key_read(texts[i], SIGNING_KEY_VERIFIES, &keys.items[i].key, err) < 0)
            return error_wrap(err, "--trust-records");
        keys.items[i].name = texts[i];
        keys.count++;
    }
    out->items = TAKE(keys.items);
    out->count = keys.count;
    keys.count = 0;
    return 0;
}

void trusted_keys_release(struct trusted_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        signing_key_free(keys->items[i].key);
    free(keys->items);
    *keys = (struct trusted_keys){.items = NULL};
}
