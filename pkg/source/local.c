#include "source/source_internal.h"

#include <errno.h>
#include <unistd.h>

/* What is computed of one file's bytes. */
struct hashing {
    struct hasher *sha256; /* NULL: not wanted */
    struct hasher *git_sha1;
};

static void hashing_release(struct hashing *hashing)
{
    hasher_free(hashing->sha256);
    hasher_free(hashing->git_sha1);
    *hashing = (struct hashing){NULL, NULL};
}
CLEANUP_RELEASE(hashing)

static int hash_bytes(int fd, const char *name, const struct cancel *cancel,
                      const struct hashing *hashing, uint64_t *passed, struct error *err)
{
    CLEANUP(text) char *data = xcalloc(1, (size_t)(256 * KIB));
    ssize_t got;

    while ((got = read(fd, data, (size_t)(256 * KIB))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set_errno(err, errno, "reading '%s'", name);
        if (cancel_check(cancel, err) < 0)
            return -1;
        if (hashing->sha256 != NULL)
            hasher_add(hashing->sha256, data, (size_t)got);
        if (hashing->git_sha1 != NULL)
            hasher_add(hashing->git_sha1, data, (size_t)got);
        *passed += (uint64_t)got;
    }
    return 0;
}

int local_hash(const struct local_file *file, struct digest *sha256, struct digest *git_sha1,
               struct error *err)
{
    CLEANUP(hashing) struct hashing hashing = {NULL, NULL};
    uint64_t passed = 0;

    if (sha256 != NULL)
        hashing.sha256 = hasher_new(DIGEST_SHA256, file->size);
    if (git_sha1 != NULL)
        hashing.git_sha1 = hasher_new(DIGEST_GIT_SHA1, file->size);
    if (hash_bytes(file->fd, file->name, file->cancel, &hashing, &passed, err) < 0)
        return -1;
    if (passed != file->size)
        return error_set(err, ERROR_LOCAL,
                         "'%s' had %" PRIu64 " bytes and now has %" PRIu64
                         ": it must not change while it is read",
                         file->name, file->size, passed);
    if (sha256 != NULL)
        *sha256 = hasher_finish(hashing.sha256);
    if (git_sha1 != NULL)
        *git_sha1 = hasher_finish(hashing.git_sha1);
    return 0;
}

int local_explain(struct source *source, struct error *err)
{
    CLEANUP(text) char *found = xstrdup(err->text);

    (void)source;
    return error_set(err, ERROR_LOCAL,
                     "%s: it has changed since it was listed, and must not change while it is read",
                     found);
}
