#include "http/http_internal.h"

#include "core/text.h"

#include <string.h>

/* Header lines, an empty line, and the body of a refusal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(http_response) struct http_response response = HTTP_RESPONSE_INIT;
    CLEANUP(error) struct error err = ERROR_INIT;
    struct http http = {.retry_wait_ms = 1000};
    struct http_request request = {
        .method = "GET",
        .url = "https://h/p",
        .expect = HTTP_EXPECT(200),
    };
    const char *at = (const char *)data;
    const char *end = at + size;

    while (at < end && *at != '\n') {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t line_size = (size_t)((line_end != NULL ? line_end : end) - at);
        http_response_add_header(&response, at, line_size);
        at += line_size + (line_end != NULL ? 1 : 0);
    }
    buf_add(&response.body, at, (size_t)(end - at));
    response.status = 429;
    if (http_check(&request, &response, &err) == 0 || !text_is_utf8(err.text))
        __builtin_trap();
    if (retry_choose_wait(&http, 0, &response, 784111777) > HTTP_RETRY_AFTER_LIMIT_MS + 7500)
        __builtin_trap();
    return 0;
}
