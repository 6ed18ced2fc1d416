#include "stream/stream.h"

#include <inttypes.h>

struct verify_reader {
    struct reader base;
    struct reader *next; /* borrowed */
    char *name;
    uint64_t size;
    uint64_t passed;
    struct digest digest;
    struct hasher *hasher; /* NULL: the size alone is checked */
    bool done;
};

/* Everything has been read and hashed: is it what was promised? */
static int verify_end(struct verify_reader *verify, struct error *err)
{
    char beyond;
    ssize_t more = reader_read(verify->next, &beyond, 1, err);

    if (more < 0)
        return error_wrap(err, "reading '%s'", verify->name);
    if (more > 0)
        return error_set(err, ERROR_CORRUPT, "'%s' has more than the expected %" PRIu64 " bytes",
                         verify->name, verify->size);
    verify->done = true;
    if (verify->hasher == NULL)
        return 0;
    struct digest found = hasher_finish(verify->hasher);
    if (digest_equal(&found, &verify->digest))
        return 0;
    return error_set(err, ERROR_CORRUPT, "'%s' has the digest %s, expected %s", verify->name,
                     digest_format(&found).text, digest_format(&verify->digest).text);
}

static ssize_t verify_read(struct reader *reader, void *data, size_t size, struct error *err)
{
    struct verify_reader *verify = CONTAINER_OF(reader, struct verify_reader, base);

    if (verify->done)
        return 0;
    if (verify->passed == verify->size) /* an empty file */
        return verify_end(verify, err);
    uint64_t left = verify->size - verify->passed;
    ssize_t part = reader_read(verify->next, data, left < size ? (size_t)left : size, err);
    if (part < 0)
        return error_wrap(err, "reading '%s'", verify->name);
    if (part == 0)
        return error_set(err, ERROR_CORRUPT, "'%s' ends after %" PRIu64 " bytes, expected %" PRIu64,
                         verify->name, verify->passed, verify->size);
    if (verify->hasher != NULL)
        hasher_add(verify->hasher, data, (size_t)part);
    verify->passed += (uint64_t)part;
    if (verify->passed == verify->size && verify_end(verify, err) < 0)
        return -1;
    return part;
}

static void verify_free(struct reader *reader)
{
    struct verify_reader *verify = CONTAINER_OF(reader, struct verify_reader, base);

    hasher_free(verify->hasher);
    free(verify->name);
    free(verify);
}

struct reader *verify_reader_new(struct reader *next, const char *name, uint64_t size,
                                 const struct digest *digest)
{
    static const struct reader_ops ops = {verify_read, verify_free};
    struct verify_reader *verify = xcalloc(1, sizeof(*verify));

    verify->base.ops = &ops;
    verify->next = next;
    verify->name = xstrdup(name);
    verify->size = size;
    verify->digest = *digest;
    if (digest->algorithm != DIGEST_NONE)
        verify->hasher = hasher_new(digest->algorithm, size);
    return &verify->base;
}
