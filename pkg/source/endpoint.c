#include "source/source_internal.h"

#include "core/text.h"

#include <string.h>

int source_endpoint_parse(const char *variable, const char *text, const char *token_variable,
                          const char *example, char **out, struct error *err)
{
    CLEANUP(text) char *shown = text_display_url(text);
    const char *host = strstr(text, "://");

    if (*text == '\0')
        return error_set(err, ERROR_USAGE,
                         "%s is set and empty: unset it, or set it to the URL of a hub", variable);
    if (!hub_url_has_scheme(text, "http://") && !hub_url_has_scheme(text, "https://"))
        return error_set(err, ERROR_USAGE,
                         "%s is '%s', expected a URL that begins with http:// or https://",
                         variable, shown);
    size_t host_size = strcspn(host + 3, "/?#");
    if (memchr(host + 3, '@', host_size) != NULL)
        return error_set(err, ERROR_USAGE, "%s '%s' has a user name in it: take it out, and set %s",
                         variable, shown, token_variable);
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '?' || *at == '#')
            return error_set(err, ERROR_USAGE,
                             "%s '%s' has a blank, control character, '?' or '#' in it, "
                             "expected a URL like %s",
                             variable, shown, example);
    if (!http_same_origin(text, text)) /* has no origin: nothing to connect to */
        return error_set(err, ERROR_USAGE, "%s is '%s', expected a URL like %s", variable, shown,
                         example);

    size_t size = strlen(text);
    while (text[size - 1] == '/')
        size--;
    *out = xstrndup(text, size);
    return 0;
}
