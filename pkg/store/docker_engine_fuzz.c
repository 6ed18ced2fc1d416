#include "store/archive_internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What an engine says of a load, of an image and of its refusal; the first byte is its status. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char url[] = "http://localhost/images/load";
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    const struct digest config = digest_of(DIGEST_SHA256, "", 0);
    bool has_config = false;

    if (size == 0)
        return 0;
    response.status = data[0] == 200 ? 200 : 300 + data[0];
    response.url = xstrdup(url);
    buf_add(&response.body, data + 1, size - 1);
    if (docker_load_check(&response.body, NULL, &err) < 0 &&
        (err.kind != ERROR_UNSUPPORTED || !text_is_utf8(err.text) ||
         strpbrk(err.text, "\r\n\x1b") != NULL))
        abort();
    error_release(&err);
    if (docker_engine_refuse("unix:///s", &response, "load the image", &err) != -1 ||
        err.kind != (response.status == 404 ? ERROR_NOT_FOUND : ERROR_UNSUPPORTED) ||
        !text_is_utf8(err.text) || strpbrk(err.text, "\r\n\x1b") != NULL)
        abort();
    error_release(&err);
    if (docker_engine_has_config(&response.body, &config, &has_config, &err) < 0 &&
        (has_config || err.kind == ERROR_NONE))
        abort();
    if (has_config && strstr(buf_text(&response.body), digest_format_hex(&config).text) == NULL &&
        strchr(buf_text(&response.body), '\\') == NULL)
        abort(); /* the id is in the answer, maybe with escapes */
    return 0;
}
