#include "source/source_internal.h"

#include "core/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A target is a part of the header, and the next page is never asked of a third host. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char url[] = "https://hub.example/api/models/a/b/tree/main?cursor=1";
    static char name[] = "Link";
    CLEANUP(error) struct error err = ERROR_INIT;
    CLEANUP(text) char *value = xcalloc(size + 1, 1);
    CLEANUP(text) char *next = NULL;

    memcpy(value, data, size);
    CLEANUP(text) char *target = http_link_find(value, "next");
    if (target != NULL && strstr(value, target) == NULL)
        abort();

    struct http_header header = {name, value};
    const struct http_response response = {
        .status = 200,
        .headers = &header,
        .header_count = 1,
        .url = url,
    };
    if (listing_next_page(&response, "https://mirror.example/hub", &next, &err) < 0) {
        if (next != NULL || err.kind == ERROR_NONE)
            abort();
    } else if ((next == NULL) != (target == NULL) ||
               (next != NULL && !http_same_origin(next, url) &&
                !text_starts_with(next, "https://mirror.example/hub"))) {
        abort();
    }
    return 0;
}
