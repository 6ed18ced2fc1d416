#include "store/registry_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct http *http, const char *origin, const char *asked, const char *location)
{
    CLEANUP(text) char *url = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;

    if (registry_location(http, origin, asked, location, &url, &err) < 0) {
        if (url != NULL || err.kind == ERROR_NONE || strlen(err.text) > 40000)
            abort();
        return;
    }
    if (text_starts_with(origin, "https://") && !text_starts_with(url, "https://"))
        abort();
    if (!http_same_origin(url, origin) && !http_may_name(http, origin, url))
        abort();
}

/* Where a registry says that an upload goes on, and behind a line end how far it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http *http;
    CLEANUP(text) char *location = xstrndup((const char *)data, size);
    char *range = strchr(location, '\n');
    uint64_t end = 0;

    if (http == NULL)
        http = http_new(&(struct http_options){.user_agent = "inlay/test"});
    if (range != NULL)
        *range++ = '\0';
    check(http, "https://r.example", "https://r.example/v2/a/blobs/uploads/", location);
    check(http, "https://r.example", "https://up.example/v2/a/blobs/uploads/x?_state=1", location);
    check(http, "http://127.0.0.1:5000", "http://127.0.0.1:5000/v2/a/blobs/uploads/", location);
    if (range != NULL && !registry_range_parse(range, &end) && end != 0)
        abort();
    return 0;
}
