#include "http/http_internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * no_proxy, and behind a line end an origin: the answer is a proxy that was named for its scheme,
 * or none; without exceptions it is the proxy, and with "*" none.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char plain[] = "http://plain.example:3128";
    static char secure[] = "http://secure.example:3128";
    static char all[] = "*";
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    char *line = strchr(text, '\n');
    const char *origin = line != NULL ? line + 1 : "https://hub.example:443";
    struct proxies proxies = {.plain = plain, .secure = secure, .except = text};

    if (line != NULL)
        *line = '\0';
    const char *mine = text_starts_with(origin, "https:") ? secure : plain;
    const char *chosen = proxies_choose(&proxies, origin);
    if (*chosen != '\0' && chosen != mine)
        __builtin_trap();
    proxies.except = all;
    if (*proxies_choose(&proxies, origin) != '\0')
        __builtin_trap();
    proxies.except = NULL;
    if (strstr(origin, "://") != NULL && proxies_choose(&proxies, origin) != mine)
        __builtin_trap();
    return 0;
}
