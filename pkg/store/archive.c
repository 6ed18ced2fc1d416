#include "store/archive_internal.h"

#include <string.h>

int docker_name_parse(const char *text, char **out, struct error *err)
{
    CLEANUP(reference) struct reference reference = REFERENCE_INIT;

    if (reference_parse(text, &reference, err) < 0)
        return -1;
    if (reference.kind != REFERENCE_REGISTRY || reference.tag == NULL)
        return error_set(err, ERROR_USAGE, "'%s' is not the name of an image; expected NAME[:TAG]",
                         text);
    *out = reference_format_name(&reference, false);
    return 0;
}

char *docker_name_familiar(const char *canonical)
{
    static const char *const implied[] = {"docker.io/library/", "docker.io/"};

    for (size_t i = 0; i < ARRAY_SIZE(implied); i++)
        if (text_starts_with(canonical, implied[i]))
            return xstrdup(canonical + strlen(implied[i]));
    return xstrdup(canonical);
}

const char *packing_name(const void *head, size_t size)
{
    static const struct {
        const char *name;
        size_t size;
        const char *bytes;
    } magics[] = {
        {"gzip", 3, "\x1f\x8b\x08"},
        {"bzip2", 3, "BZh"},
        {"xz", 6,
         "\xfd"
         "7zXZ\0"},
        {"zstd", 4, "\x28\xb5\x2f\xfd"},
    };
    const unsigned char *bytes = head;

    for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
        if (size >= magics[i].size && memcmp(head, magics[i].bytes, magics[i].size) == 0)
            return magics[i].name;
    /* A skippable frame in front; RFC 8878, section 3.1.2. */
    if (size >= 4 && bytes[0] >= 0x50 && bytes[0] <= 0x5f &&
        memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0)
        return "zstd";
    return NULL;
}

int archive_refuse_write(struct store *store, struct error *err)
{
    return error_set(err, ERROR_INTERNAL, "'%s' was opened for reading", store->name);
}
