#include "source/source_internal.h"

#include "core/text.h"

#include <string.h>

/* The opaque part of an entity tag: without a W/ before it, and quotes around it. Caller frees. */
static char *trim_etag(const char *tag)
{
    tag += strspn(tag, "W/");
    tag += strspn(tag, "\"");
    return xstrndup(tag, strcspn(tag, "\""));
}

/* X-Linked-Etag is of what is stored elsewhere, where ETag would be that of a redirect. */
static int digest_from_headers(const struct http_response *response, struct plan_file *file,
                               struct error *err)
{
    const char *tag = http_response_header(response, "X-Linked-Etag");
    CLEANUP(error) struct error ignored = ERROR_INIT; /* the tag as a whole is told below */

    if (tag == NULL && response->status == 200)
        tag = http_response_header(response, "ETag");
    if (tag == NULL)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it names no hash of the file (status %d, neither X-Linked-Etag nor ETag)",
                         response->status);
    CLEANUP(text) char *hex = trim_etag(tag);
    enum digest_algorithm algorithm = strlen(hex) == GIT_OID_HEX ? DIGEST_GIT_SHA1 : DIGEST_SHA256;
    if (digest_parse_hex(algorithm, hex, &file->digest, &ignored) < 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "its entity tag '%s' is no hash of the file, expected 40 or 64 hex digits",
                         tag);
    return 0;
}

/* Content-Length is the file's own where the answer is the file, as it is. */
static int size_from_headers(const struct http_response *response, uint64_t *out, struct error *err)
{
    const char *size = http_response_header(response, "X-Linked-Size");
    const char *encoding = http_response_header(response, "Content-Encoding");
    CLEANUP(error) struct error ignored = ERROR_INIT; /* what it is instead is told below */

    if (size == NULL && response->status == 200 && encoding == NULL)
        size = http_response_header(response, "Content-Length");
    if (size == NULL)
        return error_set(err, ERROR_UNSUPPORTED,
                         "it does not tell the size of the file (status %d, neither X-Linked-Size "
                         "nor a Content-Length of the file itself)",
                         response->status);
    if (parse_u64(size, INT64_MAX, out, &ignored) < 0)
        return error_set(err, ERROR_CORRUPT, "the size of the file is '%s', expected a number",
                         size);
    return 0;
}

int hub_head_parse(const struct http_response *response, const char *commit, struct plan_file *file,
                   struct error *err)
{
    const char *here = http_response_header(response, "X-Repo-Commit");
    struct plan_file found = {.path = file->path};

    if (here != NULL && strcmp(here, commit) != 0)
        return error_set(err, ERROR_CORRUPT, "it is of the commit '%s', expected %s", here, commit);
    if (digest_from_headers(response, &found, err) < 0 ||
        size_from_headers(response, &found.size, err) < 0)
        return -1;
    source_name_blob(&found);
    *file = found;
    return 0;
}
