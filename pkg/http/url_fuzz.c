#include "core/text.h"
#include "http/http.h"

#include <stdint.h>
#include <string.h>

/* A Location as a server may send it, against a base that it may have chosen too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(text) char *text = xstrndup((const char *)data, size);
    CLEANUP(text) char *url = NULL;
    CLEANUP(text) char *again = NULL;
    CLEANUP(error) struct error err = ERROR_INIT;
    char *line = strchr(text, '\n');
    const char *base = "https://registry.example:5000/v2/a/b?_state=x";

    if (line != NULL) {
        *line = '\0';
        base = line + 1;
    }
    CLEANUP(text) char *shown = text_display_url(text);
    if (strlen(shown) > strlen(text) || strchr(shown, '?') != NULL || strchr(shown, '#') != NULL)
        __builtin_trap();
    if (http_resolve_url(base, text, &url, &err) < 0)
        return 0;
    if (!http_same_origin(url, url))
        __builtin_trap();
    if (http_resolve_url(url, url, &again, &err) == 0 && !http_same_origin(url, again))
        __builtin_trap();
    return 0;
}
