#include "source/source_internal.h"

#include "core/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Header values, each up to a NUL: what is accepted has a digest and a name that git could give. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"X-Linked-Etag", "X-Linked-Size", "ETag", "Content-Length",
                                        "X-Repo-Commit"};
    static char path[] = "f";
    static char commit[] = "3f0c6d0c1d3b4e5f60718293a4b5c6d7e8f90123";
    struct http_header headers[ARRAY_SIZE(names)];
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *text = xcalloc(size + 1, 1);
    struct plan_file file = {.path = path};
    struct http_response response = {.status = 200, .headers = headers};
    char *at = text;

    memcpy(text, data, size);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (*at != '\0')
            headers[response.header_count++] = (struct http_header){xstrdup(names[i]), at};
        at += at < text + size ? strlen(at) + 1 : 0;
        at = at > text + size ? text + size : at;
    }
    int result = hub_head_parse(&response, commit, &file, &err);
    if (result < 0 ? err.kind == ERROR_NONE || file.digest.algorithm != DIGEST_NONE
                   : !text_is_hex(file.blob_id, GIT_OID_HEX) || file.size > INT64_MAX ||
                         file.digest.algorithm == DIGEST_NONE)
        abort();
    for (size_t i = 0; i < response.header_count; i++)
        free(headers[i].name);
    return 0;
}
