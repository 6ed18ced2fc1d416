#include "injection.h"

#include <string.h>

void injection_release_reuse(struct injection *injection)
{
    for (size_t i = 0; i < injection->reuse_count; i++) {
        reference_release(&injection->reuse[i]);
        store_free(injection->reuse_images[i].store);
        free(injection->reuse_versions[i]);
    }
    free(injection->reuse);
    free(injection->reuse_images);
    free(injection->reuse_versions);
    for (size_t i = 0; i < injection->trusted_key_count; i++)
        signing_key_free(injection->trusted_keys[i]);
    free(injection->trusted_keys);
    signing_key_free(injection->signing_key);
    store_free(injection->cache_store);
    reference_release(&injection->cache);
}

/* Whose records are believed. */
static int parse_trust(struct injection *injection, struct error *err)
{
    struct reuse_rules *reuse = &injection->options.reuse;
    const char *const *trusted = options_list(injection->line, "trust-records");
    size_t count = options_count(injection->line, "trust-records");
    const char *signing = options_text(injection->line, "sign-records");
    size_t *keys = &injection->trusted_key_count;

    injection->trusted_keys = xcalloc(count, sizeof(struct signing_key *));
    for (size_t i = 0; i < count; i++) {
        bool is_all = strcmp(trusted[i], "all") == 0;
        reuse->trusts_records = reuse->trusts_records || is_all;
        if (is_all)
            continue;
        if (signing_key_read(trusted[i], SIGNING_KEY_VERIFIES, &injection->trusted_keys[*keys],
                             err) < 0)
            return error_wrap(err, "--trust-records");
        ++*keys;
    }
    if (signing != NULL &&
        signing_key_read(signing, SIGNING_KEY_SIGNS, &injection->signing_key, err) < 0)
        return error_wrap(err, "--sign-records");
    reuse->trusted_keys = (const struct signing_key *const *)injection->trusted_keys;
    reuse->trusted_key_count = *keys;
    reuse->signing_key = injection->signing_key;
    if (reuse->checks_all && count > 0)
        return error_set(err, ERROR_USAGE,
                         "--check-reused and --trust-records exclude each other; leave one out");
    return 0;
}

int injection_parse_reuse(struct injection *injection, struct error *err)
{
    const char *const *texts = options_list(injection->line, "reuse-from");
    const char *cache = options_text(injection->line, "layer-cache");
    size_t count = options_count(injection->line, "reuse-from");

    injection->reuse = xcalloc(count, sizeof(*injection->reuse));
    injection->reuse_images = xcalloc(count, sizeof(*injection->reuse_images));
    injection->reuse_versions = xcalloc(count, sizeof(char *));
    for (; injection->reuse_count < count; injection->reuse_count++)
        if (session_parse_image(injection->line, "--reuse-from", texts[injection->reuse_count],
                                &injection->reuse[injection->reuse_count], err) < 0)
            return -1;
    if (parse_trust(injection, err) < 0)
        return -1;
    return cache != NULL ? reference_parse(cache, &injection->cache, err) : 0;
}

int injection_open_reuse(struct injection *injection, const struct store_context *stores,
                         struct error *err)
{
    struct inject_options *options = &injection->options;

    for (size_t i = 0; i < injection->reuse_count; i++) {
        struct stored_image *image = &injection->reuse_images[i];
        if (store_open(&injection->reuse[i], stores, &image->store, err) < 0)
            return -1;
        injection->reuse_versions[i] = reference_version(&injection->reuse[i]);
        image->version = injection->reuse_versions[i];
    }
    options->reuse.images = injection->reuse_images;
    options->reuse.image_count = injection->reuse_count;
    if (options_has(injection->line, "layer-cache") &&
        store_open_target(&injection->cache, stores, &injection->cache_store, err) < 0)
        return -1;
    options->reuse.layer_cache = injection->cache_store;
    return 0;
}
