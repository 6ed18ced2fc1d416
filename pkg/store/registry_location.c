#include "store/registry_internal.h"

#include <string.h>

#define LOCATION_MAX ((size_t)16 * 1024)

int registry_location(struct http *http, const char *origin, const char *request_url,
                      const char *location, char **out, struct error *err)
{
    CLEANUP(text) char *url = NULL;

    if (location == NULL || *location == '\0')
        return error_set(err, ERROR_UNSUPPORTED,
                         "the registry does not say where an upload goes (no 'Location')");
    if (strlen(location) > LOCATION_MAX)
        return error_set(
            err, ERROR_UNSUPPORTED,
            "the registry answers with a 'Location' of %zu bytes, expected %zu at most",
            strlen(location), LOCATION_MAX);
    if (http_resolve_url(request_url, location, &url, err) < 0)
        return -1;
    if (text_starts_with(origin, "https://") && text_starts_with(url, "http://")) {
        char *secure = xasprintf("https://%s", url + strlen("http://"));
        free(url);
        url = secure;
        if (!http_same_origin(url, origin)) {
            CLEANUP(text) char *name = text_display_url(url + strlen("https://"));
            return error_set(err, ERROR_UNSUPPORTED,
                             "the registry sends uploads to 'http://%s', and from https only "
                             "https is followed",
                             name);
        }
    }
    if (!http_same_origin(url, origin) && !http_may_name(http, origin, url)) {
        CLEANUP(text) char *name = text_display_url(url);
        return error_set(err, ERROR_UNSUPPORTED,
                         "the registry sends uploads to '%s', where only a server that is there "
                         "itself may send inlay",
                         name);
    }
    *out = TAKE(url);
    return 0;
}
